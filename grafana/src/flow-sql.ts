/**
 * What the queries of the Flow dashboard share. Stored times are epoch ms, the macros of Grafana
 * whole seconds. The bounds are constants when PostgreSQL plans, so that it opens only the daily
 * partitions of the time range. No function of the engine is called: flow_reader may not.
 */
export const FROM_MS = '$__unixEpochFrom()::bigint * 1000'
export const TO_MS = '($__unixEpochTo()::bigint + 1) * 1000'

/** Row of a chosen symbol. In a fresh database there is none to choose: IN () would be an error. */
export const CHOSEN = 'symbol = ANY (ARRAY[$symbol]::text[])'

/** Stored prints in the time range, of the chosen symbols. */
export const PRINTS = `options_flow_history
WHERE ${CHOSEN} AND timestamp >= ${FROM_MS} AND timestamp < ${TO_MS}`

/**
 * Sums of the chosen symbols by minute of the print, `columns` of src/rollup/vector.ts: what the
 * writer keeps beside the rows (docs/rollups.md). Corrections carry the change, so both tables add
 * up to the stored rows.
 */
export function minuteSums(columns: readonly string[]): string {
  const names = columns.join(', ')
  const where = `WHERE ${CHOSEN}
    AND minute BETWEEN $__unixEpochFrom() / 60 AND $__unixEpochTo() / 60`
  return `(
  SELECT symbol, minute, ${names} FROM flow_minute_sums
  ${where}
  UNION ALL
  SELECT symbol, minute, ${names} FROM flow_corrections
  ${where}
) AS sums`
}

/** Begin of the step of a minute, in the order of time; `$__interval` is at least a minute. */
export const STEP = '$__unixEpochGroupAlias(minute::bigint * 60, $__interval)'
export const PRINT_STEP = '$__unixEpochGroupAlias(timestamp / 1000, $__interval)'
