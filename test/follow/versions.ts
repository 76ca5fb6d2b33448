import type pg from 'pg'

export type Version = {
  readonly eventId: string
  readonly revision: number
  readonly recordedAt: number
}

const INSERT = (table: string): string => `
INSERT INTO ${table} (started_at, ended_at, total_size, recorded_at, revision, span_ms, leg_count,
  event_id, reason, kind, symbol, contract_ticker, side, sentiment, legs, total_premium, vwap,
  exchanges, why)
SELECT 1763736000000, 1763736000040, 120, (version ->> 'recordedAt')::bigint,
  (version ->> 'revision')::integer, 40, 2, version ->> 'eventId', 'found', 'SWEEP', 'SPX',
  'O:SPXW251219C06475000', 'BUY', 'BULLISH', '[]', 545000.25, 45.5, '{CBOE,ISE}', 'bought'
FROM json_array_elements($1::json) AS version`

/** Puts versions of events into the log as the writer does. */
export async function record(
  client: pg.ClientBase,
  versions: readonly Version[],
  table: 'flow_events' | 'flow_event_revisions' = 'flow_events',
): Promise<void> {
  await client.query(INSERT(table), [JSON.stringify(versions)])
}

/** A new version of an event; the one before goes to the revisions. */
export async function revise(
  client: pg.ClientBase,
  eventId: string,
  recordedAt: number,
): Promise<void> {
  await client.query(
    `WITH kept AS (
       INSERT INTO flow_event_revisions SELECT * FROM flow_events WHERE event_id = $1
     )
     UPDATE flow_events SET revision = revision + 1, recorded_at = $2, reason = 'cancel'
     WHERE event_id = $1`,
    [eventId, recordedAt],
  )
}
