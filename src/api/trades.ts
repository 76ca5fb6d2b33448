import { underlyingOf } from '../domain/contract.ts'
import { TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { type Answer, type Asked, RequestError, type Route } from '../metrics/routes.ts'
import { COLUMNS } from './columns.ts'
import type { Database } from './database.ts'
import { checkNames, given, limitOf, numberOf, TIME_MAX } from './parameters.ts'

const LIMIT = 100
const LIMIT_MAX = 1000
const NAMES = ['symbol', 'type', 'minPremium', 'since', 'limit'] as const

/**
 * `GET /api/trades`: stored prints, newest first. `symbol` an underlying, `type` one or several
 * trade types, `minPremium` dollars, `since` epoch ms (inclusive), `limit` 1 to 1,000. `database`:
 * null while there is none yet.
 */
export function tradesRoute(database: () => Database | null): Route {
  return { path: '/api/trades', answer: (asked) => trades(database(), asked) }
}

async function trades(database: Database | null, { query }: Asked): Promise<Answer> {
  checkNames(query, NAMES)
  const conditions: string[] = []
  const values: unknown[] = []
  const where = (condition: (place: string) => string, value: unknown): void => {
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  const symbol = given(query, 'symbol')
  if (symbol !== null) where((place) => `symbol = ${place}`, symbolOf(symbol))
  const type = given(query, 'type')
  if (type !== null) where((place) => `trade_type = ANY(${place}::text[])`, typesOf(type))
  const minPremium = numberOf(query, 'minPremium', 0, Number.MAX_VALUE)
  if (minPremium !== null) where((place) => `premium >= ${place}::numeric`, minPremium)
  const since = numberOf(query, 'since', 0, TIME_MAX)
  if (since !== null) where((place) => `timestamp >= ${place}::bigint`, Math.ceil(since))
  const limit = limitOf(query, LIMIT, LIMIT_MAX)
  if (database === null) {
    return { status: 503, body: { error: 'the database is not there yet; try again' } }
  }
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const text = `SELECT ${COLUMNS} FROM options_flow_history ${filter}
    ORDER BY options_flow_history.timestamp DESC, contract_ticker, arrival DESC LIMIT ${limit}`
  return { body: { trades: await database.query(text, values) } }
}

function symbolOf(text: string): string {
  const symbol = text.toUpperCase()
  if (!/^[A-Z][A-Z0-9]{0,5}$/.test(symbol)) {
    throw new RequestError(400, 'symbol: expected an underlying such as SPX')
  }
  return underlyingOf(symbol)
}

function typesOf(text: string): string[] {
  const types = text
    .toUpperCase()
    .split(',')
    .map((type) => type.trim())
  if (!types.every((type) => (TRADE_TYPE_TEXT as readonly string[]).includes(type))) {
    throw new RequestError(400, `type: expected ${TRADE_TYPE_TEXT.join(', ')}, with commas between`)
  }
  return types
}
