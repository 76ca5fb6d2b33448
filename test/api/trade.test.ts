import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/api/database.ts'
import { tradeRoute } from '../../src/api/trade.ts'
import { tradesRoute } from '../../src/api/trades.ts'
import type { Explained } from '../../src/domain/evidence.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { BOUGHT, insertRows, TICKER, VERSION } from './stored-print.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const { timestamp: NOON } = BOUGHT

let postgres: TestPostgres
let database: Database | null = null
let http: HttpServer

/** By sequence: what each test asks for. */
const ROWS = [
  BOUGHT,
  // the same sequence on other days; 23:59 in New York is the next day in UTC
  { ...BOUGHT, sequence: 50, timestamp: NOON - 5 * DAY_MS, size: 11 },
  { ...BOUGHT, sequence: 50, timestamp: NOON - 2 * DAY_MS + 13 * HOUR_MS + 59 * 60_000, size: 12 },
  { ...BOUGHT, sequence: 50, timestamp: NOON - 2 * DAY_MS, size: 13, arrival: 1 },
  { ...BOUGHT, sequence: 50, timestamp: NOON - DAY_MS, size: 14, contract_ticker: otherTicker() },
  // a print after the expiration, which is a fault of some feed
  { ...BOUGHT, sequence: 60, timestamp: Date.UTC(2025, 11, 24, 15), dte: 0 },
  // cancelled later than an older print of the same sequence was stored
  { ...BOUGHT, sequence: 70, timestamp: NOON - 3 * DAY_MS },
  // reused on a day on which another print of that sequence was cancelled
  { ...BOUGHT, sequence: 71, timestamp: NOON + 5000 },
  // two legs of an event that flow_events does not know
  ...[0, 1].map((n) => ({
    ...BOUGHT,
    sequence: 80 + n,
    timestamp: NOON + 600_000 + 40 * n,
    arrival: 20 + n,
    exchange: n === 0 ? 'CBOE' : 'ISE',
    event_id: `${TICKER}-${NOON + 600_000}-20`,
    event_legs: 2,
    event_span_ms: 40,
    trade_type: 'SWEEP',
    is_sweep: true,
    aggressiveness: 'AGGRESSIVE',
  })),
]

function otherTicker(): string {
  return TICKER.replace('C', 'P')
}

const CANCEL = {
  symbol: 'SPX',
  contract_ticker: TICKER,
  timestamp: NOON + 9000,
  sequence: 900,
  price: 45.6,
  size: 100,
  exchange: 'CBOE',
  received_at: NOON + 9010,
  removed_timestamp: NOON + 3000,
  removed_sequence: 70,
  was_stored: true,
}
const CANCELS = [
  CANCEL,
  { ...CANCEL, sequence: 901, removed_sequence: 71, was_stored: false },
  // of another day
  {
    ...CANCEL,
    sequence: 90,
    timestamp: NOON - DAY_MS,
    removed_sequence: 71,
    removed_timestamp: NOON - DAY_MS - 9,
  },
  { ...CANCEL, sequence: 902, removed_sequence: null, removed_timestamp: null, was_stored: false },
]

const LEGS = [7, 8, 9].map((arrival, n) => ({
  contract: TICKER,
  sequence: 42 + n,
  timestamp: NOON + 40 * (n >> 1), // the first two at the same time
  arrival,
  price: 45.6,
  size: 100,
  exchange: n === 1 ? 'ISE' : 'CBOE',
}))

function eventRow(revision: number, reason: string, legs: readonly object[]) {
  return {
    event_id: `${TICKER}-${NOON}-7`,
    revision,
    reason,
    kind: 'SWEEP',
    symbol: 'SPX',
    contract_ticker: TICKER,
    side: 'BUY',
    sentiment: 'BULLISH',
    started_at: VERSION.startedAt,
    ended_at: VERSION.endedAt,
    span_ms: 40,
    leg_count: legs.length,
    legs: JSON.stringify(legs),
    total_size: 100 * legs.length,
    total_premium: 456_000 * legs.length,
    vwap: 45.6,
    exchanges: ['CBOE', 'ISE'],
    sweep_windows_ms: VERSION.sweepWindowsMs,
    is_void: false,
    why: VERSION.why,
    recorded_at: VERSION.recordedAt,
  }
}

beforeAll(async () => {
  postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  await migrateDatabase(url)
  await insertRows(url, 'options_flow_history', ROWS)
  await insertRows(url, 'flow_cancels', CANCELS)
  await insertRows(url, 'flow_events', [eventRow(3, 'cancel', LEGS)])
  const before = [...LEGS, { ...LEGS[2]!, arrival: 10, sequence: 45 }]
  await insertRows(url, 'flow_event_revisions', [
    eventRow(2, 'cancel', before),
    eventRow(1, 'found', [...before, { ...LEGS[2]!, arrival: 11, sequence: 46 }]),
  ])
  http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    notReady: () => null,
    stats: () => ({}),
    routes: [tradesRoute(() => database), tradeRoute(() => database)],
    onError: () => {},
  })
  expect((await fetch(`${http.url}/api/trades/${TICKER}/42`)).status).toBe(503)
  database = openDatabase(url)
})
afterAll(async () => {
  await http?.close()
  await database?.close()
  await postgres.stop()
})

async function get(path: string): Promise<{ status: number; body: { error: string } & Explained }> {
  const response = await fetch(`${http.url}/api/trades/${path}`)
  return { status: response.status, body: (await response.json()) as never }
}

