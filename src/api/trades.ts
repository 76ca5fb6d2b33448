import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { type Answer, type Asked, RequestError, type Route } from '../metrics/routes.ts'
import { COLUMNS } from './columns.ts'
import type { Database } from './database.ts'
import { checkNames, given, limitOf, numberOf, TIME_MAX } from './parameters.ts'
import { labelsOf, symbolsOf } from './print-parameters.ts'

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
 * its coming to the engine (all inclusive), `limit` 1 to 1,000. `database`: null while there is none yet.
 */
export function tradesRoute(database: () => Database | null): Route {
  return { path: '/api/trades', answer: (asked) => trades(database(), asked) }
}

async function trades(database: Database | null, { query }: Asked): Promise<Answer> {
  checkNames(query, NAMES)
  const { conditions, values } = conditionsOf(query)
  const limit = limitOf(query, LIMIT, LIMIT_MAX)
  if (database === null) {
    return { status: 503, body: { error: 'the database is not there yet; try again' } }
  }
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const text = `SELECT ${COLUMNS} FROM options_flow_history ${filter}
    ORDER BY options_flow_history.timestamp DESC, contract_ticker, arrival DESC LIMIT ${limit}`
  return { body: { trades: await database.query(text, values) } }
}

type Conditions = { readonly conditions: readonly string[]; readonly values: readonly unknown[] }

function conditionsOf(query: URLSearchParams): Conditions {
  const conditions: string[] = []
  const values: unknown[] = []
  const where = <T>(value: T | null, condition: (place: string) => string): void => {
    if (value === null) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  const symbols = symbolsOf(query)
  // one value is a place in the index, which gives the newest first
  if (symbols?.length === 1) where(symbols[0], (place) => `symbol = ${place}`)
  else where(symbols, (place) => `symbol = ANY(${place}::text[])`)
  const types = labelsOf(query, 'type', TRADE_TYPE_TEXT)
  where(types, (place) => `trade_type = ANY(${place}::text[])`)
  const sides = labelsOf(query, 'side', SIDE_TEXT)
  where(sides, (place) => `side = ANY(${place}::text[])`)
  const sentiments = labelsOf(query, 'sentiment', SENTIMENT_TEXT)
  where(sentiments, (place) => `sentiment = ANY(${place}::text[])`)
  where(rightOf(query), (place) => `option_type = ${place}`)
  where(numberOf(query, 'dteMin', 0, DTE_MAX), (place) => `dte >= ${place}::float8`)
  where(numberOf(query, 'dteMax', 0, DTE_MAX), (place) => `dte <= ${place}::float8`)
  const minPremium = numberOf(query, 'minPremium', 0, Number.MAX_VALUE)
  where(minPremium, (place) => `premium >= ${place}::numeric`)
  const since = numberOf(query, 'since', 0, TIME_MAX)
  where(since && Math.ceil(since), (place) => `timestamp >= ${place}::bigint`)
  const until = numberOf(query, 'until', 0, TIME_MAX)
  where(until && Math.floor(until), (place) => `timestamp <= ${place}::bigint`)
  const received = numberOf(query, 'receivedSince', 0, TIME_MAX)
  where(received && Math.ceil(received), (place) => `received_at >= ${place}::bigint`)
  return { conditions, values }
}

function rightOf(query: URLSearchParams): string | null {
  const right = given(query, 'right')?.toLowerCase() ?? null
  if (right === null || RIGHTS.includes(right)) return right
  throw new RequestError(400, 'right: expected call or put')
}
