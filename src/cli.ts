#!/usr/bin/env node
// No import here may fail on an old Node.js: it is told so first, everything else comes later.
import type { Command } from 'commander'
import { nodeProblem } from './node-version.ts'

type Entry = {
  readonly name: string
  readonly operands?: string
  readonly description: string
  readonly load: () => Promise<Command>
}

/** A command's module is read only when it is asked for, so help costs nothing. */
const ENTRIES: readonly Entry[] = [
  {
    name: 'run',
    description: 'connect to the feed, classify every print and store it',
    load: async () => (await import('./commands/run.ts')).runCommand(),
  },
  {
    name: 'simulate',
    description: 'a vendor on loopback: synthetic tape, recording or flat file',
    load: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  },
  {
    name: 'record',
    description: 'write what the feed sends to files that replay can read',
    load: async () => (await import('./commands/record.ts')).recordCommand(),
  },
  {
    name: 'replay',
    operands: '<FILE>',
    description: 'store the prints of a recording or of a flat file',
    load: async () => (await import('./commands/replay.ts')).replayCommand(),
  },
  {
    name: 'backfill',
    description: "put in what the table lacks of a day, from the vendor's flat file",
    load: async () => (await import('./commands/backfill.ts')).backfillCommand(),
  },
  {
    name: 'explain',
    operands: '<CONTRACT> <SEQUENCE>',
    description: 'tell what each label of a stored print rests on',
    load: async () => (await import('./commands/explain.ts')).explainCommand(),
  },
  {
    name: 'context',
    operands: '<SYMBOL>',
    description: 'tell what the stored flow of an underlying says',
    load: async () => (await import('./commands/context.ts')).contextCommand(),
  },
  {
    name: 'backtest',
    description: 'compare the trades of each detector before and after the flow filter',
    load: async () => (await import('./commands/backtest.ts')).backtestCommand(),
  },
  {
    name: 'optimise',
    description: 'look for better settings of the boost, judged out of sample',
    load: async () => (await import('./commands/optimise.ts')).optimiseCommand(),
  },
  {
    name: 'alerts',
    operands: '<check|test>',
    description: 'check the rules of the alerts, or send a sample to each sink',
    load: async () => (await import('./commands/alerts.ts')).alertsCommand(),
  },
  {
    name: 'doctor',
    description: 'check key, plan, endpoints, clock, database, disk and limits',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
  {
    name: 'migrate',
    description: 'bring the database to the newest schema',
    load: async () => (await import('./commands/migrate.ts')).migrateCommand(),
  },
  {
    name: 'cleanup',
    description: 'delete the flow that is older than the retention',
    load: async () => (await import('./commands/cleanup.ts')).cleanupCommand(),
  },
  {
    name: 'completion',
    operands: '<SHELL>',
    description: 'print the script with which a shell completes commands and flags',
    load: async () => (await import('./commands/completion.ts')).completionCommand(),
  },
]

/** How the script of `flow completion` asks what may come next. */
const ASKED_BY_SHELL = 'completion-server'

const tooOld = nodeProblem(process.versions.node, process.execPath)
if (tooOld === undefined) {
  await main(process.argv)
} else {
  process.stderr.write(`${tooOld}\n`)
  process.exitCode = 2
}

/** Leaves the exit code to the command that ends well; ends the process after a failure. */
async function main(argv: readonly string[]): Promise<void> {
  const { CommanderError } = await import('commander')
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error // a reader that has gone: `flow --help | head`
  })
  try {
    if (argv[2] === ASKED_BY_SHELL) {
      const { complete } = await import('./commands/completion.ts')
      return await complete(ENTRIES)
    }
    const program = await programFor(argv.slice(2))
    await program.parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2
      return
    }
    // handles may still be open, a failed start has nothing left to wait for
    process.exit(await report(error))
  }
}

async function programFor(words: readonly string[]): Promise<Command> {
  const commander = await import('commander')
  const { VERSION } = await import('./version.ts')
  const [first, second] = words.filter((word) => !word.startsWith('-'))
  const asked = first === 'help' ? second : first
  const hint = ENTRIES.some(({ name }) => name === asked) ? `flow ${asked}` : 'flow'

  const program = new commander.Command('flow')
    .description('Reads the US options tape, finds institutional flow and keeps every print.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const line = text
          .trim()
          .replace(/^error: /, '')
          .replaceAll('\n', ' ')
        write(`flow: ${line}; "${hint} --help" shows what is expected\n`)
      },
    })
  // else help would answer before the unknown command is noticed
  if (asked !== undefined && !ENTRIES.some(({ name }) => name === asked)) program.helpOption(false)
  for (const { name, operands, description, load } of ENTRIES) {
    const command =
      name === asked
        ? (await load()).copyInheritedSettings(program)
        : stub(new commander.Command(name), operands)
    program.addCommand(command.name(name).description(description))
  }
  return program
}

/** A command as the help of `flow` shows it. */
function stub(command: Command, operands: string | undefined): Command {
  return operands === undefined ? command : command.arguments(operands)
}

/** Says what went wrong on standard error and gives the exit code for it. */
async function report(error: unknown): Promise<1 | 2> {
  const { ConfigError } = await import('./config.ts')
  const { UsageError } = await import('./usage-error.ts')
  const { explain } = await import('./console/explain.ts')
  if (error instanceof ConfigError) {
    for (const problem of error.problems) process.stderr.write(`flow: ${problem}\n`)
    return 2
  }
  process.stderr.write(`flow: ${explain(error)}\n`)
  return error instanceof UsageError ? 2 : 1
}