async function stored(path: string): Promise<Extract<Explained, { status: 'stored' }>> {
  const { status, body } = await get(path)
  expect(status).toBe(200)
  if (body.status !== 'stored') throw new Error(`expected a stored print, came ${body.status}`)
  return body
}

const sizeOf = async (path: string) => (await stored(path)).trade.size

describe('/api/trades/:contract/:sequence', () => {
  it.each([encodeURIComponent(TICKER), TICKER, TICKER.slice(2), TICKER.toLowerCase()])(
    'gives the row with every column for the contract %s',
    async (contract) => {
      const { trade, others, cancels } = await stored(`${contract}/42`)
      expect(trade).toEqual(BOUGHT)
      expect([others, cancels]).toEqual([[], []])
    },
  )

  it('gives the newest day that has the sequence, and others of that New York day', async () => {
    const found = await stored(`${TICKER}/50`)
    expect(found.trade.size).toBe(12)
    expect(found.others).toEqual([
      { timestamp: NOON - 2 * DAY_MS, arrival: 1, price: 45.6, size: 13, exchange: 'CBOE' },
    ])
  })

  it('gives the day that is asked for, by its New York date', async () => {
    expect(await sizeOf(`${TICKER}/50?date=2025-11-16`)).toBe(11)
    expect(await sizeOf(`${TICKER}/50?date=2025-11-19`)).toBe(12)
    expect((await get(`${TICKER}/50?date=2025-11-20`)).status).toBe(404)
    expect(await sizeOf(`${otherTicker()}/50`)).toBe(14)
  })

  it('finds a print after the expiration too', async () => {
    expect((await stored(`${TICKER}/60`)).trade.dte).toBe(0)
  })

  it('tells of a print that a cancel took away', async () => {
    const { status, body } = await get(`${TICKER}/70`)
    const fact = {
      timestamp: NOON + 9000,
      sequence: 900,
      receivedAt: NOON + 9010,
      price: 45.6,
      size: 100,
      exchange: 'CBOE',
      removed: { timestamp: NOON + 3000, sequence: 70 },
      wasStored: true,
      because: 'cancelled; the stored row was removed',
    }
    expect([status, body]).toEqual([200, { status: 'cancelled', cancels: [fact] }])
    const older = await stored(`${TICKER}/70?date=2025-11-18`)
    expect(older.cancels).toEqual([])
    const both = await stored(`${TICKER}/71`)
    expect(both.cancels).toHaveLength(1)
    expect(both.cancels[0]!.because).toContain('the print had no stored row')
  })

  it('tells the sequence of a cancel message from that of a print', async () => {
    const { body } = await get(`${TICKER}/902`)
    expect(body).toMatchObject({ status: 'cancelled', cancels: [{ removed: null }] })
    expect(JSON.stringify(body)).toContain('that of a cancel message, no print')
  })

  it('gives the event of the print with its legs and the versions before', async () => {
    const { window } = (await stored(`${TICKER}/42`)).evidence
    expect(window).toMatchObject({
      eventId: `${TICKER}-${NOON}-7`,
      exchanges: ['CBOE', 'ISE'],
      event: { ...VERSION, revision: 3, totalPremium: 3 * 456_000 },
      earlier: [
        { revision: 1, reason: 'found', legCount: 5 },
        { revision: 2, reason: 'cancel', legCount: 4 },
      ],
    })
    expect(window!.legs.map(({ sequence, isThis }) => [sequence, isThis])).toEqual([
      [42, true],
      [43, false],
      [44, false],
    ])
  })

  it('finds the legs by their rows where the events do not have them', async () => {
    const { window, tradeType } = (await stored(`${TICKER}/81`)).evidence
    expect(tradeType.because).toBe('leg of a sweep of 2 prints on 2 exchanges')
    expect(window).toMatchObject({ legsAtClose: 2, spanMsAtClose: 40, event: null, earlier: [] })
    expect(window!.legs.map(({ sequence, isThis }) => [sequence, isThis])).toEqual([
      [80, false],
      [81, true],
    ])
    expect((await stored(`${TICKER}/60`)).evidence.window).toBe(null)
  })

  it('says why a print may be missing', async () => {
    const { status, body } = await get(`${TICKER}/1`)
    expect(status).toBe(404)
    for (const word of ['sequence 1.', 'FLOW_MIN_SIZE', 'retention', 'gap']) {
      expect(body.error).toContain(word)
    }
    const other = await get(`${TICKER}/42?date=2025-11-20`)
    expect(other.status).toBe(404)
    expect(other.body.error).toContain('on 2025-11-20. It may be of another day')
  })

  it.each([
    ['SPX/42', 'contract: expected a ticker such as O:SPXW251219C06475000'],
    ['O:SPXW251319C06475000/42', 'contract: expected a ticker'],
    [`${TICKER}/-1`, 'sequence: expected a whole number from 0'],
    [`${TICKER}/1.5`, 'came 1.5'],
    [`${TICKER}/9999999999999999`, 'sequence: expected a whole number'],
    [`${TICKER}/42?date=2025-02-30`, 'date: expected a New York date such as 2025-11-21'],
    [`${TICKER}/42?date=yesterday`, 'came yesterday'],
    [`${TICKER}/42?day=2025-11-21`, 'expected date, came day'],
    [`${TICKER}/42?date=2025-11-21&date=2025-11-20`, 'date came more than once'],
  ])('refuses %s with 400 and what was expected', async (path, reason) => {
    const { status, body } = await get(path)
    expect(status).toBe(400)
    expect(body.error).toContain(reason)
  })
})
