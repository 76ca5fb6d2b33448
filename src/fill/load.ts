import type { Client } from 'pg'
import { AGGRESSIVENESS_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import type { ContractReference } from '../reader/evidence.ts'
import type { Average } from './relabel.ts'
import type { StoredCancel, StoredRow } from './stored-rows.ts'

/** How far back an average of the underlying is looked for, ms. */
const AVERAGE_AGE_MS = 600_000

/** What the table has of a contract: times as numbers, prices in ticks. */
const COLUMNS = `flow.tableoid || ' ' || flow.ctid AS place, flow.timestamp::float8 AS time,
  flow.received_at::float8 AS "receivedAt",
  flow.sequence::float8 AS sequence, flow.arrival, (flow.price * 10000)::float8 AS price, flow.size,
  flow.exchange, flow.conditions, flow.side, flow.sentiment, flow.trade_type AS "tradeType",
  flow.aggressiveness, flow.is_sweep AS "isSweep", flow.is_unusual_volume AS "isUnusual",
  (flow.bid * 10000)::float8 AS bid, (flow.ask * 10000)::float8 AS ask,
  flow.bid_size AS "bidSize", flow.ask_size AS "askSize",
  flow.quote_age_ms::float8 AS "quoteAge", flow.average_size AS "averageSize",
  flow.average_prints AS "averageCount", flow.average_scope AS "averageScope",
  flow.day_volume::float8 AS "dayVolume", flow.open_interest AS "openInterest", flow.multiplier,
  flow.event_id AS "eventId", flow.event_legs AS "eventLegs", flow.event_span_ms AS "eventSpan"`

const FROM = `FROM options_flow_history AS flow
  WHERE flow.symbol = $1 AND flow.contract_ticker = $2`
const LOCKED = 'ORDER BY flow.timestamp, flow.arrival FOR UPDATE'
const ROWS_AT_SQL = `SELECT ${COLUMNS} ${FROM} AND flow.timestamp = ANY($3::bigint[]) ${LOCKED}`
const ROWS_AFTER_SQL = `SELECT ${COLUMNS} ${FROM}
  AND flow.timestamp > $3 AND flow.timestamp < $4 ${LOCKED}`

/** Legs lie within the span of their event, which each of them has. */
const LEGS_SQL = `SELECT ${COLUMNS}
  FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS event (id, first, last)
  JOIN options_flow_history AS flow ON flow.symbol = $1 AND flow.contract_ticker = $2
    AND flow.timestamp BETWEEN event.first AND event.last AND flow.event_id = event.id
  WHERE flow.timestamp <= $6 AND flow.timestamp <> ALL ($7::bigint[])
  ORDER BY flow.timestamp, flow.arrival FOR UPDATE OF flow`

type Nullable<T> = { readonly [name in keyof T]: T[name] | null }

type Found = Nullable<Omit<StoredRow, 'side' | 'tradeType' | 'aggressiveness'>> & {
  readonly side: string
  readonly tradeType: string
  readonly aggressiveness: string
}

/**
 * The contract's rows at `times`, the other legs of their events, and the rows after the last of
 * the times up to `dayEnd` (exclusive), locked until the transaction ends. The index knows symbol
 * and time, so other times are not looked at: another row that the tape lacks stays as it is.
 */
export async function loadRows(
  client: Client,
  symbol: string,
  ticker: string,
  times: readonly number[],
  dayEnd: number,
): Promise<StoredRow[]> {
  const last = times.at(-1) ?? dayEnd
  const at = await client.query<Found>(ROWS_AT_SQL, [symbol, ticker, times])
  const after = await client.query<Found>(ROWS_AFTER_SQL, [symbol, ticker, last, dayEnd])
  const legs = await loadLegs(client, symbol, ticker, at.rows, last)
  return [...at.rows, ...legs, ...after.rows].map(storedRowOf)
}

/** Legs at other times of events of which `rows` has some legs. */
async function loadLegs(
  client: Client,
  symbol: string,
  ticker: string,
  rows: readonly Found[],
  last: number,
): Promise<readonly Found[]> {
  const events = new Map<string, { found: number; legs: number; first: number; last: number }>()
  for (const { eventId, eventLegs, eventSpan, time } of rows) {
    if (eventId === null || time === null) continue
    const event = events.get(eventId) ?? { found: 0, legs: 0, first: time, last: time }
    events.set(eventId, {
      found: event.found + 1,
      legs: Math.max(event.legs, eventLegs ?? 0),
      first: Math.min(event.first, time - (eventSpan ?? 0)),
      last: Math.max(event.last, time + (eventSpan ?? 0)),
    })
  }
  const short = [...events].filter(([, { found, legs }]) => found < legs)
  if (short.length === 0) return []
  const times = [...new Set(rows.map(({ time }) => time))]
  const found = await client.query<Found>(LEGS_SQL, [
    ...[symbol, ticker, short.map(([id]) => id)],
    ...[short.map(([, { first }]) => first), short.map(([, event]) => event.last)],
    ...[last, times],
  ])
  return found.rows
}

function storedRowOf(row: Found): StoredRow {
  return {
    ...(row as unknown as StoredRow),
    sequence: row.sequence ?? Number.NaN,
    receivedAt: row.receivedAt ?? Number.NaN,
    side: codeOf(SIDE_TEXT, row.side),
    tradeType: codeOf(TRADE_TYPE_TEXT, row.tradeType),
    aggressiveness: codeOf(AGGRESSIVENESS_TEXT, row.aggressiveness),
    bid: row.bid ?? Number.NaN,
    ask: row.ask ?? Number.NaN,
    bidSize: row.bidSize ?? -1,
    askSize: row.askSize ?? -1,
    quoteAge: row.quoteAge ?? Number.NaN,
    averageSize: row.averageSize ?? Number.NaN,
    averageCount: row.averageSize === null ? 0 : (row.averageCount ?? 0),
    dayVolume: row.dayVolume ?? Number.NaN,
    openInterest: row.openInterest ?? -1,
    eventLegs: row.eventLegs ?? 0,
    eventSpan: row.eventSpan ?? 0,
  }
}

/** The place of a label's text is its code. */
function codeOf<T extends number>(texts: readonly string[], text: string): T {
  return texts.indexOf(text) as T
}

/** The contract's cancels on record, `from` to `to` (exclusive), epoch ms. */
export async function loadCancels(
  client: Client,
  symbol: string,
  ticker: string,
  from: number,
  to: number,
): Promise<StoredCancel[]> {
  const text = `SELECT gone.timestamp::float8 AS time, gone.sequence::float8 AS sequence,
      (gone.price * 10000)::float8 AS price, gone.size, gone.exchange,
      gone.removed_timestamp::float8 AS "removedTime",
      gone.removed_sequence::float8 AS "removedSequence"
    FROM flow_cancels AS gone
    WHERE gone.symbol = $1 AND gone.contract_ticker = $2
      AND gone.timestamp >= $3 AND gone.timestamp < $4
    ORDER BY gone.timestamp`
  const { rows } = await client.query<Nullable<StoredCancel>>(text, [symbol, ticker, from, to])
  return rows.map((row) => ({
    ...(row as StoredCancel),
    sequence: row.sequence ?? Number.NaN,
    removedTime: row.removedTime ?? Number.NaN,
    removedSequence: row.removedSequence ?? Number.NaN,
  }))
}

/** What held for the contract on that New York date: of its rows, else as it was last asked. */
export async function loadReference(
  client: Client,
  ticker: string,
  date: string,
  stored: readonly StoredRow[],
): Promise<ContractReference | null> {
  const known = stored.find(({ openInterest }) => openInterest >= 0) ?? stored[0]
  if (known !== undefined) {
    const { openInterest, multiplier } = known
    return { ticker, date, multiplier, ...(openInterest < 0 ? {} : { openInterest }) }
  }
  const text = `SELECT open_interest, multiplier FROM flow_contracts
    WHERE contract_ticker = $1 AND day = $2`
  const { rows } = await client.query<{ open_interest: number | null; multiplier: number | null }>(
    text,
    [ticker, date],
  )
  const [row] = rows
  if (row === undefined) return null
  const openInterest = row.open_interest === null ? {} : { openInterest: row.open_interest }
  return {
    ticker,
    date,
    ...openInterest,
    ...(row.multiplier === null ? {} : { multiplier: row.multiplier }),
  }
}

/** The newest average size of the underlying's prints before `time`; null: none is near. */
export async function loadAverage(
  client: Client,
  symbol: string,
  time: number,
): Promise<Average | null> {
  const text = `SELECT average_size, average_prints FROM options_flow_history AS flow
    WHERE flow.symbol = $1 AND flow.timestamp > $2 AND flow.timestamp <= $3
      AND flow.average_scope = 'underlying'
    ORDER BY flow.timestamp DESC LIMIT 1`
  const values = [symbol, time - AVERAGE_AGE_MS, time]
  const { rows } = await client.query<{ average_size: number; average_prints: number }>(
    text,
    values,
  )
  const [row] = rows
  if (row === undefined) return null
  const { average_size: size, average_prints: count } = row
  return { sum: Math.round(size * count), count }
}
