import type { Group } from './minute-sums.ts'
import { VECTOR, VECTOR_COLUMNS, type VectorColumn } from './vector.ts'

/** What of a row its sums are made of. */
export const SUMMED_COLUMNS = [
  ...['symbol', 'timestamp', 'received_at', 'filled_at', 'trade_type', 'sentiment'],
  ...['aggressiveness', 'side', 'option_type', 'size', 'premium'],
]

const TOTALS = VECTOR_COLUMNS.map(
  (column) => `sum(v.${column})::${VECTOR[column]} AS ${column}`,
).join(', ')

/** SELECT of the groups of `inserted`, rows with SUMMED_COLUMNS: Group in columns. */
export const GROUPS_SQL = `
SELECT symbol, minute, is_late, known, ${TOTALS}
FROM inserted, LATERAL flow_print_vector(trade_type, sentiment, aggressiveness, side, option_type,
    size, premium) AS v,
  LATERAL (SELECT flow_minute(timestamp) AS minute,
    flow_is_late(timestamp, received_at, filled_at) AS is_late,
    flow_known_at(timestamp, received_at, filled_at) AS known_at) AS k,
  LATERAL (SELECT CASE WHEN is_late THEN known_at ELSE flow_minute(known_at) END AS known) AS key
GROUP BY symbol, minute, is_late, known`

/** A row of GROUPS_SQL; bigint and numeric come as exact text. */
export type GroupRow = {
  readonly symbol: string
  readonly minute: number
  readonly is_late: boolean
  readonly known: string
} & { readonly [column in VectorColumn]: number | string }

export function groupOf(row: GroupRow): Group {
  const { symbol, minute, is_late, known } = row
  const vector = VECTOR_COLUMNS.map((column) => row[column])
  return { symbol, minute, isLate: is_late, known: Number(known), vector }
}
