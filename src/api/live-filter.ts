import { underlyingOf } from '../domain/contract.ts'
import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { allBits, type LiveFilter } from '../domain/live-filter.ts'
import { RequestError } from '../metrics/routes.ts'
import { checkNames, given, numberOf, TIME_MAX } from './parameters.ts'

export const STREAM_PARAMETERS = [
  ...['symbol', 'type', 'minPremium', 'side', 'sentiment', 'kinds', 'since'],
] as const

const KINDS = ['PRINTS', 'EVENTS'] as const

export type AskedStream = {
  readonly filter: LiveFilter
  /** Events from then on are told first, epoch ms; null: from now on. */
  readonly since: number | null
}

/**
 * What the parameters of `GET /api/stream` ask for: those of /api/trades, and `side`, `sentiment`,
 * `kinds` (prints, events; both without it) and `since`. Several values stand with commas between.
 * Throws a RequestError 400.
 */
export function askedStream(query: URLSearchParams): AskedStream {
  checkNames(query, STREAM_PARAMETERS)
  const kinds = bitsOf(query, 'kinds', KINDS, 'prints, events')
  const since = numberOf(query, 'since', 0, TIME_MAX)
  return {
    filter: {
      hasPrints: (kinds & 1) !== 0,
      hasEvents: (kinds & 2) !== 0,
      symbols: symbolsOf(query),
      tradeTypes: bitsOf(query, 'type', TRADE_TYPE_TEXT),
      sides: bitsOf(query, 'side', SIDE_TEXT),
      sentiments: bitsOf(query, 'sentiment', SENTIMENT_TEXT),
      minPremium: numberOf(query, 'minPremium', 0, Number.MAX_VALUE) ?? 0,
    },
    since: since === null ? null : Math.ceil(since),
  }
}

function listOf(text: string): string[] {
  return text
    .toUpperCase()
    .split(',')
    .map((part) => part.trim())
}

function symbolsOf(query: URLSearchParams): ReadonlySet<string> | null {
  const text = given(query, 'symbol')
  if (text === null) return null
  const symbols = listOf(text)
  if (!symbols.every((symbol) => /^[A-Z][A-Z0-9]{0,5}$/.test(symbol))) {
    throw new RequestError(400, 'symbol: expected underlyings such as SPX,QQQ, with commas between')
  }
  return new Set(symbols.map(underlyingOf))
}

/** Bits of the named texts; all of them where the parameter is not given. */
function bitsOf(
  query: URLSearchParams,
  name: string,
  texts: readonly string[],
  expected = texts.join(', '),
): number {
  const text = given(query, name)
  if (text === null) return allBits(texts)
  return listOf(text).reduce((bits, part) => {
    const code = texts.indexOf(part)
    if (code < 0) throw new RequestError(400, `${name}: expected ${expected}, with commas between`)
    return bits | (1 << code)
  }, 0)
}
