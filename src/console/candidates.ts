import type { Argument, Command, Option } from 'commander'

/** A word that may come next, and what it is for. */
export type Candidate = { readonly name: string; readonly description: string }

/** `files`: the shell is to look for paths. */
export type Candidates = readonly Candidate[] | 'files'

/** Placeholders of values that are paths. */
const PATHS = /<(?:file|path|folder|dir|directory)>/i

/**
 * What may come next on a command line, from the definitions that parse it. `words`: those behind
 * the command's name that are finished; `current`: the one being typed, perhaps empty.
 */
export function candidatesFor(
  command: Command,
  words: readonly string[],
  current: string,
): Candidates {
  const [first, ...rest] = words
  const inner = command.commands.find((one) => one.name() === first)
  if (inner !== undefined) return candidatesFor(inner, rest, current)
  const waiting = optionOf(command, words.at(-1) ?? '')
  if (waiting !== undefined && takesValue(waiting)) return valuesOf(waiting)
  if (current.startsWith('-')) return flagsOf(command, words)
  if (command.commands.length > 0) return namesOf(command.commands)
  return operandsOf(command, words)
}

/** The names of commands with what they do. */
export function namesOf(
  commands: readonly Pick<Command, 'name' | 'description'>[],
): readonly Candidate[] {
  return commands.map((one) => ({ name: one.name(), description: one.description() }))
}

function optionOf(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => word !== '' && (word === long || word === short))
}

function takesValue(option: Option): boolean {
  return option.required || option.optional
}

function valuesOf(option: Option): Candidates {
  if (option.argChoices !== undefined) return option.argChoices.map(plain)
  if (PATHS.test(option.flags)) return 'files'
  const [, words] = /<([^<>]+\|[^<>]+)>/.exec(option.flags) ?? []
  return words === undefined ? [] : words.split('|').map(plain)
}

/** Long flags that are not there yet; one that may be repeated has a list for its default. */
function flagsOf(command: Command, words: readonly string[]): readonly Candidate[] {
  const options = command.createHelp().visibleOptions(command)
  return options
    .filter(({ long, defaultValue }) => Array.isArray(defaultValue) || !words.includes(long ?? ''))
    .map(({ long, description }) => ({ name: long ?? '', description }))
    .filter(({ name }) => name !== '')
}

function operandsOf(command: Command, words: readonly string[]): Candidates {
  let given = 0
  for (const [at, word] of words.entries()) {
    if (word.startsWith('-')) continue
    const before = optionOf(command, words[at - 1] ?? '')
    if (before === undefined || !takesValue(before)) given++
  }
  const argument: Argument | undefined = command.registeredArguments[given]
  if (argument === undefined) return []
  if (argument.argChoices !== undefined) return argument.argChoices.map(plain)
  return PATHS.test(`<${argument.name()}>`) ? 'files' : []
}

const plain = (name: string): Candidate => ({ name, description: '' })
