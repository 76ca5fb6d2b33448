import type { TapeAsker } from './rest-pages.ts'
import { fetchQuotes } from './rest-quote-range.ts'
import type { TapeQuote } from './tape.ts'

/** Questions for one contract; prints of later times go without a quote. */
const SPANS_MAX = 20
/** Quotes of one contract, after which no further span is asked for: some 60 MiB. */
const QUOTES_MAX = 400_000
/** Prints this far apart are asked for together. */
const JOIN_MS = 60_000

/**
 * The NBBOs over REST that prints at these times (epoch ms, rising) are held against, by time. None
 * is older than `maxAgeMs` at the first print of its span; an empty one stands where a span ends, or
 * its answer does: nothing is known of what comes then. Throws as fetchQuotes.
 */
export async function quotesAround(
  asker: TapeAsker,
  ticker: string,
  times: readonly number[],
  maxAgeMs: number,
  signal: AbortSignal,
): Promise<TapeQuote[]> {
  const quotes: TapeQuote[] = []
  let next = 0
  for (let spans = 0; spans < SPANS_MAX && next < times.length; spans++) {
    if (quotes.length >= QUOTES_MAX) break
    const last = lastOfSpan(times, next, Math.max(JOIN_MS, maxAgeMs))
    const from = Math.max(times[next]! - maxAgeMs, quotes.at(-1)?.t ?? 0)
    const to = times[last]!
    const answer = await fetchQuotes(asker, ticker, from, to, signal)
    // the ms in which an answer was cut may have more quotes: it is asked for again, as a new span
    const end = answer.isWhole ? to + 1 : (answer.quotes.at(-1)?.t ?? from)
    for (const quote of answer.quotes) if (quote.t < end) quotes.push(quote)
    quotes.push({ t: end, bp: 0, ap: 0, bs: 0, as: 0 })
    const before = next
    while (next <= last && times[next]! < end) next++
    if (next === before) next++ // more quotes than we take before the first print
  }
  return quotes
}

function lastOfSpan(times: readonly number[], first: number, joinMs: number): number {
  let last = first
  while (last + 1 < times.length && times[last + 1]! - times[last]! <= joinMs) last++
  return last
}
