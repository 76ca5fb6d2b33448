import { afterEach, expect, test } from 'vitest'
import { parseContract } from '../../src/domain/contract.ts'
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

type Details = Readonly<Record<'contract_type' | 'exercise_style' | 'expiration_date', string>> & {
  readonly shares_per_contract: number
  readonly strike_price: number
  readonly ticker: string
}
type Row = {
  readonly details: Details
  readonly open_interest?: number
  readonly last_quote?: Readonly<Record<string, unknown>>
  readonly last_trade?: Readonly<Record<string, unknown>>
  readonly underlying_asset: Readonly<Record<string, unknown>>
}
type Body<T> = { readonly status: string; readonly results: T; readonly next_url?: string }

async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
  const source = { kind: 'synthetic', symbols: ['SPX', 'SPY'], seed: 3, rate: 2000 } as const
  simulator = await startSimulator({ source, ...options })
}

async function get<T>(path: string): Promise<Body<T>> {
  const url = path.startsWith('http') ? path : simulator.restUrl + path
  const response = await fetch(url, { headers: { authorization: 'Bearer key' } })
  return (await response.json()) as Body<T>
}

async function chain(path: string): Promise<Row[]> {
  const rows: Row[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const body: Body<Row[]> = await get(next)
    expect(body.results.length).toBeLessThanOrEqual(250)
    rows.push(...body.results)
    next = body.next_url
  }
  return rows
}

type Print = {
  readonly ev: string
  readonly sym: string
  readonly t: number
  readonly p: number
  readonly x: number
  readonly s: number
  readonly c?: readonly number[]
}
/** Prints that a client with `T.*`, and no quotes, has had. */
async function printed(count: number): Promise<Print[]> {
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  await client.subscribe('T.*')
  const prints = () => client.data.flatMap((text) => JSON.parse(text) as Print[])
  await expect.poll(() => prints().length, { timeout: 20_000 }).toBeGreaterThan(count)
  return prints()
}

test('the chain of an underlying, page by page, 10 contracts unless asked', async () => {
  await start()
  expect((await get<Row[]>('/v3/snapshot/options/SPY')).results.length).toBe(10)
  const rows = await chain('/v3/snapshot/options/SPX?limit=250')
  const tickers = rows.map((row) => row.details.ticker)
  expect(tickers.length).toBeGreaterThan(1500)
  expect(tickers).toEqual([...new Set(tickers)].sort())
  expect(await chain('/v3/snapshot/options/I:SPX?limit=250')).toEqual(rows)
  for (const { details, underlying_asset } of rows) {
    const contract = parseContract(details.ticker)!
    expect(details).toEqual({
      contract_type: contract.isCall ? 'call' : 'put',
      exercise_style: 'european',
      expiration_date: new Date(contract.expirationDay * 86_400_000).toISOString().slice(0, 10),
      shares_per_contract: 100,
      strike_price: contract.strikeMills / 1000,
      ticker: details.ticker,
    })
    expect(underlying_asset).toEqual({ ticker: 'I:SPX', value: 6500, timeframe: 'REAL-TIME' })
  }
  const some = await chain('/v3/snapshot/options/SPX?limit=50&strike_price=6500&contract_type=put')
  expect(some.length).toBeGreaterThan(5)
  expect(new Set(some.map(({ details }) => details.strike_price))).toEqual(new Set([6500]))
  expect((await get<Row[]>('/v3/snapshot/options/NONE')).results).toEqual([])
})

test('open interest is the same for a seed, mostly there, and higher at the money', async () => {
  await start()
  const path = '/v3/snapshot/options/SPY?limit=250'
  const first = await chain(path)
  await simulator.close()
  await start()
  const again = await chain(path)
  const interests = (rows: readonly Row[]) => rows.map((row) => row.open_interest)
  expect(interests(again)).toEqual(interests(first))
  await simulator.close()
  await start({ source: { kind: 'synthetic', symbols: ['SPX', 'SPY'], seed: 4 } })
  expect(interests(await chain(path))).not.toEqual(interests(first))
  const mean = (isWanted: (away: number, row: Row) => boolean) => {
    const found = first.filter((row) => isWanted(Math.abs(row.details.strike_price - 650), row))
    return found.reduce((sum, row) => sum + row.open_interest!, 0) / found.length
  }
  expect(mean((away) => away < 10)).toBeGreaterThan(2 * mean((away) => away > 30))
  const isRound = ({ details }: Row) => details.strike_price % 10 === 0
  expect(mean((_, row) => isRound(row))).toBeGreaterThan(2 * mean((_, row) => !isRound(row)))
  const none = first.filter((row) => row.open_interest === 0).length / first.length
  expect(none).toBeGreaterThan(0.02)
  expect(none).toBeLessThan(0.2)
  expect(first.every((row) => Number.isSafeInteger(row.open_interest))).toBe(true)
})

test('an adjusted series has other shares, in the snapshot and in the reference', async () => {
  await start()
  const rows = await chain('/v3/snapshot/options/SPY?limit=250')
  for (const { details, underlying_asset } of rows) {
    const isAdjusted = details.ticker.startsWith('O:SPY1') && details.ticker.length === 21
    expect(details.shares_per_contract, details.ticker).toBe(isAdjusted ? 10 : 100)
    expect(details.exercise_style).toBe('american')
    expect(underlying_asset).toEqual({ ticker: 'SPY', price: 650, timeframe: 'REAL-TIME' })
  }
  const adjusted = rows.find((row) => row.details.shares_per_contract === 10)!
  expect(parseContract(adjusted.details.ticker)).toMatchObject({ root: 'SPY1', underlying: 'SPY' })
  const path = `/v3/reference/options/contracts/${adjusted.details.ticker}`
  expect((await get<Details>(path)).results.shares_per_contract).toBe(10)
})

