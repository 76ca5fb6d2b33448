import type { TapeAsker } from './rest-pages.ts'
import { fetchQuotes } from './rest-quote-range.ts'
import type { TapeQuote } from './tape.ts'

/** Questions for one contract; prints of later times go without a quote. */
const SPANS_MAX = 20
/** Prints this far apart are asked for together. */
const JOIN_MS = 60_000

/**
 * The NBBOs over REST that prints at these times (epoch ms, rising) are held against, by time. None
 * is older than `maxAgeMs` at the first print of its span. Throws as fetchQuotes.
 */
export async function quotesAround(
  asker: TapeAsker,
  ticker: string,
  times: readonly number[],
  maxAgeMs: number,
  signal: AbortSignal,
): Promise<TapeQuote[]> {
  const spans: { from: number; to: number }[] = []
  for (const time of times) {
    const open = spans.at(-1)
    if (open !== undefined && time - open.to <= Math.max(JOIN_MS, maxAgeMs)) open.to = time
    else spans.push({ from: time - maxAgeMs, to: time })
  }
  const quotes: TapeQuote[] = []
  for (const { from, to } of spans.slice(0, SPANS_MAX)) {
    quotes.push(...(await fetchQuotes(asker, ticker, from, to, signal)).quotes)
  }
  return quotes
}
