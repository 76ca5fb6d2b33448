import type pg from 'pg'
import type { Query } from '../../src/flow/query.ts'
import { VECTOR, VECTOR_COLUMNS } from '../../src/rollup/vector.ts'
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

const NAMES = VECTOR_COLUMNS.join(', ')
const TOTALS = VECTOR_COLUMNS.map((column) => `sum(v.${column})::${VECTOR[column]}`).join(', ')
const ADDED = VECTOR_COLUMNS.map((column) => `${column} = kept.${column} + excluded.${column}`)

/** Stores rows and adds them to the rollups, as the writer does it, in plain SQL. */
export async function storeFlow(client: pg.Client, rows: readonly StoredFlow[]): Promise<void> {
  const text = `
WITH inserted AS (
  INSERT INTO options_flow_history SELECT * FROM
    jsonb_populate_recordset(NULL::options_flow_history, $1) RETURNING *
), grouped AS (
  SELECT symbol, flow_minute(timestamp) AS minute,
    flow_is_late(timestamp, received_at, filled_at) AS is_late,
    CASE WHEN flow_is_late(timestamp, received_at, filled_at)
      THEN flow_known_at(timestamp, received_at, filled_at)
      ELSE flow_minute(flow_known_at(timestamp, received_at, filled_at)) END AS known, ${TOTALS}
  FROM inserted AS i, LATERAL flow_print_vector(i.trade_type, i.sentiment, i.aggressiveness, i.side,
    i.option_type, i.size, i.premium) AS v
  GROUP BY 1, 2, 3, 4
), late AS (
  INSERT INTO flow_corrections (symbol, minute, is_late_print, known_at, ${NAMES})
  SELECT symbol, minute, true, known, ${NAMES} FROM
    (SELECT * FROM grouped WHERE is_late) AS g (symbol, minute, is_late, known, ${NAMES})
)
INSERT INTO flow_minute_sums AS kept (symbol, minute, known_minute, ${NAMES})
SELECT symbol, minute, known::integer, ${NAMES} FROM
  (SELECT * FROM grouped WHERE NOT is_late) AS g (symbol, minute, is_late, known, ${NAMES})
ON CONFLICT (symbol, minute, known_minute) DO UPDATE SET ${ADDED.join(', ')}`
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
