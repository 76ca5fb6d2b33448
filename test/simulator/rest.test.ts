import { afterEach, expect, test } from 'vitest'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/server.ts'
import { Client } from './client.ts'

let simulator: Simulator
const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await simulator.close()
})

const TICKER = 'O:SPY261218C00650000'
const T0 = 1_790_000_000_000

const print = (i: number, ticker = TICKER): string =>
  `{"ev":"T","sym":"${ticker}","x":302,"p":1.25,"s":${i + 1},"c":[209],"t":${T0 + i},"q":${i + 1}}`
const quote = (i: number): string =>
  `{"ev":"Q","sym":"${TICKER}","bx":302,"ax":308,"bp":1.2,"ap":1.3,"bs":5,"as":6,"t":${T0 + i},"q":${100 + i}}`

/** A simulator that has played these texts. */
async function played(
  texts: readonly string[],
  options: Partial<SimulatorOptions> = {},
): Promise<void> {
  const open = async function* (): AsyncGenerator<readonly RecordedFrame[]> {
    yield texts.map((text) => {
      const bytes = Buffer.from(text)
      return { recv: NaN, clock: NaN, connection: 0, bytes, isBinary: false }
    })
  }
  simulator = await startSimulator({ source: { kind: 'tape', open, speed: 'max' }, ...options })
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  await client.subscribe('T.*')
  await simulator.finished
}

type Body = {
  readonly status: string
  readonly results: readonly Readonly<Record<string, unknown>>[]
  readonly next_url?: string
  readonly error?: string
}

async function get(path: string, key = 'key'): Promise<{ response: Response; body: Body }> {
  const url = path.startsWith('http') ? path : simulator.restUrl + path
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
  return { response, body: JSON.parse(await response.text()) as Body }
}

async function getAll(path: string): Promise<Readonly<Record<string, unknown>>[]> {
  const rows: Readonly<Record<string, unknown>>[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const { body } = await get(next)
    rows.push(...body.results)
    next = body.next_url
  }
  return rows
}

test('lists the contracts of an underlying page by page', async () => {
  simulator = await startSimulator({ source: { kind: 'synthetic', symbols: ['SPX', 'QQQ'] } })
  const path = '/v3/reference/options/contracts?underlying_ticker=SPX&expired=false'
  const first = await get(`${path}&limit=1000`)
  expect(first.body.status).toBe('OK')
  expect(first.body.results.length).toBe(1000)
  expect(first.body.next_url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v3\/reference.*cursor=/)
  const rows = await getAll(`${path}&limit=1000`)
  const tickers = rows.map((row) => row.ticker as string)
  expect(new Set(tickers).size).toBe(rows.length)
  expect(rows.length).toBeGreaterThan(1500)
  expect(tickers.every((ticker) => /^O:SPXW?\d{6}[CP]\d{8}$/.test(ticker))).toBe(true)
  expect(new Set(rows.map((row) => row.underlying_ticker))).toEqual(new Set(['SPX']))
  expect((await get('/v3/reference/options/contracts')).body.results.length).toBe(10)
  const narrow = await getAll(`${path}&contract_type=put&strike_price.gte=6500&limit=1000`)
  expect(narrow.length).toBeGreaterThan(100)
  for (const row of narrow) {
    expect(row.contract_type).toBe('put')
    expect(row.strike_price).toBeGreaterThanOrEqual(6500)
  }
})

test('describes one contract, and says when there is none', async () => {
  simulator = await startSimulator({ source: { kind: 'synthetic', symbols: ['SPY'] } })
  const path = '/v3/reference/options/contracts?ticker.gte=O:SPY2'
  const [row] = (await get(path)).body.results
  const one = await get(`/v3/reference/options/contracts/${row!.ticker}`)
  expect(one.body.results).toEqual(row)
  expect(row).toMatchObject({ underlying_ticker: 'SPY', shares_per_contract: 100 })
  const none = await get('/v3/reference/options/contracts/O:NO')
  expect(none.response.status).toBe(404)
})

test('knows the contracts of a tape before it is played', async () => {
  const open = async function* (): AsyncGenerator<readonly RecordedFrame[]> {
    const bytes = Buffer.from(`[${print(0)},${print(1, 'O:NOTATICKER')}]`)
    yield [{ recv: NaN, clock: NaN, connection: 0, bytes, isBinary: false }]
  }
  simulator = await startSimulator({ source: { kind: 'tape', open, speed: 'max' } })
  const { body } = await get(
    '/v3/reference/options/contracts?underlying_ticker=SPY&as_of=2026-01-01',
  )
  expect(body.results.map((row) => row.ticker)).toEqual([TICKER])
  const later = await get('/v3/reference/options/contracts?underlying_ticker=SPY&as_of=2027-01-01')
  expect(later.body.results).toEqual([])
})

test('gives the trades of a contract as the vendor shapes them', async () => {
  await played([`[${print(0)},${quote(1)},${print(2)}]`, `[${print(3, 'O:QQQ261218C00650000')}]`])
  const { body } = await get(`/v3/trades/${TICKER}?order=asc`)
  expect(body.results[0]).toEqual({
    conditions: [209],
    exchange: 302,
    participant_timestamp: Number(`${T0}999999`),
    price: 1.25,
    sequence_number: 1,
    sip_timestamp: Number(`${T0}999999`),
    size: 1,
  })
  expect(body.results.map((row) => row.size)).toEqual([1, 3])
  expect(body.next_url).toBeUndefined()
  const latest = await get(`/v3/trades/${TICKER}`)
  expect(latest.body.results.map((row) => row.size)).toEqual([3, 1])
})

