import type { Client } from 'pg'
import { MERGED_NOTE } from '../domain/flow-event.ts'
import { AGGRESSIVENESS_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { storeSums } from '../rollup/store-sums.ts'
import type { Definitions } from '../slab/definitions.ts'
import { ROW_SLAB_BYTES, ROW_SLAB_ROWS, RowSlab } from '../slab/row-slab.ts'
import { copyRows } from '../writer/connection.ts'
import { CopyBuffer } from '../writer/copy-buffer.ts'
import { RowEncoder } from '../writer/copy-rows.ts'
import { storeFilledEvents } from '../writer/event-store.ts'
import { storeCancel } from '../writer/extras.ts'
import type { Merge } from './merge.ts'
import type { FillRules } from './rerun.ts'
import type { Revision } from './revisions.ts'
import { type SlabRow, writeRow } from './slab-row.ts'

/** Bytes of COPY at once; a row is about 470. */
const COPY_BYTES_MAX = 8 << 20

const REVISE_SQL = `
UPDATE options_flow_history AS flow
SET trade_type = new.trade_type, is_sweep = new.is_sweep, aggressiveness = new.aggressiveness,
  is_unusual_volume = new.is_unusual, event_id = new.event_id, event_legs = new.event_legs,
  event_span_ms = new.event_span, day_volume = new.day_volume,
  revision = revision + 1, revised_at = $3
FROM json_to_recordset($2::json) AS new (part oid, place tid, at bigint, trade_type text,
  is_sweep boolean, aggressiveness text, is_unusual boolean, event_id text, event_legs integer,
  event_span integer, day_volume bigint)
WHERE flow.symbol = $1 AND flow.timestamp = new.at
  AND flow.tableoid = new.part AND flow.ctid = new.place`

/** Applies a merge within the open transaction, in which the rows have been locked. */
export async function applyMerge(
  client: Client,
  symbol: string,
  ticker: string,
  merged: Merge,
  definitions: Definitions,
  { rules, minSize }: FillRules,
): Promise<void> {
  const { inserts, revisions, events, emptied, cancels } = merged
  // before that nobody knew: a question about the past must not see it
  const filledAt = Date.now()
  if (inserts.length > 0) await insertRows(client, inserts, definitions, rules, filledAt)
  if (revisions.length > 0) {
    const rows = JSON.stringify(revisions.map(revisionRow))
    await client.query("SELECT set_config('flow.known_at', $1, true)", [`${filledAt}`])
    await client.query(REVISE_SQL, [symbol, rows, filledAt])
  }
  await storeFilledEvents(client, events, emptied, MERGED_NOTE)
  for (const cancel of cancels) {
    // the rerun looked for the print in all of the tape and the table: an equal one that is there
    // came behind the cancel
    const storedUpTo = Number.POSITIVE_INFINITY
    const options = { storedUpTo, minSize, resumes: 'nothing', filledAt } as const
    await storeCancel(client, cancel, ticker, options)
  }
}

async function insertRows(
  client: Client,
  rows: readonly SlabRow[],
  definitions: Definitions,
  rules: string,
  filledAt: number,
): Promise<void> {
  const encoder = new RowEncoder(rules, filledAt)
  encoder.define(definitions)
  const out = new CopyBuffer()
  const slab = new RowSlab(new ArrayBuffer(ROW_SLAB_BYTES))
  for (let first = 0; first < rows.length; first += ROW_SLAB_ROWS) {
    const part = rows.slice(first, first + ROW_SLAB_ROWS)
    for (const [place, row] of part.entries()) writeRow(slab, place, row)
    for (let next = 0; next < part.length; ) {
      out.clear()
      next = encoder.encode(slab, next, part.length, out, ROW_SLAB_ROWS, COPY_BYTES_MAX)
      await copyRows(client, out.bytes.subarray(0, out.length), 'options_flow_history')
      await storeSums(client, out.sums.toGroups())
    }
  }
}

function revisionRow({ row, ...columns }: Revision): object {
  const [part, place] = row.place.split(' ')
  const { tradeType, isSweep, aggressiveness, isUnusual, eventId, eventLegs, dayVolume } = columns
  const hasEvent = eventLegs > 0
  return {
    part,
    place,
    at: row.time,
    trade_type: TRADE_TYPE_TEXT[tradeType],
    is_sweep: isSweep,
    aggressiveness: AGGRESSIVENESS_TEXT[aggressiveness],
    is_unusual: isUnusual,
    event_id: eventId,
    event_legs: hasEvent ? eventLegs : null,
    event_span: hasEvent ? columns.eventSpan : null,
    day_volume: Number.isNaN(dayVolume) ? null : dayVolume,
  }
}
