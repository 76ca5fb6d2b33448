import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Cancel } from '../../src/slab/cancel.ts'
import type { Row } from '../writer/rows.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { AT, block, boughtOn, type Logged, lifeOf, logged, replaced } from './event-rows.ts'
import { cancelOf, NONE, postRows, startedWriter, TICKER, until } from './started-writer.ts'

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})

const life = (slabs: readonly (readonly Partial<Row>[])[], cancels?: readonly Cancel[]) =>
  lifeOf(url, slabs, cancels)

describe('the log of events', () => {
  it('holds one row a sweep, split, block and ISO print, and none for any other print', async () => {
    const iso = { arrival: 41, sequence: 41, time: AT + 41, size: 30, tradeType: 0, conditions: 1 }
    await life([[...boughtOn([302, 308], 11), ...boughtOn([301, 301], 21), block(31), iso, {}]])
    const events = await logged(url)
    expect(events.map(({ kind, leg_count, why }) => [kind, leg_count, why])).toEqual([
      [
        'SWEEP',
        2,
        '2 prints bought within 4 ms on 2 exchanges (CBOE, ISE): 60 contracts, $10,000 premium',
      ],
      [
        'SPLIT',
        2,
        '2 prints bought within 4 ms on one exchange (BOX): 60 contracts, $10,000 premium',
      ],
      ['BLOCK', 1, 'one print of 600 contracts: 500 or more'],
      ['SWEEP', 1, 'one ISO print of 30 contracts'],
    ])
    expect(events[0]).toMatchObject({
      event_id: `${TICKER}-${AT + 11}-11`,
      revision: 1,
      reason: 'found',
      side: 'BUY',
      sentiment: 'BULLISH',
      started_at: `${AT + 11}`,
      span_ms: 4,
      total_size: '60',
      total_premium: '10000',
      vwap: '1.666667',
      exchanges: ['CBOE', 'ISE'],
      sweep_windows_ms: [50, 100, 250, 500],
      is_void: false,
    })
    expect(events[0]!.legs[1]).toEqual({
      contract: TICKER,
      sequence: 12,
      timestamp: AT + 15,
      arrival: 12,
      price: 2,
      size: 40,
      exchange: 'ISE',
    })
    expect(await replaced(url)).toEqual([])
    const legIds = await query<{ event_id: string }>(
      url,
      'SELECT DISTINCT event_id FROM options_flow_history WHERE event_id IS NOT NULL ORDER BY 1',
    )
    expect(legIds.map((row) => row.event_id)).toEqual([events[0]!.event_id, events[1]!.event_id])
  })

  it('holds an event whose legs were committed in several batches', async () => {
    const legs = boughtOn([302, 308, 323], 11)
    await life([legs.slice(0, 1), legs.slice(1, 2), legs.slice(2)])
    expect((await logged(url)).map((event) => [event.leg_count, event.total_size])).toEqual([
      [3, '120'],
    ])
  })

  it('holds the same of many events at once as of few, refused ones left out', async () => {
    const rows = Array.from({ length: 400 }, (_, n) => {
      const exchanges = n % 3 === 0 ? [302, 308, NONE] : [301, 301]
      const legs = boughtOn(exchanges, 1 + 10 * n)
      return n % 2 === 0
        ? legs
        : [block(1 + 10 * n), { ...block(2 + 10 * n), sequence: Number.NaN }]
    })
    const refusing = async (slabs: readonly (readonly Partial<Row>[])[]): Promise<Logged[]> => {
      const database = await server.freshDatabase()
      const { writer, seen } = await startedWriter(database)
      await query(database, "ALTER TABLE flow_events ADD CHECK (event_id NOT LIKE '%-991')")
      for (const slab of slabs) {
        postRows(writer, slab)
        await writer.drain()
      }
      await writer.stop()
      expect(new Set(seen.errors.map((error) => error.reason))).toEqual(new Set(['data']))
      const rest = (await logged(database)).map((event) => ({ ...event, recorded_at: null }))
      return rest
    }
    const many = await refusing([rows.flat()])
    const few = await refusing(
      Array.from({ length: 10 }, (_, n) => rows.slice(40 * n, 40 * n + 40).flat()),
    )
    expect(many).toHaveLength(200 + 400 - 1)
    expect(many).toEqual(few)
  })

  it('holds thousands of events of one batch', async () => {
    const rows = Array.from({ length: 4_000 }, (_, n) => block(1 + n))
    await life([rows, rows])
    expect(await logged(url)).toHaveLength(4_000)
  })

  it('holds events of any number of legs', async () => {
    const exchanges = Array.from({ length: 3_000 }, (_, n) => 300 + (n % 3))
    const slabs = [1, 20_001, 40_001, 60_001].map((first) => boughtOn(exchanges, first))
    const { writer } = await startedWriter(url)
    for (const legs of slabs) {
      postRows(writer, legs.slice(0, 2_000))
      postRows(writer, legs.slice(2_000))
    }
    await writer.drain()
    await writer.stop()
    const events = await logged(url)
    expect(events.map((event) => event.leg_count)).toEqual([3_000, 3_000, 3_000, 3_000])
    expect(events.map((event) => event.legs.length)).toEqual([3_000, 3_000, 3_000, 3_000])
  })

  it('sets an event aside that PostgreSQL refuses, and stores all else', async () => {
    const { writer, seen } = await startedWriter(url)
    await query(url, 'ALTER TABLE flow_events ADD CHECK (total_size <> 600)')
    postRows(writer, [
      block(1),
      ...boughtOn([302, 308], 11),
      block(31),
      ...boughtOn([301, 301], 41),
    ])
    await writer.drain()
    await writer.stop()
    expect((await logged(url)).map((event) => event.kind)).toEqual(['SWEEP', 'SPLIT'])
    expect(await query(url, 'SELECT FROM options_flow_history')).toHaveLength(6)
    expect(seen.errors.map((error) => error.reason)).toEqual(['data', 'data', 'data'])
    expect(seen.committed.reduce((sum, { rows }) => sum + rows, 0)).toBe(6)
    expect(seen.committed.reduce((sum, { setAside }) => sum + setAside, 0)).toBe(0)
  })
})

