import { parseContract } from '../domain/contract.ts'
import { isoDate, SHARES_PER_CONTRACT } from './chain.ts'
import { isIndex } from './clusters.ts'
import { type Cursor, type Page, pageOf } from './rest-page.ts'
import { RestQuery } from './rest-query.ts'

/** What a source knows of a contract beside its ticker. */
export type Reference = { readonly sharesPerContract: number; readonly openInterest: number }

/** A row of `/v3/reference/options/contracts`. */
export type ContractRow = ReturnType<typeof contractRow>

/** The row of a contract; without a reference it has 100 shares. The ticker must be a valid one. */
export function contractRow(ticker: string, reference: Reference | null) {
  const contract = parseContract(ticker)!
  return {
    cfi: contract.isCall ? 'OCASPS' : 'OPASPS',
    contract_type: contract.isCall ? 'call' : 'put',
    exercise_style: isIndex(contract.underlying) ? 'european' : 'american',
    expiration_date: isoDate(contract.expirationDay),
    primary_exchange: 'XCBO',
    shares_per_contract: reference?.sharesPerContract ?? SHARES_PER_CONTRACT,
    strike_price: contract.strikeMills / 1000,
    ticker,
    underlying_ticker: contract.underlying,
  }
}

/** A page of `/v3/reference/options/contracts`. */
export function contractsPage(rows: readonly ContractRow[], cursor: Cursor): Page {
  const query = new RestQuery(new URLSearchParams(cursor.query))
  const limit = query.limit(10, 1000)
  const isExpiredWanted = query.text('expired') === 'true'
  const today = query.text('as_of') ?? new Date().toISOString().slice(0, 10)
  const underlying = query.text('underlying_ticker')?.replace(/^I:/, '') ?? null
  const isTicker = query.filter('ticker', String)
  const found = rowsPassing(rows, query).filter(
    (row) =>
      (underlying === null || row.underlying_ticker === underlying) &&
      (isExpiredWanted ? row.expiration_date < today : row.expiration_date >= today) &&
      isTicker(row.ticker),
  )
  if (query.text('order') === 'desc') found.reverse()
  return pageOf(found, limit, cursor, (row) => row)
}

/** The rows that the filters of contract type, expiration and strike let through. */
export function rowsPassing(rows: readonly ContractRow[], query: RestQuery): ContractRow[] {
  const kind = query.text('contract_type')
  const isDate = query.filter('expiration_date', String)
  const isStrike = query.filter('strike_price', Number)
  return rows.filter(
    (row) =>
      (kind === null || row.contract_type === kind) &&
      isDate(row.expiration_date) &&
      isStrike(row.strike_price),
  )
}
