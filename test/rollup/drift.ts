import { VECTOR_COLUMNS } from '../../src/rollup/vector.ts'
import { query } from '../pg/database.ts'

const NAMES = VECTOR_COLUMNS.join(', ')
const SUMS = VECTOR_COLUMNS.map((column) => `sum(${column}) AS ${column}`).join(', ')
const ZEROS = VECTOR_COLUMNS.map(() => '0').join(', ')
const KEPT = VECTOR_COLUMNS.map((column) => `coalesce(kept.${column}, 0)`).join(', ')
const RAW = VECTOR_COLUMNS.map((column) => `coalesce(raw.${column}, 0)`).join(', ')

const DRIFT_SQL = `
WITH raw AS (
  SELECT symbol, minute, is_late, ${SUMS} FROM (
    SELECT flow.symbol, flow_minute(flow.timestamp) AS minute,
      flow_is_late(flow.timestamp, flow.received_at, flow.filled_at) AS is_late, v.*
    FROM options_flow_history AS flow, LATERAL flow_print_vector(flow.trade_type, flow.sentiment,
      flow.aggressiveness, flow.side, flow.option_type, flow.size, flow.premium) AS v
  ) AS prints GROUP BY symbol, minute, is_late
), kept AS (
  SELECT symbol, minute, is_late, ${SUMS} FROM (
    SELECT symbol, minute, false AS is_late, ${NAMES} FROM flow_minute_sums
    UNION ALL SELECT symbol, minute, is_late_print, ${NAMES} FROM flow_corrections
  ) AS sums GROUP BY symbol, minute, is_late
)
SELECT symbol, minute, is_late, to_jsonb(raw) AS raw, to_jsonb(kept) AS kept
FROM raw FULL JOIN kept USING (symbol, minute, is_late)
WHERE (${KEPT}) IS DISTINCT FROM (${RAW})
  OR kept.symbol IS NULL AND (${RAW}) IS DISTINCT FROM (${ZEROS})
ORDER BY 1, 2, 3 LIMIT 5`

/** Minutes whose rollups are not the sums of their rows; none where all is well. */
export function drift(url: string): Promise<object[]> {
  return query(url, DRIFT_SQL)
}

/** How much there is to drift: rows, groups in time, and corrections. */
export async function rollupSize(
  url: string,
): Promise<{ readonly rows: number; readonly sums: number; readonly corrections: number }> {
  const text = `SELECT (SELECT count(*) FROM options_flow_history)::integer AS rows,
    (SELECT count(*) FROM flow_minute_sums)::integer AS sums,
    (SELECT count(*) FROM flow_corrections)::integer AS corrections`
  return (await query<{ rows: number; sums: number; corrections: number }>(url, text))[0]!
}
