import type { ServerResponse } from 'node:http'
import { afterEach, expect, it, vi } from 'vitest'
import { EventColumns } from '../../src/reader/event-columns.ts'
import type { NbboAnswer } from '../../src/reader/evidence.ts'
import { NbboLookup, type NbboLookupOptions } from '../../src/reader/nbbo-lookup.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { KIND_PRINT, KIND_QUOTE } from '../../src/slab/event-slab.ts'
import { type Answer, json, startRest } from './rest-server.ts'

const KEY = 'must-stay/secret+1'
const AT = 1_718_371_800_123
const NO_SIDE = 9 // a condition set

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

const quote: Answer = json({
  results: [{ sip_timestamp: `${AT - 7}000000`, bid_price: 9.71, ask_price: 9.81, bid_size: 17 }],
})
const found = { time: AT - 7, bid: 9.71, ask: 9.81, bidSize: 17 }

async function setup(answers: Answer[], more: Partial<NbboLookupOptions> = {}) {
  const server = await startRest(answers)
  const got: NbboAnswer[] = []
  const warnings: string[] = []
  const lookup = new NbboLookup({
    baseUrl: server.url,
    apiKey: KEY,
    lookupPremium: 25_000,
    quoteMaxAgeMs: 5000,
    budget: new RestBudget(1000),
    tickerOf: (contract) => `O:C${contract}`,
    mayHaveSide: (set) => set !== NO_SIDE,
    onAnswer: (answer) => got.push(answer),
    onWarn: (message) => warnings.push(message),
    ...more,
  })
  cleanups.push(() => lookup.stop(), server.close)
  const answered = (count: number) => vi.waitFor(() => expect(got).toHaveLength(count), 4000)
  return { server, lookup, got, warnings, answered }
}

type Print = { contract?: number; time?: number; dollars?: number; set?: number }

function prints(...of: readonly Print[]): EventColumns {
  const columns = new EventColumns()
  for (const { contract = 1, time = AT, dollars = 25_000, set = 0 } of of) {
    const row = columns.append()
    columns.kind[row] = KIND_PRINT
    columns.contract[row] = contract
    columns.time[row] = time
    columns.priceA[row] = dollars // a hundredth of a cent each
    columns.sizeA[row] = 100
    columns.conditions[row] = set
  }
  return columns
}

function quoteOf(contract: number, time: number, bid = 100, ask = 200): EventColumns {
  const columns = new EventColumns()
  const row = columns.append()
  columns.kind[row] = KIND_QUOTE
  columns.contract[row] = contract
  columns.time[row] = time
  columns.priceA[row] = bid
  columns.priceB[row] = ask
  return columns
}

/** Times of the prints asked about. */
const timesOf = (got: readonly NbboAnswer[]) => got.map(({ at }) => at).sort((a, b) => a - b)

it('asks for a large print without a quote, and hands on what the vendor says', async () => {
  const { server, lookup, got, answered } = await setup([quote])
  lookup.see(prints({ contract: 3000 }))
  await answered(1)
  expect(got).toEqual([{ ticker: 'O:C3000', at: AT, quote: found }])
  expect(server.requests).toEqual([
    {
      path: `/v3/quotes/O:C3000?timestamp.lte=${AT}999999&order=desc&limit=1`,
      authorization: `Bearer ${KEY}`,
    },
  ])
  expect(lookup.requests).toEqual({ ok: 1, empty: 0, failed: 0, throttled: 0, over_budget: 0 })
})

it('asks for no print that is small, has a quote or cannot have a side', async () => {
  const { lookup, got, answered } = await setup([quote])
  lookup.see(prints({ dollars: 24_999 }, { set: NO_SIDE }))
  lookup.see(quoteOf(1, AT - 5000))
  lookup.see(prints({}))
  lookup.see(prints({ time: AT + 1 })) // the quote is too old
  lookup.see(quoteOf(1, AT + 10))
  lookup.see(prints({ time: AT + 9 })) // before the quote
  lookup.see(quoteOf(1, AT + 20, 200, 200))
  lookup.see(prints({ time: AT + 30 })) // locked
  await answered(3)
  expect(timesOf(got)).toEqual([AT + 1, AT + 9, AT + 30])
})

it('takes the shares of a contract into the premium, and asks nothing with a threshold of 0', async () => {
  const { lookup, got, answered } = await setup([quote])
  lookup.setMultiplier(1, 10)
  lookup.setMultiplier(2, 150)
  lookup.see(prints({ contract: 1, dollars: 249_999 }, { contract: 2, dollars: 16_667 }))
  await answered(1)
  expect(got[0]!.ticker).toBe('O:C2')
  const none = await setup([quote], { lookupPremium: 0 })
  none.lookup.see(prints({ dollars: 1_000_000 }))
  lookup.see(prints({ contract: 3 }))
  await answered(2)
  expect(none.server.requests).toEqual([])
})

it('asks once for all prints of a contract in one ms', async () => {
  const held: ServerResponse[] = []
  const { server, lookup, got, answered } = await setup([(response) => held.push(response)])
  lookup.see(prints({}, {}, { contract: 2 }, { time: AT + 1 }))
  lookup.see(prints({}))
  await vi.waitFor(() => expect(held).toHaveLength(3))
  lookup.see(prints({}))
  for (const response of held) response.end('{"results":[]}')
  await answered(3)
  expect(server.requests).toHaveLength(3)
  expect(got.every((answer) => answer.quote === null)).toBe(true)
  expect(lookup.requests.empty).toBe(3)
  lookup.see(prints({})) // the answer is on its way: this is another question
  await vi.waitFor(() => expect(held).toHaveLength(4))
})