test('timestamps have nanoseconds within the ms of the feed, and all their digits', async () => {
  await played([`[${print(123)},${print(124)}]`])
  const response = await fetch(`${simulator.restUrl}/v3/trades/${TICKER}?apiKey=k`)
  const text = await response.text()
  const times = [...text.matchAll(/"sip_timestamp":(\d+)[,}]/g)].map(([, digits]) => digits)
  expect(times).toEqual(['1790000000124999999', expect.stringMatching(/^1790000000123\d{6}$/)])
  expect(times[1]).not.toBe('1790000000123000000')
})

test('pages through trades without a gap and without one twice', async () => {
  await played(Array.from({ length: 25 }, (_, i) => `[${print(2 * i)},${print(2 * i + 1)}]`))
  const rows = await getAll(`/v3/trades/${TICKER}?order=asc&limit=7`)
  expect(rows.map((row) => row.size)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  const ns = (i: number) => `${T0 + i}999999`
  const some = await getAll(`/v3/trades/${TICKER}?timestamp.gt=${ns(9)}&timestamp.lte=${ns(12)}`)
  expect(some.map((row) => row.size)).toEqual([13, 12, 11])
  const date = new Date(T0 + 40).toISOString()
  const late = await getAll(`/v3/trades/${TICKER}?timestamp.gte=${date}&order=asc`)
  expect(late.length).toBe(10)
})

test('finds the quote in force at a time', async () => {
  await played([`[${quote(0)},${quote(10)},${quote(20)}]`])
  const path = `/v3/quotes/${TICKER}?timestamp.lte=${T0 + 15}999999&order=desc&limit=1`
  expect((await get(path)).body.results).toEqual([
    {
      ask_exchange: 308,
      ask_price: 1.3,
      ask_size: 6,
      bid_exchange: 302,
      bid_price: 1.2,
      bid_size: 5,
      sequence_number: 110,
      sip_timestamp: expect.toSatisfy((ns: number) => Math.floor(ns / 1e6) === T0 + 10),
    },
  ])
})

test('has what was printed while the feed was silent', async () => {
  simulator = await startSimulator({
    source: { kind: 'synthetic', symbols: ['SPY'], rate: 2000 },
    faults: [{ name: 'silence', atMs: 0, durationMs: 60_000 }],
  })
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  await client.subscribe('T.*')
  await expect.poll(() => simulator.stats().prints, { timeout: 20_000 }).toBeGreaterThan(500)
  let found = 0
  for (const row of await getAll('/v3/reference/options/contracts?limit=1000')) {
    found += (await get(`/v3/trades/${row.ticker}?limit=50000`)).body.results.length
    if (found > 50) break
  }
  expect(found).toBeGreaterThan(50)
})

test('the tape goes on while nobody is connected', async () => {
  simulator = await startSimulator({
    source: { kind: 'synthetic', symbols: ['SPY'], rate: 2000 },
  })
  const client = new Client(simulator.wsUrl)
  await client.subscribe('T.*')
  await client.frames(10)
  client.socket.terminate()
  const left = Date.now()
  const { prints } = simulator.stats()
  await expect
    .poll(() => simulator.stats().prints, { timeout: 20_000 })
    .toBeGreaterThan(prints + 500)
  let found = 0
  for (const row of await getAll('/v3/reference/options/contracts?limit=1000')) {
    const path = `/v3/trades/${row.ticker}?timestamp.gte=${left}000000&limit=50000`
    found += (await get(path)).body.results.length
    if (found > 50) break
  }
  expect(found).toBeGreaterThan(50)
})

test('has what a test publishes, whoever hears it', async () => {
  simulator = await startSimulator({ source: { kind: 'none' } })
  simulator.publish(`[${print(0)},${quote(1)}]`)
  simulator.publish('no JSON')
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  await client.subscribe('T.*')
  simulator.publish(`[${print(2)}]`)
  await client.frames(4)
  expect(client.data).toHaveLength(1)
  const rows = await getAll(`/v3/trades/${TICKER}?order=asc`)
  expect(rows.map((row) => row.sequence_number)).toEqual([1, 3])
  expect(await getAll(`/v3/quotes/${TICKER}`)).toHaveLength(1)
})

test('refuses a request without the key, with a wrong limit, and an unknown path', async () => {
  await played([`[${print(0)}]`], { apiKey: 'key' })
  const wrong = await get(`/v3/trades/${TICKER}`, 'other')
  expect(wrong.response.status).toBe(401)
  expect(wrong.body).toMatchObject({ status: 'ERROR', error: 'Unknown API Key' })
  const byQuery = await fetch(`${simulator.restUrl}/v3/trades/${TICKER}?apiKey=key`)
  expect(byQuery.status).toBe(200)
  for (const query of ['limit=50001', 'limit=0', 'limit=x', 'timestamp.gte=soon', 'cursor=%7B']) {
    expect((await get(`/v3/trades/${TICKER}?${query}`)).response.status, query).toBe(400)
  }
  expect((await get('/v9/nothing')).response.status).toBe(404)
})

test('answers 429 with Retry-After before it answers', async () => {
  await played([`[${print(0)}]`], { faults: [{ name: 'rest429' }] })
  const answers = []
  for (let i = 0; i < 3; i++) answers.push((await get(`/v3/trades/${TICKER}`)).response)
  expect(answers.map((response) => response.status)).toEqual([429, 429, 200])
  expect(answers[0]?.headers.get('retry-after')).toBe('1')
})
