import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, copyRows } from '../../src/writer/connection.ts'
import { CopyBuffer, rowOffsets } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { definitionsOf, NONE, PLAIN, type Row, slabOf } from '../writer/rows.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'

const CONTRACTS = [
  'O:SPXW251219C06475000',
  'O:SPY000101P00000001',
  'O:BRKB991231C99999999',
  'O:AAPL1251219P00100500',
  'O:VIXW240229C00002050',
]
const CONDITIONS = [
  [219],
  [209, 232],
  ['SWEEP', 'odd "text", {x}\\', ''],
  [9999],
  ['nul\0', 'ü€😀'],
]

let server: TestPostgres
let url: string
let client: pg.Client

beforeAll(async () => {
  server = await startTestPostgres()
  url = await server.freshDatabase()
  await migrateDatabase(url)
  client = (await connect(url, 'test')).client
})
afterAll(async () => {
  await client.end()
  await server.stop()
})
beforeEach(() => client.query('TRUNCATE options_flow_history'))

/** Encodes and copies rows, and reads them back in order of arrival as text. */
async function roundTrip(rows: readonly Partial<Row>[]): Promise<Record<string, unknown>[]> {
  const encoder = new RowEncoder()
  encoder.define(definitionsOf(CONTRACTS, CONDITIONS))
  const out = new CopyBuffer()
  encoder.encode(slabOf(rows), 0, rows.length, out, 10_000, 1 << 28)
  expect(rowOffsets(out.bytes.subarray(0, out.length))).toHaveLength(rows.length + 1)
  await copyRows(client, out.bytes.subarray(0, out.length), 'options_flow_history')
  const text = 'SELECT *, expiration::text AS expiration FROM options_flow_history ORDER BY arrival'
  return (await client.query(text)).rows
}

describe('rows that go through COPY', () => {
  it('come back as the vendor sent and the classifier labelled them', async () => {
    const event = { eventLegs: 3, eventSpan: 250, eventTime: PLAIN.time - 250, eventArrival: 17 }
    const [row] = await roundTrip([
      { ...event, conditions: 1, tradeType: 0, sentiment: 0, aggressiveness: 2, side: 0, flags: 5 },
    ])
    expect(row).toEqual({
      symbol: 'SPX',
      contract_ticker: 'O:SPXW251219C06475000',
      timestamp: '1763737200000',
      price: '45.5',
      size: 250,
      premium: '1137500',
      trade_type: 'SWEEP',
      sentiment: 'BULLISH',
      aggressiveness: 'AGGRESSIVE',
      side: 'BUY',
      strike: '6475',
      expiration: '2025-12-19',
      option_type: 'call',
      underlying_price: null,
      dte: 28,
      is_sweep: true,
      is_block: false,
      is_above_ask: true,
      is_below_bid: false,
      is_unusual_volume: false,
      is_multi_leg: false,
      is_late: false,
      exchange: 'CBOE',
      conditions: ['ISOI'],
      sequence: '1234567',
      bid: '45.2',
      ask: '45.6',
      bid_size: 10,
      ask_size: 20,
      quote_age_ms: 35,
      event_id: 'O:SPXW251219C06475000-1763737199750-17',
      event_legs: 3,
      event_span_ms: 250,
      received_at: '1763737200012',
      arrival: 1,
    })
  })

  it('have null where the source has nothing', async () => {
    const [none, halfQuote] = await roundTrip([
      { recv: Number.NaN, sequence: Number.NaN, bid: Number.NaN, ask: Number.NaN, exchange: NONE },
      { bidSize: -1, askSize: -1, arrival: 2 },
    ])
    const quote = ['bid', 'ask', 'bid_size', 'ask_size', 'quote_age_ms']
    const event = ['event_id', 'event_legs', 'event_span_ms']
    for (const column of [...quote, ...event, 'received_at', 'sequence', 'exchange']) {
      expect([column, none![column]]).toEqual([column, null])
    }
    expect(none!.conditions).toEqual([])
    expect(halfQuote).toMatchObject({ bid: '45.2', bid_size: null, ask_size: null })
  })

  it('keep unknown exchanges and conditions as they came', async () => {
    const rows = await roundTrip([
      { exchange: 399, conditions: 4 },
      { exchange: -5, conditions: 3, arrival: 2 },
      { exchange: 0, conditions: 5, arrival: 3 },
    ])
    expect(rows.map((row) => [row.exchange, row.conditions])).toEqual([
      ['399', ['9999']],
      ['-5', ['SWEEP', 'odd "text", {x}\\', '']],
      ['0', ['nul\ufffd', 'ü€😀']],
    ])
  })

  it('carry each flag in its column', async () => {
    const columns = [
      ...['is_sweep', 'is_block', 'is_above_ask', 'is_below_bid', 'is_unusual_volume'],
      ...['is_multi_leg', 'is_late'],
    ]
    const rows = await roundTrip(columns.map((_, bit) => ({ flags: 1 << bit, arrival: bit + 1 })))
    const set = rows.map((row) => columns.filter((column) => row[column] === true))
    expect(set).toEqual(columns.map((column) => [column]))
  })

  it.each([
    [0, 1, '0', '0'],
    [1, 1, '0.0001', '0.01'],
    [20_500, 10, '2.05', '2050'],
    [9_999_9999, 1, '9999.9999', '999999.99'],
    [100_000_000, 1, '10000', '1000000'],
    [1_000_000_000_000 / 100, 2 ** 31 - 1, '1000000', '214748364700000000'],
    [9_999_999_999, 2 ** 31 - 1, '999999.9999', '214748364678525163.53'],
    [100_000_001, 3, '10000.0001', '3000000.03'],
  ])('write %d ticks x %d contracts as exact decimals', async (price, size, dollars, premium) => {
    const [row] = await roundTrip([{ price, size }])
    expect([row!.price, row!.premium, row!.size]).toEqual([dollars, premium, size])
  })

  it('equal a plain text rendering of the same rows, whatever they hold', async () => {
    const ticks = fc.oneof(
      fc.integer({ min: 0, max: 10_000_000_000 }),
      fc.constantFrom(0, 1, 9_999, 10_000, 99_999_999, 100_000_000, 10_000_000_000),
    )
    const count = fc.oneof(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.integer({ min: 1, max: 500 }),
      fc.constant(2 ** 31 - 1),
    )
    const time = fc.integer({ min: 1, max: 4_102_444_800_000 })
    const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    const orNaN = (arb: fc.Arbitrary<number>) => fc.oneof(arb, fc.constant(Number.NaN))
    const upTo = (max: number) => fc.integer({ min: 0, max })
    const row = fc.record({
      time,
      recv: orNaN(time),
      sequence: orNaN(whole),
      price: ticks,
      bid: orNaN(ticks),
      ask: ticks,
      eventTime: time,
      contract: upTo(CONTRACTS.length - 1),
      eventArrival: count,
      size: count,
      exchange: fc.oneof(upTo(330), fc.integer(), fc.constant(NONE)),
      bidSize: fc.oneof(fc.constant(-1), count),
      askSize: fc.oneof(fc.constant(-1), count),
      quoteAge: upTo(5_000),
      eventLegs: upTo(3),
      eventSpan: upTo(2_000),
      dte: upTo(40_000),
      conditions: upTo(CONDITIONS.length),
      flags: upTo(127),
      tradeType: upTo(4),
      sentiment: upTo(2),
      aggressiveness: upTo(2),
      side: upTo(3),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (drawn) => {
        await client.query('TRUNCATE options_flow_history')
        const rows = drawn.map((one, place) => ({ ...PLAIN, ...one, arrival: place + 1 }))
        const back = await roundTrip(rows)
        expect(back.map(comparable)).toEqual(rows.map(expected))
      }),
      { numRuns: 60, seed: 20251121 },
    )
  })
})

