import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ContractRow, contractRow, contractsPage } from './rest-contracts.ts'
import { eventsPage } from './rest-events.ts'
import type { RestTrouble } from './rest-faults.ts'
import { type Cursor, type Page, readCursor } from './rest-page.ts'
import { chainPage, contractSnapshot, type SnapshotSource } from './rest-snapshot.ts'
import { toJson } from './rest-times.ts'

export type RestOptions = SnapshotSource & {
  /** Tickers of all contracts that the source may print. */
  readonly tickers: () => Promise<readonly string[]>
  readonly isValid: (key: string) => boolean
  readonly baseUrl: () => string
  /** What goes wrong with a request of this path, if anything. */
  readonly trouble: (path: string) => RestTrouble | null
}

/** `/v3/reference/options/contracts`, or one of them. */
const CONTRACTS = /^\/v3\/reference\/options\/contracts(?:\/([^/]+))?$/
const SNAPSHOT = /^\/v3\/snapshot\/options\/([^/]+)(?:\/([^/]+))?$/
const EVENTS = /^\/v3\/(trades|quotes)\/([^/]+)$/

/** Answers the vendor's REST requests that an engine makes; errors have the vendor's shape. */
export function restHandler(
  options: RestOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const listing = listingOf(options)
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const reply = (status: number, body: object, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(toJson({ request_id: requestId(url), ...body }))
    }
    const fail = (status: number, error: string, headers?: Record<string, string>) =>
      reply(status, { status: 'ERROR', error }, headers)
    if (!options.isValid(keyOf(request, url))) return fail(401, 'Unknown API Key')
    const trouble = options.trouble(url.pathname)
    if (trouble?.kind === 'hang') return // until the client or the simulator has had enough
    if (trouble?.kind === 'delay') await sleep(trouble.ms, undefined, { ref: false })
    if (trouble?.kind === 'throttle') {
      return fail(429, "You've exceeded the maximum requests per minute.", { 'retry-after': '1' })
    }
    if (trouble?.kind === 'error') return fail(500, 'Internal Server Error')
    if (request.method !== 'GET') return fail(405, 'method not allowed')
    try {
      const page = await answer(url.pathname, readCursor(url), options, listing)
      const isEmpty = trouble?.kind === 'empty'
      if (page === null || (isEmpty && !Array.isArray(page.results))) return fail(404, 'not found')
      if (isEmpty) return reply(200, { status: 'OK', results: [] })
      const { results, next } = page
      const more = next === null ? {} : { next_url: `${options.baseUrl()}${url.pathname}?${next}` }
      return reply(200, { status: 'OK', results, ...more })
    } catch (error) {
      // a path with a stray % is the client's mistake too
      if (!(error instanceof RangeError || error instanceof URIError)) throw error
      return fail(400, error.message)
    }
  }
}

/** The rows of all contracts, made once. */
function listingOf({ tickers, reference }: RestOptions): () => Promise<readonly ContractRow[]> {
  let rows: Promise<readonly ContractRow[]> | null = null
  return () => {
    rows ??= tickers().then((all) => all.map((ticker) => contractRow(ticker, reference(ticker))))
    return rows
  }
}

async function answer(
  path: string,
  cursor: Cursor,
  options: RestOptions,
  listing: () => Promise<readonly ContractRow[]>,
): Promise<Page | null> {
  const contracts = CONTRACTS.exec(path)
  if (contracts !== null) {
    const rows = await listing()
    if (contracts[1] === undefined) return contractsPage(rows, cursor)
    const ticker = decodeURIComponent(contracts[1])
    const row = rows.find((one) => one.ticker === ticker)
    return row === undefined ? null : { results: row, next: null }
  }
  const snapshot = SNAPSHOT.exec(path)
  if (snapshot !== null) {
    const underlying = decodeURIComponent(snapshot[1]!)
    const rows = await listing()
    if (snapshot[2] === undefined) return chainPage(rows, underlying, cursor, options)
    return contractSnapshot(rows, underlying, decodeURIComponent(snapshot[2]), options)
  }
  const [, kind, ticker] = EVENTS.exec(path) ?? []
  if (kind !== 'trades' && kind !== 'quotes') return null
  return eventsPage(options.history, kind, decodeURIComponent(ticker!), cursor)
}

function keyOf(request: IncomingMessage, url: URL): string {
  const [, bearer] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
  return bearer ?? url.searchParams.get('apiKey') ?? ''
}

const requestId = (url: URL): string => createHash('md5').update(url.pathname).digest('hex')
