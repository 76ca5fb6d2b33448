import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ROW_SLAB_BYTES } from '../../src/slab/row-slab.ts'
import { drift } from '../rollup/drift.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import {
  cancelOf,
  numbered,
  PLAIN,
  postRows,
  type StartedWriter,
  startedWriter,
  TICKER,
} from './started-writer.ts'

let server: TestPostgres
let url: string
let started: StartedWriter

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
  started = await startedWriter(url)
})
afterEach(async () => {
  await started.writer.stop()
  expect(await drift(url)).toEqual([])
})

async function arrivals(): Promise<number[]> {
  const text = 'SELECT arrival FROM options_flow_history ORDER BY arrival'
  return (await query<{ arrival: number }>(url, text)).map((row) => row.arrival)
}

describe('the writer', () => {
  it('has stored everything that was posted once a drain resolves, and gives the slabs back', async () => {
    const { writer, seen } = started
    for (let slab = 0; slab < 20; slab++) postRows(writer, numbered(slab * 4096, 4096))
    expect(writer.rowsWaiting).toBe(20 * 4096)
    await writer.drain()
    expect(writer.rowsWaiting).toBe(0)
    expect(await query(url, 'SELECT count(*)::integer AS n FROM options_flow_history')).toEqual([
      { n: 20 * 4096 },
    ])
    const slabs = seen.committed.flatMap((committed) => committed.slabs)
    expect(slabs.map((slab) => slab.buffer.byteLength)).toEqual(Array(20).fill(ROW_SLAB_BYTES))
    expect(seen.committed.reduce((sum, { rows }) => sum + rows, 0)).toBe(20 * 4096)
    // 20 slabs cannot have gone one by one while the first was under way
    expect(seen.committed.length).toBeLessThan(20)
    expect(seen.errors).toEqual([])
  })

  it('commits a lone row without waiting for a drain', async () => {
    postRows(started.writer, numbered(1, 1))
    while (started.seen.committed.length === 0) await new Promise(setImmediate)
    expect(await arrivals()).toEqual([1])
  })

  it('puts each row into the partition of its UTC day, made on demand', async () => {
    const times = ['2025-11-21T00:00:00Z', '2025-11-21T23:59:59.999Z', '2025-11-22T00:00:00Z']
    const far = Date.UTC(2250, 0, 1)
    const rows = [...times.map((text) => Date.parse(text)), 1, far].map((time) => ({ time }))
    postRows(started.writer, rows)
    await started.writer.drain()
    const text = `SELECT tableoid::regclass::text AS part, count(*)::integer AS n
      FROM options_flow_history GROUP BY 1 ORDER BY 1`
    expect(await query(url, text)).toEqual([
      { part: 'options_flow_history_default', n: 2 },
      { part: 'options_flow_history_p20251121', n: 2 },
      { part: 'options_flow_history_p20251122', n: 1 },
    ])
  })

  it('makes the partitions of today and the next three days ahead', async () => {
    const text = `SELECT to_regclass('options_flow_history_p' || to_char(
      (now() AT TIME ZONE 'UTC')::date + i, 'YYYYMMDD')) IS NOT NULL AS made
      FROM generate_series(0, 3) AS i`
    expect(await query(url, text)).toEqual(Array(4).fill({ made: true }))
  })

  it('answers each drain of several with what was posted before it', async () => {
    const { writer } = started
    const counts: number[] = []
    const count = async () => counts.push((await arrivals()).length)
    postRows(writer, numbered(1, 3))
    const first = writer.drain().then(count)
    postRows(writer, numbered(4, 2))
    const second = writer.drain().then(count)
    await Promise.all([first, second])
    expect(counts[1]).toBe(5)
    expect(counts[0]).toBeGreaterThanOrEqual(3)
  })

  it('tells the next writer when this one was last seen and whether it had drained', async () => {
    expect(started.writer.previous).toBeNull()
    postRows(started.writer, numbered(1, 1))
    await started.writer.drain()
    await started.writer.settled() // a state is saved after the drain
    const next = await startedWriter(url)
    expect(next.writer.previous).toMatchObject({ drained: true })
    postRows(next.writer, numbered(2, 1))
    while (next.seen.committed.length === 0) await new Promise(setImmediate)
    await next.writer.stop() // as after a crash: not drained
    const last = await startedWriter(url)
    expect(last.writer.previous).toMatchObject({ drained: false })
    expect(Math.abs(last.writer.previous!.receivedTo - Date.now())).toBeLessThan(60_000)
    await last.writer.stop()
  })

  it('ends with its thread when it is given rows of an unknown contract', async () => {
    postRows(started.writer, [{ contract: 99 }])
    while (started.seen.fatal.length === 0) await new Promise(setImmediate)
    await started.writer.stop()
    expect(started.seen.fatal.map((error) => error.message)).toEqual(['unknown contract 99'])
  })
})

