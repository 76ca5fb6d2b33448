import type { LivePrint } from '../domain/live-flow.ts'
import { type Filter, storeQuery } from './filter.ts'

/** What one answer of GET /api/trades holds at most. */
const PAGE_ROWS = 1000

/** Which prints of the store, epoch ms. */
export type Span = {
  /** By their own time. */
  readonly since: number
  readonly until: number | null
  /** By the time at which the engine received them; null: whenever. */
  readonly receivedSince: number | null
}

/** Asks the engine; what it throws is thrown. */
export type GetPrints = (path: string) => Promise<{
  readonly trades: readonly LivePrint[]
  /** With `receivedSince`: all that the engine received before is stored; null: not known. */
  readonly receivedTo?: number | null
}>

export type StoredPrints = {
  readonly prints: readonly LivePrint[]
  /** They are whole up to then, epoch ms by the engine's clock; null: not known. */
  readonly receivedTo: number | null
}

/**
 * Prints of a filter that the store has, the newest first, page by page until there are `max` or no
 * more. A print at the seam of two pages may come twice.
 */
export async function storedPrints(
  get: GetPrints,
  filter: Filter,
  { since, until, receivedSince }: Span,
  max: number,
): Promise<StoredPrints> {
  const prints: LivePrint[] = []
  let whole: number | null | undefined
  const query = storeQuery(filter)
  query.set('since', `${Math.max(0, since)}`)
  if (receivedSince !== null) query.set('receivedSince', `${Math.max(0, receivedSince)}`)
  if (until !== null) query.set('until', `${until}`)
  query.set('limit', `${PAGE_ROWS}`)
  let last = until ?? Number.POSITIVE_INFINITY
  while (prints.length < max) {
    const { trades, receivedTo } = await get(`/api/trades?${query}`)
    // what the first page promised, the others hold
    if (whole === undefined) whole = receivedTo ?? null
    prints.push(...trades)
    if (trades.length < PAGE_ROWS) break
    const oldest = trades.at(-1)!.timestamp
    // a ms that fills a page by itself has no seam
    last = oldest < last ? oldest : oldest - 1
    query.set('until', `${last}`)
  }
  return { prints, receivedTo: whole ?? null }
}
