import type { Client } from 'pg'
import type { Group } from './minute-sums.ts'
import { VECTOR, VECTOR_COLUMNS } from './vector.ts'

const COLUMNS = VECTOR_COLUMNS.join(', ')
const ARRAYS = VECTOR_COLUMNS.map((column, place) => `$${place + 4}::${VECTOR[column]}[]`).join(
  ', ',
)
const TOTALS = VECTOR_COLUMNS.map((column) => `sum(${column})::${VECTOR[column]}`).join(', ')
const ADDED = VECTOR_COLUMNS.map((column) => `${column} = sums.${column} + excluded.${column}`)
const SET = ADDED.join(', ')

/**
 * In one order for all writers of a database, so that none waits for one that waits for it. Two
 * groups of one key come from a batch that was stored in parts.
 */
const IN_TIME_SQL = `
INSERT INTO flow_minute_sums AS sums (symbol, minute, known_minute, ${COLUMNS})
SELECT symbol, minute, known_minute, ${TOTALS}
FROM unnest($1::text[], $2::integer[], $3::integer[], ${ARRAYS})
  AS found (symbol, minute, known_minute, ${COLUMNS})
GROUP BY symbol, minute, known_minute ORDER BY symbol, minute, known_minute
ON CONFLICT (symbol, minute, known_minute, part) DO UPDATE SET ${SET}`

const LATE_SQL = `
INSERT INTO flow_corrections (symbol, minute, known_at, is_late_print, ${COLUMNS})
SELECT symbol, minute, known_at, true, ${COLUMNS}
FROM unnest($1::text[], $2::integer[], $3::bigint[], ${ARRAYS})
  AS found (symbol, minute, known_at, ${COLUMNS})`

/**
 * Adds the groups of rows that were stored to the rollups, in the transaction that stores them. It
 * locks the minutes it adds to until the end, so it goes last.
 */
export async function storeSums(client: Client, groups: readonly Group[]): Promise<void> {
  const late = groups.filter(({ isLate }) => isLate)
  const inTime = late.length === 0 ? groups : groups.filter(({ isLate }) => !isLate)
  if (inTime.length > 0) {
    await client.query({ name: 'flow_sums', text: IN_TIME_SQL, values: valuesOf(inTime) })
  }
  if (late.length > 0) {
    await client.query({ name: 'flow_late_sums', text: LATE_SQL, values: valuesOf(late) })
  }
}

function valuesOf(groups: readonly Group[]): unknown[] {
  return [
    groups.map(({ symbol }) => symbol),
    groups.map(({ minute }) => minute),
    groups.map(({ known }) => known),
    ...VECTOR_COLUMNS.map((_, place) => groups.map(({ vector }) => vector[place])),
  ]
}
