import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { editsBetween } from '../domain/edit-distance.ts'

/** Problems that are told; a file that is none of ours has thousands. */
const PROBLEMS_MAX = 50
const SHOWN_MAX = 40
const SUGGESTION_EDITS_MAX = 3

/** What is wrong with a file, each with its line. */
export class Problems {
  readonly #found: { readonly offset: number; readonly text: string }[] = []
  readonly #counter: LineCounter

  constructor(counter: LineCounter) {
    this.#counter = counter
  }

  /** One line each, in the order of the text. */
  get lines(): readonly string[] {
    return this.#found
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ offset, text }) => `line ${this.#counter.linePos(offset).line}: ${text}`)
  }

  /** `offset`: where in the text. */
  at(offset: number, text: string): void {
    if (this.#found.length < PROBLEMS_MAX) this.#found.push({ offset, text })
  }

  add(node: Node, text: string): void {
    this.at(node.range?.[0] ?? 0, text)
  }
}

/** Reads one value; undefined: it was wrong, and the problem is told. */
export type Read<T> = (node: Node, problems: Problems, name: string) => T | undefined

/** Parses YAML, or JSON, which is YAML. Null: there is nothing that can be read, and why is told. */
export function parseText(text: string): { root: Node | null; problems: Problems } {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const problems = new Problems(counter)
  for (const { pos, message } of document.errors) {
    problems.at(pos[0], `expected YAML or JSON, came something else (${oneLine(message)})`)
  }
  return { root: document.errors.length > 0 ? null : document.contents, problems }
}

/**
 * A mapping with known keys: reads each with its reader, and tells of unknown keys, with the
 * nearest known one, and of missing ones.
 */
export function mapOf<T extends object>(
  fields: { readonly [K in keyof T]-?: Read<NonNullable<T[K]>> },
  required: readonly (keyof T & string)[],
): Read<Partial<T>> {
  const known = Object.keys(fields)
  return (node, problems, name) => {
    if (!isMap(node)) return wrong(node, problems, name, `a mapping with ${known.join(', ')}`)
    const values: Partial<T> = {}
    const seen = new Set<string>()
    for (const { key, value } of node.items) {
      const keyNode = key as Node
      const word = isScalar(keyNode) ? String(keyNode.value) : ''
      if (!Object.hasOwn(fields, word)) {
        problems.add(keyNode, unknownKey(word, name, known))
        continue
      }
      seen.add(word)
      const field = word as keyof T & string
      const read = fields[field]
      const path = name === '' ? word : `${name}.${word}`
      const found = read(value === null ? keyNode : (value as Node), problems, path)
      if (found !== undefined) values[field] = found as T[typeof field]
    }
    for (const key of required) {
      if (!seen.has(key)) problems.add(node, `${path(name)}expected ${key}, came none`)
    }
    return values
  }
}

const path = (name: string): string => (name === '' ? '' : `${name}: `)

function unknownKey(word: string, name: string, known: readonly string[]): string {
  const nearest = known.toSorted((a, b) => editsBetween(word, a) - editsBetween(word, b))[0]!
  const isNear = editsBetween(word, nearest) <= SUGGESTION_EDITS_MAX
  const hint = isNear ? `did you mean ${nearest}?` : `expected one of ${known.join(', ')}`
  return `${path(name)}unknown key ${quoted(word)}; ${hint}`
}

/** Tells that another thing was expected. `isSecret`: what came is not shown. */
export function wrong(
  node: Node,
  problems: Problems,
  name: string,
  expected: string,
  isSecret = false,
): undefined {
  problems.add(
    node,
    `${path(name)}expected ${expected}, came ${isSecret ? 'another' : cameAs(node)}`,
  )
}

function cameAs(node: Node): string {
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return 'a list'
  if (isAlias(node)) return 'an alias'
  return isScalar(node) ? quoted(node.value) : 'something else'
}

/** A value in one line, short. */
export function quoted(value: unknown): string {
  const text = oneLine(JSON.stringify(value) ?? String(value))
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text
}

function oneLine(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029\s]+/gu, ' ').trim()
}

export const number =
  (min: number, max: number, isWhole = false): Read<number> =>
  (node, problems, name) => {
    const value = isScalar(node) ? node.value : undefined
    const isGood = typeof value === 'number' && value >= min && value <= max
    if (isGood && (!isWhole || Number.isInteger(value))) return value
    return wrong(node, problems, name, `a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`)
  }

export const yesNo: Read<boolean> = (node, problems, name) => {
  const value = isScalar(node) ? node.value : undefined
  return typeof value === 'boolean' ? value : wrong(node, problems, name, 'true or false')
}

/** One of a few words; upper and lower case are the same. */
export const word =
  <const T extends string>(words: readonly T[]): Read<T> =>
  (node, problems, name) => {
    const value = isScalar(node) ? String(node.value).toLowerCase() : undefined
    const found = words.find((one) => one.toLowerCase() === value)
    return found ?? wrong(node, problems, name, words.join(', '))
  }

/** A text of a certain form. */
export const text =
  (form: RegExp, expected: string): Read<string> =>
  (node, problems, name) => {
    const value = isScalar(node) ? node.value : undefined
    const isGood = typeof value === 'string' && form.test(value)
    return isGood ? value : wrong(node, problems, name, expected)
  }

/** A list of 1 to `max`, or one alone in its place. */
export const listOf =
  <T>(read: Read<T>, max: number): Read<readonly T[]> =>
  (node, problems, name) => {
    const items = isSeq(node) ? (node.items as Node[]) : [node]
    if (items.length === 0 || items.length > max) {
      return wrong(node, problems, name, `1 to ${max} of them`)
    }
    const found = items.map((item) => read(item, problems, name))
    return found.every((one) => one !== undefined) ? (found as T[]) : undefined
  }

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A time such as `90s`, `5m`, `1h`, `1d`, in ms. */
export const duration =
  (minMs: number, maxMs: number): Read<number> =>
  (node, problems, name) => {
    const value = isScalar(node) ? node.value : undefined
    const parts = /^(\d{1,9})(ms|s|m|h|d)$/.exec(typeof value === 'string' ? value : '')
    const ms = parts === null ? Number.NaN : Number(parts[1]) * UNIT_MS[parts[2]!]!
    if (ms >= minMs && ms <= maxMs) return ms
    return wrong(node, problems, name, `a time from ${inWords(minMs)} to ${inWords(maxMs)}, as 5m`)
  }

function inWords(ms: number): string {
  const unit = Object.keys(UNIT_MS).findLast(
    (name) => ms >= UNIT_MS[name]! && ms % UNIT_MS[name]! === 0,
  )
  return unit === undefined ? '0s' : `${ms / UNIT_MS[unit]!}${unit}`
}
