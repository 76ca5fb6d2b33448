import type { Client } from 'pg'
import { VECTOR, VECTOR_COLUMNS } from '../../src/rollup/vector.ts'

const DAY_MS = 86_400_000
/** New York's session of options in winter, ms of the UTC day; the first symbol trades all day. */
const OPEN_MS = 14.5 * 3_600_000
const SESSION_MS = 6.75 * 3_600_000

export type Load = {
  readonly rows: number
  readonly days: number
  readonly symbols: number
  /** No print is later, epoch ms. */
  readonly until: number
}

/** The underlying of that number; 0 has the most prints. */
export function symbolOf(index: number): string {
  return `S${String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26))}`
}

/**
 * Fills options_flow_history with made-up prints, day by day straight into its partitions, and the
 * rollups from them. Symbol 0 trades all day long and has the most prints; a thousandth of all came
 * five minutes late, and every 2,000th of the last day is changed once it is stored, so that there
 * are corrections. Nothing is written ahead: a crash leaves nothing, and half the time is saved.
 * Gives the number of rows.
 */
export async function load(client: Client, { rows, days, symbols, until }: Load): Promise<number> {
  await client.query("SELECT setseed(0.42), set_config('work_mem', '192MB', false)")
  const today = Math.floor(until / DAY_MS)
  const perDay = Math.ceil(rows / days)
  const names = Array.from({ length: symbols }, (_, index) => symbolOf(index))
  let made = 0
  for (let day = today - days + 1; day <= today; day++) {
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
    await client.query('SELECT flow_ensure_partition($1::date)', [date])
    const partition = `options_flow_history_p${date.replaceAll('-', '')}`
    await client.query(`ALTER TABLE ${partition} SET UNLOGGED`)
    const { rowCount } = await client.query(ROWS_SQL, [perDay, day * DAY_MS, names, until])
    await client.query(ROLLUPS_SQL, [day * DAY_MS])
    await client.query(`VACUUM (ANALYZE, FREEZE) ${partition}`)
    made += rowCount ?? 0
    process.stdout.write(`${date}: ${made.toLocaleString('en-US')} rows\n`)
  }
  await client.query(
    `UPDATE options_flow_history AS flow SET side = 'UNKNOWN', sentiment = 'NEUTRAL'
     WHERE flow.timestamp >= $1 AND flow.sequence % 2000 = 0`,
    [today * DAY_MS],
  )
  await client.query('VACUUM ANALYZE flow_minute_sums')
  await client.query('VACUUM ANALYZE flow_corrections')
  await client.query('ANALYZE options_flow_history')
  await client.query('CHECKPOINT')
  return made
}

const NAMES = VECTOR_COLUMNS.join(', ')
const TOTALS = VECTOR_COLUMNS.map((column) => `sum(v.${column})::${VECTOR[column]}`).join(', ')

/** The rollups of the day that begins at $1. */
const ROLLUPS_SQL = `
WITH grouped (symbol, minute, is_late, known, ${NAMES}) AS MATERIALIZED (
  SELECT symbol, flow_minute(timestamp),
    flow_is_late(timestamp, received_at, filled_at),
    CASE WHEN flow_is_late(timestamp, received_at, filled_at)
      THEN flow_known_at(timestamp, received_at, filled_at)
      ELSE flow_minute(flow_known_at(timestamp, received_at, filled_at)) END, ${TOTALS}
  FROM options_flow_history AS flow, LATERAL flow_print_vector(flow.trade_type, flow.sentiment,
    flow.aggressiveness, flow.side, flow.option_type, flow.size, flow.premium) AS v
  WHERE flow.timestamp >= $1::bigint AND flow.timestamp < $1::bigint + ${DAY_MS}
  GROUP BY 1, 2, 3, 4
), late AS (
  INSERT INTO flow_corrections (symbol, minute, is_late_print, known_at, ${NAMES})
  SELECT symbol, minute, true, known, ${NAMES} FROM grouped WHERE is_late
)
INSERT INTO flow_minute_sums (symbol, minute, known_minute, ${NAMES})
SELECT symbol, minute, known::integer, ${NAMES} FROM grouped WHERE NOT is_late
ORDER BY minute, symbol, known`

/** $1 rows of the day that begins at $2, of the symbols $3, none later than $4. */
const ROWS_SQL = `
INSERT INTO options_flow_history (timestamp, received_at, sequence, size, dte, arrival, expiration,
  bid_size, ask_size, quote_age_ms, is_sweep, is_block, is_above_ask, is_below_bid,
  is_unusual_volume, symbol, contract_ticker, price, premium, trade_type, sentiment,
  aggressiveness, side, strike, option_type, conditions, exchange, bid, ask, rules)
SELECT at, at + CASE WHEN n % 1000 = 0 THEN 300000 ELSE (random() * 900)::integer END, n, size, 28,
  n % 2147483647, date '1970-01-01' + ($2 / 86400000)::integer + 28, 10, 20, 35,
  type = 'SWEEP', type = 'BLOCK', false, false, false, symbol,
  'O:' || symbol || '301220' || CASE WHEN is_call THEN 'C' ELSE 'P' END ||
    lpad((1000 * (90 + n % 200))::text, 8, '0'),
  price, price * size * 100, type,
  CASE WHEN side = 'UNKNOWN' THEN 'NEUTRAL' WHEN is_call = (side = 'BUY') THEN 'BULLISH'
    ELSE 'BEARISH' END,
  CASE WHEN side = 'UNKNOWN' THEN 'NORMAL' ELSE (ARRAY['PASSIVE', 'NORMAL', 'AGGRESSIVE'])[1 + n % 3]
    END,
  side, 90 + n % 200, CASE WHEN is_call THEN 'call' ELSE 'put' END, '{}', 'CBOE', price - 0.05,
  price + 0.05, 'opra'
FROM (
  SELECT n, ($3::text[])[1 + symbol_number] AS symbol, random() < 0.55 AS is_call,
    $2::bigint + CASE WHEN symbol_number = 0 THEN 86399999::bigint * n / $1
      ELSE ${OPEN_MS} + ${SESSION_MS}::bigint * n / $1 END AS at,
    10 + (random() * 200)::integer AS size,
    round((0.5 + random() * 20)::numeric, 2) AS price,
    (ARRAY['SWEEP', 'BLOCK', 'SPLIT', 'LARGE', 'REGULAR', 'REGULAR', 'REGULAR'])[
      1 + (random() * 6)::integer] AS type,
    (ARRAY['BUY', 'SELL', 'BUY', 'SELL', 'UNKNOWN'])[1 + (random() * 4)::integer] AS side
  FROM (SELECT n, least(cardinality($3::text[]) - 1,
      floor(cardinality($3::text[]) * random() * random())::integer) AS symbol_number
    FROM generate_series(1, $1::bigint) AS n) AS numbered
) AS made
WHERE at <= $4`
