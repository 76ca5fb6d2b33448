import { exchangeOf, idOf, numberOf, timeOf } from './rest-fields.ts'
import { type TapeAsker, type TapeSpan, tapePages } from './rest-pages.ts'
import { type ContractTape, TAPE_PRINTS_MAX, type TapePrint } from './tape.ts'
import { ContractRows } from './tape-rows.ts'

/** Pages of one contract and day, also of a server whose pages are shorter than ours. */
const PAGES_MAX = 200

/**
 * All prints of a contract from `fromMs` to `toMs` (epoch ms, both inclusive) over REST, cancels
 * included, in order of time. A row that is no print is left out and told. Throws RestError,
 * TapeTooLongError above `printsMax`, Error for pages that do not end or lie at another server, and
 * what `signal` is aborted with. Source: the vendor's `/v3/trades/{optionsTicker}`.
 */
export async function fetchTrades(
  asker: TapeAsker,
  ticker: string,
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
  printsMax: number = TAPE_PRINTS_MAX,
): Promise<ContractTape> {
  const span: TapeSpan = { kind: 'trades', ticker, fromMs, toMs }
  const rows = new ContractRows(ticker, printsMax)
  let skipped = 0
  let isWhole = false
  for await (const page of tapePages(asker, span, PAGES_MAX, signal)) {
    for (const row of page.rows) {
      const print = printOf(row, span)
      if (print === null) skipped++
      else rows.push(print.print, print.ns)
    }
    isWhole = page.isLast
  }
  if (!isWhole) {
    throw new Error(
      `the trades of ${ticker}: expected an end within ${PAGES_MAX} pages, more came; ` +
        'the server repeats itself, check FLOW_REST_URL',
    )
  }
  if (skipped > 0) {
    asker.onProblem(`the trades of ${ticker}: ${skipped} rows are no prints of that time: left out`)
  }
  return rows.tape()
}

/** A row of the vendor's JSON as a print; null for one that lacks time, price or size. */
function printOf(row: unknown, span: TapeSpan): { print: TapePrint; ns: number } | null {
  const fields = (row ?? {}) as Record<string, unknown>
  const time = timeOf(fields.sip_timestamp)
  const p = numberOf(fields.price)
  const s = numberOf(fields.size)
  const c = conditionsOf(fields.conditions)
  if (time === null || Number.isNaN(p) || Number.isNaN(s) || c === null) return null
  const { t, ns } = time
  if (t < span.fromMs || t > span.toMs) return null
  const x = exchangeOf(fields.exchange)
  return { print: { t, p, s, x, c, q: idOf(fields.sequence_number) }, ns }
}

/** Null where there is something else than numbers: without them it would be another print. */
function conditionsOf(value: unknown): readonly number[] | null {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return null
  const ids = value.map(numberOf)
  return ids.every(Number.isSafeInteger) ? ids : null
}
