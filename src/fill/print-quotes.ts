import { QuoteSource } from '../domain/labels.ts'
import { isUsable } from '../domain/quote-rule.ts'
import { ticksOf } from '../domain/ticks.ts'
import type { KnownPrint } from './match.ts'
import type { StoredRow } from './stored-rows.ts'
import type { TapeQuote } from './tape.ts'

/** The quote that a print is held against. Prices in ticks, sizes in contracts (-1: none). */
export type PrintQuote = {
  readonly bid: number
  readonly ask: number
  readonly bidSize: number
  readonly askSize: number
  /** Ms. */
  readonly age: number
  readonly source: QuoteSource
}

/**
 * The quote of each print, null where none is usable: that of its row where it is stored; else the
 * newest of `quotes` (by time) at its time, not older than `maxAgeMs`; else that of the next stored
 * row, where it was in force at the print's time already.
 */
export function quotesOf(
  prints: readonly KnownPrint[],
  stored: readonly StoredRow[],
  quotes: readonly TapeQuote[],
  maxAgeMs: number,
): (PrintQuote | null)[] {
  const found: (PrintQuote | null)[] = new Array(prints.length).fill(null)
  let next: StoredRow | null = null
  let newest = quotes.length - 1
  for (let i = prints.length - 1; i >= 0; i--) {
    const { print, stored: place } = prints[i]!
    while (newest >= 0 && quotes[newest]!.t > print.t) newest--
    if (place >= 0) {
      next = stored[place]!
      found[i] = quoteOfRow(next, print.t)
    } else {
      const quote = newest < 0 ? null : quoteOfTape(quotes[newest]!, print.t, maxAgeMs)
      found[i] = quote ?? (next === null ? null : quoteOfRow(next, print.t))
    }
  }
  return found
}

function quoteOfTape(quote: TapeQuote, time: number, maxAgeMs: number): PrintQuote | null {
  const bid = ticksOf(quote.bp)
  const ask = ticksOf(quote.ap)
  const age = time - quote.t
  if (age > maxAgeMs || !isUsable(bid, ask)) return null
  return { bid, ask, bidSize: quote.bs, askSize: quote.as, age, source: QuoteSource.Rest }
}

/** What the row says of a print at `time`, its own time or one before. */
function quoteOfRow(row: StoredRow, time: number): PrintQuote | null {
  const { bid, ask, bidSize, askSize } = row
  const age = time - (row.time - row.quoteAge)
  if (!(age >= 0) || !isUsable(bid, ask)) return null // NaN: the row has none
  return { bid, ask, bidSize, askSize, age, source: QuoteSource.Feed }
}
