import type { LivePrint } from '../domain/live-flow.ts'
import { type Filter, storeQuery } from './filter.ts'

/** What one answer of GET /api/trades holds at most. */
const PAGE_ROWS = 1000

/** Which prints of the store, epoch ms. */
export type Span = {
  /** By their own time. */
  readonly since: number
  /** By the time at which the engine received them; null: whenever. */
  readonly receivedSince: number | null
}

/** Asks the engine; what it throws is thrown. */
export type GetPrints = (path: string) => Promise<{ readonly trades: readonly LivePrint[] }>

/**
 * Prints of a filter that the store has, the newest first, page by page until there are `max` or no
 * more. A print at the seam of two pages may come twice.
 */
export async function storedPrints(
  get: GetPrints,
  filter: Filter,
  { since, receivedSince }: Span,
  max: number,
): Promise<LivePrint[]> {
  const found: LivePrint[] = []
  const query = storeQuery(filter)
  query.set('since', `${Math.max(0, since)}`)
  if (receivedSince !== null) query.set('receivedSince', `${Math.max(0, receivedSince)}`)
  query.set('limit', `${PAGE_ROWS}`)
  let until = Number.POSITIVE_INFINITY
  while (found.length < max) {
    const { trades } = await get(`/api/trades?${query}`)
    found.push(...trades)
    if (trades.length < PAGE_ROWS) break
    const oldest = trades.at(-1)!.timestamp
    // a ms that fills a page by itself has no seam
    until = oldest < until ? oldest : oldest - 1
    query.set('until', `${until}`)
  }
  return found
}
