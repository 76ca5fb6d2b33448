import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { UnderlyingPrice } from '../../src/reader/evidence.ts'
import { UnderlyingFeed, type UnderlyingFeedOptions } from '../../src/reader/underlying-feed.ts'
import { afterwards, vendor } from './feed-fixture.ts'
import { eventually, ON_A_WEEKEND } from './feed-owner.ts'
import { CONNECTED, KEY, MAX_CONNECTIONS, type Peer, status } from './vendor-server.ts'

/** Of the clock and of all prices; no market hours, in which silence would count. */
const NOW = ON_A_WEEKEND
const bar = (sym: string, c: number, e = NOW) => ({ ev: 'A', sym, o: 1, c, h: 9, l: 1, s: 1, e })
const value = (T: string, val: number, t = NOW) => ({ ev: 'V', val, T, t })
const PLAN = "Your plan doesn't include websocket access. Visit https://massive.com/pricing."

type Played = {
  readonly feed: UnderlyingFeed
  /** Each with the index of its cluster. */
  readonly prices: (UnderlyingPrice & { cluster: number })[]
  readonly infos: string[]
  readonly warnings: string[]
  readonly peers: Peer[]
  /** Path of each connection, in the order of the peers. */
  readonly paths: string[]
}

/** A started feed and a vendor that plays each connection by its path. */
async function play(
  behaviours: Readonly<Record<string, (peer: Peer, nth: number) => unknown>>,
  options: Partial<UnderlyingFeedOptions> = {},
): Promise<Played> {
  const paths: string[] = []
  const behave = (peer: Peer) => {
    const path = paths.at(-1) ?? ''
    return behaviours[path]?.(peer, paths.filter((one) => one === path).length)
  }
  const { url, peers } = await vendor([behave], {
    verifyClient: ({ req }: { req: IncomingMessage }) => {
      paths.push(req.url ?? '')
      return true
    },
  })
  const prices: Played['prices'] = []
  const infos: string[] = []
  const warnings: string[] = []
  const feed = new UnderlyingFeed({
    feedUrl: url,
    apiKey: KEY,
    clusters: ['stocks', 'indices'],
    underlyings: ['SPX', 'SPY', 'QQQ'],
    reconnectMinMs: 1,
    silenceMs: 60_000,
    random: () => 0,
    now: () => NOW,
    gateMs: 1,
    onPrices: (some, cluster) => prices.push(...some.map((price) => ({ ...price, cluster }))),
    onInfo: (message) => infos.push(message),
    onWarning: (message) => warnings.push(message),
    ...options,
  })
  afterwards(() => feed.stop())
  feed.start()
  return { feed, prices, infos, warnings, peers, paths }
}

const accept = (peer: Peer) => peer.accept()

test('asks each cluster beside the feed for what belongs there and hands on its prices', async () => {
  const { prices, infos, warnings, peers, paths } = await play({
    '/stocks': async (peer) => {
      await peer.accept()
      peer.send(bar('SPY', 600.25), bar('QQQ', 500))
    },
    '/indices': async (peer) => {
      await peer.accept()
      peer.send(value('I:SPX', 5012.33))
    },
  })
  await eventually(() => expect(prices.length).toBe(3))
  const bySymbol = prices.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1))
  expect(bySymbol).toEqual([
    { symbol: 'QQQ', price: 500, time: NOW, source: 'stocks', cluster: 0 },
    { symbol: 'SPX', price: 5012.33, time: NOW, source: 'indices', cluster: 1 },
    { symbol: 'SPY', price: 600.25, time: NOW, source: 'stocks', cluster: 0 },
  ])
  expect(paths.toSorted()).toEqual(['/indices', '/stocks'])
  expect(peers[paths.indexOf('/stocks')]?.topics()).toEqual(['A.QQQ', 'A.SPY'])
  expect(peers[paths.indexOf('/indices')]?.topics()).toEqual(['V.I:SPX'])
  expect(infos.toSorted()).toEqual([
    'prices of underlyings: subscribed to 1 topics of indices',
    'prices of underlyings: subscribed to 2 topics of stocks',
  ])
  expect(warnings).toEqual([])
})

test('with every underlying watched, every price is asked for', async () => {
  const { prices, peers, paths } = await play(
    {
      '/stocks': async (peer) => {
        await peer.accept()
        peer.send(bar('ANY', 12))
      },
      '/indices': accept,
    },
    { underlyings: '*' },
  )
  await eventually(() => expect(prices.map(({ symbol }) => symbol)).toEqual(['ANY']))
  await eventually(() => expect(peers.flatMap((peer) => peer.topics()).length).toBe(2))
  expect(peers[paths.indexOf('/indices')]?.topics()).toEqual(['V.*'])
})

test('no connection is opened to a cluster that no watched underlying belongs to', async () => {
  const { feed, prices, paths } = await play(
    {
      '/indices': async (peer) => {
        await peer.accept()
        peer.send(value('I:SPX', 1))
      },
    },
    { underlyings: ['SPX'] },
  )
  await eventually(() => expect(prices).toMatchObject([{ symbol: 'SPX', cluster: 1 }]))
  expect(paths).toEqual(['/indices'])
  feed.pause()
  feed.resume()
  await feed.stop()
})

