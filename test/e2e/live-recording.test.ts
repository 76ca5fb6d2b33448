import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { Random } from '../../src/simulator/random.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { json, type RestServer, startRest } from '../reader/rest-server.ts'
import { startVendor, type Vendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, FlowProcess, flow, imbalance, killLeftovers } from './flow-process.ts'
import { quote, SECRET_KEY, trade } from './prints.ts'
import { rowTexts, tradeTypes } from './table.ts'

const SYMBOLS = ['QQQ', 'SPX', 'SPY']
const STRIKES = [100, 200, 300]
const W_MS = 300

let postgres: TestPostgres
let vendor: Vendor
let rest: RestServer
let folder: string
beforeAll(async () => {
  postgres = await startTestPostgres()
  rest = await startRest([
    (response, request) => {
      const symbol = new URL(request.url ?? '', 'http://x').searchParams.get('underlying_ticker')
      const results = STRIKES.map((strike) => ({ ticker: ticker(symbol ?? '', strike) }))
      json({ status: 'OK', results })(response, request)
    },
  ])
})
afterEach(async () => {
  await killLeftovers()
  await vendor.close()
  rmSync(folder, { recursive: true, force: true })
})
afterAll(async () => {
  await rest.close()
  await postgres.stop()
})

const ticker = (symbol: string, strike: number) => `O:${symbol}271217C00${strike}000`

/**
 * One frame of an underlying: quotes, then prints on, in and outside of them, cancels and
 * doubles.
 */
function frameOf(symbol: string, random: () => number): object[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const events: object[] = []
  let last: object | undefined
  for (let i = 0; i < 12; i++) {
    const strike = pick(STRIKES)
    const sym = ticker(symbol, strike)
    if (random() < 0.3) events.push(quote({ sym }))
    const over = {
      sym,
      x: strike === 100 ? 302 : pick([302, 304, 313, 316]), // on one venue there are splits
      p: pick([1.5, 1.6, 1.6, 1.6, 1.55, 1.7]),
      s: pick([1, 3, 10, 25, 60, 450, 700]),
      c: pick([undefined, [209], [219], [232], [202]]),
    }
    if (last !== undefined && random() < 0.05) events.push(last)
    last = last !== undefined && random() < 0.05 ? trade({ ...last, c: [201] }) : trade(over)
    events.push(last)
  }
  return events
}

/** To everybody who has asked for the underlying. */
function broadcast(symbol: string, events: object[]): void {
  for (const peer of vendor.peers) {
    if (peer.ws.readyState !== peer.ws.OPEN) continue
    const topics = peer.topics()
    if (topics.some((topic) => topic === 'T.*' || topic.startsWith(`T.O:${symbol}`))) {
      peer.send(...events)
    }
  }
}

/** Waits until so many connections, those that have ended included, have asked for their topics. */
async function subscribed(connections: number): Promise<void> {
  await eventually('all connections', () => {
    return vendor.peers.filter(({ said }) => said.length > 1).length === connections
  })
}

it.each([1, 3])('the recording of %i connections replays to the rows of the engine', async (n) => {
  folder = mkdtempSync(join(tmpdir(), 'flow-recording-'))
  vendor = await startVendor([(peer) => peer.accept()])
  const url = await postgres.freshDatabase()
  const settings = { FLOW_SYMBOLS: SYMBOLS.join(','), FLOW_SWEEP_WINDOW_MS: `${W_MS}` }
  const feed = {
    ...settings,
    FLOW_FEED_URL: vendor.url,
    FLOW_REST_URL: rest.url,
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_SUBSCRIBE: n === 1 ? 'wildcard' : 'contracts',
    FLOW_SYMBOLS_PER_CONNECTION: '1',
    FLOW_QUOTES_PER_CONNECTION: '0',
    FLOW_RECONNECT_MIN_MS: '500',
  }
  const engine = new Engine({ DATABASE_URL: url, ...feed })
  const recorder = new FlowProcess(['record', '--dir', folder], feed)
  await subscribed(2 * n)
  const seeded = new Random(20_260_918)
  const random = () => seeded.next()
  let prints = 0
  const send = (symbol: string, events: object[]) => {
    prints += events.filter((event) => (event as { ev: string }).ev === 'T').length
    broadcast(symbol, events)
  }
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 20; i++) {
      for (const symbol of SYMBOLS) send(symbol, frameOf(symbol, random))
      await sleep(5)
    }
    // quiet for longer than two windows: the reading clock closes them
    if (round % 2 === 0) await sleep(3 * W_MS)
    if (round === 3) {
      // a leg, a drop of every connection for longer than two windows, the other leg
      const sym = ticker('SPY', 300)
      const t = Date.now()
      send('SPY', [quote({ sym, t }), trade({ sym, t, p: 1.6, x: 302, c: undefined, s: 91 })])
      await engine.received(prints)
      await sleep(50)
      for (const peer of vendor.peers) peer.socket.destroy()
      await subscribed(4 * n)
      send('SPY', [trade({ sym, t: t + 200, p: 1.6, x: 313, c: undefined, s: 92 })])
    }
  }
  await engine.received(prints)
  await eventually('all windows closed', async () => (await engine.stats()).held === 0)
  const account = await engine.drain()
  expect(await recorder.kill('SIGTERM')).toBe(0)
  expect([imbalance(account), account.received]).toEqual([0, prints])
  const types = await tradeTypes(url)
  expect(Object.keys(types)).toEqual(['BLOCK', 'LARGE', 'REGULAR', 'SPLIT', 'SWEEP'])
  expect(account.duplicate).toBeGreaterThan(0)
  expect(account.cancelled).toBeGreaterThan(0)

  // the two have read the same frames, each with receive times of its own
  const without = ['received_at']
  const live = await rowTexts(url, without)
  expect(live.filter((row) => /"size": 9[12],/.test(row) && row.includes('SWEEP'))).toHaveLength(2)
  const [file, ...more] = readdirSync(folder)
  expect(more).toEqual([])
  for (const [shards, speed] of [
    ['1', 'max'],
    ['4', '10'],
  ] as const) {
    const again = await postgres.freshDatabase()
    const run = await flow(['replay', join(folder, file!), '--speed', speed], {
      DATABASE_URL: again,
      FLOW_SHARDS: shards,
      ...settings,
    })
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(run.account).toEqual(account)
    expect(await rowTexts(again, without)).toEqual(live)
  }
})
