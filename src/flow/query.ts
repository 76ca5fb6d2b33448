import { MINUTE_MAX, MINUTE_MS, VECTOR_COLUMNS } from '../rollup/vector.ts'
import type { WindowFlow } from './context.ts'
import type { FlowSums } from './scores.ts'

/** Runs one statement; a name lets the connection keep it prepared. */
export type Query = <R extends object>(
  text: string,
  values: readonly unknown[],
  name: string,
) => Promise<R[]>

/** Gaps of a window that are told, the newest. */
const GAPS_MAX = 1000
/** Later than every time, epoch ms. */
const TIME_END = 8.64e15

/** Vendor times are at most this many minutes ahead of the receive time (rules.md, Checks). */
const AHEAD_MINUTES = 1

/** A symbol without a print for a week before its first one was not watched until then. */
const WATCHED_MINUTES = 7 * 24 * 60

const NAMES = VECTOR_COLUMNS.join(', ')
const OF_PRINT = VECTOR_COLUMNS.map((column) => `print.${column}`).join(', ')
const OF_TOTAL = VECTOR_COLUMNS.map((column) => `total.${column}`).join(', ')
const NEGATIVE = VECTOR_COLUMNS.map((column) => `- ${column}`).join(', ')
const TOTALS = VECTOR_COLUMNS.map(
  (column) => `coalesce(sum(${column}), 0)::float8 AS ${column}`,
).join(', ')

const PRINTS = `options_flow_history AS flow, LATERAL flow_print_vector(flow.trade_type,
    flow.sentiment, flow.aggressiveness, flow.side, flow.option_type, flow.size, flow.premium)
    AS print`
const KNOWN_AT = 'flow_known_at(flow.timestamp, flow.received_at, flow.filled_at)'
const IS_LATE = 'flow_is_late(flow.timestamp, flow.received_at, flow.filled_at)'

/**
 * The window ($2, T], T = $4, in three parts, each as it was at T:
 *
 *      $2      $3 = $5 x 60000                        $7 = $6 x 60000   T
 *      |- raw --|- minutes of minute sums, and their corrections --|- raw -|
 *                                                by the time at which it was known
 *
 * A print is in the middle if it was known before the minute $6 of T. Rows that were changed later
 * than T get back what they were by their corrections. Bounds of time are parameters, so that the
 * planner sees which partitions they need. The newest print is looked for in the newest minutes
 * first: a scan of the rows back from T would read all that a fill brought later.
 */
