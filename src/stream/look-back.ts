import { setTimeout as sleep } from 'node:timers/promises'
import { wantsEvent } from '../domain/live-filter.ts'
import type { LiveEvent } from '../domain/live-flow.ts'
import type { Missed } from '../domain/live-missed.ts'
import { type Cursor, type Query, readVersions, startAt } from '../follow/event-rows.ts'
import { type Client, nameOf } from './client.ts'
import type { StreamLimits } from './limits.ts'
import { Message } from './message.ts'

const PAGE_ROWS = 500
/** How often a client that has much to take is looked at. */
const PATIENCE_MS = 20

/**
 * Tells a client the events recorded from `since` (epoch ms) on, as far as the limits go, and that
 * prints of that time are not told again; its events of the follower wait meanwhile. What it could
 * not be told is said.
 */
export async function lookBack(
  client: Client,
  since: number,
  query: Query,
  limits: StreamLimits,
): Promise<void> {
  const startedAt = Date.now()
  const tell = (missed: Omit<Missed, 'count' | 'to'>, to = startedAt): void => {
    client.add(new Message({ type: 'missed', data: { ...missed, count: null, to } }))
    client.flush()
  }
  if (client.filter.hasPrints) tell({ kind: 'prints', reason: 'reconnect', from: since })
  const told = new Set<string>()
  if (client.filter.hasEvents) {
    const from = Math.max(since, startedAt - limits.lookBackMs)
    if (from > since) tell({ kind: 'events', reason: 'look_back', from: since }, from)
    let read = from
    try {
      let left = limits.lookBackEvents
      let last = startAt(from)
      for await (const rows of pages(query, from, left)) {
        left -= rows.length
        last = rows.at(-1)!
        read = last.recorded_at
        for (const event of rows) {
          told.add(nameOf(event))
          if (wantsEvent(client.filter, event)) {
            client.add(new Message({ type: 'event', data: event }, event.recorded_at))
          }
        }
        client.flush()
        while (!client.isGone && client.outlet.buffered > limits.bufferedBytes / 4) {
          await sleep(PATIENCE_MS)
        }
        if (client.isGone) return
      }
      if (left <= 0 && (await hasMore(query, last))) {
        tell({ kind: 'events', reason: 'look_back', from: read })
      }
    } catch {
      tell({ kind: 'events', reason: 'database', from: read })
    }
  }
  client.release(told)
}

async function hasMore(query: Query, behind: Cursor): Promise<boolean> {
  return (await readVersions(query, behind, Number.MAX_SAFE_INTEGER, 1)).length > 0
}

async function* pages(query: Query, from: number, limit: number): AsyncGenerator<LiveEvent[]> {
  let cursor = startAt(from)
  for (let left = limit; left > 0; left -= PAGE_ROWS) {
    const size = Math.min(left, PAGE_ROWS)
    const rows = await readVersions(query, cursor, Number.MAX_SAFE_INTEGER, size)
    if (rows.length > 0) yield rows
    if (rows.length < size) return
    cursor = rows.at(-1)!
  }
}
