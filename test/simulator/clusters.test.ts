import { afterEach, expect, test } from 'vitest'
import type { Cluster } from '../../src/simulator/clusters.ts'
import { parseFault } from '../../src/simulator/faults.ts'
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/server.ts'
import { Client, until } from './client.ts'

let simulator: Simulator
const clients: Client[] = []

async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
  const source = { kind: 'synthetic', symbols: ['SPX', 'SPY', 'QQQ'], rate: 300 } as const
  simulator = await startSimulator({ source, ...options })
}
function connect(cluster: Cluster): Client {
  const client = new Client(simulator.wsUrl.replace('/options', `/${cluster}`))
  clients.push(client)
  return client
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await simulator.close()
})

type Bar = {
  readonly ev: string
  readonly sym: string
  readonly s: number
  readonly e: number
  readonly v: number
  readonly av: number
} & Readonly<Record<'op' | 'vw' | 'o' | 'c' | 'h' | 'l' | 'a' | 'z', number>>
type Value = {
  readonly ev: string
  readonly val: number
  readonly T: string
  readonly t: number
}
const eventsOf = <T>(client: Client): T[] => client.data.flatMap((text) => JSON.parse(text) as T[])

async function received(client: Client, count: number): Promise<void> {
  await until(() => eventsOf(client).length >= count)
}

test('stocks have a bar for each second that is over, those of one symbol in a row', async () => {
  await start()
  const before = Date.now()
  const client = connect('stocks')
  await client.subscribe('A.SPY')
  await received(client, 3)
  const bars = eventsOf<Bar>(client)
  let volume = 0
  for (const [i, bar] of bars.entries()) {
    expect([bar.ev, bar.sym]).toEqual(['A', 'SPY'])
    expect(bar.e - bar.s).toBe(1000)
    expect(bar.s % 1000).toBe(0)
    expect(bar.s).toBeGreaterThan(before - 2000)
    expect(bar.e).toBeLessThanOrEqual(Date.now())
    if (i > 0) expect(bar.s).toBeGreaterThan(bars[i - 1]!.s)
    expect(bar.l).toBeLessThanOrEqual(Math.min(bar.o, bar.c, bar.vw))
    expect(bar.h).toBeGreaterThanOrEqual(Math.max(bar.o, bar.c, bar.vw))
    expect(Math.abs(bar.c - 650)).toBeLessThan(65)
    expect(bar.v).toBeGreaterThan(0)
    if (i > 0) expect(bar.av).toBe(volume + bar.v)
    volume = bar.av
  }
})

test('a star is all stocks, and no index; indices have values', async () => {
  await start()
  const stocks = connect('stocks')
  const indices = connect('indices')
  await stocks.subscribe('A.*')
  await indices.subscribe('V.I:SPX,V.I:NONE,A.*')
  await received(stocks, 4)
  await received(indices, 4)
  expect(new Set(eventsOf<Bar>(stocks).map((bar) => bar.sym))).toEqual(new Set(['SPY', 'QQQ']))
  for (const value of eventsOf<Value>(indices)) {
    expect(value).toEqual({ ev: 'V', val: expect.any(Number), T: 'I:SPX', t: expect.any(Number) })
    expect(Math.abs(value.val - 6500)).toBeLessThan(650)
    expect(Math.abs(value.t - Date.now())).toBeLessThan(60_000)
  }
  const times = eventsOf<Value>(indices).map((value) => value.t)
  expect(new Set(times).size).toBe(times.length)
})

test('the prices are those of the market that the options are printed from', async () => {
  await start({ clusters: ['options', 'stocks', 'indices'] })
  const indices = connect('indices')
  await indices.subscribe('V.*')
  const options = connect('options')
  await options.subscribe('T.*')
  const values = () => eventsOf<Value>(indices).map((value) => value.val)
  await expect.poll(() => new Set(values()).size, { timeout: 20_000 }).toBeGreaterThan(2)
})

test('a topic that is given back falls silent', async () => {
  await start()
  const client = connect('indices')
  await client.subscribe('V.*')
  await received(client, 1)
  client.send('unsubscribe', 'V.*')
  await until(() => client.data.some((text) => text.includes('unsubscribed to: V.*')))
  const other = connect('stocks')
  await other.subscribe('A.*')
  const before = eventsOf(client).length
  await received(other, 2)
  expect(eventsOf(client).length).toBe(before)
})

test('each cluster acknowledges its own channels only', async () => {
  await start()
  const [stocks, indices] = [connect('stocks'), connect('indices')]
  await stocks.subscribe('T.SPY,Q.*,V.I:SPX,AM.SPY')
  await indices.subscribe('T.I:SPX,AM.I:SPX,A.*')
  const answers = (client: Client) =>
    (JSON.parse(client.texts[2]!) as { message: string }[]).map(({ message }) => message)
  const subscribed = (...topics: readonly string[]) => topics.map((t) => `subscribed to: ${t}`)
  expect(answers(stocks)).toEqual(subscribed('T.SPY', 'Q.*', 'AM.SPY'))
  expect(answers(indices)).toEqual(subscribed('AM.I:SPX', 'A.*'))
})

test('connections are counted by cluster', async () => {
  await start()
  const all = [connect('options'), connect('stocks'), connect('indices')]
  for (const client of all) await client.subscribe('A.*')
  for (const client of all) {
    await client.settled()
    expect(client.closeCode).toBe(0)
  }
  const second = connect('stocks')
  await second.subscribe('A.*')
  expect(await second.closed()).toBe(1008)
  expect(second.texts.at(-1)).toContain('max_connections')
})

test('a cluster that the plan does not have refuses the key in the words of the vendor', async () => {
  await start({ clusters: ['options', 'indices'] })
  const stocks = connect('stocks')
  await stocks.frames(1)
  stocks.send('auth', 'key')
  expect(await stocks.closed()).toBe(1006)
  expect(JSON.parse(stocks.texts[1]!)).toEqual([
    {
      ev: 'status',
      status: 'auth_failed',
      message:
        "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade.",
    },
  ])
  const indices = connect('indices')
  await indices.subscribe('V.*')
  await received(indices, 1)
})

test('a recording has no underlyings: acknowledged, and silent', async () => {
  const open = async function* () {
    const bytes = Buffer.from('[{"ev":"T","sym":"O:SPY261218C00650000","p":1,"s":1,"t":5}]')
    yield [{ recv: NaN, clock: NaN, connection: 0, bytes, isBinary: false }]
  }
  await start({ source: { kind: 'tape', open, speed: 'max' } })
  const stocks = connect('stocks')
  await stocks.subscribe('A.*')
  expect(stocks.texts[2]).toContain('subscribed to: A.*')
  const options = connect('options')
  await options.subscribe('T.*')
  await simulator.finished
  await new Promise((resolve) => setTimeout(resolve, 1200)) // longer than a bar
  await stocks.settled()
  expect(stocks.data).toEqual([])
  expect(options.data.length).toBe(1)
})

test('subscribers of underlyings do not start the tape, and its faults strike them too', async () => {
  await start({ faults: [parseFault('drop@10ms')] })
  const stocks = connect('stocks')
  await stocks.subscribe('A.*')
  await received(stocks, 2)
  expect(simulator.stats().prints).toBe(0)
  const options = connect('options')
  await options.subscribe('T.*')
  expect([await stocks.closed(), await options.closed()]).toEqual([1006, 1006])
})
