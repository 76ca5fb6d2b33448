import type { Client } from 'pg'
import { newYorkDay, startOfNewYorkDay } from '../domain/new-york.ts'
import type { Group } from '../rollup/minute-sums.ts'
import { GROUPS_SQL, type GroupRow, groupOf, SUMMED_COLUMNS } from '../rollup/row-sums.ts'
import type { Cancel } from '../slab/cancel.ts'
import { copyRows } from './connection.ts'
import { COPY_COLUMNS } from './copy-blocks.ts'
import type { Resumes } from './messages.ts'

/**
 * A print that is sent again after a restart, or a tape that is played again, must not be stored
 * twice (rules.md, duplicates), and the new process has no memory of the old one. What an earlier
 * process stored lies at or before the newest row of its day; only rows at or before that are held
 * against the table, so a feed that goes on where it stopped pays nothing.
 */

const COLUMNS = COPY_COLUMNS.join(', ')
const SUMMED = SUMMED_COLUMNS.join(', ')

const STAGING_SQL = `CREATE TEMP TABLE IF NOT EXISTS flow_incoming
  (LIKE options_flow_history INCLUDING DEFAULTS) ON COMMIT DELETE ROWS`

/**
 * The same print: contract, sequence (which names it within its day), time and content. The bounds
 * are there for the planner, which then looks at the days of the batch only.
 */
const isNewSql = ({ min, max }: Times, resumes: Resumes): string => `
  CASE WHEN coalesce(new.sequence, 0) <= 0 THEN ${isNewUnnumberedSql(min, max, resumes)}
  ELSE NOT (
  EXISTS (
    SELECT FROM options_flow_history AS old
    WHERE old.timestamp BETWEEN ${min} AND ${max}
      AND old.symbol = new.symbol AND old.timestamp = new.timestamp
      AND old.contract_ticker = new.contract_ticker AND old.sequence = new.sequence
      AND old.price = new.price AND old.size = new.size
      AND old.exchange IS NOT DISTINCT FROM new.exchange AND old.conditions = new.conditions
  ) OR EXISTS (
    SELECT FROM flow_cancels AS gone
    WHERE gone.was_stored AND gone.contract_ticker = new.contract_ticker
      AND gone.removed_timestamp = new.timestamp AND gone.removed_sequence = new.sequence
      AND gone.price = new.price AND gone.size = new.size
      AND gone.exchange IS NOT DISTINCT FROM new.exchange
  )
) END`

const insertSql = (condition: string): string => `
WITH inserted AS (
  INSERT INTO options_flow_history (${COLUMNS})
  SELECT ${COLUMNS} FROM flow_incoming AS new WHERE ${condition}
  RETURNING ${SUMMED}
)
${GROUPS_SQL}`

/** What names a print without a sequence beside its content. */
const SAME_UNNUMBERED: Readonly<Record<Resumes, string>> = {
  state: 'old.received_at IS NOT DISTINCT FROM new.received_at AND old.arrival = new.arrival',
  // arrival numbers begin anew: equal prints of one frame count as stored when one of them is
  frames: 'old.received_at IS NOT DISTINCT FROM new.received_at',
  nothing: 'false',
}

function isNewUnnumberedSql(min: number, max: number, resumes: Resumes): string {
  if (resumes === 'nothing') return 'true'
  return `NOT EXISTS (
    SELECT FROM options_flow_history AS old
    WHERE old.timestamp BETWEEN ${min} AND ${max}
      AND old.symbol = new.symbol AND old.timestamp = new.timestamp
      AND old.contract_ticker = new.contract_ticker AND old.price = new.price
      AND old.size = new.size AND old.sequence IS NOT DISTINCT FROM new.sequence
      AND old.exchange IS NOT DISTINCT FROM new.exchange AND old.conditions = new.conditions
      AND ${SAME_UNNUMBERED[resumes]})`
}

/** Epoch ms, both included. */
export type Times = { readonly min: number; readonly max: number }

/**
 * Time of the newest print of a UTC day that was stored, epoch ms, also if a cancel has removed it;
 * -1 when there is none.
 */
export async function storedUpTo(
  client: Client,
  dayStart: number,
  dayEnd: number,
): Promise<number> {
  const text = `SELECT greatest(
    (SELECT max(timestamp) FROM options_flow_history WHERE timestamp >= $1 AND timestamp < $2),
    (SELECT max(removed_timestamp) FROM flow_cancels
      WHERE was_stored AND removed_timestamp >= $1 AND removed_timestamp < $2)) AS newest`
  const { rows } = await client.query<{ newest: string | null }>(text, [dayStart, dayEnd])
  const newest = rows[0]?.newest ?? null
  return newest === null ? -1 : Number(newest)
}

