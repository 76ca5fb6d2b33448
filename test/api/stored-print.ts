import type { EventVersion, StoredPrint, WindowEvidence } from '../../src/domain/evidence.ts'
import { withClient } from '../pg/database.ts'

export const TICKER = 'O:SPXW251219C06475000'

/** A call bought at the ask, 100 contracts with an average of 80: every label follows from it. */
export const BOUGHT: StoredPrint = {
  symbol: 'SPX',
  contract_ticker: TICKER,
  timestamp: Date.UTC(2025, 10, 21, 15),
  sequence: 42,
  arrival: 7,
  price: 45.6,
  size: 100,
  premium: 456_000,
  trade_type: 'REGULAR',
  sentiment: 'BULLISH',
  aggressiveness: 'NORMAL',
  side: 'BUY',
  customer_side: 'BUY',
  customer_rule: 'quote_best',
  customer_confidence: 0.637,
  strike: 6475,
  expiration: '2025-12-19',
  option_type: 'call',
  dte: 28,
  underlying_price: 6512.25,
  underlying_source: 'parity',
  is_sweep: false,
  is_block: false,
  is_above_ask: false,
  is_below_bid: false,
  is_unusual_volume: false,
  is_multi_leg: false,
  is_late: false,
  exchange: 'CBOE',
  conditions: [],
  bid: 45.2,
  ask: 45.6,
  bid_size: 10,
  ask_size: 20,
  quote_age_ms: 35,
  quote_source: 'feed',
  event_id: null,
  event_legs: null,
  event_span_ms: null,
  received_at: Date.UTC(2025, 10, 21, 15) + 12,
  multiplier: 100,
  open_interest: null,
  day_volume: 900,
  average_size: 80,
  average_prints: 64,
  average_scope: 'contract',
  size_percentile: null,
  premium_percentile: null,
  percentile_sample: 150,
  rules: 'opra',
  revision: 0,
  revised_at: null,
}

/** The print without a usable quote. */
export const UNQUOTED = {
  bid: null,
  ask: null,
  bid_size: null,
  ask_size: null,
  quote_age_ms: null,
  quote_source: null,
  side: 'UNKNOWN',
  sentiment: 'NEUTRAL',
  customer_side: 'UNKNOWN',
  customer_rule: null,
  customer_confidence: null,
} as const

export const VERSION: EventVersion = {
  revision: 2,
  reason: 'cancel',
  why: '3 buys on 2 exchanges within 40 ms',
  kind: 'SWEEP',
  side: 'BUY',
  sentiment: 'BULLISH',
  startedAt: BOUGHT.timestamp,
  endedAt: BOUGHT.timestamp + 40,
  spanMs: 40,
  legCount: 3,
  totalSize: 300,
  totalPremium: 1_368_000,
  vwap: 45.6,
  exchanges: ['CBOE', 'ISE'],
  sweepWindowsMs: [50, 100, 250, 500],
  isVoid: false,
  recordedAt: BOUGHT.timestamp + 900,
}

/** A window of so many legs of 100, the first of them BOUGHT, on the exchanges in turn. */
export function windowOf(legs: number, exchanges: readonly string[]): WindowEvidence {
  return {
    eventId: `${TICKER}-${BOUGHT.timestamp}-7`,
    legsAtClose: legs,
    spanMsAtClose: 40,
    legs: Array.from({ length: legs }, (_, n) => ({
      sequence: 42 + n,
      timestamp: BOUGHT.timestamp + n,
      arrival: 7 + n,
      price: 45.6,
      size: 100,
      exchange: exchanges[n % exchanges.length]!,
      isThis: n === 0,
    })),
    exchanges,
    event: null,
    earlier: [],
  }
}

/** Writes rows into a table, by the names of their fields. */
export async function insertRows(
  url: string,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  await withClient(url, async (client) => {
    for (const row of rows) {
      const names = Object.keys(row)
      const places = names.map((_, n) => `$${n + 1}`)
      const text = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')})`
      await client.query(text, Object.values(row))
    }
  })
}