test('one contract alone is as it is in the chain; one that there is not, is not found', async () => {
  await start()
  const [row] = (await get<Row[]>('/v3/snapshot/options/SPX')).results
  const one = await get<Row>(`/v3/snapshot/options/I:SPX/${row!.details.ticker}`)
  expect(one.results).toEqual(row)
  for (const path of [`SPY/${row!.details.ticker}`, 'SPX/O:NONE', 'SPX/O%3ANONE']) {
    const url = `${simulator.restUrl}/v3/snapshot/options/${path}?apiKey=key`
    expect((await fetch(url)).status, path).toBe(404)
  }
  for (const path of ['SPX?limit=251', 'SPX?limit=0', '%E0%A4%A']) {
    const joint = path.includes('?') ? '&' : '?'
    const url = `${simulator.restUrl}/v3/snapshot/options/${path}${joint}apiKey=key`
    expect((await fetch(url)).status, path).toBe(400)
  }
})

test('the quote in force at a print is there though nobody has subscribed to quotes', async () => {
  await start({ source: { kind: 'synthetic', symbols: ['SPX', 'SPY'], rate: 300, cancels: 0 } })
  const isOrdinary = (print: Print) => print.c?.[0] === 209
  const prints = (await printed(150)).filter(isOrdinary).slice(0, 60)
  expect(prints.length).toBeGreaterThan(30)
  let inside = 0
  for (const { sym, t, p } of prints) {
    const path = `/v3/quotes/${sym}?timestamp.lte=${t}999999&order=desc&limit=1`
    const url = `${simulator.restUrl}${path}&apiKey=key`
    const text = await (await fetch(url)).text()
    expect(text).toMatch(/"sip_timestamp":\d{19}[,}]/)
    const { results } = JSON.parse(text) as Body<Record<string, number>[]>
    expect(results.length).toBe(1)
    const quote = results[0]!
    expect(quote.sip_timestamp).toBeLessThanOrEqual((t + 1) * 1e6)
    expect(quote.sip_timestamp).toBeGreaterThan((t - 2600) * 1e6)
    expect([quote.bid_exchange, quote.ask_exchange].every((id) => id! >= 300)).toBe(true)
    if (p >= quote.bid_price! - 0.11 && p <= quote.ask_price! + 0.11) inside++
  }
  expect(inside / prints.length).toBeGreaterThan(0.95)
})

test('the chain has the last quote and print of a contract, and the present price', async () => {
  await start({ clusters: ['options', 'stocks'] })
  const prints = await printed(3000)
  const print = prints.filter(({ sym }) => sym.startsWith('O:SPXW')).at(-1)!
  const { results } = await get<Row>(`/v3/snapshot/options/SPX/${print.sym}`)
  expect(results.last_trade).toEqual({
    conditions: expect.any(Array),
    exchange: 302,
    price: expect.any(Number),
    sip_timestamp: expect.any(Number),
    size: expect.any(Number),
    timeframe: 'REAL-TIME',
  })
  expect(results.last_trade!.sip_timestamp).toBeGreaterThanOrEqual(print.t * 1e6)
  const { bid, ask, midpoint, last_updated } = results.last_quote as Record<string, number>
  expect(bid).toBeLessThan(ask!)
  expect(midpoint).toBe((bid! + ask!) / 2)
  expect(last_updated).toBeGreaterThan((print.t - 60_000) * 1e6)
  // the plan has no indices: the price is that of a while ago
  const { timeframe, value } = results.underlying_asset
  expect({ timeframe, value }).toEqual({ timeframe: 'DELAYED', value: 6500 })
  const spy = async () => (await get<Row[]>('/v3/snapshot/options/SPY?limit=1')).results[0]!
  await expect.poll(async () => (await spy()).underlying_asset.price).not.toBe(650)
  expect((await spy()).underlying_asset.timeframe).toBe('REAL-TIME')
})

test('of a recording it has the contracts, their last quotes, and no open interest', async () => {
  const ticker = 'O:SPY261218C00650000'
  const quote = `{"ev":"Q","sym":"${ticker}","bx":302,"ax":308,"bp":1.2,"ap":1.3,"bs":5,"as":6,"t":7}`
  const open = async function* () {
    const bytes = Buffer.from(`[${quote},{"ev":"T","sym":"${ticker}","p":1,"s":1,"t":8}]`)
    yield [{ recv: NaN, clock: NaN, connection: 0, bytes, isBinary: false }]
  }
  await start({ source: { kind: 'tape', open, speed: 'max' } })
  const before = await get<Row[]>('/v3/snapshot/options/SPY')
  expect(before.results).toEqual([
    {
      details: {
        contract_type: 'call',
        exercise_style: 'american',
        expiration_date: '2026-12-18',
        shares_per_contract: 100,
        strike_price: 650,
        ticker,
      },
      underlying_asset: { ticker: 'SPY', timeframe: 'DELAYED' },
    },
  ])
  await printed(0)
  await simulator.finished
  const after = await get<Row>(`/v3/snapshot/options/SPY/${ticker}`)
  expect(after.results.last_quote).toEqual({
    ask: 1.3,
    ask_exchange: 308,
    ask_size: 6,
    bid: 1.2,
    bid_exchange: 302,
    bid_size: 5,
    last_updated: 7_055_433, // nanoseconds within the ms of the feed
    midpoint: 1.25,
    timeframe: 'REAL-TIME',
  })
  expect(after.results.last_trade).toMatchObject({ price: 1, size: 1, sip_timestamp: 8_999_999 })
})