describe('a cancel', () => {
  it('of a leg makes a version without it, and the one before is kept', async () => {
    const legs = boughtOn([302, 308, 323], 11)
    await life([legs, [block(31)]])
    const [found] = await logged(url)
    await life([], [cancelOf(legs[1]!)])
    const [event, other] = await logged(url)
    expect(event).toMatchObject({
      event_id: found!.event_id,
      revision: 2,
      reason: 'cancel',
      kind: 'SWEEP',
      side: 'BUY',
      leg_count: 2,
      total_size: '80',
      total_premium: '20000',
      vwap: '2.5',
      exchanges: ['CBOE', 'PHLX'],
      sweep_windows_ms: [50, 100, 250, 500],
      is_void: false,
      why:
        '2 prints bought within 8 ms on 2 exchanges (CBOE, PHLX): 80 contracts, $20,000 premium; ' +
        'a print of 40 contracts at $2 on ISE (sequence 12) was cancelled',
    })
    expect(event!.legs.map((leg) => leg.arrival)).toEqual([11, 13])
    expect(await replaced(url)).toEqual([found])
    expect(other).toMatchObject({ kind: 'BLOCK', revision: 1 })
  })

  it('that leaves one exchange keeps the kind, at no window', async () => {
    const legs = boughtOn([302, 308], 11)
    await life([legs], [cancelOf(legs[0]!)])
    expect(await logged(url)).toMatchObject([
      {
        kind: 'SWEEP',
        leg_count: 1,
        sweep_windows_ms: [],
        span_ms: 0,
        started_at: `${AT + 15}`,
        exchanges: ['ISE'],
        is_void: false,
      },
    ])
  })

  it('of each leg makes it void, with every version kept', async () => {
    const legs = boughtOn([302, 308], 11)
    await life([legs], [cancelOf(legs[0]!), cancelOf(legs[1]!)])
    const [event] = await logged(url)
    expect(event).toMatchObject({
      revision: 3,
      leg_count: 0,
      legs: [],
      total_size: '0',
      total_premium: '0',
      vwap: null,
      exchanges: [],
      is_void: true,
      started_at: `${AT + 15}`,
      why: 'no print is left: a print of 40 contracts at $2 on ISE (sequence 12) was cancelled',
    })
    expect((await replaced(url)).map((version) => [version.revision, version.leg_count])).toEqual([
      [1, 2],
      [2, 1],
    ])
  })

  it('of a block makes it void, also after a restart, and once', async () => {
    await life([[block(31), block(32)]])
    const unknown = cancelOf(block(31), { removed: null, sequence: 500 })
    await life([], [unknown])
    await life([], [unknown])
    const events = await logged(url)
    // both prints are equal: the newest by arrival goes
    expect(events.map(({ is_void, revision }) => [is_void, revision])).toEqual([
      [false, 1],
      [true, 2],
    ])
  })

  it('of a print of no event leaves the log alone', async () => {
    await life([[{ sequence: 1 }], boughtOn([302, 308], 11)], [cancelOf({ sequence: 1 })])
    expect(await query(url, 'SELECT FROM options_flow_history')).toHaveLength(2)
    expect((await logged(url)).map((event) => event.revision)).toEqual([1])
    expect(await replaced(url)).toEqual([])
  })
})

it('stores rows, events and cancels of many batches while each is under way', async () => {
  const { writer, seen } = await startedWriter(url)
  const cancelled: Cancel[] = []
  for (let n = 0; n < 40; n++) {
    const legs = boughtOn([302, 308, 323], 1 + 10 * n)
    postRows(writer, legs.slice(0, 2))
    postRows(writer, legs.slice(2))
    if (n % 2 === 0) cancelled.push(cancelOf(legs[n % 3]!))
    writer.cancel(cancelled.splice(0))
  }
  await writer.drain()
  await until('all is committed', () => writer.rowsWaiting === 0)
  await writer.stop()
  expect(seen.errors).toEqual([])
  const text = `SELECT event_id, count(*)::integer AS leg_count, sum(size) AS total_size,
    sum(premium)::numeric AS total_premium FROM options_flow_history GROUP BY event_id ORDER BY 1`
  const counted = (await logged(url))
    .map(({ event_id, leg_count, total_size, total_premium }) => {
      return { event_id, leg_count, total_size, total_premium }
    })
    .sort((a, b) => (a.event_id < b.event_id ? -1 : 1))
  expect(counted).toHaveLength(40)
  const rows = await query<{ event_id: string }>(url, text)
  expect(counted).toEqual(rows.sort((a, b) => (a.event_id < b.event_id ? -1 : 1)))
})
