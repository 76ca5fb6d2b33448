import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import type { LiveFilter } from '../domain/live-filter.ts'
import { checkNames, numberOf, TIME_MAX } from './parameters.ts'
import { labelsOf, symbolsOf } from './print-parameters.ts'

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
  const symbols = symbolsOf(query)
  return {
    filter: {
      hasPrints: (kinds & 1) !== 0,
      hasEvents: (kinds & 2) !== 0,
      symbols: symbols === null ? null : new Set(symbols),
      tradeTypes: bitsOf(query, 'type', TRADE_TYPE_TEXT),
      sides: bitsOf(query, 'side', SIDE_TEXT),
      sentiments: bitsOf(query, 'sentiment', SENTIMENT_TEXT),
      minPremium: numberOf(query, 'minPremium', 0, Number.MAX_VALUE) ?? 0,
    },
    since: since === null ? null : Math.ceil(since),
  }
}

/** Bits of the named texts; all of them where the parameter is not given. */
function bitsOf(
  query: URLSearchParams,
  name: string,
  texts: readonly string[],
  expected = texts.join(', '),
): number {
  const labels = labelsOf(query, name, texts, expected) ?? texts
  return labels.reduce((bits, label) => bits | (1 << texts.indexOf(label)), 0)
}
