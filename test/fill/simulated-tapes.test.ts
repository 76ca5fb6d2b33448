import { afterEach, expect, test } from 'vitest'
import type { TapeAsker } from '../../src/fill/rest-pages.ts'
import { fetchQuotes } from '../../src/fill/rest-quote-range.ts'
import { fetchTrades } from '../../src/fill/rest-trades.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { parseFault } from '../../src/simulator/faults.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { Client } from '../simulator/client.ts'

type Event = {
  readonly ev: string
  readonly sym: string
  readonly x: number
  readonly p: number
  readonly s: number
  readonly c?: readonly number[]
  readonly t: number
  readonly q: number
}

let simulator: Simulator
const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await simulator.close()
})

async function connect(topics: string): Promise<Client> {
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  await client.subscribe(topics)
  return client
}

const eventsOf = (client: Client): Event[] =>
  client.data.flatMap((text) => JSON.parse(text) as Event[]).filter(({ ev }) => ev === 'T')

function askerOf(): TapeAsker {
  return {
    rest: { baseUrl: simulator.restUrl, apiKey: 'key', retryMinMs: 1 },
    budget: new RestBudget(1000),
    priority: 'lookup',
    onProblem: (problem) => {
      throw new Error(problem)
    },
  }
}

/** A late print comes after others of a later time: the feed may not have brought it yet. */
const isOnTime = ({ c = [] }: { readonly c?: readonly number[] }): boolean =>
  !c.some((id) => [202, 204, 206, 208].includes(id))

const never = new AbortController().signal

test('the tape of a contract has each print as the feed had it, and those of a cut connection', async () => {
  simulator = await startSimulator({
    source: { kind: 'synthetic', symbols: ['SPY'], rate: 2000 },
    maxConnections: 2,
    faults: [parseFault('rest429')],
  })
  const begun = Date.now()
  const [whole, cut] = [await connect('T.*'), await connect('T.*')]
  await expect.poll(() => eventsOf(cut).length, { timeout: 20_000 }).toBeGreaterThan(300)
  cut.socket.terminate()
  const cutAt = eventsOf(cut).length
  await expect.poll(() => eventsOf(whole).length, { timeout: 20_000 }).toBeGreaterThan(cutAt + 500)
  const until = eventsOf(whole).at(-1)!.t
  await expect.poll(() => eventsOf(whole).at(-1)!.t).toBeGreaterThan(until)
  await whole.settled()
  const prints = eventsOf(whole).filter(
    (print) => print.t >= begun && print.t <= until && isOnTime(print),
  )
  const counts = new Map<string, number>()
  for (const { sym } of prints) counts.set(sym, (counts.get(sym) ?? 0) + 1)
  const busiest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 20)
  const had = new Set(eventsOf(cut).map(({ sym, q }) => `${sym} ${q}`))
  let missed = 0
  const check = async (ticker: string): Promise<void> => {
    const tape = await fetchTrades(askerOf(), ticker, begun, until, never)
    const sent = prints
      .filter(({ sym }) => sym === ticker)
      .toSorted((a, b) => a.t - b.t || a.q - b.q)
      .map(({ t, p, s, x, c = [], q }) => ({ t, p, s, x, c, q }))
    expect(tape.prints.filter(isOnTime)).toEqual(sent)
    missed += tape.prints.filter(({ q }) => !had.has(`${ticker} ${q}`)).length
  }
  await Promise.all(busiest.map(([ticker]) => check(ticker)))
  expect(missed).toBeGreaterThan(20)
})

test('the quotes of a span are those in it, in order, none of them sent to anybody', async () => {
  simulator = await startSimulator({ source: { kind: 'synthetic', symbols: ['SPY'], rate: 2000 } })
  const client = await connect('T.*')
  await expect.poll(() => eventsOf(client).length, { timeout: 20_000 }).toBeGreaterThan(500)
  const { sym, t } = eventsOf(client).find(({ c }) => c?.[0] === 209)!
  const { quotes, isWhole } = await fetchQuotes(askerOf(), sym, t - 5000, t, never)
  expect(isWhole).toBe(true)
  expect(quotes.length).toBeGreaterThan(0)
  const times = quotes.map((quote) => quote.t)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  for (const quote of quotes) {
    expect(quote.t).toBeLessThanOrEqual(t)
    expect(quote.bp).toBeLessThan(quote.ap)
    expect(quote.bs).toBeGreaterThan(0)
  }
})