describe('a cancel', () => {
  it('removes the one row that it names, though others are equal but for their arrival', async () => {
    postRows(started.writer, numbered(1, 3))
    started.writer.cancel([cancelOf({ arrival: 2 })])
    await started.writer.drain()
    expect(await arrivals()).toEqual([1, 3])
    const found = await query(url, 'SELECT * FROM flow_cancels')
    expect(found).toEqual([
      {
        symbol: 'SPX',
        contract_ticker: TICKER,
        timestamp: `${PLAIN.time + 1_000}`,
        sequence: '1234568',
        price: '45.5',
        size: 250,
        exchange: 'CBOE',
        received_at: `${PLAIN.time + 1_010}`,
        removed_timestamp: `${PLAIN.time}`,
        removed_sequence: '1234567',
        was_stored: true,
      },
    ])
  })

  it('removes one row, the newest, where the same print is stored twice', async () => {
    postRows(started.writer, [{ recv: PLAIN.time + 5 }, { recv: PLAIN.time + 900 }])
    started.writer.cancel([cancelOf({})])
    await started.writer.drain()
    const rows = await query(url, 'SELECT received_at FROM options_flow_history')
    expect(rows).toEqual([{ received_at: `${PLAIN.time + 5}` }])
  })

  it('matches prints without sequence or exchange', async () => {
    const bare = { sequence: Number.NaN, exchange: -(2 ** 31), recv: Number.NaN }
    postRows(started.writer, [bare])
    started.writer.cancel([cancelOf(bare)])
    await started.writer.drain()
    expect(await arrivals()).toEqual([])
  })

  it.each([
    ['price', { price: 455_001 }],
    ['size', { size: 251 }],
    ['exchange', { exchange: 303 }],
  ])('leaves a row of another %s alone', async (_, change) => {
    postRows(started.writer, numbered(1, 1))
    started.writer.cancel([cancelOf({}, change)])
    await started.writer.drain()
    expect(await arrivals()).toEqual([1])
    const found = await query(url, 'SELECT was_stored FROM flow_cancels')
    expect(found).toEqual([{ was_stored: false }])
  })

  it('is recorded when it removed a print that was not stored, or none', async () => {
    postRows(started.writer, numbered(1, 1))
    const removed = { time: PLAIN.time, sequence: 7, arrival: 1, wasStored: false }
    started.writer.cancel([cancelOf({}, { removed }), cancelOf({}, { removed: null })])
    await started.writer.drain()
    expect(await arrivals()).toEqual([1])
    const text = 'SELECT removed_sequence, was_stored FROM flow_cancels ORDER BY 1'
    expect(await query(url, text)).toEqual([
      { removed_sequence: '7', was_stored: false },
      { removed_sequence: null, was_stored: false },
    ])
  })

  it('takes effect for every cancel of a storm', async () => {
    postRows(started.writer, numbered(1, 2_500))
    started.writer.cancel(numbered(1, 2_400).map((row) => cancelOf(row)))
    await started.writer.drain()
    expect((await arrivals()).length).toBe(100)
    const [counted] = await query(url, 'SELECT count(*)::integer AS n FROM flow_cancels')
    expect(counted).toEqual({ n: 2_400 })
  })
})

it('stores the latest version of a gap', async () => {
  const gap = {
    gapId: 'a',
    startedAt: 1_000.7,
    endedAt: null,
    symbols: ['SPX', 'SPY'],
    reason: 'disconnect',
    filled: 0,
    status: 'open',
  }
  started.writer.recordGaps([gap])
  started.writer.recordGaps([{ ...gap, endedAt: 2_000.2, filled: 12, status: 'filled' }])
  await started.writer.drain()
  expect(await query(url, 'SELECT * FROM flow_gaps')).toEqual([
    {
      gap_id: 'a',
      started_at: '1000',
      ended_at: '2000',
      symbols: ['SPX', 'SPY'],
      reason: 'disconnect',
      filled: 12,
      status: 'filled',
      parts_filled: [],
    },
  ])
})
