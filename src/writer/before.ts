import type { Client } from 'pg'
import { DAY_MS } from '../domain/new-york.ts'
import type { StoredMark } from '../slab/stored-mark.ts'
import type { MarkFit, PreviousWriter } from './messages.ts'
import { storedUpTo } from './repeats.ts'

/**
 * Waits until no batch of another writer is under way: a COMMIT can outlive the process that sent
 * it, and what it brings must be seen before anything is held against the table.
 */
export async function othersSettled(client: Client, writer: string): Promise<void> {
  const rows = 'SELECT FROM flow_batches WHERE writer <> $1 ORDER BY writer FOR UPDATE'
  await client.query(rows, [writer])
}

/** A crash leaves a gap open; the time from its last sign of life on is the next start's gap. */
export async function closeOpenGaps(client: Client, { receivedTo }: PreviousWriter): Promise<void> {
  const text = `UPDATE flow_gaps SET ended_at = greatest(started_at, $1), status = 'unfilled'
    WHERE ended_at IS NULL`
  await client.query(text, [receivedTo])
}

/** Made on the first start; whoever makes it first, all read the same. */
export async function idOf(client: Client): Promise<string> {
  const make = `INSERT INTO flow_settings (name, value)
    VALUES ('database_id', gen_random_uuid()::text) ON CONFLICT DO NOTHING`
  await client.query(make)
  const read = "SELECT value FROM flow_settings WHERE name = 'database_id'"
  return (await client.query<{ value: string }>(read)).rows[0]!.value
}

/** How the database stands to the mark of an earlier writer. */
export async function fitOf(
  client: Client,
  { writer, batch, newest }: StoredMark,
): Promise<MarkFit> {
  const text = 'SELECT FROM flow_batches WHERE writer = $1 AND batch >= $2'
  if ((await client.query(text, [writer, batch])).rowCount === 0) return 'behind'
  if (newest < 0) return 'fits'
  const days = await client.query<{ value: string }>(
    "SELECT value FROM flow_settings WHERE name = 'retention_days'",
  )
  const keptMs = Number(days.rows[0]?.value ?? 0) * DAY_MS
  if (keptMs > 0 && newest < Date.now() - keptMs) return 'fits' // it may have been dropped
  const dayStart = Math.floor(newest / DAY_MS) * DAY_MS
  const found = await storedUpTo(client, dayStart, dayStart + DAY_MS)
  return found >= newest ? 'fits' : 'emptied'
}

/** The last sign of life of any other feed's writer; null on a new database. */
export async function lastSign(client: Client, writer: string): Promise<PreviousWriter | null> {
  const found = await client.query<{ received_to: string; drained: boolean }>(
    `SELECT received_to, drained FROM flow_batches WHERE writer <> $1 AND is_feed
     ORDER BY committed_at DESC LIMIT 1`,
    [writer],
  )
  const row = found.rows[0]
  return row === undefined ? null : { receivedTo: Number(row.received_to), drained: row.drained }
}