export type Inserted = {
  /** Rows that were stored already, and are left out. */
  readonly repeated: number
  /** What the others add to the rollups. */
  readonly groups: readonly Group[]
}

/**
 * COPY of rows by way of a table of their own, so that what was really stored can be told. Rows
 * that may be stored already lie between the times given; null: there are none.
 */
export async function copyNewRows(
  client: Client,
  rows: Buffer,
  count: number,
  times: Times | null,
  resumes: Resumes,
): Promise<Inserted> {
  await client.query(STAGING_SQL)
  await client.query('TRUNCATE flow_incoming')
  await copyRows(client, rows, 'flow_incoming')
  if (times !== null) await client.query('ANALYZE flow_incoming')
  const condition = times === null ? 'true' : isNewSql(times, resumes)
  const { rows: groups } = await client.query<GroupRow>(insertSql(condition))
  const inserted = groups.reduce((sum, { trades }) => sum + Number(trades), 0)
  return { repeated: count - inserted, groups: groups.map(groupOf) }
}

/**
 * Whether this cancel is on record already: one that is sent again removes nothing more. Without a
 * sequence it is the same one when it was received in the same moment, which only the journal
 * brings back.
 */
export async function isRecorded(
  client: Client,
  cancel: Cancel,
  symbol: string,
  ticker: string,
  price: string,
  exchange: string | null,
  resumes: Resumes,
): Promise<boolean> {
  const isNumbered = cancel.sequence > 0
  if (!isNumbered && (resumes === 'nothing' || Number.isNaN(cancel.recv))) return false
  const text = `SELECT FROM flow_cancels WHERE symbol = $1 AND timestamp = $2
    AND contract_ticker = $3 AND price = $4 AND size = $5 AND exchange IS NOT DISTINCT FROM $6
    AND ${isNumbered ? 'sequence' : 'coalesce(sequence, 0) <= 0 AND received_at'} = $7 LIMIT 1`
  const mark = isNumbered ? cancel.sequence : Math.floor(cancel.recv)
  const values = [symbol, cancel.time, ticker, price, cancel.size, exchange, mark]
  const name = isNumbered ? 'flow_cancel_recorded' : 'flow_cancel_received'
  const found = await client.query({ name, text, values })
  return (found.rowCount ?? 0) > 0
}

/**
 * The newest print by arrival that this cancel means, of those that our shards know nothing of: an
 * earlier process stored them, up to `storedUpTo` (epoch ms; -1: there was none), or a fill did,
 * which knows no receive time. Null: there is none. Our own rows are none of them, since those of a
 * batch are stored ahead of its cancels, also those that came later; nor is what came with the
 * cancel or after it and is stored already, because the journal brings it again.
 */
export async function findStored(
  client: Client,
  cancel: Cancel,
  symbol: string,
  ticker: string,
  price: string,
  exchange: string | null,
  storedUpTo: number,
): Promise<Cancel['removed']> {
  const day = newYorkDay(cancel.time)
  const text = `SELECT timestamp, sequence, arrival FROM options_flow_history
    WHERE symbol = $1 AND timestamp >= $2 AND timestamp < $3 AND contract_ticker = $4
      AND price = $5 AND size = $6 AND exchange IS NOT DISTINCT FROM $7
      AND (timestamp <= $9 OR received_at IS NULL AND $8::bigint IS NOT NULL)
      AND (received_at < $8 OR received_at IS NULL OR $8 IS NULL)
    ORDER BY received_at DESC NULLS LAST, arrival DESC LIMIT 1`
  const between = [startOfNewYorkDay(day), startOfNewYorkDay(day + 1)]
  const recv = Number.isNaN(cancel.recv) ? null : Math.floor(cancel.recv)
  const values = [symbol, ...between, ticker, price, cancel.size, exchange, recv, storedUpTo]
  const { rows } = await client.query<{
    timestamp: string
    sequence: string | null
    arrival: number
  }>({ name: 'flow_cancel_stored', text, values })
  const row = rows[0]
  if (row === undefined) return null
  return {
    time: Number(row.timestamp),
    sequence: row.sequence === null ? Number.NaN : Number(row.sequence),
    arrival: row.arrival,
    wasStored: true,
  }
}
