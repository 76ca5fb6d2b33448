import { CHOSEN, FROM_MS, minuteSums, PRINT_STEP, PRINTS, STEP, TO_MS } from './flow-sql.ts'
import { series, table } from './panels.ts'

const DOLLARS = 'currencyUSD'
const TOP = 50

export const eventsRow = () => [
  series(
    {
      title: 'Premium by type',
      description:
        'Sweeps: several exchanges at once. Blocks: one large print. Splits: one exchange, in ' +
        'parts. docs/labels.md says how each is told.',
      unit: DOLLARS,
      width: 12,
    },
    `SELECT ${STEP},
  sum(sweep_premium)::float8 AS sweeps, sum(block_premium)::float8 AS blocks,
  sum(split_premium)::float8 AS splits, sum(large_premium)::float8 AS large
FROM ${minuteSums(['sweep_premium', 'block_premium', 'split_premium', 'large_premium'])}
GROUP BY 1 ORDER BY 1`,
    'stacked',
  ),
  table(
    {
      title: 'Largest sweeps, splits and blocks',
      description: `The ${TOP} of the most premium, in their current version; void ones are out.`,
      unit: 'short',
      width: 12,
    },
    `SELECT to_timestamp(started_at / 1000.0) AS time, symbol, contract_ticker AS contract, kind,
  side, sentiment, total_size AS size, total_premium::float8 AS premium, vwap::float8 AS vwap,
  leg_count AS legs, span_ms AS span
FROM flow_events
WHERE ${CHOSEN} AND started_at >= ${FROM_MS} AND started_at < ${TO_MS} AND NOT is_void
ORDER BY total_premium DESC, event_id LIMIT ${TOP}`,
    { premium: DOLLARS, vwap: DOLLARS, span: 'ms' },
  ),
]

const PRINT_COLUMNS = `to_timestamp(timestamp / 1000.0) AS time, symbol, contract_ticker AS contract,
  trade_type AS type, side, sentiment, size, price::float8 AS price, premium::float8 AS premium,
  dte, exchange`
// "d" would make weeks of them
const PRINT_UNITS = { premium: DOLLARS, price: DOLLARS, dte: 'none' }

export const namesRow = () => [
  table(
    {
      title: 'Top premium',
      description: `The ${TOP} stored prints of the most premium. flow explain CONTRACT SEQUENCE says why.`,
      unit: 'short',
      width: 12,
    },
    `SELECT ${PRINT_COLUMNS}, sequence::text AS sequence
FROM ${PRINTS}
ORDER BY premium DESC, timestamp DESC LIMIT ${TOP}`,
    PRINT_UNITS,
  ),
  table(
    {
      title: 'Unusual volume',
      description: `The ${TOP} prints of the most premium whose volume is unusual (docs/labels.md).`,
      unit: 'short',
      width: 12,
    },
    `SELECT ${PRINT_COLUMNS}, day_volume, open_interest
FROM ${PRINTS} AND is_unusual_volume
ORDER BY premium DESC, timestamp DESC LIMIT ${TOP}`,
    PRINT_UNITS,
  ),
]

export const qualityRow = () => [
  series(
    {
      title: 'Coverage of quotes',
      description:
        'Share of the premium whose print had a usable quote, by its source. Without a quote there ' +
        'is no side. Low: raise FLOW_QUOTES_PER_CONNECTION or FLOW_REST_PER_SECOND.',
      unit: 'percentunit',
      width: 12,
    },
    `SELECT ${PRINT_STEP},
  (coalesce(sum(premium) FILTER (WHERE quote_source = 'feed'), 0)
    / nullif(sum(premium), 0))::float8 AS feed,
  (coalesce(sum(premium) FILTER (WHERE quote_source = 'rest'), 0)
    / nullif(sum(premium), 0))::float8 AS rest,
  count(quote_source)::float8 / count(*) AS "of all prints"
FROM ${PRINTS}
GROUP BY 1 ORDER BY 1`,
  ),
  table(
    {
      title: 'Gaps',
      description:
        'When prints may have been missed. What is not filled: "flow backfill --date DATE". ' +
        'docs/guarantees.md says what filled means.',
      unit: 'short',
      width: 12,
    },
    `SELECT to_timestamp(started_at / 1000.0) AS began, to_timestamp(ended_at / 1000.0) AS ended,
  (ended_at - started_at)::float8 AS length, array_to_string(symbols, ', ') AS symbols, reason,
  status, filled AS prints
FROM flow_gaps
WHERE started_at < ${TO_MS} AND (ended_at IS NULL OR ended_at >= ${FROM_MS})
ORDER BY flow_gaps.started_at DESC LIMIT 200`,
    { length: 'ms' },
  ),
]
