import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { type Answer, type Asked, RequestError, type Route } from '../metrics/routes.ts'
import { COLUMNS } from './columns.ts'
import { Conditions } from './conditions.ts'
import { type Database, QUERY_MS_MAX, takesLong } from './database.ts'
import { checkNames, given, limitOf, numberOf, TIME_MAX } from './parameters.ts'
import { labelsOf, symbolsOf } from './print-parameters.ts'
import { type Slice, slices } from './slices.ts'

const LIMIT = 100
const LIMIT_MAX = 1000
/** No listed option lives longer, in days. */
const DTE_MAX = 5000
const RIGHTS = ['call', 'put']
const NAMES = [
  ...['symbol', 'type', 'minPremium', 'side', 'sentiment', 'right', 'dteMin', 'dteMax'],
  ...['since', 'until', 'receivedSince', 'limit'],
] as const

/**
 * `GET /api/trades`: stored prints, newest first. `symbol` underlyings, `type`, `side` and
 * `sentiment` labels, each one or several; `right` call or put, `dteMin` and `dteMax` days to
 * expiration, `minPremium` dollars, `since` and `until` epoch ms of the print, `receivedSince` of
 * its coming to the engine (all inclusive), `limit` 1 to 1,000. An answer by `receivedSince` says
 * how far it is whole. `database`: null while there is none yet.
 */
export function tradesRoute(database: () => Database | null): Route {
  return { path: '/api/trades', answer: (asked) => trades(database(), asked) }
}

async function trades(database: Database | null, { query }: Asked): Promise<Answer> {
  checkNames(query, NAMES)
  const symbols = symbolsOf(query)
  const wanted = wantedOf(query, symbols)
  const receivedSince = wholeTime(query, 'receivedSince', Math.ceil)
  const limit = limitOf(query, LIMIT, LIMIT_MAX)
  const since = wholeTime(query, 'since', Math.ceil)
  const until = wholeTime(query, 'until', Math.floor)
  if (database === null) {
    return { status: 503, body: { error: 'the database is not there yet; try again' } }
  }
  if (receivedSince !== null) {
    wanted.add(receivedSince, (place) => `received_at >= ${place}::bigint`)
    // before the prints: what is committed in between is in the answer, and is not promised
    const [mark] = await database.query<{ receivedTo: number | null }>(RECEIVED_TO, [])
    const prints = await printsOf(database, wanted, [{ from: since, to: until }], limit)
    return { body: { trades: prints, receivedTo: mark?.receivedTo ?? null } }
  }
  // an index leads through the prints of one underlying, the newest first
  const parts =
    symbols?.length === 1 ? [{ from: since, to: until }] : slices(since, until, Date.now())
  return { body: { trades: await printsOf(database, wanted, parts, limit) } }
}

/** Everything that the engine received before is stored or accounted for, epoch ms. */
const RECEIVED_TO = `SELECT nullif(max(received_to), -1)::float8 AS "receivedTo"
  FROM flow_batches WHERE is_feed`

/** The newest prints of the slices, at most `limit`. Throws a RequestError 422 where it takes long. */
async function printsOf(
  database: Database,
  wanted: Conditions,
  parts: Iterable<Slice>,
  limit: number,
): Promise<object[]> {
  const found: object[] = []
  const startedAt = performance.now()
  for (const { from, to } of parts) {
    if (performance.now() - startedAt > QUERY_MS_MAX) throw takesLong()
    const slice = wanted.copy()
    slice.add(from, (place) => `timestamp >= ${place}::bigint`)
    slice.add(to, (place) => `timestamp <= ${place}::bigint`)
    const text = `SELECT ${COLUMNS} FROM options_flow_history ${slice.where}
      ORDER BY options_flow_history.timestamp DESC, contract_ticker, arrival DESC
      LIMIT ${limit - found.length}`
    found.push(...(await database.query(text, slice.values)))
    if (found.length >= limit) break
  }
  return found
}

function wantedOf(query: URLSearchParams, symbols: readonly string[] | null): Conditions {
  const wanted = new Conditions()
  // one value is a place in the index, which gives the newest first
  if (symbols?.length === 1) wanted.add(symbols[0], (place) => `symbol = ${place}`)
  else wanted.add(symbols, (place) => `symbol = ANY(${place}::text[])`)
  const types = labelsOf(query, 'type', TRADE_TYPE_TEXT)
  wanted.add(types, (place) => `trade_type = ANY(${place}::text[])`)
  const sides = labelsOf(query, 'side', SIDE_TEXT)
  wanted.add(sides, (place) => `side = ANY(${place}::text[])`)
  const sentiments = labelsOf(query, 'sentiment', SENTIMENT_TEXT)
  wanted.add(sentiments, (place) => `sentiment = ANY(${place}::text[])`)
  wanted.add(rightOf(query), (place) => `option_type = ${place}`)
  wanted.add(numberOf(query, 'dteMin', 0, DTE_MAX), (place) => `dte >= ${place}::float8`)
  wanted.add(numberOf(query, 'dteMax', 0, DTE_MAX), (place) => `dte <= ${place}::float8`)
  const minPremium = numberOf(query, 'minPremium', 0, Number.MAX_VALUE)
  wanted.add(minPremium, (place) => `premium >= ${place}::numeric`)
  return wanted
}

/** Rows have whole ms: a bound between two of them is moved inwards. */
function wholeTime(
  query: URLSearchParams,
  name: 'since' | 'until' | 'receivedSince',
  round: (ms: number) => number,
): number | null {
  const time = numberOf(query, name, 0, TIME_MAX)
  return time === null ? null : round(time)
}

function rightOf(query: URLSearchParams): string | null {
  const right = given(query, 'right')?.toLowerCase() ?? null
  if (right === null || RIGHTS.includes(right)) return right
  throw new RequestError(400, 'right: expected call or put')
}
