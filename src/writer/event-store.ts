import type { Client } from 'pg'
import {
  cancelNote,
  type EventLeg,
  lateQuoteNote,
  totalsOf,
  voidNote,
  whyOf,
} from '../domain/flow-event.ts'
import { ticksOf } from '../domain/ticks.ts'
import { copyEvents } from './event-copy.ts'
import { type FlowEvent, sumsOf } from './events.ts'

/** From as many on a COPY is worth its two statements more: it takes a third less time. */
const COPY_EVENTS_MIN = 100
/** No row is of an earlier process: every event counts as new. */
const NOTHING_STORED = -1

/** What an event brings with it: FlowEvent. */
const FOUND = {
  event_id: 'text',
  kind: 'text',
  symbol: 'text',
  contract_ticker: 'text',
  side: 'text',
  sentiment: 'text',
  started_at: 'bigint',
  ended_at: 'bigint',
  span_ms: 'integer',
  leg_count: 'integer',
  legs: 'jsonb',
  total_size: 'bigint',
  total_premium: 'numeric',
  vwap: 'numeric',
  exchanges: 'text[]',
  sweep_windows_ms: 'integer[]',
  why: 'text',
} as const satisfies { readonly [column in keyof FlowEvent]: string }

const FOUND_COLUMNS = Object.keys(FOUND).join(', ')
const FOUND_TYPES = Object.entries(FOUND).map((column) => column.join(' '))
const COLUMNS = `${FOUND_COLUMNS}, revision, reason, is_void, recorded_at`

const FROM_JSON = `json_to_recordset($1::json) AS found (${FOUND_TYPES.join(', ')})`
const FROM_COPY = 'flow_incoming_events AS found'

const insertSql = (source: string, condition: string): string => `
INSERT INTO flow_events (${COLUMNS})
SELECT ${FOUND_COLUMNS}, 1, 'found', false, ${Date.now()} FROM ${source} WHERE ${condition}
ON CONFLICT (event_id) DO NOTHING`

/**
 * Prints that are sent again after a restart make their event again, under arrival numbers of this
 * process and so under another name. Their rows were left out, so it is new only if a row of it is
 * in the table under that name. The bounds of time are for the planner.
 */
const isNewSql = (storedUpTo: number, timeMin: number, timeMax: number): string => `
  started_at > ${storedUpTo} OR EXISTS (
  SELECT FROM options_flow_history AS flow
  WHERE flow.timestamp BETWEEN ${timeMin} AND ${timeMax} AND flow.symbol = found.symbol
    AND flow.timestamp BETWEEN found.started_at AND found.ended_at
    AND flow.contract_ticker = found.contract_ticker
    AND (flow.event_id = found.event_id OR flow.event_id IS NULL AND leg_count = 1
      AND flow.arrival = (found.legs -> 0 ->> 'arrival')::bigint
      AND flow.sequence IS NOT DISTINCT FROM (found.legs -> 0 ->> 'sequence')::bigint))`

/**
 * Stores events, whose rows must be in the table; one that is there already stays as it is.
 * `storedUpTo`: newest row of an earlier process, epoch ms; -1: none.
 */
export async function storeEvents(
  client: Client,
  events: readonly FlowEvent[],
  storedUpTo: number,
): Promise<void> {
  if (events.length === 0) return
  let timeMin = Number.POSITIVE_INFINITY
  let timeMax = Number.NEGATIVE_INFINITY
  for (const { started_at, ended_at } of events) {
    timeMin = Math.min(timeMin, started_at)
    timeMax = Math.max(timeMax, ended_at)
  }
  const condition = timeMin > storedUpTo ? 'true' : isNewSql(storedUpTo, timeMin, timeMax)
  // in one order for all writers of a database, so that none waits for one that waits for it
  const sorted = events.toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1))
  if (sorted.length < COPY_EVENTS_MIN) {
    await client.query(insertSql(FROM_JSON, condition), [JSON.stringify(sorted)])
    return
  }
  await copyEvents(client, sorted)
  await client.query(insertSql(FROM_COPY, condition))
}

const LOAD_SQL = `
SELECT side, sentiment, started_at, ended_at, span_ms, legs, why
FROM flow_events WHERE event_id = $1 FOR UPDATE`

type Loaded = {
  readonly side: string
  readonly sentiment: string
  /** bigint comes as text. */
  readonly started_at: string
  readonly ended_at: string
  readonly span_ms: number
  readonly legs: readonly EventLeg[]
  readonly why: string | null
}

