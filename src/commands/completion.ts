import tabtab from '@pnpm/tabtab'
import { Argument, Command } from 'commander'
import { candidatesFor, namesOf } from '../console/candidates.ts'

const NAME = 'flow'

/** `flow completion SHELL`: the script that makes a shell complete our commands and flags. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print the script with which a shell completes commands and flags')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      process.stdout.write(await tabtab.getCompletionScript({ name: NAME, completer: NAME, shell }))
    })
}

/** What completion needs to know of a command that is not read yet. */
export type Completed = {
  readonly name: string
  readonly description: string
  readonly load: () => Promise<Command>
}

/**
 * Answers a shell: what may come at the cursor. It tells the line in COMP_LINE and COMP_POINT; only
 * the module of the command that stands there is read.
 */
export async function complete(entries: readonly Completed[]): Promise<void> {
  const line = (process.env.COMP_LINE ?? '').slice(0, Number(process.env.COMP_POINT ?? 0))
  const [, ...words] = line.split(/\s+/)
  const current = words.pop() ?? ''
  const entry = entries.find(({ name }) => name === words[0])
  const shell = tabtab.getShellFromEnv(process.env)
  if (entry === undefined) {
    if (words.length === 0) tabtab.log([...topLevel(entries, current)], shell)
    return
  }
  const found = candidatesFor(await entry.load(), words.slice(1), current)
  if (found === 'files') tabtab.logFiles()
  else tabtab.log([...found], shell)
}

function topLevel(entries: readonly Completed[], current: string) {
  if (current.startsWith('-')) {
    return [
      { name: '--help', description: 'display help' },
      { name: '--version', description: 'output the version' },
    ]
  }
  return namesOf(entries.map(({ name, description }) => new Command(name).description(description)))
}