it('never answers while it is shown a frame, not even what it cannot ask', async () => {
  let isSeeing = false
  const within: boolean[] = []
  const { lookup } = await setup([quote], {
    budget: new RestBudget(1),
    onAnswer: () => within.push(isSeeing),
  })
  isSeeing = true
  lookup.see(prints(...Array.from({ length: 400 }, (_, i) => ({ contract: i }))))
  isSeeing = false
  await vi.waitFor(() => expect(within.length).toBeGreaterThan(140))
  expect(within).not.toContain(true)
  expect(lookup.requests.over_budget).toBeGreaterThanOrEqual(400 - 256)
})

it('answers each ask once, with nothing where the budget did not reach', async () => {
  let now = 0
  const { server, lookup, got, answered } = await setup([quote], {
    budget: new RestBudget(3, () => now),
    now: () => now,
  })
  lookup.see(prints(...[1, 2, 3, 4, 5].map((contract) => ({ contract }))))
  await answered(3)
  now = 901 // those that wait have waited too long
  await answered(5)
  expect(got.map((answer) => answer.quote)).toEqual([found, found, found, null, null])
  expect(new Set(got.map(({ ticker }) => ticker)).size).toBe(5)
  expect(server.requests).toHaveLength(3)
  expect(lookup.requests).toMatchObject({ ok: 3, over_budget: 2 })
})

it('asks for what waits as soon as the budget allows', async () => {
  let now = 0
  const { lookup, answered } = await setup([quote], {
    budget: new RestBudget(2, () => now),
    now: () => now / 10,
  })
  lookup.see(prints({ contract: 1 }, { contract: 2 }, { contract: 3 }))
  await answered(2)
  now = 1000
  await answered(3)
  expect(lookup.requests).toMatchObject({ ok: 3, over_budget: 0 })
})

it('has at most 16 requests under way', async () => {
  const held: ServerResponse[] = []
  const { server, lookup, answered } = await setup([(response) => held.push(response)])
  lookup.see(prints(...Array.from({ length: 20 }, (_, i) => ({ contract: i }))))
  await vi.waitFor(() => expect(held).toHaveLength(16))
  held[0]!.end('{}')
  await answered(1)
  await vi.waitFor(() => expect(held).toHaveLength(17))
  for (const response of held) response.end('{}')
  await vi.waitFor(() => expect(held).toHaveLength(20))
  for (const response of held) response.end('{}')
  await answered(20)
  expect(server.requests).toHaveLength(20)
})

it.each<[string, Answer, RegExp]>([
  ['500', json({ error: `no, ${KEY}` }, 500), /came 500/],
  ['403', json({ message: 'not entitled' }, 403), /came 403.*not entitled/],
  ['garbage', (response) => response.end('<html>'), /expected JSON/],
  ['a hang', () => {}, /no complete answer after 900 ms/],
])('a server that answers with %s is given a rest after five failures', async (_, bad, words) => {
  let now = 0
  const answers = [bad, bad, bad, bad, bad, bad, quote]
  const { server, lookup, got, warnings, answered } = await setup(answers, { now: () => now })
  lookup.see(prints(...[1, 2, 3, 4, 5].map((contract) => ({ contract }))))
  await answered(5)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(words)
  expect(warnings[0]).not.toContain(KEY)
  lookup.see(prints({ contract: 6 }, { contract: 7 }))
  await answered(7)
  expect(server.requests).toHaveLength(5)
  expect(lookup.requests).toMatchObject({ failed: 7 })
  now = 30_000
  lookup.see(prints({ contract: 8 }, { contract: 9 })) // one tries, and fails for both
  await answered(9)
  expect(server.requests).toHaveLength(6)
  now = 60_000
  lookup.see(prints({ contract: 10 }, { contract: 11 }))
  await answered(11)
  expect(got.filter((answer) => answer.quote !== null)).toHaveLength(2)
  expect(warnings.slice(1)).toEqual(['NBBO lookups work again'])
})

it('asks nothing for as long as the vendor asks for', async () => {
  let now = 0
  const slow = json({ error: 'slow down' }, 429, { 'retry-after': '2' })
  const { server, lookup, got, warnings, answered } = await setup([slow, quote], {
    now: () => now,
  })
  lookup.see(prints({ contract: 1 }))
  await answered(1)
  now = 1999
  lookup.see(prints({ contract: 2 }))
  await answered(2)
  expect(lookup.requests).toMatchObject({ throttled: 2 })
  now = 2000
  lookup.see(prints({ contract: 3 }))
  await answered(3)
  expect(server.requests).toHaveLength(2)
  expect(got.map((answer) => answer.quote)).toEqual([null, null, found])
  expect(warnings).toHaveLength(2)
})

it('gives no answer once it is stopped, and leaves the server', async () => {
  const left = Promise.withResolvers<void>()
  const { server, lookup, got, warnings } = await setup([
    (response) => response.on('close', () => left.resolve()),
  ])
  lookup.see(prints(...Array.from({ length: 30 }, (_, i) => ({ contract: i }))))
  await vi.waitFor(() => expect(server.requests).toHaveLength(16))
  lookup.stop()
  await left.promise
  lookup.see(prints({ contract: 40 }))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(server.requests).toHaveLength(16)
  expect([got, warnings]).toEqual([[], []])
})
