/**
 * What the rollups add up of each print: the columns that flow_minute_sums and flow_corrections
 * share, in order, and their types. SQL gives them for a print as flow_print_vector(); premiums
 * are dollars, volumes contracts. A leaning premium (bullish, bearish, aggressive, passive) counts
 * only where the side is BUY or SELL. Migration 0005 made them: another column is another one.
 */
export const VECTOR = {
  trades: 'integer',
  volume: 'bigint',
  premium: 'numeric',
  call_volume: 'bigint',
  call_premium: 'numeric',
  buy_volume: 'bigint',
  sell_volume: 'bigint',
  buy_premium: 'numeric',
  sell_premium: 'numeric',
  bullish_premium: 'numeric',
  bearish_premium: 'numeric',
  sweep_count: 'integer',
  block_count: 'integer',
  split_count: 'integer',
  large_count: 'integer',
  sweep_premium: 'numeric',
  block_premium: 'numeric',
  split_premium: 'numeric',
  large_premium: 'numeric',
  aggressive_premium: 'numeric',
  passive_premium: 'numeric',
} as const

export type VectorColumn = keyof typeof VECTOR

export const VECTOR_COLUMNS = Object.keys(VECTOR) as readonly VectorColumn[]

/** Ms of a minute: `minute` and `known_minute` are epoch ms divided by it, rounded down. */
export const MINUTE_MS = 60_000

/** Minutes are integers: times behind the year 6053 count as the last. */
export const MINUTE_MAX = 2_147_483_647