test('what gives no price is counted', async () => {
  const { feed, prices } = await play(
    {
      '/stocks': async (peer) => {
        await peer.accept()
        peer.ws.send('[{"ev":')
        peer.ws.send(Buffer.from('[]'), { binary: true })
        peer.send({ ev: 'Q', sym: 'SPY' }, bar('IBM', 100), bar('SPY', -1), bar('SPY', 5))
      },
    },
    { clusters: ['stocks'] },
  )
  await eventually(() => expect(prices.length).toBe(1))
  expect(feed.counts).toEqual({ malformed: 2, ignored: 2, invalid: 1 })
})

test('a cluster that the plan does not include stays off, the others go on', async () => {
  const { feed, prices, warnings, paths } = await play({
    '/stocks': async (peer) => {
      await peer.accept()
      peer.send(bar('SPY', 600))
    },
    '/indices': async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('auth_failed', `${PLAN} ${KEY}`))
      setImmediate(() => peer.socket.destroy())
    },
  })
  await eventually(() => expect(prices.length).toBe(1))
  await eventually(() => expect(warnings.length).toBe(1))
  expect(warnings[0]).toContain(`no prices of underlyings from indices: `)
  expect(warnings[0]).toContain(PLAN)
  expect(warnings[0]).toMatch(/set FLOW_UNDERLYING=stocks for this key$/)
  expect(warnings[0]).not.toContain(KEY)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(paths.length).toBe(2)
  await feed.stop()
})

test('with no cluster left the advice is to have none', async () => {
  const refuse = async (peer: Peer) => {
    peer.send(CONNECTED)
    await peer.heard(0)
    peer.send(status('auth_failed', PLAN))
  }
  const { warnings } = await play({ '/stocks': refuse, '/indices': refuse })
  await eventually(() => expect(warnings.length).toBe(2))
  expect(warnings[1]).toContain('set FLOW_UNDERLYING=none for this key')
})

test('a connection that is lost or evicted comes back with its topics', async () => {
  const { prices, warnings, peers } = await play(
    {
      '/stocks': async (peer, nth) => {
        await peer.accept()
        peer.send(bar('SPY', nth))
        if (nth === 1) peer.ws.close(1001)
        if (nth === 2) {
          peer.send(MAX_CONNECTIONS)
          peer.ws.close(1008)
        }
      },
    },
    { clusters: ['stocks'] },
  )
  await eventually(() => expect(prices.map(({ price }) => price)).toContain(3))
  expect(peers.map((peer) => peer.topics())).toEqual(Array(3).fill(['A.QQQ', 'A.SPY']))
  expect(warnings).toEqual([
    expect.stringMatching(/^prices of underlyings: stocks disconnected \(closed: code 1001\)/),
    expect.stringContaining('Maximum number of websocket connections exceeded'),
    expect.stringMatching(/^prices of underlyings: stocks disconnected \(evicted: /),
  ])
})

test('a price resets the reconnect delays, nothing else does', async () => {
  const { warnings } = await play(
    {
      '/stocks': async (peer, nth) => {
        await peer.accept()
        peer.send(nth <= 3 ? bar('SPY', nth) : bar('IBM', nth))
        peer.ws.close(1001)
      },
    },
    { clusters: ['stocks'], reconnectMinMs: 100 },
  )
  await eventually(() => expect(warnings.length).toBe(5))
  const delays = warnings.map((text) => /next attempt in (.*) s/.exec(text)?.[1])
  expect(delays).toEqual(['0.1', '0.1', '0.1', '0.2', '0.4'])
})

test('while paused nothing is read or handed on, and after it the latest price', async () => {
  const { feed, prices, peers, infos } = await play(
    { '/stocks': accept },
    { clusters: ['stocks'], gateMs: 200 },
  )
  await eventually(() => expect(infos.length).toBe(1))
  peers[0]!.send(bar('SPY', 1, NOW - 200))
  peers[0]!.send(bar('SPY', 2, NOW - 199), bar('SPY', -1))
  await eventually(() => expect(feed.counts.invalid).toBe(1))
  feed.pause() // the second price waits for its time
  const before = prices.length
  for (let i = 1; i <= 100; i++) peers[0]!.send(bar('SPY', i, NOW - 100 + i), { ev: 'Q' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(prices.length).toBe(before)
  expect(feed.counts.ignored).toBe(0)
  feed.resume()
  await eventually(() => expect(prices.at(-1)?.price).toBe(100))
  expect(feed.counts.ignored).toBe(100)
})

test('after stop nothing is handed on and every connection is closed', async () => {
  const { feed, prices, peers } = await play({ '/stocks': accept, '/indices': accept })
  await eventually(() => expect(peers.length).toBe(2))
  const stopped = feed.stop()
  for (const peer of peers) peer.send(bar('SPY', 1), value('I:SPX', 1))
  await stopped
  for (const { ws } of peers) if (ws.readyState !== WebSocket.CLOSED) await once(ws, 'close')
  expect(prices).toEqual([])
})