/** A print that was taken out of the table, and what the event's sums need to be made anew. */
export type CancelledLeg = {
  readonly timestamp: number
  readonly arrival: number
  readonly multiplier: number
  /** Contracts; FLOW_MIN_SIZE. */
  readonly minSize: number
}

/**
 * A new version of the event without the print that a cancel removed. The kind and the labels of
 * the other legs stay (rules.md, cancels). Without any effect where no event has this leg.
 */
export async function reviseCancelled(
  client: Client,
  eventId: string,
  { timestamp, arrival, multiplier, minSize }: CancelledLeg,
): Promise<void> {
  const event = await load(client, eventId)
  if (event === null) return
  const legs = event.legs.map((leg) => ({ ...leg, price: ticksOf(leg.price) }))
  const place = legs.findIndex((leg) => leg.timestamp === timestamp && leg.arrival === arrival)
  const cancelled = legs[place]
  if (cancelled === undefined) return
  const left = legs.toSpliced(place, 1)
  const totals = totalsOf(left, multiplier)
  const sums = sumsOf(left, totals, minSize)
  if (left.length === 0) {
    // it still was when it was: only then does it age like the others
    const { started_at, ended_at, span_ms } = event
    const times = { started_at, ended_at, span_ms }
    const why = voidNote(cancelled)
    await replace(client, eventId, { ...sums, ...times, why, reason: 'cancel', is_void: true })
    return
  }
  const why = `${whyOf({ by: 'window' }, event.side, left, totals)}; ${cancelNote(cancelled)}`
  await replace(client, eventId, { ...sums, why, reason: 'cancel' })
}

/** Labels that a quote gave to a print after it was stored. Prices in ticks. */
export type LateLabels = {
  readonly bid: number
  readonly ask: number
  readonly side: string
  readonly sentiment: string
}

/** A new version of a print's own event with the labels of a late quote. */
export async function reviseLabels(
  client: Client,
  eventId: string,
  { bid, ask, side, sentiment }: LateLabels,
): Promise<void> {
  const event = await load(client, eventId)
  if (event === null) return
  const note = lateQuoteNote(bid, ask, side)
  const why = event.why === null ? note : `${event.why}; ${note}`
  await replace(client, eventId, { side, sentiment, why, reason: 'late quote' })
}

/**
 * Events as they are once a gap is filled: those that are new, and new versions of the others.
 * `emptied`: events whose legs are all in others now; `why` says so.
 */
export async function storeFilledEvents(
  client: Client,
  events: readonly FlowEvent[],
  emptied: readonly string[],
  why: string,
): Promise<void> {
  const byId = new Map(events.map((event) => [event.event_id, event]))
  const fresh: FlowEvent[] = []
  // in one order for all writers of a database, so that none waits for one that waits for it
  for (const eventId of [...byId.keys(), ...emptied].sort()) {
    const found = await load(client, eventId)
    const event = byId.get(eventId)
    if (event !== undefined) {
      if (found === null) fresh.push(event)
      else await replace(client, eventId, { ...event, reason: 'fill', is_void: false })
    } else if (found !== null) {
      const { started_at, ended_at, span_ms } = found
      const times = { started_at, ended_at, span_ms }
      const sums = { ...sumsOf([], totalsOf([], 1), 0), ...times }
      await replace(client, eventId, { ...sums, why, reason: 'fill', is_void: true })
    }
  }
  await storeEvents(client, fresh, NOTHING_STORED)
}

async function load(client: Client, eventId: string): Promise<Loaded | null> {
  const found = await client.query<Loaded>({
    name: 'flow_event_load',
    text: LOAD_SQL,
    values: [eventId],
  })
  return found.rows[0] ?? null
}

/** Keeps the current version and puts the changed one in its place. */
async function replace(
  client: Client,
  eventId: string,
  change: Readonly<Record<string, unknown>> & { readonly reason: string },
): Promise<void> {
  const { legs, ...others } = change
  const columns = legs === undefined ? others : { ...others, legs: JSON.stringify(legs) }
  const names = Object.keys(columns)
  const set = names.map((name, place) => `${name} = $${place + 3}`)
  const text = `WITH kept AS (
      INSERT INTO flow_event_revisions (${COLUMNS}) SELECT ${COLUMNS}
      FROM flow_events WHERE event_id = $1
    )
    UPDATE flow_events SET revision = revision + 1, recorded_at = $2, ${set.join(', ')}
    WHERE event_id = $1`
  await client.query(text, [eventId, Date.now(), ...Object.values(columns)])
}
