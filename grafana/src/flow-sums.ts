import { minuteSums, STEP } from './flow-sql.ts'
import { series, stat } from './panels.ts'

const PLAIN = [{ color: 'text', value: null }]
const SIGNED = [
  { color: 'red', value: null },
  { color: 'green', value: 0 },
]
const DOLLARS = 'currencyUSD'
const head = (title: string, unit: string, width: number, description: string) => ({
  title,
  unit,
  width,
  description,
})

/** A figure of the whole time range, from the sums by minute. */
const total = (what: string, columns: readonly string[]) =>
  `SELECT (${what})::float8 AS value FROM ${minuteSums(columns)}`

/** Figures by step, one series each `name` (SQL). */
const bySymbol = (what: string, columns: readonly string[]) =>
  `SELECT ${STEP}, symbol AS metric, (${what})::float8 AS value
FROM ${minuteSums(columns)}
GROUP BY 1, 2 ORDER BY 1, 2`

export const totalsRow = () => [
  stat(
    head('Premium', DOLLARS, 4, 'Dollars of all stored prints of the chosen symbols.'),
    total('coalesce(sum(premium), 0)', ['premium']),
    PLAIN,
  ),
  stat(
    head(
      'Net premium',
      DOLLARS,
      4,
      'Bullish less bearish premium: calls bought and puts sold less calls sold and puts bought. ' +
        'Prints without a side are in neither; see the coverage of quotes below.',
    ),
    total('coalesce(sum(bullish_premium - bearish_premium), 0)', [
      'bullish_premium',
      'bearish_premium',
    ]),
    SIGNED,
  ),
  stat(
    head('Put/call', 'short', 4, 'Contracts of puts for each contract of calls.'),
    total('sum(volume - call_volume) / nullif(sum(call_volume), 0)', ['volume', 'call_volume']),
    PLAIN,
  ),
  stat(
    head('Legs of sweeps', 'short', 4, 'Stored prints that are part of a sweep.'),
    total('coalesce(sum(sweep_count), 0)', ['sweep_count']),
    PLAIN,
  ),
  stat(
    head('Blocks', 'short', 4, 'Stored prints that are blocks.'),
    total('coalesce(sum(block_count), 0)', ['block_count']),
    PLAIN,
  ),
  stat(
    head(
      'Age of the newest minute',
      's',
      4,
      'How old the newest stored minute in the time range is. In market hours more than some ' +
        'minutes: see the dashboard Operations.',
    ),
    `SELECT extract(epoch FROM now())::float8 - max(minute) * 60.0 AS value
FROM ${minuteSums(['trades'])}`,
    PLAIN,
  ),
]

export const netRow = () => [
  series(
    head(
      'Net premium by symbol and minute',
      DOLLARS,
      12,
      'Bullish less bearish premium of each minute; of each step, where the range is too long.',
    ),
    bySymbol('sum(bullish_premium - bearish_premium)', ['bullish_premium', 'bearish_premium']),
  ),
  series(
    head(
      'Net premium, added up',
      DOLLARS,
      12,
      'From the start of the time range on. Orange marks are gaps: what was missed is not in it.',
    ),
    `SELECT time, metric, sum(value) OVER (PARTITION BY metric ORDER BY time) AS value FROM (
${bySymbol('sum(bullish_premium - bearish_premium)', ['bullish_premium', 'bearish_premium'])}
) AS steps ORDER BY time, metric`,
  ),
]

export const leaningRow = () => [
  series(
    head(
      'Premium by sentiment',
      DOLLARS,
      12,
      'Bearish premium is drawn below 0. Neutral has no side: bought at the middle, or no quote.',
    ),
    `SELECT ${STEP},
  sum(bullish_premium)::float8 AS bullish, -sum(bearish_premium)::float8 AS bearish,
  sum(premium - bullish_premium - bearish_premium)::float8 AS neutral
FROM ${minuteSums(['premium', 'bullish_premium', 'bearish_premium'])}
GROUP BY 1 ORDER BY 1`,
    'bars',
  ),
  series(
    head(
      'Put/call by symbol',
      'short',
      12,
      'Contracts of puts for each contract of calls; a step without calls has no point.',
    ),
    bySymbol('sum(volume - call_volume)::numeric / nullif(sum(call_volume), 0)', [
      'volume',
      'call_volume',
    ]),
  ),
]
