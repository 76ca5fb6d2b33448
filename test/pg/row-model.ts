/** Rows of any content for COPY, and what must be read back of them. */
import fc from 'fast-check'
import type pg from 'pg'
import { expect } from 'vitest'
import { CUSTOMER_CONFIDENCE } from '../../src/domain/customer-side.ts'
import { PERCENTILE_NONE } from '../../src/domain/size-profiles.ts'
import { copyRows } from '../../src/writer/connection.ts'
import { CopyBuffer, rowOffsets } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { definitionsOf, NONE, type Row, slabOf } from '../writer/rows.ts'

export const CONTRACTS = [
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

const CUSTOMER_RULES = [
  ...[null, 'trade_size_ex', 'quote_best', 'quote_ex'],
  ...['depth_best', 'depth_ex', 'tick_all'],
]

/** Encodes and copies rows, and reads them back in order of arrival as text. */
export async function roundTrip(
  client: pg.Client,
  rows: readonly Partial<Row>[],
  rules = 'opra',
): Promise<Record<string, unknown>[]> {
  const encoder = new RowEncoder(rules)
  encoder.define(definitionsOf(CONTRACTS, CONDITIONS))
  const out = new CopyBuffer()
  encoder.encode(slabOf(rows), 0, rows.length, out, 10_000, 1 << 28)
  expect(rowOffsets(out.bytes.subarray(0, out.length))).toHaveLength(rows.length + 1)
  await copyRows(client, out.bytes.subarray(0, out.length), 'options_flow_history')
  const text = 'SELECT *, expiration::text AS expiration FROM options_flow_history ORDER BY arrival'
  return (await client.query(text)).rows
}

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
const percentile = fc.oneof(upTo(10_000), fc.constant(PERCENTILE_NONE))

/** Any row that a shard may send, but for its arrival. */
export const drawnRow = fc.record({
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
  underlyingPrice: orNaN(ticks),
  averageSum: whole,
  averageCount: upTo(1_024),
  averageScope: upTo(2),
  dayVolume: whole,
  openInterest: fc.oneof(fc.constant(-1), upTo(2 ** 31 - 1)),
  multiplier: fc.oneof(fc.constant(100), fc.constant(10), count),
  sizePercentile: percentile,
  premiumPercentile: percentile,
  percentileSample: upTo(2 ** 31 - 1),
  customerSide: fc.constantFrom(0, 1, 3),
  customerRule: upTo(6),
  quoteSource: upTo(2),
  underlyingSource: upTo(3),
})

/** Exact decimal text of ticks by string arithmetic, the plain way. */
function decimal(ticks: bigint): string {
  const text = ticks.toString().padStart(5, '0')
  return `${text.slice(0, -4)}.${text.slice(-4)}`.replace(/\.?0+$/, '')
}

/** What the database must hold of a row, by plain means. */
export function expected(row: Row) {
  const hasQuote = !Number.isNaN(row.bid)
  const orNull = (value: number) => (Number.isNaN(value) ? null : `${value}`)
  const ticker = CONTRACTS[row.contract]!
  return {
    ticker,
    timestamp: `${row.time}`,
    received: orNull(row.recv),
    sequence: orNull(row.sequence),
    price: decimal(BigInt(row.price)),
    premium: decimal(BigInt(row.price) * BigInt(row.size) * BigInt(row.multiplier)),
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
    underlying: [
      Number.isNaN(row.underlyingPrice) ? null : decimal(BigInt(row.underlyingPrice)),
      [null, 'stocks', 'indices', 'parity'][row.underlyingSource],
    ],
    contract: [
      `${row.dayVolume}`,
      row.openInterest === -1 ? null : row.openInterest,
      row.multiplier,
    ],
    average: [
      row.averageCount === 0 ? null : nearest(row.averageSum / row.averageCount),
      row.averageCount === 0 ? null : row.averageCount,
      [null, 'contract', 'underlying'][row.averageScope],
    ],
    percentiles: [
      ...[row.sizePercentile, row.premiumPercentile].map((hundredths) =>
        hundredths === PERCENTILE_NONE ? null : nearest(hundredths / 100),
      ),
      row.percentileSample,
    ],
    customer: [
      ['BUY', 'SELL', 'MID', 'UNKNOWN'][row.customerSide],
      CUSTOMER_RULES[row.customerRule],
      row.customerRule === 0 ? null : nearest(CUSTOMER_CONFIDENCE[row.customerRule]!),
    ],
    quoteSource: [null, 'feed', 'rest'][row.quoteSource],
    rules: 'opra',
    revision: 0,
  }
}

/** The same of a row that was read back. */
export function comparable(row: Record<string, unknown>) {
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
    underlying: [row.underlying_price, row.underlying_source],
    contract: [row.day_volume, row.open_interest, row.multiplier],
    average: [real(row.average_size), row.average_prints, row.average_scope],
    percentiles: [real(row.size_percentile), real(row.premium_percentile), row.percentile_sample],
    customer: [row.customer_side, row.customer_rule, real(row.customer_confidence)],
    quoteSource: row.quote_source,
    rules: row.rules,
    revision: row.revision,
  }
}

/** As a column of 32 bits holds it. */
function nearest(value: number): number {
  return Math.fround(value)
}

function real(value: unknown): number | null {
  return value === null ? null : Math.fround(Number(value))
}
