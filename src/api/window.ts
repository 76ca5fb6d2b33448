import type { EventVersion, LegEvidence, StoredPrint, WindowEvidence } from '../domain/evidence.ts'
import type { Database } from './database.ts'

/** Legs and versions that are told of. */
const LEGS_MAX = 1000
const VERSIONS_MAX = 100

type StoredLeg = {
  readonly sequence: number | null
  readonly timestamp: number
  readonly arrival: number
  readonly price: number
  readonly size: number
  readonly exchange: string | null
}

type EventRow = EventVersion & { readonly legs: readonly StoredLeg[] }

const EVENT_COLUMNS = `revision, reason, why, kind, side, sentiment,
  started_at::float8 AS "startedAt", ended_at::float8 AS "endedAt", span_ms AS "spanMs",
  leg_count AS "legCount", total_size::float8 AS "totalSize",
  total_premium::float8 AS "totalPremium", vwap::float8 AS vwap, exchanges,
  sweep_windows_ms AS "sweepWindowsMs", is_void AS "isVoid",
  recorded_at::float8 AS "recordedAt", legs`

/**
 * The sweep, split or block that a print belongs to: the current version of its event with its
 * legs, the versions before, or, where the events do not have it, the rows that share its id. Null
 * without one.
 */
export async function findWindow(
  database: Database,
  row: StoredPrint,
): Promise<WindowEvidence | null> {
  // an event of one leg has the id of that print, and the row itself names none
  const eventId = row.event_id ?? `${row.contract_ticker}-${row.timestamp}-${row.arrival}`
  const [event] = await database.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM flow_events WHERE event_id = $1`,
    [eventId],
  )
  if (event === undefined && row.event_id === null) return null
  const earlier = await database.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM flow_event_revisions WHERE event_id = $1
     ORDER BY revision LIMIT ${VERSIONS_MAX}`,
    [eventId],
  )
  const stored = event?.legs ?? (await legsOf(database, row))
  const legs = stored.slice(0, LEGS_MAX).map((leg) => legEvidence(leg, row))
  return {
    eventId,
    legsAtClose: row.event_legs,
    spanMsAtClose: row.event_span_ms,
    legs,
    exchanges: [...new Set(stored.map(({ exchange }) => exchange ?? 'unknown'))],
    event: event === undefined ? null : versionOf(event),
    earlier: earlier.map(versionOf),
  }
}

/** The rows of the same event: no leg is further from this one than the event is long. */
async function legsOf(database: Database, row: StoredPrint): Promise<readonly StoredLeg[]> {
  const span = row.event_span_ms ?? 0
  return database.query<StoredLeg>(
    `SELECT sequence::float8 AS sequence, timestamp::float8 AS timestamp, arrival,
       price::float8 AS price, size, exchange
     FROM options_flow_history AS flow
     WHERE symbol = $1 AND flow.timestamp BETWEEN $2 AND $3 AND event_id = $4
     ORDER BY flow.timestamp, arrival LIMIT ${LEGS_MAX}`,
    [row.symbol, row.timestamp - span, row.timestamp + span, row.event_id],
  )
}

function legEvidence(leg: StoredLeg, row: StoredPrint): LegEvidence {
  const { sequence, timestamp, arrival, price, size, exchange } = leg
  const isThis = timestamp === row.timestamp && arrival === row.arrival
  return { sequence, timestamp, arrival, price: Number(price), size, exchange, isThis }
}

function versionOf({ legs: _, ...version }: EventRow): EventVersion {
  return version
}
