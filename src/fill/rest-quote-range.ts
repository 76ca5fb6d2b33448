import { idOf, numberOf, timeOf } from './rest-fields.ts'
import { type TapeAsker, type TapeSpan, tapePages } from './rest-pages.ts'
import type { TapeQuote } from './tape.ts'
import { TapeRows } from './tape-rows.ts'

/** Of 50,000 quotes each: the busiest contract has so many in some minutes. */
const PAGES_MAX = 4

export type QuoteRange = {
  /**
   * By vendor time. Where there are more than were read, the last one is of the same time as the
   * last that was read, and of 0 and 0: from there on no quote is known to be in force.
   */
  readonly quotes: readonly TapeQuote[]
  /** False: there are more. */
  readonly isWhole: boolean
}

/**
 * The NBBOs of a contract from `fromMs` to `toMs` (epoch ms, both inclusive) over REST, at most
 * 200,000, the earliest first. A row that is no quote is left out and told. Throws RestError, Error
 * for a next page at another server, and what `signal` is aborted with. Source: the vendor's
 * `/v3/quotes/{optionsTicker}`.
 */
export async function fetchQuotes(
  asker: TapeAsker,
  ticker: string,
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
): Promise<QuoteRange> {
  const span: TapeSpan = { kind: 'quotes', ticker, fromMs, toMs }
  const rows = new TapeRows<TapeQuote>()
  let skipped = 0
  let isWhole = false
  for await (const page of tapePages(asker, span, PAGES_MAX, signal)) {
    for (const row of page.rows) {
      const quote = quoteOf(row, span)
      if (quote === null) skipped++
      else rows.push(quote.quote, quote)
    }
    isWhole = page.isLast
  }
  if (skipped > 0) {
    asker.onProblem(`the quotes of ${ticker}: ${skipped} rows are no quotes of that time: left out`)
  }
  const quotes = rows.inOrder()
  const last = quotes.at(-1)
  if (isWhole || last === undefined) return { quotes, isWhole }
  return { quotes: [...quotes, { t: last.t, bp: 0, ap: 0, bs: 0, as: 0 }], isWhole }
}

/** A row of the vendor's JSON as a quote; null for one without a time or with a strange price. */
function quoteOf(
  row: unknown,
  span: TapeSpan,
): { quote: TapeQuote; ns: number; sequence: number } | null {
  const fields = (row ?? {}) as Record<string, unknown>
  const time = timeOf(fields.sip_timestamp)
  const bp = sideOf(fields.bid_price)
  const ap = sideOf(fields.ask_price)
  if (time === null || !(bp >= 0 && ap >= 0)) return null
  const { t, ns } = time
  if (t < span.fromMs || t > span.toMs) return null
  const [bs, as] = [idOf(fields.bid_size) ?? 0, idOf(fields.ask_size) ?? 0]
  return { quote: { t, bp, ap, bs, as }, ns, sequence: idOf(fields.sequence_number) ?? 0 }
}

/** A side that the vendor leaves out is empty: without an ask above the bid it is no usable quote. */
function sideOf(price: unknown): number {
  return price === undefined || price === null ? 0 : numberOf(price)
}
