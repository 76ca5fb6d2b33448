import { underlyingOf } from '../domain/contract.ts'
import { type Answer, type Asked, RequestError, type Route } from '../metrics/routes.ts'
import type { Database } from './database.ts'
import { checkNames, numberOf, TIME_MAX } from './parameters.ts'

const NAMES = ['from', 'to'] as const
const MINUTE_MS = 60_000
const FALLBACK_MS = 4 * 60 * MINUTE_MS
const SPAN_MS_MAX = 7 * 24 * 60 * MINUTE_MS
/** The last minute that the sums tell apart: minutes of the database are integers. */
const MINUTE_MAX = 2_147_483_647

/** What the stored prints of one minute come to. Premiums are dollars. */
export type Minute = {
  /** Its begin, epoch ms. */
  readonly time: number
  readonly trades: number
  readonly premium: number
  readonly bullishPremium: number
  readonly bearishPremium: number
}

export type Minutes = {
  readonly symbol: string
  /** Whole minutes, epoch ms; `to` is not included. */
  readonly from: number
  readonly to: number
  readonly minutes: readonly Minute[]
}

/**
 * `GET /api/minutes/:symbol`: sums of the stored prints of an underlying by minute of the print,
 * oldest first, from the minute of `from` to that of `to` (epoch ms), at most seven days. They are
 * the sums of the rollups: late prints, fills and cancels are in them. `database`: null while there
 * is none yet.
 */
export function minutesRoute(database: () => Database | null): Route {
  return { path: '/api/minutes/:symbol', answer: (asked) => minutes(database(), asked) }
}

async function minutes(database: Database | null, { params, query }: Asked): Promise<Answer> {
  checkNames(query, NAMES)
  const symbol = symbolOf(params.symbol!)
  const to = numberOf(query, 'to', 0, TIME_MAX) ?? Date.now()
  const from = numberOf(query, 'from', 0, TIME_MAX) ?? Math.max(0, to - FALLBACK_MS)
  if (from > to) throw new RequestError(400, 'from: expected a time before to')
  if (to - from > SPAN_MS_MAX) {
    throw new RequestError(400, 'from, to: expected at most seven days')
  }
  if (database === null) {
    return { status: 503, body: { error: 'the database is not there yet; try again' } }
  }
  const first = minuteOf(from)
  const last = minuteOf(to)
  const body: Minutes = {
    symbol,
    from: first * MINUTE_MS,
    to: (last + 1) * MINUTE_MS,
    minutes: await database.query<Minute>(MINUTES_SQL, [symbol, first, last]),
  }
  return { body }
}

/** Corrections carry the change, so that a minute is the sum of both tables. */
const MINUTES_SQL = `
SELECT minute::float8 * 60000 AS time, sum(trades)::float8 AS trades,
  sum(premium)::float8 AS premium, sum(bullish_premium)::float8 AS "bullishPremium",
  sum(bearish_premium)::float8 AS "bearishPremium"
FROM (
  SELECT minute, trades, premium, bullish_premium, bearish_premium FROM flow_minute_sums
  WHERE symbol = $1 AND minute BETWEEN $2 AND $3
  UNION ALL
  SELECT minute, trades, premium, bullish_premium, bearish_premium FROM flow_corrections
  WHERE symbol = $1 AND minute BETWEEN $2 AND $3
) AS sums
GROUP BY minute HAVING sum(trades) > 0 ORDER BY minute`

function minuteOf(time: number): number {
  return Math.min(Math.floor(time / MINUTE_MS), MINUTE_MAX)
}

function symbolOf(text: string): string {
  const symbol = text.toUpperCase()
  if (!/^[A-Z][A-Z0-9]{0,5}$/.test(symbol)) {
    throw new RequestError(400, 'symbol: expected an underlying such as SPX')
  }
  return underlyingOf(symbol)
}
