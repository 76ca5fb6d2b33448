import type pg from 'pg'
import { conditionText } from '../../src/domain/conditions.ts'
import { parseContract } from '../../src/domain/contract.ts'
import { exchangeAcronym } from '../../src/domain/exchanges.ts'
import { COPY_COLUMNS } from '../../src/writer/copy-blocks.ts'
import type { NaivePrint } from './naive.ts'

/** Rows of one INSERT: the best that parameters allow is not far above it. */
export const INSERT_ROWS = 500

/** Stores prints as one does first: a prepared INSERT of several rows. */
export async function insertPrints(client: pg.Client, prints: readonly NaivePrint[]) {
  const width = COPY_COLUMNS.length
  const rows = prints.map(
    (_, row) => `(${COPY_COLUMNS.map((_, column) => `$${row * width + column + 1}`).join(',')})`,
  )
  await client.query({
    name: `insert ${prints.length}`,
    text: `INSERT INTO options_flow_history (${COPY_COLUMNS.join(',')}) VALUES ${rows.join(',')}`,
    values: prints.flatMap(valuesOf),
  })
}

function valuesOf(print: NaivePrint): unknown[] {
  const contract = parseContract(print.sym)!
  const values: Record<(typeof COPY_COLUMNS)[number], unknown> = {
    symbol: contract.underlying,
    contract_ticker: print.sym,
    strike: contract.strikeMills / 1000,
    expiration: new Date(contract.expirationDay * 86_400_000),
    option_type: contract.isCall ? 'call' : 'put',
    underlying_price: null,
    trade_type: print.tradeType,
    sentiment: print.sentiment,
    aggressiveness: print.aggressiveness,
    side: print.side,
    is_sweep: print.tradeType === 'SWEEP',
    is_block: print.tradeType === 'BLOCK',
    is_above_ask: false,
    is_below_bid: false,
    is_unusual_volume: false,
    is_multi_leg: false,
    is_late: false,
    customer_side: 'UNKNOWN',
    customer_rule: null,
    customer_confidence: null,
    quote_source: null,
    underlying_source: null,
    average_scope: null,
    rules: 'opra',
    filled_at: null,
    exchange: exchangeAcronym(print.exchange) ?? null,
    conditions: [conditionText(209)],
    timestamp: print.time,
    price: print.price,
    size: print.size,
    premium: print.price * print.size * 100,
    dte: 200,
    arrival: 1,
    received_at: Date.now(),
    sequence: print.sequence,
    day_volume: print.size,
    open_interest: null,
    multiplier: 100,
    average_size: null,
    average_prints: null,
    size_percentile: null,
    premium_percentile: null,
    percentile_sample: 0,
    bid: null,
    ask: null,
    bid_size: null,
    ask_size: null,
    quote_age_ms: null,
    event_id: null,
    event_legs: null,
    event_span_ms: null,
  }
  return COPY_COLUMNS.map((column) => values[column])
}
