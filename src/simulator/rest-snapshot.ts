import { isIndex, vendorName } from './clusters.ts'
import type { History } from './history.ts'
import type { Underlying } from './market.ts'
import { type ContractRow, type Reference, rowsPassing } from './rest-contracts.ts'
import { type Cursor, type Page, pageOf } from './rest-page.ts'
import { RestQuery } from './rest-query.ts'
import { nanosecondsOf } from './rest-times.ts'

export type SnapshotSource = {
  readonly history: History
  readonly reference: (ticker: string) => Reference | null
  readonly underlyings: () => readonly Underlying[]
  /** Whether the plan has the price of this underlying in real time. */
  readonly isRealTime: (symbol: string) => boolean
}

/** A page of the chain `/v3/snapshot/options/{underlying}`, 250 contracts at most. */
export function chainPage(
  rows: readonly ContractRow[],
  underlying: string,
  cursor: Cursor,
  source: SnapshotSource,
): Page {
  const query = new RestQuery(new URLSearchParams(cursor.query))
  const limit = query.limit(10, 250)
  const symbol = underlying.replace(/^I:/, '')
  const found = rowsPassing(
    rows.filter((row) => row.underlying_ticker === symbol),
    query,
  )
  if (query.text('order') === 'desc') found.reverse()
  return pageOf(found, limit, cursor, (row) => snapshotOf(row, source))
}

/** `/v3/snapshot/options/{underlying}/{ticker}`; null when there is no such contract. */
export function contractSnapshot(
  rows: readonly ContractRow[],
  underlying: string,
  ticker: string,
  source: SnapshotSource,
): Page | null {
  const symbol = underlying.replace(/^I:/, '')
  const row = rows.find((one) => one.ticker === ticker && one.underlying_ticker === symbol)
  return row === undefined ? null : { results: snapshotOf(row, source), next: null }
}

function snapshotOf(row: ContractRow, source: SnapshotSource): object {
  const { contract_type, exercise_style, expiration_date, shares_per_contract } = row
  const { strike_price, ticker } = row
  const reference = source.reference(ticker)
  return {
    details: {
      contract_type,
      exercise_style,
      expiration_date,
      shares_per_contract,
      strike_price,
      ticker,
    },
    ...lastQuote(ticker, source.history),
    ...lastTrade(ticker, source.history),
    // a recording does not say how many contracts are open
    ...(reference === null ? {} : { open_interest: reference.openInterest }),
    underlying_asset: underlyingAsset(row.underlying_ticker, source),
  }
}

function lastQuote(ticker: string, history: History): object {
  const past = history.find('Q', ticker, history.latest).at(-1)
  if (past === undefined) return {}
  const { bp, ap, bs, as, bx, ax } = past.read()
  return {
    last_quote: {
      ask: ap,
      ask_exchange: ax,
      ask_size: as,
      bid: bp,
      bid_exchange: bx,
      bid_size: bs,
      last_updated: nanosecondsOf(past.time),
      midpoint: (Number(bp) + Number(ap)) / 2,
      timeframe: 'REAL-TIME',
    },
  }
}

function lastTrade(ticker: string, history: History): object {
  const past = history.find('T', ticker, history.latest).at(-1)
  if (past === undefined) return {}
  const { c = [], x, p, s } = past.read()
  return {
    last_trade: {
      conditions: c,
      exchange: x,
      price: p,
      sip_timestamp: nanosecondsOf(past.time),
      size: s,
      timeframe: 'REAL-TIME',
    },
  }
}

/** Indices have a value and all else a price; without the cluster in the plan it is an old one. */
function underlyingAsset(symbol: string, source: SnapshotSource): object {
  const isRealTime = source.isRealTime(symbol)
  const ticker = vendorName(symbol)
  const known = source.underlyings().find(({ profile }) => profile.symbol === symbol)
  if (known === undefined) return { ticker, timeframe: 'DELAYED' }
  const price = Number((isRealTime ? known.price : known.profile.price).toFixed(2))
  return {
    ticker,
    ...(isIndex(symbol) ? { value: price } : { price }),
    timeframe: isRealTime ? 'REAL-TIME' : 'DELAYED',
  }
}
