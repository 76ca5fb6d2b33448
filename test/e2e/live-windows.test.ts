import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor, type Vendor } from '../reader/vendor-server.ts'
import { asked } from './asked.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance, killLeftovers } from './flow-process.ts'
import { quote, trade } from './prints.ts'
import { countRows, tableRows } from './table.ts'

let postgres: TestPostgres
const vendors: Vendor[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  for (const vendor of vendors.splice(0)) await vendor.close()
})
afterAll(() => postgres.stop())

async function connected(settings: Record<string, string> = {}) {
  const vendor = await startVendor([(peer) => peer.accept()])
  vendors.push(vendor)
  const url = await postgres.freshDatabase()
  const engine = new Engine({
    DATABASE_URL: url,
    FLOW_FEED_URL: vendor.url,
    FLOW_SYMBOLS: 'SPY',
    FLOW_QUOTES_PER_CONNECTION: '0',
    ...settings,
  })
  await engine.ready()
  return { vendor, engine, url, peer: vendor.peers[0]! }
}

/** Prints of this moment that may be legs: at the ask of a usable quote. */
const leg = (over: Record<string, unknown> = {}) => trade({ p: 1.6, c: undefined, ...over })

describe('windows in live time', () => {
  it('close by the reading clock: a sweep is stored though nothing more comes', async () => {
    const { engine, url, peer } = await connected()
    peer.send(quote(), leg({ x: 302, s: 40 }), leg({ x: 313, s: 4 }))
    await engine.received(2)
    await eventually('both legs stored', async () => (await countRows(url)) === 2, 15_000)
    const rows = await tableRows(url)
    expect(rows.map((row) => row.trade_type)).toEqual(['SWEEP', 'SWEEP'])
    expect(rows.map((row) => row.event_legs)).toEqual([2, 2])
    expect(rows[0]!.event_id).not.toBeNull()
    expect(rows[1]!.event_id).toBe(rows[0]!.event_id)
    const { account, held } = await engine.stats()
    expect([imbalance(account), held]).toEqual([0, 0])
    await engine.drain()
  })

  it('hold a print until its window closes, and no longer than the drain', async () => {
    const { engine, url, peer } = await connected({ FLOW_SWEEP_WINDOW_MS: '60000' })
    peer.send(quote(), leg({ x: 302 }), leg({ x: 302 }), trade({ p: 1.55, s: 11 }))
    await engine.received(3)
    // the print at the midpoint is no leg: it shows that the others have been classified too
    await eventually('the single print', async () => (await countRows(url)) === 1)
    await eventually('two prints held', async () => (await engine.stats()).held === 2)
    expect(imbalance((await engine.stats()).account)).toBe(2)
    const account = await engine.drain()
    expect([imbalance(account), account.stored]).toEqual([0, 3])
    const types = (await tableRows(url)).map((row) => row.trade_type)
    expect(types.sort()).toEqual(['REGULAR', 'SPLIT', 'SPLIT'])
  })

  it('stay open while the feed is away', async () => {
    const { engine, url, vendor, peer } = await connected({
      FLOW_SWEEP_WINDOW_MS: '1000',
      FLOW_RECONNECT_MIN_MS: '4000',
    })
    const t = Date.now()
    peer.send(quote({ t }), leg({ x: 302, t }))
    await engine.received(1)
    peer.socket.destroy()
    // at least 4 s pass, more than 2W and W: on a clock that ran on, the window would be closed
    const second = await eventually('the reconnect', () => vendor.peers[1])
    await asked(second)
    second.send(leg({ x: 313, t: t + 900 }))
    await engine.received(2)
    await eventually('both legs', async () => (await countRows(url)) === 2, 15_000)
    expect((await tableRows(url)).map((row) => row.trade_type)).toEqual(['SWEEP', 'SWEEP'])
    await engine.drain()
  })

  it('take a cancelled leg out, and a stored print out of the table', async () => {
    const { engine, url, peer } = await connected()
    const first = leg({ x: 302, s: 40 })
    const stored = trade({ s: 77, p: 1.3, x: 304, c: [232] })
    peer.send(quote(), first, leg({ x: 313, s: 25 }), { ...first, c: [201], q: 9001 }, stored)
    await eventually('two rows', async () => (await countRows(url)) === 2, 15_000)
    peer.send({ ...stored, c: [207], q: 9002 })
    await eventually('one row', async () => (await countRows(url)) === 1)
    peer.send(trade({ c: [205], s: 99, q: 9003 }))
    const account = await engine.drain()
    // the cancels themselves, and the leg that was removed before it was stored
    expect(account).toMatchObject({ received: 6, cancelled: 4, stored: 2 })
    expect(imbalance(account)).toBe(0)
    const rows = await tableRows(url)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ size: 25, trade_type: 'REGULAR', event_id: null })
    const cancels = await query<Record<string, unknown>>(
      url,
      `SELECT sequence::int, removed_sequence::int, was_stored FROM flow_cancels ORDER BY 1`,
    )
    expect(cancels).toEqual([
      { sequence: 9001, removed_sequence: first.q, was_stored: false },
      { sequence: 9002, removed_sequence: stored.q, was_stored: true },
      { sequence: 9003, removed_sequence: null, was_stored: false },
    ])
  })
})
