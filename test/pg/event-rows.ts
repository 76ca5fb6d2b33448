/** Rows of events for a writer, and what the log then says of them. */
import { expect } from 'vitest'
import { Sentiment, Side, TradeType } from '../../src/domain/labels.ts'
import type { Cancel } from '../../src/slab/cancel.ts'
import { FLAG_SWEEP } from '../../src/slab/row-slab.ts'
import type { Row } from '../writer/rows.ts'
import { query } from './database.ts'
import { PLAIN, postRows, startedWriter } from './started-writer.ts'

export const AT = PLAIN.time

/**
 * Legs of one event that was bought on these exchanges, 4 ms apart, the first with this arrival
 * number and sequence.
 */
export function boughtOn(exchanges: readonly number[], arrival: number): Partial<Row>[] {
  const isSweep = new Set(exchanges).size > 1
  return exchanges.map((exchange, place) => ({
    time: AT + arrival + 4 * place,
    eventTime: AT + arrival,
    arrival: arrival + place,
    eventArrival: arrival,
    sequence: arrival + place,
    eventLegs: exchanges.length,
    eventSpan: 4 * (exchanges.length - 1),
    exchange,
    size: 20 * (place + 1),
    price: 10_000 * (place + 1),
    side: Side.Buy,
    sentiment: Sentiment.Bullish,
    tradeType: isSweep ? TradeType.Sweep : TradeType.Split,
    flags: isSweep ? FLAG_SWEEP : 0,
    quoteSource: 1,
  }))
}

/** One print of 600 contracts without a quote. */
export function block(arrival: number): Partial<Row> {
  return {
    arrival,
    sequence: arrival,
    time: AT + arrival,
    size: 600,
    tradeType: TradeType.Block,
    bid: Number.NaN,
    ask: Number.NaN,
  }
}

/**
 * One life of a writer: stores what each slab holds in a batch of its own, then applies the
 * cancels, and ends without an error.
 */
export async function lifeOf(
  url: string,
  slabs: readonly (readonly Partial<Row>[])[],
  cancels: readonly Cancel[] = [],
): Promise<void> {
  const { writer, seen } = await startedWriter(url)
  for (const rows of slabs) {
    postRows(writer, rows)
    await writer.drain()
  }
  writer.cancel(cancels)
  await writer.drain()
  await writer.stop()
  expect(seen.errors).toEqual([])
}

export type Logged = {
  event_id: string
  revision: number
  reason: string
  kind: string
  side: string
  sentiment: string
  started_at: string
  span_ms: number
  leg_count: number
  legs: { arrival: number; price: number; sequence: number; exchange: string }[]
  total_size: string
  total_premium: string
  vwap: string | null
  exchanges: string[]
  sweep_windows_ms: number[]
  is_void: boolean
  why: string
}

/** The events of the log in order of time. */
export function logged(url: string): Promise<Logged[]> {
  return query<Logged>(url, 'SELECT * FROM flow_events ORDER BY started_at, event_id')
}

/** Versions that were replaced, oldest first. */
export function replaced(url: string): Promise<Logged[]> {
  return query<Logged>(url, 'SELECT * FROM flow_event_revisions ORDER BY event_id, revision')
}
