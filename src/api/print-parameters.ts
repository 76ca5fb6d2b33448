import { underlyingOf } from '../domain/contract.ts'
import { RequestError } from '../metrics/routes.ts'
import { given } from './parameters.ts'

/** Underlyings, roots among them as their underlyings; null: not given. */
export function symbolsOf(query: URLSearchParams): string[] | null {
  const text = given(query, 'symbol')
  if (text === null) return null
  const symbols = listOf(text)
  if (!symbols.every((symbol) => /^[A-Z][A-Z0-9]{0,5}$/.test(symbol))) {
    throw new RequestError(400, 'symbol: expected underlyings such as SPX,QQQ, with commas between')
  }
  return [...new Set(symbols.map(underlyingOf))]
}

/** Some of the named texts, in their order; null: not given. */
export function labelsOf(
  query: URLSearchParams,
  name: string,
  texts: readonly string[],
  expected = texts.join(', '),
): string[] | null {
  const text = given(query, name)
  if (text === null) return null
  const asked = listOf(text)
  if (!asked.every((label) => texts.includes(label))) {
    throw new RequestError(400, `${name}: expected ${expected}, with commas between`)
  }
  return texts.filter((label) => asked.includes(label))
}

function listOf(text: string): string[] {
  return text
    .toUpperCase()
    .split(',')
    .map((part) => part.trim())
}
