import { readFileSync, statSync } from 'node:fs'
import { isMap, isScalar, isSeq, type Node } from 'yaml'
import { rule } from './rule-fields.ts'
import { type AlertRule, type AlertRules, RULES_MAX, SINKS_MAX, type Sink } from './rules.ts'
import { type Names, sink } from './sink-fields.ts'
import { mapOf, type Problems, parseText, type Read, wrong } from './yaml-reader.ts'

const FILE_BYTES_MAX = 1_048_576
const SINK_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/

/** Everything that is wrong with a rules file, a line each, no secret in any. */
export class RulesError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'RulesError'
    this.problems = problems
  }
}

/** Reads the file once. Throws RulesError with all that is wrong. */
export function readRulesFile(path: string, env: Names): AlertRules {
  let text: string
  try {
    const stat = statSync(path)
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) {
      const came = stat.isFile() ? `${stat.size} bytes` : 'no file'
      throw new RulesError([`expected a file of up to ${FILE_BYTES_MAX} bytes, came ${came}`])
    }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof RulesError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    const problem = `expected a file that this user can read, came ${code}; correct the path`
    throw new RulesError([problem])
  }
  return parseRules(text, env)
}

/** The same of a text. `env`: what `${NAME}` stands for. */
export function parseRules(text: string, env: Names): AlertRules {
  const { root, problems } = parseText(text)
  const read = mapOf<{ sinks: readonly Sink[]; rules: readonly AlertRule[] }>(
    { sinks: sinksOf(env), rules: rulesOf },
    ['sinks', 'rules'],
  )
  const found = root === null ? undefined : read(root, problems, '')
  if (root === null && problems.lines.length === 0) {
    problems.at(0, 'expected sinks and rules, came an empty file')
  }
  if (root !== null && found?.sinks !== undefined) checkNames(root, problems)
  if (problems.lines.length > 0) throw new RulesError(problems.lines)
  return { sinks: found!.sinks!, rules: found!.rules! }
}

function sinksOf(env: Names): Read<readonly Sink[]> {
  const read = sink(env)
  return (node, problems) => {
    if (!isMap(node) || node.items.length === 0 || node.items.length > SINKS_MAX) {
      return wrong(node, problems, 'sinks', `1 to ${SINKS_MAX} names, each with its sink`)
    }
    return node.items.flatMap(({ key, value }) => {
      const name = nameOf(key)
      if (!SINK_NAME.test(name))
        wrong(key as Node, problems, 'sinks', 'a name of letters, digits, dots')
      const found = read((value ?? key) as Node, problems, `sinks.${name}`)
      return found === undefined ? [] : [{ name, ...found }]
    })
  }
}

/** Name of a sink; empty for what cannot be one. */
function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : ''
}

const rulesOf: Read<readonly AlertRule[]> = (node, problems) => {
  if (!isSeq(node) || node.items.length === 0 || node.items.length > RULES_MAX) {
    return wrong(node, problems, 'rules', `a list of 1 to ${RULES_MAX} rules`)
  }
  return node.items.flatMap((item, at) => {
    const found = rule(item as Node, problems, `rules[${at}]`)
    return found === undefined ? [] : [found]
  })
}

/** Each rule has a name of its own, and names sinks that there are. */
function checkNames(root: Node, problems: Problems): void {
  if (!isMap(root)) return
  const sinks = root.get('sinks')
  const rules = root.get('rules')
  if (!isMap(sinks) || !isSeq(rules)) return
  const known = sinks.items.map(({ key }) => nameOf(key)).filter((name) => name !== '')
  const seen = new Set<string>()
  for (const [at, item] of rules.items.entries()) {
    if (!isMap(item)) continue
    const name = item.get('name')
    if (typeof name === 'string' && seen.has(name)) {
      problems.add(item, `rules[${at}].name: expected a name of its own, came ${name} again`)
    }
    if (typeof name === 'string') seen.add(name)
    const named = item.get('sinks', true) as unknown
    for (const one of isSeq(named) ? named.items : [named]) {
      if (!isScalar(one) || typeof one.value !== 'string' || known.includes(one.value)) continue
      const expected = known.length === 0 ? 'a sink with a name' : `one of ${known.join(', ')}`
      const what = `expected ${expected}, came ${JSON.stringify(one.value)}`
      problems.add(one, `rules[${at}].sinks: ${what}`)
    }
  }
}
