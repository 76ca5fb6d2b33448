import type pg from 'pg'
import type { Query } from '../../src/flow/query.ts'
import { BOUGHT } from '../api/stored-print.ts'

/** A row of options_flow_history, as much of it as differs from the next. */
export type StoredFlow = {
  readonly symbol: string
  readonly timestamp: number
  readonly received_at: number | null
  readonly filled_at: number | null
  readonly sequence: number
  readonly size: number
  readonly premium: number
  readonly trade_type: string
  readonly sentiment: string
  readonly aggressiveness: string
  readonly side: string
  readonly option_type: string
}

const OTHERS = {
  ...{ contract_ticker: BOUGHT.contract_ticker, price: 1, strike: 6475, dte: 28 },
  ...{ expiration: '2025-12-19', is_sweep: false, is_block: false, is_above_ask: false },
  ...{ is_below_bid: false, is_unusual_volume: false, is_multi_leg: false, is_late: false },
  ...{ arrival: 0, conditions: [], revision: 0, multiplier: 100, customer_side: 'UNKNOWN' },
}

/** Stores rows as somebody does who is not the writer: the database adds them to the rollups. */
export async function storeFlow(client: pg.Client, rows: readonly StoredFlow[]): Promise<void> {
  const text = `INSERT INTO options_flow_history SELECT * FROM
    jsonb_populate_recordset(NULL::options_flow_history, $1)`
  await client.query(text, [JSON.stringify(rows.map((row) => ({ ...OTHERS, ...row })))])
}

/** A query as readWindow wants it, over one connection. */
export function queryOf(client: pg.Client): Query {
  return async (text, values, name) =>
    (await client.query({ name, text, values: [...values] })).rows as never
}

/** A call bought, 100 contracts for $456,000. */
export const ROW: StoredFlow = {
  symbol: 'SPX',
  timestamp: BOUGHT.timestamp,
  received_at: BOUGHT.timestamp + 12,
  filled_at: null,
  sequence: 42,
  size: 100,
  premium: 456_000,
  trade_type: 'REGULAR',
  sentiment: 'BULLISH',
  aggressiveness: 'NORMAL',
  side: 'BUY',
  option_type: 'call',
}
