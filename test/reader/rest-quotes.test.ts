import { afterEach, expect, test } from 'vitest'
import { RestError } from '../../src/reader/rest.ts'
import { fetchNbbo } from '../../src/reader/rest-quotes.ts'
import { type Answer, json, type RestServer, startRest } from './rest-server.ts'

const KEY = 'must-stay/secret+1'
const TICKER = 'O:SPY240614C00500000'
const AT = 1_718_371_800_123

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function ask(answer: Answer) {
  const server: RestServer = await startRest([answer])
  cleanups.push(server.close)
  const options = { baseUrl: server.url, apiKey: KEY, triesMax: 1, timeoutMs: 2000 }
  const outcome = await fetchNbbo(TICKER, AT, options).catch((error: unknown) => error)
  return { outcome, requests: server.requests }
}

/** A body whose whole numbers JSON.stringify could not write. */
function text(body: string): Answer {
  return (response) => response.end(body)
}

const row = (nanoseconds: string): string =>
  `{"status":"OK","results":[{"ask_exchange":323,"ask_price":9.81,"ask_size":24,` +
  `"bid_exchange":316,"bid_price":9.71,"bid_size":17,"sip_timestamp":${nanoseconds}}]}`

test('asks for the last quote up to the last ns of the ms, with the key in the header', async () => {
  const { outcome, requests } = await ask(text(row(`${AT - 5}346243`)))
  expect(requests).toEqual([
    {
      path: `/v3/quotes/${TICKER}?timestamp.lte=1718371800123999999&order=desc&limit=1`,
      authorization: `Bearer ${KEY}`,
    },
  ])
  expect(outcome).toEqual({
    time: AT - 5,
    bid: 9.71,
    ask: 9.81,
    bidSize: 17,
    askSize: 24,
    bidExchange: 316,
    askExchange: 323,
  })
})

test.each([
  ['1718371800123000000', AT],
  ['1718371800123999999', AT], // as a number this would be the next ms
  ['1718371800122999999', AT - 1],
  ['1718371800122999936', AT - 1],
  ['"1718371800122999999"', AT - 1],
])('sip_timestamp %s is ms %i', async (nanoseconds, ms) => {
  expect((await ask(text(row(nanoseconds)))).outcome).toMatchObject({ time: ms })
})

test('knows that there is no quote', async () => {
  expect((await ask(json({ status: 'OK', results: [] }))).outcome).toBeNull()
  expect((await ask(json({ status: 'OK', results: null }))).outcome).toBeNull()
  expect((await ask(json({ status: 'OK' }))).outcome).toBeNull()
})

test('leaves out sizes and exchanges that are not there or are none', async () => {
  const results = [
    { sip_timestamp: `${AT}000000`, bid_price: 0, ask_price: '0.05', bid_size: 1.5, ask_size: -1 },
  ]
  expect((await ask(json({ results }))).outcome).toEqual({ time: AT, bid: 0, ask: 0.05 })
})

test.each([
  ['a quote of the next ms', row('1718371800124000000')],
  ['no time', row('null')],
  ['a time in ms', row(String(AT))],
  ['a fraction', row('1.718371800123e18')],
  ['no bid', row('1718371800123000000').replace('bid_price', 'bid')],
  ['a negative ask', row('1718371800123000000').replace('9.81', '-9.81')],
  ['a row that is none', '{"results":[null]}'],
  ['results that are no list', '{"results":{"x":1}}'],
  ['no JSON', '<html>'],
  ['another JSON', '[1'],
])('%s is an error that says what was expected', async (_name, body) => {
  const { outcome } = await ask(text(body))
  expect(outcome).toBeInstanceOf(RestError)
  expect(String(outcome)).toMatch(/expected .+, came /)
  expect(String(outcome)).not.toContain(KEY)
})