export const CONTEXT_SQL = `
WITH parts AS (
  SELECT ${OF_PRINT}, flow.timestamp AS newest FROM ${PRINTS}
  WHERE flow.symbol = $1 AND flow.timestamp > $2 AND flow.timestamp < $3 AND ${KNOWN_AT} <= $4
  UNION ALL
  SELECT ${NAMES}, NULL FROM flow_minute_sums
  WHERE symbol = $1 AND minute >= $5 AND minute <= $8 AND known_minute < $6
  UNION ALL
  SELECT ${NAMES}, NULL FROM flow_corrections AS change
  WHERE symbol = $1 AND minute >= $5 AND minute <= $8 AND known_at <= $4
    AND (change.timestamp IS NULL OR is_late_print OR print_known_at < $7)
  UNION ALL
  SELECT ${OF_PRINT}, flow.timestamp FROM ${PRINTS}
  WHERE flow.symbol = $1 AND flow.timestamp >= $9 AND flow.timestamp < $10 AND NOT ${IS_LATE}
    AND ${KNOWN_AT} >= $7 AND ${KNOWN_AT} <= $4
  UNION ALL
  SELECT ${NEGATIVE}, change.timestamp FROM flow_corrections AS change
  WHERE symbol = $1 AND minute = $5 - 1 AND change.timestamp > $2
    AND print_known_at <= $4 AND known_at > $4
  UNION ALL
  SELECT ${NEGATIVE}, change.timestamp FROM flow_corrections AS change
  WHERE symbol = $1 AND minute >= $5 AND minute <= $8 AND NOT is_late_print
    AND print_known_at >= $7 AND print_known_at <= $4 AND known_at > $4
)
SELECT ${OF_TOTAL},
  greatest(total.newest_part, in_time.newest, late.newest, gone.newest)::float8 AS newest,
  seen.gaps, watched.since
FROM (SELECT ${TOTALS}, max(newest) AS newest_part FROM parts) AS total
LEFT JOIN (
  SELECT of_minute.newest FROM (
    SELECT minute FROM flow_minute_sums
    WHERE symbol = $1 AND minute >= $5 AND minute <= $8 AND known_minute < $6
    ORDER BY minute DESC
  ) AS sums CROSS JOIN LATERAL (
    SELECT max(flow.timestamp) AS newest FROM options_flow_history AS flow
    WHERE flow.symbol = $1 AND flow.timestamp > $2 AND flow.timestamp < $11
      AND flow.timestamp >= sums.minute * 60000::bigint
      AND flow.timestamp < (sums.minute + 1) * 60000::bigint AND ${KNOWN_AT} <= $4
  ) AS of_minute WHERE of_minute.newest IS NOT NULL LIMIT 1
) AS in_time ON true
LEFT JOIN (
  SELECT of_minute.newest FROM (
    SELECT minute FROM flow_corrections AS change
    WHERE symbol = $1 AND minute >= $5 AND minute <= $8 AND change.timestamp IS NULL
      AND known_at <= $4
    ORDER BY minute DESC
  ) AS sums CROSS JOIN LATERAL (
    SELECT max(flow.timestamp) AS newest FROM options_flow_history AS flow
    WHERE flow.symbol = $1 AND flow.timestamp > $2 AND flow.timestamp < $11
      AND flow.timestamp >= sums.minute * 60000::bigint
      AND flow.timestamp < (sums.minute + 1) * 60000::bigint AND ${KNOWN_AT} <= $4
  ) AS of_minute WHERE of_minute.newest IS NOT NULL LIMIT 1
) AS late ON true
CROSS JOIN (
  SELECT max(change.timestamp) AS newest FROM flow_corrections AS change
  WHERE symbol = $1 AND minute >= $5 - 1 AND minute <= $8 AND change.timestamp > $2
    AND print_known_at <= $4 AND known_at > $4
) AS gone
CROSS JOIN (
  SELECT coalesce(json_agg(json_build_object('startedAt', gap.started_at, 'endedAt',
      CASE WHEN gap.ended_at <= $4 THEN gap.ended_at END, 'reason', gap.reason, 'status',
      CASE WHEN gap.ended_at IS NULL OR gap.ended_at > $4 THEN 'open'
        -- what was put in later was not there yet
        WHEN EXISTS (SELECT FROM flow_corrections AS change
          WHERE change.symbol = $1 AND minute >= flow_minute(gap.started_at)
            AND minute <= flow_minute(gap.ended_at) AND change.timestamp IS NULL
            AND known_at > $4) THEN 'unfilled'
        ELSE gap.status END) ORDER BY gap.started_at, gap.gap_id), '[]') AS gaps
  FROM (
    SELECT * FROM flow_gaps WHERE flow_gaps.started_at <= $4
      AND (ended_at IS NULL OR ended_at > $2) AND symbols && ARRAY[$1, '*']
    ORDER BY flow_gaps.started_at DESC LIMIT ${GAPS_MAX}
  ) AS gap
) AS seen
CROSS JOIN (
  SELECT least(
    (SELECT min(minute) FROM flow_minute_sums WHERE symbol = $1
      AND minute >= $5 - ${WATCHED_MINUTES} AND minute <= $8 AND known_minute < $6),
    (SELECT min(minute) FROM flow_corrections WHERE symbol = $1
      AND minute >= $5 - ${WATCHED_MINUTES} AND minute <= $8 AND known_at <= $4)
  ) * 60000::float8 AS since
) AS watched`

type Row = FlowSums & Omit<WindowFlow, 'sums'>

/** What is asked of the store: the `windowMs` before `at` (epoch ms). */
export type AskedWindow = {
  readonly symbol: string
  readonly windowMs: number
  readonly at: number
  /** Only what was known at `at`; else all that is stored, also what was known later. */
  readonly isAsOf: boolean
}

/** What the store has of the window, in one statement. */
export async function readWindow(query: Query, asked: AskedWindow): Promise<WindowFlow> {
  const [row] = await query<Row>(CONTEXT_SQL, valuesOf(asked), 'flow_context')
  const { newest, gaps, since, ...sums } = row!
  return { sums, newest, gaps, since }
}

/** $1 to $11 of the statement. */
export function valuesOf({ symbol, windowMs, at, isAsOf }: AskedWindow): readonly unknown[] {
  const from = at - windowMs
  const firstWhole = minuteOf(from) + 1
  const head = [symbol, from, firstWhole * MINUTE_MS]
  if (!isAsOf) {
    // what a tape of another day has ahead of us is no part of it
    const end = minuteOf(at) + 1 + AHEAD_MINUTES
    const known = [TIME_END, firstWhole, MINUTE_MAX, TIME_END]
    return [...head, ...known, end - 1, 0, 0, end * MINUTE_MS]
  }
  const known = minuteOf(at)
  const last = known + AHEAD_MINUTES
  // a print of the last part was known in the minute of `at`, and in time
  const lastFrom = (known - 1) * MINUTE_MS
  const lastTo = (last + 1) * MINUTE_MS
  const knownMs = known * MINUTE_MS
  return [...head, at, firstWhole, known, knownMs, last, lastFrom, lastTo, lastTo]
}

function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS)
}
