import { read } from './recipes.ts'

/** Keys of a unit as `Section.Key`, each with its values in order; ours have no continued lines. */
export function unitOf(path: string): ReadonlyMap<string, readonly string[]> {
  const unit = new Map<string, string[]>()
  let section = ''
  for (const line of read(path).split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, opened] = /^\[(\w+)\]$/.exec(line) ?? []
    if (opened !== undefined) {
      section = opened
      continue
    }
    const at = line.indexOf('=')
    const key = `${section}.${line.slice(0, at)}`
    unit.set(key, [...(unit.get(key) ?? []), line.slice(at + 1)])
  }
  return unit
}

/** The value of a key that must stand there once. */
export function one(unit: ReadonlyMap<string, readonly string[]>, key: string): string {
  const values = unit.get(key) ?? []
  if (values.length !== 1) throw new Error(`${key}: expected one value, came ${values.length}`)
  return values[0]!
}
