import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseContract } from '../domain/contract.ts'
import { isoDate } from './chain.ts'
import type { History, PastEvent } from './history.ts'
import { nanoseconds, RestQuery } from './rest-query.ts'

export type RestOptions = {
  readonly history: History
  /** Tickers of all contracts that the source may print. */
  readonly tickers: () => Promise<readonly string[]>
  readonly isValid: (key: string) => boolean
  readonly baseUrl: () => string
  readonly delayMs: number
  /** Requests of each path that are answered with 429 before one passes. */
  readonly refusals: number
}

type Page = { readonly results: unknown; readonly next: string | null }
/** Where the next page begins, and the end of the past as of the first page. */
type Cursor = { readonly query: string; readonly offset: number; readonly last: number }

const CONTRACTS = '/v3/reference/options/contracts'

/** Answers the vendor's REST requests that an engine makes; errors have the vendor's shape. */
export function restHandler(
  options: RestOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const refused = new Map<string, number>()
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const reply = (status: number, body: object, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify({ request_id: requestId(url), ...body }))
    }
    const fail = (status: number, error: string, headers?: Record<string, string>) =>
      reply(status, { status: 'ERROR', error }, headers)
    if (options.delayMs > 0) await sleep(options.delayMs)
    if (!options.isValid(keyOf(request, url))) return fail(401, 'Unknown API Key')
    const refusals = refused.get(url.pathname) ?? 0
    if (refusals < options.refusals) {
      refused.set(url.pathname, refusals + 1)
      return fail(429, "You've exceeded the maximum requests per minute.", { 'retry-after': '1' })
    }
    if (request.method !== 'GET') return fail(405, 'method not allowed')
    try {
      const cursor = readCursor(url)
      const page = await answer(url.pathname, cursor, options)
      if (page === null) return fail(404, 'not found')
      const { results, next } = page
      const more = next === null ? {} : { next_url: `${options.baseUrl()}${url.pathname}?${next}` }
      return reply(200, { status: 'OK', results, ...more })
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return fail(400, error.message)
    }
  }
}

async function answer(path: string, cursor: Cursor, options: RestOptions): Promise<Page | null> {
  if (path === CONTRACTS) return contractsPage(await options.tickers(), cursor)
  const [, one] = /^\/v3\/reference\/options\/contracts\/([^/]+)$/.exec(path) ?? []
  if (one !== undefined) {
    const tickers = (await options.tickers()).filter((ticker) => ticker === decodeURIComponent(one))
    const result = tickers.map(contractRow)[0]
    return result === undefined ? null : { results: result, next: null }
  }
  const [, kind, ticker] = /^\/v3\/(trades|quotes)\/([^/]+)$/.exec(path) ?? []
  if (kind === undefined) return null
  const last = Math.min(cursor.last, options.history.latest)
  const code = kind === 'trades' ? 'T' : 'Q'
  const events = options.history.find(code, decodeURIComponent(ticker!), last)
  return eventsPage(events, code === 'T' ? tradeRow : quoteRow, { ...cursor, last })
}

function eventsPage(
  events: readonly PastEvent[],
  row: (event: PastEvent) => object,
  cursor: Cursor,
): Page {
  const query = new RestQuery(new URLSearchParams(cursor.query))
  const limit = query.limit(1000, 50_000)
  const found = events.filter((event) =>
    query.passes('timestamp', BigInt(event.t) * 1_000_000n, nanoseconds),
  )
  if (query.text('order') !== 'asc') found.reverse()
  return pageOf(found, limit, cursor, row)
}

function contractsPage(tickers: readonly string[], cursor: Cursor): Page {
  const query = new RestQuery(new URLSearchParams(cursor.query))
  const limit = query.limit(10, 1000)
  const isExpiredWanted = query.text('expired') === 'true'
  const today = query.text('as_of') ?? new Date().toISOString().slice(0, 10)
  const underlying = query.text('underlying_ticker')?.replace(/^I:/, '') ?? null
  const kind = query.text('contract_type')
  const found = tickers
    .map(contractRow)
    .filter(
      (row) =>
        (underlying === null || row.underlying_ticker === underlying) &&
        (kind === null || row.contract_type === kind) &&
        (isExpiredWanted ? row.expiration_date < today : row.expiration_date >= today) &&
        query.passes('ticker', row.ticker, String) &&
        query.passes('expiration_date', row.expiration_date, String) &&
        query.passes('strike_price', row.strike_price, Number),
    )
  if (query.text('order') === 'desc') found.reverse()
  return pageOf(found, limit, cursor, (row) => row)
}

function pageOf<T>(
  all: readonly T[],
  limit: number,
  cursor: Cursor,
  row: (item: T) => object,
): Page {
  const end = cursor.offset + limit
  const next = { ...cursor, offset: end }
  return {
    results: all.slice(cursor.offset, end).map(row),
    next:
      end < all.length ? `cursor=${Buffer.from(JSON.stringify(next)).toString('base64url')}` : null,
  }
}

function readCursor(url: URL): Cursor {
  const text = url.searchParams.get('cursor')
  if (text === null) {
    return { query: url.searchParams.toString(), offset: 0, last: Number.MAX_SAFE_INTEGER }
  }
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor
  } catch {
    throw new RangeError('cursor is not one of next_url')
  }
}

function contractRow(ticker: string) {
  const contract = parseContract(ticker)!
  return {
    cfi: contract.isCall ? 'OCASPS' : 'OPASPS',
    contract_type: contract.isCall ? 'call' : 'put',
    exercise_style: 'american',
    expiration_date: isoDate(contract.expirationDay),
    primary_exchange: 'XCBO',
    shares_per_contract: 100,
    strike_price: contract.strikeMills / 1000,
    ticker,
    underlying_ticker: contract.underlying,
  }
}

/** Exact where it matters: ms times 1,000,000 prints with all its digits up to the year 2100. */
const nanosecondsOf = (event: PastEvent): number => event.t * 1_000_000

function tradeRow(event: PastEvent): object {
  return {
    ...(event.c === undefined ? {} : { conditions: event.c }),
    exchange: event.x,
    participant_timestamp: nanosecondsOf(event),
    price: event.p,
    sequence_number: event.q,
    sip_timestamp: nanosecondsOf(event),
    size: event.s,
  }
}

function quoteRow(event: PastEvent): object {
  return {
    ask_exchange: event.ax,
    ask_price: event.ap,
    ask_size: event.as,
    bid_exchange: event.bx,
    bid_price: event.bp,
    bid_size: event.bs,
    sequence_number: event.q,
    sip_timestamp: nanosecondsOf(event),
  }
}

function keyOf(request: IncomingMessage, url: URL): string {
  const [, bearer] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
  return bearer ?? url.searchParams.get('apiKey') ?? ''
}

const requestId = (url: URL): string => createHash('md5').update(url.pathname).digest('hex')
