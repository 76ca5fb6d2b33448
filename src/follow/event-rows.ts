import type { LiveEvent } from '../domain/live-flow.ts'

/** What the follower asks the database with: rows of one query, with `$1` places for values. */
export type Query = <R extends object>(text: string, values: readonly unknown[]) => Promise<R[]>

/** Versions are counted and told slice by slice of recorded_at. */
export const SLICE_MS = 100

/** How many versions of a slice there are. */
export type SliceCount = { readonly slice: number; readonly count: number }

/** Where to go on behind: the order in which versions are read. */
export type Cursor = Pick<LiveEvent, 'recorded_at' | 'event_id' | 'revision'>

const COLUMNS = `event_id, revision, reason, is_void, kind, symbol, contract_ticker, side, sentiment,
  started_at::float8 AS started_at, ended_at::float8 AS ended_at, span_ms, leg_count,
  total_size::float8 AS total_size, total_premium::float8 AS total_premium, vwap::float8 AS vwap,
  exchanges, why, recorded_at::float8 AS recorded_at`

/**
 * How many versions each slice has from `since` (epoch ms) on, the oldest first, over the first
 * `rowsMax` versions. A version never leaves the two tables but by the retention, and its
 * recorded_at stays, so a slice that has more than before has new ones.
 */
export function countSlices(query: Query, since: number, rowsMax: number): Promise<SliceCount[]> {
  const from = (table: string): string =>
    `(SELECT recorded_at FROM ${table} WHERE recorded_at >= $1 ORDER BY recorded_at LIMIT $2)`
  return query<SliceCount>(
    `SELECT (recorded_at / ${SLICE_MS})::float8 AS slice, count(*)::integer AS count FROM (
       SELECT recorded_at FROM (
         ${from('flow_events')} UNION ALL ${from('flow_event_revisions')}
       ) AS versions ORDER BY recorded_at LIMIT $2
     ) AS first GROUP BY 1 ORDER BY 1`,
    [since, rowsMax],
  )
}

/** How many versions were recorded from `since` until `until` (epoch ms, exclusive), up to `max`. */
export async function countVersions(
  query: Query,
  since: number,
  until: number,
  max: number,
): Promise<number> {
  const from = (table: string): string =>
    `(SELECT 1 FROM ${table} WHERE recorded_at >= $1 AND recorded_at < $2 LIMIT $3)`
  const [row] = await query<{ count: number }>(
    `SELECT least(count(*), $3)::integer AS count FROM (
       ${from('flow_events')} UNION ALL ${from('flow_event_revisions')}) AS versions`,
    [since, until, max],
  )
  return row?.count ?? 0
}

/**
 * The next `limit` versions behind `after` that were recorded before `until` (epoch ms, exclusive),
 * by recorded_at, then event_id, then revision.
 */
export function readVersions(
  query: Query,
  { recorded_at, event_id, revision }: Cursor,
  until: number,
  limit: number,
): Promise<LiveEvent[]> {
  const from = (table: string): string =>
    `(SELECT ${COLUMNS} FROM ${table} AS version
      WHERE version.recorded_at >= $1 AND version.recorded_at < $2
        AND (version.recorded_at, version.event_id, version.revision) > ($1, $3, $4)
      ORDER BY version.recorded_at, version.event_id, version.revision LIMIT $5)`
  return query<LiveEvent>(
    `SELECT * FROM (${from('flow_events')} UNION ALL ${from('flow_event_revisions')}) AS versions
     ORDER BY recorded_at, event_id, revision LIMIT $5`,
    [recorded_at, until, event_id, revision, limit],
  )
}

/** In front of every version that was recorded at `recordedAt` (epoch ms) or later. */
export function startAt(recordedAt: number): Cursor {
  return { recorded_at: recordedAt, event_id: '', revision: -1 }
}

/**
 * How long the oldest transaction runs that has written something, ms; 0: none. Of other roles only
 * a role with pg_read_all_stats learns it.
 */
export async function oldestWriterMs(query: Query): Promise<number> {
  const rows = await query<{ ms: number }>(
    `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 * 1000
       AS ms FROM pg_stat_activity
     WHERE datname = current_database() AND backend_xid IS NOT NULL`,
    [],
  )
  return rows[0]?.ms ?? 0
}
