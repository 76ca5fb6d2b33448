import { RequestError } from '../metrics/routes.ts'

/** First and last instant that a time of the API may have, epoch ms. */
export const TIME_MAX = 8.64e15

/** Throws a RequestError 400 for a parameter of another name, or for one that comes twice. */
export function checkNames(query: URLSearchParams, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (!names.includes(name)) {
      throw new RequestError(400, `expected ${names.join(', ')}, came ${name}`)
    }
    if (query.getAll(name).length > 1) throw new RequestError(400, `${name} came more than once`)
  }
}

/** A parameter that is set to nothing counts as unset. */
export function given(query: URLSearchParams, name: string): string | null {
  const text = query.get(name)
  return text === null || text.trim() === '' ? null : text.trim()
}

/** A number within the bounds, both included; null: not given. */
export function numberOf(
  query: URLSearchParams,
  name: string,
  min: number,
  max: number,
): number | null {
  const text = given(query, name)
  if (text === null) return null
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw new RequestError(400, `${name}: expected a number from ${min} to ${max}`)
  }
  return value
}

/** How many rows are asked for, 1 to `max`. */
export function limitOf(query: URLSearchParams, fallback: number, max: number): number {
  const limit = numberOf(query, 'limit', 1, max) ?? fallback
  if (!Number.isInteger(limit)) throw new RequestError(400, 'limit: expected a whole number')
  return limit
}
