import { type Contract, isRealDate, parseContract } from '../domain/contract.ts'
import { daysFromCivil } from '../domain/new-york.ts'
import { type Answer, type Asked, RequestError, type Route } from '../metrics/routes.ts'
import type { Database } from './database.ts'
import { explainPrint } from './evidence.ts'
import type { AskedPrint } from './lookup.ts'

/**
 * `GET /api/trades/:contract/:sequence`: a stored print with what each of its labels rests on, of
 * the newest day that has it or of `date` (New York). `database`: null while there is none yet.
 */
export function tradeRoute(database: () => Database | null): Route {
  return {
    path: '/api/trades/:contract/:sequence',
    answer: (asked) => trade(database(), asked),
  }
}

async function trade(database: Database | null, { params, query }: Asked): Promise<Answer> {
  for (const name of query.keys()) {
    if (name !== 'date') throw new RequestError(400, `expected date, came ${name}`)
  }
  if (query.getAll('date').length > 1) throw new RequestError(400, 'date came more than once')
  const asked = askedPrint(params.contract!, params.sequence!, query.get('date') ?? '')
  if (database === null) {
    return { status: 503, body: { error: 'the database is not there yet; try again' } }
  }
  return { body: await explainPrint(database, asked) }
}

/**
 * Which print is asked about, from what a person typed. `date` empty: the newest day. Throws a
 * RequestError 400 that says what was expected.
 */
export function askedPrint(contract: string, sequence: string, date: string): AskedPrint {
  return { contract: contractOf(contract), sequence: sequenceOf(sequence), day: dayOf(date.trim()) }
}

function contractOf(text: string): Contract {
  const ticker = text.trim().toUpperCase()
  const contract = parseContract(ticker.startsWith('O:') ? ticker : `O:${ticker}`)
  if (contract === null) {
    throw new RequestError(
      400,
      `contract: expected a ticker such as O:SPXW251219C06475000 (root, YYMMDD, C or P, 8 strike ` +
        `digits), came ${text}`,
    )
  }
  return contract
}

function sequenceOf(text: string): number {
  const sequence = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(sequence)) {
    throw new RequestError(
      400,
      `sequence: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, came ${text}`,
    )
  }
  return sequence
}

/**
 * A New York date (`2025-11-21`) as days since 1970-01-01; null for none. Throws a RequestError 400
 * for anything else.
 */
export function dayOf(text: string): number | null {
  if (text === '') return null
  const [, year, month, day] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []).map(Number)
  if (year === undefined || year < 1970 || !isRealDate(year, month!, day!)) {
    throw new RequestError(400, `date: expected a New York date such as 2025-11-21, came ${text}`)
  }
  return daysFromCivil(year, month!, day!)
}
