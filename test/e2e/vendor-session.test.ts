import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { json, startRest } from '../reader/rest-server.ts'
import {
  AUTHENTICATED,
  CONNECTED,
  MAX_CONNECTIONS,
  type Peer,
  startVendor,
  status,
  type Vendor,
} from '../reader/vendor-server.ts'
import { asked } from './asked.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance, killLeftovers } from './flow-process.ts'
import { SECRET_KEY, trade } from './prints.ts'
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

const accept = (peer: Peer) => peer.accept()

async function vendorThat(...behaviours: ((peer: Peer) => unknown)[]): Promise<Vendor> {
  const vendor = await startVendor(behaviours)
  vendors.push(vendor)
  return vendor
}

/** An engine at `vendor` with a database of its own. */
async function engineAt(vendor: Vendor, settings: Record<string, string> = {}) {
  const url = await postgres.freshDatabase()
  const engine = new Engine({
    DATABASE_URL: url,
    MASSIVE_API_KEY: SECRET_KEY,
    FLOW_FEED_URL: vendor.url,
    FLOW_SYMBOLS: 'SPY',
    ...settings,
  })
  return { engine, url }
}

/** Every text of every table of the engine. */
async function everythingStored(url: string): Promise<string> {
  const tables = await query<{ name: string }>(
    url,
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname = 'public'`,
  )
  const texts: string[] = []
  for (const { name } of tables) {
    const rows = await query<{ row: string }>(url, `SELECT t::text AS row FROM ${name} t`)
    texts.push(name, ...rows.map(({ row }) => row))
  }
  return texts.join('\n')
}

describe('the handshake', () => {
  it('says the key once it is greeted, then what it wants, and is ready', async () => {
    const vendor = await vendorThat(() => {})
    const { engine } = await engineAt(vendor, { FLOW_QUOTES_PER_CONNECTION: '0' })
    const peer = await eventually('a connection', () => vendor.peers[0])
    expect((await engine.get('/healthz')).status).toBe(200)
    expect((await engine.get('/readyz')).status).toBe(503)
    expect(peer.said).toEqual([])
    peer.send(CONNECTED)
    expect(await peer.heard(0)).toEqual({ action: 'auth', params: SECRET_KEY })
    peer.send(AUTHENTICATED)
    expect(await peer.heard(1)).toEqual({ action: 'subscribe', params: 'T.*' })
    peer.send(status('success', 'subscribed to: T.*'), trade())
    await engine.ready()
    await engine.received(1)
    expect(await engine.metric('flow_feed_connected{connection="0"}')).toBe(1)
    expect((await engine.drain()).stored).toBe(1)
    expect(peer.said).toHaveLength(2)
  })

  it.each([
    ['a key that is refused', 'authentication failed'],
    [
      'a plan without this feed',
      "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade.",
    ],
  ])('ends with exit code 1 and the words of the vendor for %s', async (_, words) => {
    const vendor = await vendorThat(async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('auth_failed', words))
      peer.ws.terminate()
    })
    const { engine } = await engineAt(vendor)
    expect(await engine.exited).toBe(1)
    expect(engine.said).toContain(words)
    expect(engine.said).not.toContain(SECRET_KEY)
    expect(vendor.peers).toHaveLength(1)
  })
})

describe('reconnecting', () => {
  it('waits 6 times as long after max_connections, and longer each time, until data comes', async () => {
    const evict = async (peer: Peer) => {
      await peer.accept()
      peer.send(MAX_CONNECTIONS)
      peer.ws.close(1008)
      ended.push(performance.now())
    }
    const ended: number[] = []
    const began: number[] = []
    const timed = (behave: (peer: Peer) => unknown) => (peer: Peer) => {
      began.push(performance.now())
      return behave(peer)
    }
    const vendor = await vendorThat(timed(evict), timed(evict), timed(accept))
    const { engine } = await engineAt(vendor, { FLOW_RECONNECT_MIN_MS: '150' })
    await eventually('a third connection', () => began.length === 3)
    await engine.ready()
    const [first, second] = [began[1]! - ended[0]!, began[2]! - ended[1]!]
    expect(first).toBeGreaterThanOrEqual(6 * 150 - 20)
    expect(second).toBeGreaterThanOrEqual(12 * 150 - 20)
    expect(await engine.metric('flow_feed_reconnects_total{reason="evicted"}')).toBe(2)
    await engine.drain()
  })

  it('comes back after a drop, asks again, and keeps the gap on record', async () => {
    const vendor = await vendorThat(accept)
    const { engine, url } = await engineAt(vendor)
    await engine.ready()
    const [first] = vendor.peers
    first!.send(trade())
    await engine.received(1)
    const droppedAt = Date.now()
    first!.socket.destroy()
    const second = await eventually('a second connection', () => vendor.peers[1])
    expect((await asked(second)).params).toContain('T.*')
    await engine.ready()
    second.send(trade())
    await engine.received(2)
    expect(await engine.metric('flow_feed_reconnects_total{reason="closed"}')).toBe(1)
    expect(await engine.metric('flow_feed_gap_seconds_total')).toBeGreaterThan(0)
    expect((await engine.drain()).stored).toBe(2)
    const gaps = await query<Record<string, string>>(
      url,
      'SELECT * FROM flow_gaps ORDER BY started_at',
    )
    expect(gaps).toHaveLength(1)
    expect(gaps[0]).toMatchObject({ reason: 'closed', symbols: ['SPY'], filled: 0 })
    expect(Number(gaps[0]!.started_at)).toBeLessThanOrEqual(droppedAt)
    expect(Number(gaps[0]!.ended_at)).toBeGreaterThanOrEqual(droppedAt)
  })

  it('records the time between two engines as a gap', async () => {
    const vendor = await vendorThat(accept)
    const { engine, url } = await engineAt(vendor)
    await engine.ready()
    vendor.peers[0]!.send(trade())
    await engine.received(1)
    await eventually('the row', async () => (await countRows(url)) === 1)
    await engine.kill('SIGKILL')
    const next = new Engine({
      DATABASE_URL: url,
      MASSIVE_API_KEY: SECRET_KEY,
      FLOW_FEED_URL: vendor.url,
      FLOW_SYMBOLS: 'SPY',
    })
    await next.ready()
    await next.drain()
    const gaps = await query<Record<string, string>>(url, 'SELECT * FROM flow_gaps')
    expect(gaps).toHaveLength(1)
    expect(gaps[0]!.reason).toBe('crashed')
    expect(Number(gaps[0]!.ended_at)).toBeGreaterThan(Number(gaps[0]!.started_at))
  })
})

describe('contracts mode', () => {
  it('lists the contracts page by page, past a 429, and shares them out over connections', async () => {
    const contracts: Record<string, string[]> = {
      SPY: ['O:SPY271217C00650000', 'O:SPY271217P00650000'],
      SPX: ['O:SPX271217C06500000', 'O:SPXW271217C06500000'],
      QQQ: ['O:QQQ271217C00500000'],
    }
    let refusals = 1
    const rest = await startRest([
      (response, request) => {
        if (refusals-- > 0) {
          json({ status: 'ERROR', error: 'too many requests' }, 429)(response, request)
          return
        }
        const asked = new URL(request.url ?? '', 'http://127.0.0.1')
        const page = Number(asked.searchParams.get('cursor') ?? 0)
        const symbol = asked.searchParams.get('underlying_ticker') ?? ''
        const all = contracts[symbol] ?? []
        const next = new URL(request.url ?? '', rest.url)
        next.searchParams.set('cursor', `${page + 1}`)
        const more = page + 1 < all.length ? { next_url: next.href } : {}
        const results = all.slice(page, page + 1).map((ticker) => ({ ticker }))
        json({ status: 'OK', results, ...more })(response, request)
      },
    ])
    try {
      const vendor = await vendorThat(accept)
      const { engine, url } = await engineAt(vendor, {
        FLOW_REST_URL: rest.url,
        FLOW_SUBSCRIBE: 'contracts',
        FLOW_SYMBOLS: 'SPY,SPX,QQQ',
        FLOW_SYMBOLS_PER_CONNECTION: '1',
        FLOW_QUOTES_PER_CONNECTION: '0',
      })
      await engine.ready()
      const topics = vendor.peers.map((peer) => peer.topics())
      const wanted = Object.values(contracts).map((all) => all.map((t) => `T.${t}`).sort())
      expect(topics.toSorted()).toEqual(wanted.toSorted())
      expect(rest.requests.every((r) => r.authorization === `Bearer ${SECRET_KEY}`)).toBe(true)
      expect(rest.requests.some((r) => r.path.includes(SECRET_KEY))).toBe(false)

      // each connection brings its own underlying; one that drops comes back alone
      for (const peer of vendor.peers) {
        peer.send(...peer.topics().map((topic) => trade({ sym: topic.slice(2) })))
      }
      await engine.received(5)
      vendor.peers[1]!.socket.destroy()
      const fourth = await eventually('a fourth connection', () => vendor.peers[3])
      await asked(fourth)
      expect(fourth.topics()).toEqual(topics[1])
      expect(vendor.peers.filter(({ ws }) => ws.readyState === ws.OPEN)).toHaveLength(3)
      expect((await engine.drain()).stored).toBe(5)
      const rows = await tableRows(url)
      expect(rows.map((row) => row.symbol).sort()).toEqual(['QQQ', 'SPX', 'SPX', 'SPY', 'SPY'])
    } finally {
      await rest.close()
    }
  })
})

describe('the key', () => {
  it('shows up nowhere: not in logs, metrics, answers or tables', async () => {
    const vendor = await vendorThat(async (peer) => {
      await peer.accept()
      peer.send(
        status('error', `not authorized: ${SECRET_KEY}`),
        status('strange', `${SECRET_KEY} ${encodeURIComponent(SECRET_KEY)}`),
        trade({ note: SECRET_KEY }),
      )
    })
    const { engine, url } = await engineAt(vendor)
    await engine.received(1)
    const paths = ['/metrics', '/api/stats', '/readyz', '/healthz']
    const bodies = await Promise.all(paths.map(async (path) => (await engine.get(path)).body))
    vendor.peers[0]!.socket.destroy()
    await eventually('a second connection', () => vendor.peers[1])
    const account = await engine.drain()
    expect(imbalance(account)).toBe(0)
    const everywhere = [engine.said, ...bodies, await everythingStored(url)].join('\n')
    expect(everywhere).toContain('not authorized')
    expect(everywhere).not.toContain(SECRET_KEY)
    expect(everywhere).not.toContain(encodeURIComponent(SECRET_KEY))
  })
})
