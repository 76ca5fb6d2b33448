import type { Client } from 'pg'
import { parseContract } from '../domain/contract.ts'
import { DAY_MS, startOfNewYorkDay } from '../domain/new-york.ts'
import type { KnownPrint } from './match.ts'
import type { StoredRow } from './stored-rows.ts'

/** A print that the feed brings later than this behind its own time is not looked for. */
const LATE_MS_MAX = 60_000
/** Taken up at once; the rest comes in the next turn. */
const PENDING_MAX = 100

/** A filled contract whose volume is not in every row yet. */
export type PendingVolume = {
  readonly gapId: string
  readonly ticker: string
  /** New York date, `2026-11-22`. */
  readonly date: string
  /** Contracts, below 0 after missed cancels. */
  readonly volume: number
}

/** One of which the shard was told. */
export type ToldVolume = PendingVolume & {
  /** Epoch ms; what was received later has the volume. */
  readonly toldAt: number
  /** Epoch ms; what was received before is in the fill. */
  readonly receivedTo: number
  /** Rows received later that are in the fill too. */
  readonly seen: readonly string[]
}

const COLUMNS = `gap_id AS "gapId", contract_ticker AS ticker, to_char(day, 'YYYY-MM-DD') AS date,
  volume::float8 AS volume`

/**
 * Notes, in the transaction of a fill, what its shard is to be told. `receivedTo`: everything
 * received before, epoch ms, was stored when the rows were loaded. A row of a time that the tape
 * covers and which the tape does not have was not looked at by the fill.
 */
export async function noteVolume(
  client: Client,
  { gapId, ticker, date, volume }: PendingVolume,
  receivedTo: number,
  prints: readonly KnownPrint[],
  stored: readonly StoredRow[],
): Promise<void> {
  if (volume === 0) return
  const inTape = new Set(prints.map((print) => print.stored))
  const end = prints.at(-1)?.print.t ?? Number.NEGATIVE_INFINITY
  const seen = stored
    .filter(({ receivedAt, time }, i) => receivedAt >= receivedTo && (time > end || inTape.has(i)))
    .map(({ time, arrival, receivedAt }) => `${time}-${arrival}-${receivedAt}`)
  await client.query(
    `UPDATE flow_fills SET volume = $3, told_at = NULL, received_to = $4, day = $5, seen = $6
     WHERE gap_id = $1 AND contract_ticker = $2`,
    [gapId, ticker, volume, receivedTo, date, seen],
  )
}

/** Volumes of which no shard was told, the oldest first. */
export async function untoldVolumes(client: Client): Promise<PendingVolume[]> {
  const text = `SELECT ${COLUMNS} FROM flow_fills WHERE volume IS NOT NULL AND told_at IS NULL
    ORDER BY filled_at, gap_id, contract_ticker LIMIT ${PENDING_MAX}`
  return (await client.query<PendingVolume>(text)).rows
}

/** `toldAt`: epoch ms. */
export async function noteTold(
  client: Client,
  { gapId, ticker }: PendingVolume,
  toldAt: number,
): Promise<void> {
  const text = 'UPDATE flow_fills SET told_at = $3 WHERE gap_id = $1 AND contract_ticker = $2'
  await client.query(text, [gapId, ticker, toldAt])
}

/** Volumes whose shard was told before `receivedTo`, epoch ms: all rows without them are stored. */
export async function dueVolumes(client: Client, receivedTo: number): Promise<ToldVolume[]> {
  const text = `SELECT ${COLUMNS}, told_at::float8 AS "toldAt", received_to::float8 AS "receivedTo",
      seen
    FROM flow_fills WHERE volume IS NOT NULL AND told_at < $1
    ORDER BY filled_at, gap_id, contract_ticker LIMIT ${PENDING_MAX}`
  return (await client.query<ToldVolume>(text, [receivedTo])).rows
}

/** Whether a volume of this gap (null: of any), or of another one, is not in every row yet. */
export async function pendingOf(
  client: Client,
  gapId: string | null,
): Promise<{ readonly own: boolean; readonly others: boolean }> {
  const text = `SELECT coalesce(bool_or(gap_id IS NOT DISTINCT FROM $1), false) AS own,
      coalesce(bool_or(gap_id IS DISTINCT FROM $1), false) AS others
    FROM flow_fills WHERE volume IS NOT NULL`
  return (await client.query<{ own: boolean; others: boolean }>(text, [gapId])).rows[0]!
}

const CORRECT_SQL = `
UPDATE options_flow_history AS flow
SET day_volume = greatest(flow.day_volume + $7, 0),
  is_unusual_volume = CASE WHEN flow.open_interest IS NULL THEN flow.is_unusual_volume
    ELSE greatest(flow.day_volume + $7, 0) > flow.open_interest END,
  revision = flow.revision + 1, revised_at = $8
WHERE flow.symbol = $1 AND flow.contract_ticker = $2
  AND flow.timestamp >= $3 AND flow.timestamp < $4
  AND flow.received_at >= $5 AND flow.received_at <= $6
  AND flow.day_volume IS NOT NULL
  AND NOT EXISTS (SELECT FROM unnest($9::text[]) AS seen (key)
    WHERE seen.key = flow.timestamp || '-' || flow.arrival || '-' || flow.received_at)`

const DONE_SQL = `
UPDATE flow_fills SET volume = NULL, seen = NULL
WHERE gap_id = $1 AND contract_ticker = $2 AND volume IS NOT NULL`

/**
 * Adds the volume to the rows that were classified before their shard was told and that the fill
 * did not look at, in one transaction; gives how many there were. Done again it changes nothing.
 */
export async function correctVolume(client: Client, told: ToldVolume): Promise<number> {
  const { gapId, ticker, date, volume, toldAt, receivedTo, seen } = told
  const day = Date.parse(date) / DAY_MS
  const from = Math.max(startOfNewYorkDay(day), receivedTo - LATE_MS_MAX)
  const to = startOfNewYorkDay(day + 1)
  const symbol = parseContract(ticker)?.underlying ?? ticker
  const values = [symbol, ticker, from, to, receivedTo, toldAt, volume, Date.now(), seen]
  await client.query('BEGIN')
  try {
    const done = await client.query(DONE_SQL, [gapId, ticker])
    const { rowCount } =
      done.rowCount === 1 ? await client.query(CORRECT_SQL, values) : { rowCount: 0 }
    await client.query('COMMIT')
    return rowCount ?? 0
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}) // the first error is the one that counts
    throw error
  }
}
