import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PERCENTILE_NONE } from '../../src/domain/size-profiles.ts'
import { connect } from '../../src/writer/connection.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { NONE, PLAIN } from '../writer/rows.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { CONTRACTS, comparable, drawnRow, expected, roundTrip } from './row-model.ts'

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

describe('rows that go through COPY', () => {
  it('come back as the vendor sent and the classifier labelled them', async () => {
    const event = { eventLegs: 3, eventSpan: 250, eventTime: PLAIN.time - 250, eventArrival: 17 }
    const [row] = await roundTrip(client, [
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
      customer_side: 'UNKNOWN',
      customer_rule: null,
      customer_confidence: null,
      quote_source: null,
      underlying_source: null,
      day_volume: '250',
      open_interest: null,
      multiplier: 100,
      average_size: null,
      average_prints: null,
      average_scope: null,
      size_percentile: null,
      premium_percentile: null,
      percentile_sample: 0,
      rules: 'opra',
      revision: 0,
      revised_at: null,
      filled_at: null,
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
    const [none, halfQuote] = await roundTrip(client, [
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
    const rows = await roundTrip(client, [
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
    const rows = await roundTrip(
      client,
      columns.map((_, bit) => ({ flags: 1 << bit, arrival: bit + 1 })),
    )
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
    const [row] = await roundTrip(client, [{ price, size }])
    expect([row!.price, row!.premium, row!.size]).toEqual([dollars, premium, size])
  })

  it('equal a plain text rendering of the same rows, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(drawnRow, { minLength: 1, maxLength: 40 }), async (drawn) => {
        await client.query('TRUNCATE options_flow_history')
        const rows = drawn.map((one, place) => ({ ...PLAIN, ...one, arrival: place + 1 }))
        const back = await roundTrip(client, rows)
        expect(back.map(comparable)).toEqual(rows.map(expected))
      }),
      { numRuns: 60, seed: 20251121 },
    )
  })
})

describe('the evidence of a row', () => {
  it('comes back as it was, with the rule set of the engine', async () => {
    const [row] = await roundTrip(
      client,
      [
        {
          ...{ underlyingPrice: 50_123_300, underlyingSource: 2, dayVolume: 12_345 },
          ...{ openInterest: 678, multiplier: 10, averageSum: 100, averageCount: 64 },
          ...{ averageScope: 1, sizePercentile: 9_713, premiumPercentile: 5 },
          ...{ percentileSample: 4_096, customerSide: 1, customerRule: 2, quoteSource: 2 },
        },
      ],
      'seed',
    )
    expect(row).toMatchObject({
      ...{ underlying_price: '5012.33', underlying_source: 'indices', premium: '113750' },
      ...{ day_volume: '12345', open_interest: 678, multiplier: 10 },
      ...{ average_size: 1.5625, average_prints: 64, average_scope: 'contract' },
      ...{ size_percentile: 97.13, premium_percentile: 0.05, percentile_sample: 4_096 },
      ...{ customer_side: 'SELL', customer_rule: 'quote_best', quote_source: 'rest' },
      ...{ rules: 'seed', revision: 0 },
    })
  })

  it('is null where nothing is known, and 0 where it is known to be 0', async () => {
    const [none, zero] = await roundTrip(client, [
      { multiplier: 1 },
      {
        ...{ arrival: 2, underlyingPrice: 0, underlyingSource: 3, openInterest: 0, dayVolume: 0 },
        ...{ averageSum: 0, averageCount: 16, averageScope: 2 },
        ...{ sizePercentile: 0, premiumPercentile: 10_000 },
      },
    ])
    const unknown = [
      ...['underlying_price', 'underlying_source', 'open_interest', 'average_size'],
      ...['average_prints', 'average_scope', 'size_percentile', 'premium_percentile'],
      ...['customer_rule', 'customer_confidence', 'quote_source'],
    ]
    for (const column of unknown) expect([column, none![column]]).toEqual([column, null])
    expect(none).toMatchObject({ customer_side: 'UNKNOWN', premium: '11375', percentile_sample: 0 })
    expect(zero).toMatchObject({
      ...{ underlying_price: '0', underlying_source: 'parity', open_interest: 0 },
      ...{ day_volume: '0', average_size: 0, average_prints: 16, average_scope: 'underlying' },
      ...{ size_percentile: 0, premium_percentile: 100 },
    })
  })

  it('tells rows apart that differ in one code only', async () => {
    const codes = [
      ...[0, 1, 3].map((customerSide) => ({ customerSide })),
      ...[1, 2, 3, 4, 5, 6].map((customerRule) => ({ customerRule })),
      ...[1, 2].map((quoteSource) => ({ quoteSource })),
      ...[1, 2, 3].map((underlyingSource) => ({ underlyingSource })),
      ...[1, 2].map((averageScope) => ({ averageScope })),
    ]
    const rows = codes.map((code, place) => ({ ...PLAIN, ...code, arrival: place + 1 }))
    const back = await roundTrip(client, rows)
    expect(back.map(comparable)).toEqual(rows.map(expected))
    const confidences = back.slice(3, 9).map((row) => row.customer_confidence)
    expect(confidences.every((one) => Number(one) > 0.5 && Number(one) < 1)).toBe(true)
  })

  it.each([
    [10_000_000_000, 2 ** 31 - 1, 2 ** 31 - 1, '4611686014132420609000000'],
    [1, 1, 1, '0.0001'],
    [2 ** 31, 2 ** 22, 1, '900719925474.0992'],
    [2 ** 31 + 1, 2 ** 22, 1, '900719925893.5296'],
  ])('keeps the premium of %d ticks x %d x %d exact', async (price, size, multiplier, premium) => {
    const [row] = await roundTrip(client, [{ price, size, multiplier }])
    expect(row!.premium).toBe(premium)
  })

  it('keeps the largest numbers that its columns may hold', async () => {
    const [row] = await roundTrip(client, [
      {
        ...{ dayVolume: Number.MAX_SAFE_INTEGER, openInterest: 2 ** 31 - 1 },
        ...{ averageSum: 1_024 * (2 ** 31 - 1), averageCount: 1_024, averageScope: 2 },
        ...{ underlyingPrice: 9_999_999_999, percentileSample: 2 ** 31 - 1 },
        ...{ sizePercentile: PERCENTILE_NONE, premiumPercentile: 9_999 },
      },
    ])
    expect(row).toMatchObject({
      ...{ day_volume: '9007199254740991', open_interest: 2_147_483_647 },
      ...{ average_prints: 1_024, underlying_price: '999999.9999' },
      ...{ percentile_sample: 2_147_483_647, size_percentile: null, premium_percentile: 99.99 },
    })
    expect(Math.fround(Number(row!.average_size))).toBe(2 ** 31)
  })
})

it('derives symbol, strike, expiration and right from any ticker', async () => {
  await roundTrip(
    client,
    CONTRACTS.map((_, contract) => ({ contract, arrival: contract + 1 })),
  )
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
