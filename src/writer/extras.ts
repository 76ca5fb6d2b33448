import type { Client } from 'pg'
import { parseContract } from '../domain/contract.ts'
import type { Cancel, RemovedPrint } from '../slab/cancel.ts'
import { exchangeText } from './copy-blocks.ts'
import { reviseCancelled } from './event-store.ts'
import { eventIdOf } from './events.ts'
import type { Gap, Resumes } from './messages.ts'
import { findStored, isRecorded } from './repeats.ts'

/** At most one row: equal prints differ in arrival, and a print stored twice goes once. */
const CANCEL_SQL = `
WITH removed AS (
  DELETE FROM options_flow_history AS flow
  USING (
    SELECT tableoid AS part, ctid AS place FROM options_flow_history
    WHERE $10::boolean AND symbol = $1 AND timestamp = $8 AND contract_ticker = $2
      AND ($11::integer IS NULL OR arrival = $11) AND price = $5 AND size = $6
      AND exchange IS NOT DISTINCT FROM $7 AND sequence IS NOT DISTINCT FROM $9
    ORDER BY received_at DESC NULLS LAST LIMIT 1
  ) AS newest
  WHERE flow.symbol = $1 AND flow.timestamp = $8
    AND flow.tableoid = newest.part AND flow.ctid = newest.place
  RETURNING flow.event_id, flow.timestamp, flow.arrival, flow.multiplier, flow.trade_type,
    -- for the trigger, which comes after: when the rollups know of it
    set_config('flow.known_at', $14, true) AS known_at
), recorded AS (
INSERT INTO flow_cancels (symbol, contract_ticker, timestamp, sequence, price, size, exchange,
  removed_timestamp, removed_sequence, received_at, was_stored)
SELECT $1::text, $2::text, $3::bigint, $4::bigint, $5::numeric, $6::integer, $7::text,
  $8::bigint, $9::bigint, $12::bigint, EXISTS (SELECT FROM removed)
WHERE NOT $13::boolean
)
SELECT row_to_json(removed) AS removed FROM removed`

const GAP_SQL = `
INSERT INTO flow_gaps (gap_id, started_at, ended_at, symbols, reason, filled, status)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (gap_id) DO UPDATE SET started_at = excluded.started_at,
  ended_at = excluded.ended_at, symbols = excluded.symbols, reason = excluded.reason,
  filled = greatest(flow_gaps.filled, excluded.filled),
  -- a gap that is told again keeps what a fill has made of it
  status = CASE WHEN flow_gaps.status IN ('filling', 'filled', 'partly filled')
    THEN flow_gaps.status ELSE excluded.status END`

export type CancelOptions = {
  /**
   * Newest row of an earlier process, which our shards know nothing of; -1: none. Infinity: the
   * cancel was held against the whole table, and one without a print has none there.
   */
  readonly storedUpTo: number
  readonly resumes: Resumes
  /** FLOW_MIN_SIZE, contracts: what the event of the print needs to be a sweep. */
  readonly minSize: number
  /** When a fill found the cancel, epoch ms; left out: it came from the feed or a file. */
  readonly filledAt?: number
}

/** What the table knew of the print that a cancel removed. */
type RemovedRow = {
  readonly event_id: string | null
  readonly timestamp: number
  readonly arrival: number
  readonly multiplier: number
  readonly trade_type: string
}

/**
 * Removes the print that a cancel names, if it was stored, from the table and from its event, and
 * records the cancel.
 */
export async function storeCancel(
  client: Client,
  cancel: Cancel,
  ticker: string,
  { storedUpTo, resumes, minSize, filledAt }: CancelOptions,
): Promise<void> {
  const symbol = parseContract(ticker)?.underlying ?? ticker
  const price = dollarsOf(cancel.price)
  const exchange = exchangeText(cancel.exchange)
  const isKnown =
    storedUpTo >= 0 && (await isRecorded(client, cancel, symbol, ticker, price, exchange, resumes))
  let { removed } = cancel
  // a print without a sequence came again with it, and goes again; the cancel is recorded once
  const cameAgain =
    removed !== null && (!(cancel.sequence > 0) || isUnnumberedAgain(removed, resumes))
  if (isKnown && !cameAgain) return
  // a search reads the day of the symbol: only where somebody may have stored it that our shards
  // know nothing of, an earlier process whose state was not restored, or a fill
  const isFromBefore = storedUpTo >= 0 && resumes !== 'state'
  const isSearched = storedUpTo === Number.POSITIVE_INFINITY
  if (removed === null && !isSearched && (isFromBefore || (await hasFills(client, ticker)))) {
    removed = await findStored(client, cancel, symbol, ticker, price, exchange, storedUpTo)
  }
  // an earlier process may have stored the print that was sent again: under its own arrival number
  const isOlder = removed !== null && removed.time <= storedUpTo && removed.sequence > 0
  const values = [
    symbol,
    ticker,
    cancel.time,
    orNull(cancel.sequence),
    price,
    cancel.size,
    exchange,
    removed?.time ?? null,
    removed === null ? null : orNull(removed.sequence),
    removed !== null && (removed.wasStored || isOlder),
    removed === null || isOlder ? null : removed.arrival,
    orNull(cancel.recv),
    isKnown,
    `${filledAt ?? orNull(cancel.recv) ?? cancel.time}`,
  ]
  const { rows } = await client.query<{ removed: RemovedRow | null }>({
    name: 'flow_cancel',
    text: CANCEL_SQL,
    values,
  })
  const row = rows[0]?.removed ?? null
  const eventId = row === null ? null : eventOf(row, ticker)
  if (row !== null && eventId !== null) await reviseCancelled(client, eventId, { ...row, minSize })
}

async function hasFills(client: Client, ticker: string): Promise<boolean> {
  const text = 'SELECT FROM flow_fills WHERE contract_ticker = $1 AND prints > 0 LIMIT 1'
  const found = await client.query({ name: 'flow_cancel_fills', text, values: [ticker] })
  return found.rowCount === 1
}

/** Whether the journal brought the print once more, and nothing but its row tells that it did. */
function isUnnumberedAgain({ sequence }: RemovedPrint, resumes: Resumes): boolean {
  return resumes !== 'nothing' && !(sequence > 0)
}

export async function storeGap(client: Client, gap: Gap): Promise<void> {
  const { gapId, startedAt, endedAt, symbols, reason, filled, status } = gap
  const times = [wholeMs(startedAt), endedAt === null ? null : wholeMs(endedAt)]
  const values = [gapId, ...times, symbols, reason, filled, status]
  await client.query({ name: 'flow_gap', text: GAP_SQL, values })
}

/** The event that a row is part of, or is by itself. */
function eventOf(row: RemovedRow, ticker: string): string | null {
  if (row.event_id !== null) return row.event_id
  const isEvent = row.trade_type === 'BLOCK' || row.trade_type === 'SWEEP'
  return isEvent ? eventIdOf(ticker, row.timestamp, row.arrival) : null
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : wholeMs(value)
}

function wholeMs(value: number): number {
  return Math.floor(value)
}

/** Exact decimal text of a price in 1/10,000 dollar. */
export function dollarsOf(ticks: number): string {
  const fraction = `${ticks % 10_000}`.padStart(4, '0')
  return `${Math.floor(ticks / 10_000)}.${fraction}`.replace(/\.?0+$/, '')
}
