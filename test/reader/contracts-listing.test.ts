import { afterEach, expect, test } from 'vitest'
import { listContracts, nextUrl } from '../../src/reader/contracts-listing.ts'
import type { RestOptions } from '../../src/reader/rest.ts'
import { type Answer, json, type RestServer, startRest } from './rest-server.ts'

const KEY = 'must-stay-secret'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serve(...answers: Answer[]): Promise<RestServer> {
  const server = await startRest(answers)
  cleanups.push(server.close)
  return server
}

function optionsOf(baseUrl: string): RestOptions {
  return { baseUrl, apiKey: KEY, retryMinMs: 1, triesMax: 3 }
}

/** A row as the vendor's OpenAPI shows it. */
function row(ticker: string, shares: unknown = 100): object {
  return {
    cfi: 'OCASPS',
    contract_type: 'call',
    exercise_style: 'american',
    expiration_date: '2025-12-19',
    primary_exchange: 'BATO',
    shares_per_contract: shares,
    strike_price: 85,
    ticker,
    underlying_ticker: 'SPX',
  }
}

/** An answer with a link to `next`, which may use the address that was asked. */
function page(results: unknown, next?: string): Answer {
  return (response, request) => {
    const link = next?.replace('SELF', `http://${request.headers.host}`)
    json({ status: 'OK', results, next_url: link })(response, request)
  }
}

test('asks for the unexpired contracts and follows the pages, the key only in the header', async () => {
  const server = await serve(
    page(
      [row('O:SPX251219C06475000')],
      `SELF/v3/reference/options/contracts?cursor=a&apiKey=${KEY}`,
    ),
    json({ error: 'busy' }, 429),
    page([row('O:SPXW251219P06475000', 10)], 'SELF/v3/reference/options/contracts?cursor=b'),
    page([row('O:SPXW251219P06480000'), row('O:SPX251219C06475000')]),
  )
  const listing = await listContracts('SPX', optionsOf(server.url))
  expect(listing).toMatchObject({ skipped: 0, pages: 3 })
  expect(listing.contracts.map((c) => [c.ticker, c.underlying, c.sharesPerContract])).toEqual([
    ['O:SPX251219C06475000', 'SPX', 100],
    ['O:SPXW251219P06475000', 'SPX', 10],
    ['O:SPXW251219P06480000', 'SPX', 100],
  ])
  expect(server.requests.map((request) => request.path)).toEqual([
    '/v3/reference/options/contracts?underlying_ticker=SPX&expired=false&order=asc&sort=ticker&limit=1000',
    '/v3/reference/options/contracts?cursor=a',
    '/v3/reference/options/contracts?cursor=a',
    '/v3/reference/options/contracts?cursor=b',
  ])
  expect(new Set(server.requests.map((request) => request.authorization))).toEqual(
    new Set([`Bearer ${KEY}`]),
  )
})

test('leaves out and counts rows that name no contract or no size', async () => {
  const good = ['O:SPY251219C00650000', 'O:SPY251219C00651000', 'O:SPY251219C00652000']
  const server = await serve(
    page([
      row(good[0] ?? ''),
      { ticker: good[1] },
      row(good[2] ?? '', '100'),
      row('O:SPY251319C00650000'),
      row('O:AAPL211022C000150000'),
      row('SPY'),
      row('O:SPY251219C00660000', 0),
      row('O:SPY251219C00661000', null),
      row('O:SPY251219C00662000', 'many'),
      row('O:SPY251219C00663000', [100]),
      null,
      'row',
      17,
      {},
      { ticker: 12 },
    ]),
  )
  const listing = await listContracts('SPY', optionsOf(server.url))
  expect(listing.contracts.map((c) => c.ticker)).toEqual(good)
  expect(listing.contracts.map((c) => c.sharesPerContract)).toEqual([100, 100, 100])
  expect(listing.skipped).toBe(12)
})

test('an underlying without contracts has none', async () => {
  const server = await serve(json({ status: 'OK' }))
  const listing = await listContracts('NONE', optionsOf(server.url))
  expect(listing).toEqual({ contracts: [], skipped: 0, pages: 1 })
})

test('the name of the underlying cannot add to the request', async () => {
  const server = await serve(json({ status: 'OK' }))
  await listContracts('A&limit=1#', optionsOf(server.url))
  expect(server.requests[0]?.path).toContain('underlying_ticker=A%26limit%3D1%23&')
})

test('a next_url on another origin is not followed', async () => {
  const foreign = await serve(page([]))
  const server = await serve(page([], `${foreign.url}/v3/next?cursor=${KEY}`))
  const listing = listContracts('SPX', optionsOf(server.url))
  await expect(listing).rejects.toThrow(`lies at ${foreign.url}/v3/next, expected ${server.url}`)
  await expect(listing).rejects.not.toThrow(KEY)
  expect(foreign.requests).toEqual([])
})

test('a next_url that is no URL of this server is not followed', async () => {
  for (const next of ['http://', 'file:///etc/passwd', '//other.invalid/x']) {
    const server = await serve(page([], next))
    await expect(listContracts('SPX', optionsOf(server.url))).rejects.toThrow('not followed')
  }
})

test('the two names of the vendor are one server, asked under the configured name', () => {
  const options = { baseUrl: 'https://api.massive.com', apiKey: KEY }
  expect(nextUrl('https://api.polygon.io/v3/x?cursor=a', options)).toBe(
    'https://api.massive.com/v3/x?cursor=a',
  )
  expect(() => nextUrl('https://api.polygon.io.example/v3/x', options)).toThrow('not followed')
  expect(() => nextUrl('http://api.massive.com/v3/x', options)).toThrow('not followed')
  const other = { baseUrl: 'https://rest.example', apiKey: KEY }
  expect(() => nextUrl('https://api.massive.com/v3/x', other)).toThrow('not followed')
})

test('a next_url that never ends is left after 200 pages', async () => {
  const server = await serve(page([row('O:SPX251219C06475000')], 'SELF/v3/again'))
  await expect(listContracts('SPX', optionsOf(server.url))).rejects.toThrow(
    /listing of SPX did not end after 200 pages \(1 contracts\)/,
  )
  expect(server.requests.length).toBe(200)
})

test.each([[[]], ['text'], [null], [{ results: 'none' }], [{ results: {} }]])(
  'an answer that is no page (%j) is told as such',
  async (body) => {
    const server = await serve(json(body))
    await expect(listContracts('SPX', optionsOf(server.url))).rejects.toThrow(
      /listing of SPX: expected \{"results": \[\.\.\.\]\}, came other JSON/,
    )
  },
)