/** Exact decimal text of ticks by string arithmetic, the plain way. */
function decimal(ticks: bigint): string {
  const text = ticks.toString().padStart(5, '0')
  return `${text.slice(0, -4)}.${text.slice(-4)}`.replace(/\.?0+$/, '')
}

function expected(row: Row) {
  const hasQuote = !Number.isNaN(row.bid)
  const orNull = (value: number) => (Number.isNaN(value) ? null : `${value}`)
  const ticker = CONTRACTS[row.contract]!
  return {
    ticker,
    timestamp: `${row.time}`,
    received: orNull(row.recv),
    sequence: orNull(row.sequence),
    price: decimal(BigInt(row.price)),
    premium: decimal(BigInt(row.price) * BigInt(row.size) * 100n),
    size: row.size,
    dte: row.dte,
    quote: hasQuote
      ? [
          decimal(BigInt(row.bid)),
          decimal(BigInt(row.ask)),
          row.bidSize === -1 ? null : row.bidSize,
          row.askSize === -1 ? null : row.askSize,
          row.quoteAge,
        ]
      : [null, null, null, null, null],
    event:
      row.eventLegs === 0
        ? [null, null, null]
        : [`${ticker}-${row.eventTime}-${row.eventArrival}`, row.eventLegs, row.eventSpan],
  }
}

function comparable(row: Record<string, unknown>) {
  const { bid, ask, bid_size, ask_size, quote_age_ms } = row
  return {
    ticker: row.contract_ticker,
    timestamp: row.timestamp,
    received: row.received_at,
    sequence: row.sequence,
    price: row.price,
    premium: row.premium,
    size: row.size,
    dte: row.dte,
    quote: [bid, ask, bid_size, ask_size, quote_age_ms],
    event: [row.event_id, row.event_legs, row.event_span_ms],
  }
}

it('derives symbol, strike, expiration and right from any ticker', async () => {
  await roundTrip(CONTRACTS.map((_, contract) => ({ contract, arrival: contract + 1 })))
  const rows = await query(
    url,
    `SELECT concat_ws(' ', symbol, strike, expiration, option_type) AS text
     FROM options_flow_history ORDER BY arrival`,
  )
  expect(rows.map((row) => row.text)).toEqual([
    'SPX 6475 2025-12-19 call',
    'SPY 0.001 2000-01-01 put',
    'BRKB 99999.999 2099-12-31 call',
    'AAPL 100.5 2025-12-19 put',
    'VIX 2.05 2024-02-29 call',
  ])
})
