import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { type Account, eventually, imbalance, killLeftovers } from './flow-process.ts'
import { trade } from './prints.ts'
import { SwitchedProxy } from './switched-proxy.ts'
import { countRows } from './table.ts'

/** Far above what an engine of two shards needs, far below what an endless queue would take. */
const RSS_GROWTH_MIB_MAX = 400

let postgres: TestPostgres
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(() => postgres.stop())

async function proxied(): Promise<{ proxy: SwitchedProxy; url: string }> {
  const url = await postgres.freshDatabase()
  const proxy = new SwitchedProxy(url)
  await proxy.up()
  cleanups.push(() => proxy.down())
  return { proxy, url }
}

async function flood(prints: number, rate: number | 'max' = 'max'): Promise<Simulator> {
  const simulator = await startSimulator({
    source: { kind: 'synthetic', seed: 11, rate, prints },
    slowBytesMax: 2 * 1024 * 1024,
  })
  cleanups.push(() => simulator.close())
  return simulator
}

/** Resident memory of the engine's process, MiB. */
function rssMib(engine: Engine): number {
  const status = readFileSync(`/proc/${engine.child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024
}

/** Each print that counts as stored is in the table once, but for those that a cancel took out. */
async function expectExactlyOnce(url: string, account: Account): Promise<void> {
  expect(imbalance(account)).toBe(0)
  const [removed] = await query<{ n: string }>(
    url,
    'SELECT count(*) AS n FROM flow_cancels WHERE was_stored',
  )
  expect(await countRows(url)).toBe(account.stored - Number(removed!.n))
  const [twice] = await query<{ n: string }>(
    url,
    `SELECT count(*) - count(DISTINCT (contract_ticker, arrival, timestamp)) AS n
     FROM options_flow_history`,
  )
  expect(twice!.n).toBe('0')
}

describe('a database that is away at the start', () => {
  it('is waited for with a clear line; the engine starts when it appears', async () => {
    const vendor = await startVendor([(peer) => peer.accept()])
    cleanups.push(() => vendor.close())
    const { proxy, url } = await proxied()
    await proxy.down()
    const engine = new Engine({
      DATABASE_URL: proxy.url,
      FLOW_FEED_URL: vendor.url,
      FLOW_SYMBOLS: 'SPY',
    })
    const waiting = await eventually('the line', () =>
      engine.lines.find(({ msg }) => msg.startsWith('waiting for the database')),
    )
    expect(waiting.msg).toContain('ECONNREFUSED')
    expect(waiting.msg).toContain(new URL(proxy.url).port)
    expect(engine.said).not.toContain(new URL(url).password)
    expect((await engine.get('/healthz')).status).toBe(200)
    const readiness = await engine.get('/readyz')
    expect(readiness.status).toBe(503)
    expect(JSON.parse(readiness.body).error).toEqual(expect.any(String))
    // nothing is read before it can be stored
    expect(vendor.peers).toHaveLength(0)

    await proxy.up()
    await engine.ready()
    vendor.peers[0]!.send(trade())
    await engine.received(1)
    expect((await engine.drain()).stored).toBe(1)
    expect(await countRows(url)).toBe(1)
  })

  it('does not keep a signal waiting', async () => {
    const { proxy } = await proxied()
    await proxy.down()
    const engine = new Engine({ DATABASE_URL: proxy.url, FLOW_FEED_URL: 'ws://127.0.0.1:9/x' })
    await eventually('the line', () =>
      engine.lines.find(({ msg }) => msg.startsWith('waiting for the database')),
    )
    expect(await engine.kill('SIGTERM')).toBe(0)
  })
})

describe('a database that goes away under load', () => {
  it('slows the socket: memory stays bounded, nothing is lost, nothing comes twice', async () => {
    const simulator = await flood(600_000)
    const { proxy, url } = await proxied()
    const engine = new Engine({ DATABASE_URL: proxy.url, FLOW_FEED_URL: simulator.wsUrl })
    await engine.received(50_000)
    const before = rssMib(engine)
    await proxy.down()
    // the rings fill, then reading stops: the vendor gets nothing off its hands any more
    let sent = -1
    await eventually('the socket to be paused', async () => {
      const last = sent
      sent = simulator.stats().framesSent
      await sleep(500)
      return last === sent
    })
    expect(simulator.stats().prints).toBeLessThan(600_000)
    expect((await engine.stats()).credits).toBe(0)
    expect((await engine.get('/healthz')).status).toBe(200)
    const [storing, received] = [await engine.metrics(), (await engine.stats()).account.received]
    const errors = [...storing].filter(([name]) => name.startsWith('flow_store_errors_total'))
    expect(errors.reduce((sum, [, n]) => sum + n, 0)).toBeGreaterThan(0)
    await sleep(1500)
    expect(simulator.stats().framesSent).toBe(sent)
    expect((await engine.stats()).account.received).toBe(received)
    expect(rssMib(engine) - before).toBeLessThan(RSS_GROWTH_MIB_MAX)

    await proxy.up()
    await simulator.finished
    await engine.received(600_000)
    const account = await engine.drain()
    expect(account.received).toBe(600_000)
    await expectExactlyOnce(url, account)
    expect(simulator.stats()).toMatchObject({ slowKills: 0, connections: 1 })
    expect(engine.lines.some(({ msg }) => msg.startsWith('storing again'))).toBe(true)
  })

  it('is drained to, when it comes back within the time of a drain', async () => {
    const simulator = await flood(Number.POSITIVE_INFINITY)
    const { proxy, url } = await proxied()
    const engine = new Engine({ DATABASE_URL: proxy.url, FLOW_FEED_URL: simulator.wsUrl })
    await engine.received(20_000)
    await proxy.down()
    await eventually('no credits', async () => (await engine.stats()).credits === 0)
    engine.child.kill('SIGTERM')
    await engine.line('stopping')
    await proxy.up()
    expect(await engine.exited).toBe(0)
    await expectExactlyOnce(url, engine.account)
  })

  it('costs the connection to a vendor that does not wait, and the gap is on record', async () => {
    const simulator = await flood(Number.POSITIVE_INFINITY, 30_000)
    const { proxy, url } = await proxied()
    const engine = new Engine({ DATABASE_URL: proxy.url, FLOW_FEED_URL: simulator.wsUrl })
    await engine.received(5000)
    await proxy.down()
    await eventually('the vendor to cut us off', () => simulator.stats().slowKills > 0)
    await proxy.up()
    await eventually('the reconnect', () => simulator.stats().connections > 1)
    await engine.ready()
    const account = await engine.drain()
    await expectExactlyOnce(url, account)
    const gaps = await query<Record<string, string>>(url, 'SELECT * FROM flow_gaps')
    expect(gaps).toHaveLength(1)
    expect(gaps[0]!.reason).toBe('closed')
    expect(Number(gaps[0]!.ended_at)).toBeGreaterThan(Number(gaps[0]!.started_at))
  })
})
