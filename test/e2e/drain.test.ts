import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor, type Vendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance, killLeftovers } from './flow-process.ts'
import { quote, trade } from './prints.ts'
import { countRows, tableRows } from './table.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

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

async function vendorAndSettings(): Promise<{ vendor: Vendor; settings: Record<string, string> }> {
  const vendor = await startVendor([(peer) => peer.accept()])
  cleanups.push(() => vendor.close())
  const settings = {
    DATABASE_URL: await postgres.freshDatabase(),
    FLOW_FEED_URL: vendor.url,
    FLOW_SYMBOLS: 'SPY',
    FLOW_QUOTES_PER_CONNECTION: '0',
  }
  return { vendor, settings }
}

async function flood(): Promise<Simulator> {
  const simulator = await startSimulator({
    source: { kind: 'synthetic', seed: 7, rate: 'max', quotesPerPrint: 1 },
  })
  cleanups.push(() => simulator.close())
  return simulator
}

/** Holds the whole table against every writer until it is let go. */
async function lockTable(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  await client.query('BEGIN')
  await client.query('LOCK TABLE options_flow_history IN ACCESS EXCLUSIVE MODE')
  const release = () => client.end()
  cleanups.push(release)
  return release
}

describe('one signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'under load: %s stores everything received, and the account balances',
    async (signal) => {
      const simulator = await flood()
      const url = await postgres.freshDatabase()
      const engine = new Engine({ DATABASE_URL: url, FLOW_FEED_URL: simulator.wsUrl })
      await engine.received(100_000)
      expect(await engine.kill(signal)).toBe(0)
      const { account } = engine
      expect(imbalance(account)).toBe(0)
      expect(account.received).toBeGreaterThanOrEqual(100_000)
      expect(account.received).toBeLessThanOrEqual(simulator.stats().prints)
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
    },
  )

  it('loses no print that had come, also those still in a window', async () => {
    const { vendor, settings } = await vendorAndSettings()
    const engine = new Engine({ ...settings, FLOW_SWEEP_WINDOW_MS: '60000' })
    await engine.ready()
    const [peer] = vendor.peers
    const sent: unknown[] = []
    for (let frame = 0; frame < 200; frame++) {
      const prints = Array.from({ length: 50 }, (_, i) =>
        i % 2 === 0 ? trade() : trade({ p: 1.6, c: undefined, x: 300 + (i % 5) }),
      )
      sent.push(...prints.map(({ q }) => q))
      peer!.send(quote(), ...prints)
    }
    await engine.received(sent.length)
    await eventually('prints in windows', async () => (await engine.stats()).held > 0)
    const account = await engine.drain()
    expect([imbalance(account), account.stored]).toEqual([0, sent.length])
    const rows = await tableRows(settings.DATABASE_URL!)
    expect(rows.map((row) => row.sequence).sort()).toEqual(sent.sort())
    const gaps = await query(settings.DATABASE_URL!, 'SELECT * FROM flow_gaps')
    expect(gaps).toEqual([])
  })

  it('ends a demo: its own vendor, its own PostgreSQL', async () => {
    const engine = new Engine({})
    await engine.ready()
    await engine.received(200)
    const account = await engine.drain()
    expect(imbalance(account)).toBe(0)
    expect(account.filtered).toBe(0)
    expect(engine.lines.some(({ msg }) => msg === 'demo')).toBe(true)
  })

  it('is told by the gap up to the next start: stopped, not crashed', async () => {
    const { vendor, settings } = await vendorAndSettings()
    const first = new Engine(settings)
    await first.ready()
    vendor.peers[0]!.send(trade())
    await first.received(1)
    await first.drain()
    const second = new Engine(settings)
    await second.ready()
    const { gaps } = JSON.parse((await second.get('/api/gaps')).body) as { gaps: object[] }
    expect(gaps).toMatchObject([{ reason: 'stopped' }])
    await second.drain()
  })

  it('reaches the engine through npm start', async () => {
    const { vendor, settings } = await vendorAndSettings()
    const npm = ['npm', '--prefix', ROOT, 'start']
    const engine = new Engine({ ...settings, FLOW_LOG: 'json' }, npm)
    await engine.ready()
    vendor.peers[0]!.send(trade(), trade())
    await engine.received(2)
    engine.child.kill('SIGTERM')
    await engine.line('drained')
    await engine.exited
    expect(engine.account.stored).toBe(2)
    expect(await countRows(settings.DATABASE_URL!)).toBe(2)
  })
})

describe('a database that does not take the rows', () => {
  async function stuck(more: Record<string, string>) {
    const { vendor, settings } = await vendorAndSettings()
    const engine = new Engine({ ...settings, ...more })
    await engine.ready()
    const release = await lockTable(settings.DATABASE_URL!)
    vendor.peers[0]!.send(...Array.from({ length: 30 }, () => trade()))
    await engine.received(30)
    return { engine, url: settings.DATABASE_URL!, release }
  }

  const leftLine = (engine: Engine) => engine.lines.find(({ msg }) => msg.startsWith('not drained'))

  it('ends the drain after FLOW_DRAIN_TIMEOUT_MS, with the number of prints left', async () => {
    const { engine, url, release } = await stuck({ FLOW_DRAIN_TIMEOUT_MS: '1500' })
    const before = performance.now()
    expect(await engine.kill('SIGTERM')).toBe(1)
    expect(performance.now() - before).toBeGreaterThan(1400)
    expect(leftLine(engine)).toMatchObject({ level: 'error', left: 30 })
    expect(leftLine(engine)!.msg).toContain('FLOW_DRAIN_TIMEOUT_MS')
    await release()
    expect(await countRows(url)).toBe(0)
  })

  it('ends it at the second signal, with the number of prints left', async () => {
    const { engine } = await stuck({ FLOW_DRAIN_TIMEOUT_MS: '600000' })
    engine.child.kill('SIGTERM')
    await engine.line('stopping')
    expect(engine.child.exitCode).toBeNull()
    expect(await engine.kill('SIGTERM')).toBe(1)
    expect(leftLine(engine)).toMatchObject({ level: 'error', left: 30 })
  })

  it('takes the signal that npm passes on once more for the same one', async () => {
    const { engine, release } = await stuck({
      FLOW_DRAIN_TIMEOUT_MS: '600000',
      npm_lifecycle_event: 'start',
    })
    engine.child.kill('SIGINT')
    engine.child.kill('SIGINT')
    await engine.line('stopping')
    await release()
    expect(await engine.exited).toBe(0)
    expect(imbalance(engine.account)).toBe(0)
  })

  it('is waited for within that time: once it takes them, the exit code is 0', async () => {
    const { engine, url, release } = await stuck({ FLOW_DRAIN_TIMEOUT_MS: '600000' })
    engine.child.kill('SIGTERM')
    await engine.line('stopping')
    await release()
    expect(await engine.exited).toBe(0)
    expect(imbalance(engine.account)).toBe(0)
    await eventually('30 rows', async () => (await countRows(url)) === 30)
  })
})
