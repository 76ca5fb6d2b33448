import type { LivePrint } from '../domain/live-flow.ts'
import { type Filter, storeQuery } from './filter.ts'

/** What one answer of GET /api/trades holds at most. */
const PAGE_ROWS = 1000

/**
 * Prints of a filter that the store has, the newest first: from `since` on (epoch ms), page by page
 * until there are `max` or no more. `get` asks the engine, and what it throws is thrown. A print at
 * the seam of two pages may come twice.
 */
export async function storedPrints(
  get: (path: string) => Promise<{ readonly trades: readonly LivePrint[] }>,
  filter: Filter,
  since: number,
  max: number,
): Promise<LivePrint[]> {
  const found: LivePrint[] = []
  const query = storeQuery(filter)
  query.set('since', `${Math.max(0, since)}`)
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
