import { afterEach, expect, test } from 'vitest'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { Client, until } from './client.ts'

let simulator: Simulator
const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await simulator.close()
})

type Print = { ev: string; sym: string; t: number; q: number }
const eventsOf = (client: Client): Print[] =>
  client.data.flatMap((text) => JSON.parse(text) as Print[])

async function connect(): Promise<Client> {
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  return client
}

test('at full rate exactly so many prints come, each with a sequence of its own, in order', async () => {
  const prints = 150_001 // twice round and a bit
  simulator = await startSimulator({ source: { kind: 'synthetic', rate: 'max', prints } })
  const client = await connect()
  const before = Date.now()
  await client.subscribe('T.*')
  await simulator.finished
  await client.settled()
  const events = eventsOf(client)
  expect(events.length).toBe(prints)
  expect(simulator.stats()).toMatchObject({ prints, quotes: 0, slowKills: 0 })
  const latest = new Map<string, number>()
  let clock = before
  const wrong = events.filter(({ ev, sym, t, q }) => {
    const isRight = ev === 'T' && q > (latest.get(sym) ?? 0) && t >= clock
    latest.set(sym, q)
    clock = t
    return !isRight
  })
  expect(wrong).toEqual([])
  expect(clock).toBeLessThanOrEqual(Date.now())
})

test('quotes come along at full rate when they are asked for', async () => {
  simulator = await startSimulator({
    source: { kind: 'synthetic', rate: 'max', prints: 2000, quotesPerPrint: 1 },
    eventsPerFrame: 7,
  })
  const client = await connect()
  await client.subscribe('T.*')
  await simulator.finished
  await client.settled()
  const events = eventsOf(client)
  expect(events.filter((event) => event.ev === 'T').length).toBe(2000)
  expect(events.filter((event) => event.ev === 'Q').length).toBe(simulator.stats().quotes)
  expect(simulator.stats().quotes).toBeGreaterThan(1000)
  for (const text of client.data) expect(JSON.parse(text).length).toBeLessThanOrEqual(7)
})

test('a reader that stops stops the flood, and loses nothing', async () => {
  simulator = await startSimulator({ source: { kind: 'synthetic', rate: 'max', prints: 400_000 } })
  const client = await connect()
  await client.subscribe('T.*')
  await until(() => client.data.length > 10)
  client.socket.pause()
  await expect
    .poll(async () => {
      const before = simulator.stats().prints
      await new Promise((resolve) => setTimeout(resolve, 100))
      return simulator.stats().prints === before
    })
    .toBe(true)
  client.socket.resume()
  await simulator.finished
  await client.settled()
  expect(eventsOf(client).length).toBe(400_000)
})

test('a live tape is fresh, goes to those who asked, and bundles its events', async () => {
  simulator = await startSimulator({
    source: { kind: 'synthetic', rate: 3000, prints: 2000, symbols: ['SPY'] },
    eventsPerFrame: 5,
  })
  const client = await connect()
  const before = Date.now()
  await client.subscribe('T.*')
  await simulator.finished
  await client.settled()
  const events = eventsOf(client)
  expect(events.length).toBeGreaterThanOrEqual(2000)
  expect(new Set(events.map((event) => event.ev))).toEqual(new Set(['T']))
  const times = events.map((event) => event.t)
  expect(Math.max(...times)).toBeLessThanOrEqual(Date.now())
  expect(times.filter((time) => time >= before - 1000).length).toBeGreaterThan(1900)
  for (const text of client.data) expect(JSON.parse(text).length).toBeLessThanOrEqual(5)
})

test('quotes of a live tape come for the contracts that were asked for, ahead of their prints', async () => {
  simulator = await startSimulator({
    source: { kind: 'synthetic', rate: 3000, prints: 3000, symbols: ['SPY'] },
  })
  const answer = await fetch(
    `${simulator.restUrl}/v3/reference/options/contracts?limit=1000&apiKey=key`,
  )
  const { results } = (await answer.json()) as { results: { ticker: string }[] }
  const tickers = results.map((row) => row.ticker)
  const client = await connect()
  await client.subscribe(tickers.map((ticker) => `Q.${ticker},T.${ticker}`).join(','))
  await simulator.finished
  await client.settled()
  const quoted = new Set<string>()
  let prints = 0
  for (const event of eventsOf(client)) {
    expect(tickers).toContain(event.sym)
    if (event.ev === 'Q') quoted.add(event.sym)
    else expect(quoted).toContain(event.sym)
    if (event.ev === 'T') prints++
  }
  expect(prints).toBeGreaterThan(100)
})
