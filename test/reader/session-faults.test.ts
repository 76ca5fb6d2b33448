import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { SessionEvent } from '../../src/reader/session-events.ts'
import { eventually, FeedOwner, IN_MARKET_HOURS, ON_A_WEEKEND } from './feed-owner.ts'
import {
  CONNECTED,
  KEY,
  MAX_CONNECTIONS,
  type Peer,
  print,
  startVendor,
  status,
  type Vendor,
} from './vendor-server.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function vendor(...args: Parameters<typeof startVendor>): Promise<Vendor> {
  const started = await startVendor(...args)
  cleanups.push(started.close)
  return started
}

function feed(...args: ConstructorParameters<typeof FeedOwner>): FeedOwner {
  const owner = new FeedOwner(...args)
  cleanups.push(() => owner.session.stop())
  owner.session.start()
  return owner
}

const accept = (peer: Peer) => peer.accept()

/** Takes the key and the topics, and only then says that there is one connection too many. */
async function acceptThenEvict(peer: Peer): Promise<void> {
  await peer.accept()
  peer.send(MAX_CONNECTIONS)
  peer.ws.close(1008)
}

async function printThenDie(peer: Peer): Promise<void> {
  await peer.accept()
  peer.send(print(1))
  peer.ws.close(1011)
}

const delays = (owner: FeedOwner) => owner.all('disconnected').map((event) => event.delayMs)
const reasons = (owner: FeedOwner) => owner.all('disconnected').map((event) => event.reason)

test('climbs the slow ladder after max_connections, whatever was accepted before it', async () => {
  const { url } = await vendor([acceptThenEvict])
  const owner = feed(url)
  const lost = (await owner.until('disconnected', 5)).slice(0, 5)
  expect(lost.map((event) => event.reason)).toEqual(Array(5).fill('evicted'))
  expect(lost.map((event) => event.delayMs)).toEqual([6, 12, 24, 48, 96])
  expect(lost[0]?.code).toBe(1008)
  expect(owner.all('evicted')[0]?.message).toBe(MAX_CONNECTIONS.message)
  expect(owner.all('subscribed').length).toBeGreaterThanOrEqual(5)
})

test('starts the slow ladder again only after data', async () => {
  const { url } = await vendor([
    acceptThenEvict,
    acceptThenEvict,
    async (peer) => {
      await peer.accept()
      peer.send(print(1))
      peer.send(MAX_CONNECTIONS)
      peer.ws.close(1008)
    },
    acceptThenEvict,
  ])
  const owner = feed(url)
  await owner.until('disconnected', 4)
  expect(delays(owner).slice(0, 4)).toEqual([6, 12, 6, 12])
})

test('an established session that is evicted mid-stream reports its last data and the limit', async () => {
  const { url, peers } = await vendor([accept])
  let now = IN_MARKET_HOURS
  const owner = feed(url, { now: () => now })
  await owner.until('subscribed')
  peers[0]?.send(print(1))
  await eventually(() => expect(owner.sequences).toEqual([1]))
  now += 5_000
  peers[0]?.send(MAX_CONNECTIONS)
  peers[0]?.ws.close(1008)
  const [lost] = await owner.until('disconnected')
  expect(lost).toMatchObject({
    reason: 'evicted',
    wasReady: true,
    delayMs: 6,
    lastDataAt: IN_MARKET_HOURS,
    lastFrameAt: IN_MARKET_HOURS + 5_000,
  })
  await owner.until('subscribed', 2)
})

test('an eviction that the server never closes is closed here', async () => {
  const { url } = await vendor([
    async (peer) => {
      await peer.accept()
      peer.send(MAX_CONNECTIONS)
      peer.socket.pause() // neither reads our close frame nor answers it
    },
    accept,
  ])
  const owner = feed(url, { closeTimeoutMs: 20 })
  const [lost] = await owner.until('disconnected')
  expect(lost?.reason).toBe('evicted')
  await owner.until('subscribed', 2)
})

test('an eviction that is read after the close still earns the slow delay', async () => {
  const { url } = await vendor([(peer) => peer.ws.close(1008), accept])
  const owner = feed(url, {
    reconnectMinMs: 10,
    onEvent: (event) => {
      if (event.type !== 'disconnected') return
      queueMicrotask(() => {
        owner.session.handleStatus('max_connections', 'late')
        owner.session.handleStatus('max_connections', 'late')
      })
    },
  })
  const [evicted] = await owner.until('evicted')
  expect(delays(owner)).toEqual([10])
  expect(evicted).toMatchObject({ message: 'late', delayMs: 60 })
  await owner.until('subscribed')
  expect(owner.all('evicted').length).toBe(1)
})

test('climbs the ordinary ladder over acks and auth_success, and resets it with data', async () => {
  const acceptThenDie = async (peer: Peer) => {
    await peer.accept()
    peer.ws.close(1011)
  }
  const { url } = await vendor([
    acceptThenDie,
    acceptThenDie,
    acceptThenDie,
    printThenDie,
    acceptThenDie,
  ])
  const owner = feed(url, { reconnectMinMs: 2, random: () => 0.5 })
  await owner.until('disconnected', 5)
  expect(delays(owner).slice(0, 5)).toEqual([2.25, 4.5, 9, 2.25, 4.5])
})

test.each([
  ['a clean close', 1001, (peer: Peer) => peer.ws.close(1001)],
  ['an error of the server', 1011, (peer: Peer) => peer.ws.close(1011)],
  ['a policy close without max_connections', 1008, (peer: Peer) => peer.ws.close(1008)],
  ['no close frame', 1006, (peer: Peer) => peer.socket.destroy()],
  ['a reset', 1006, (peer: Peer) => peer.socket.resetAndDestroy()],
])('comes back after %s (%i), once', async (_name, code, end) => {
  const { url, peers } = await vendor([
    async (peer) => {
      await peer.accept()
      end(peer)
    },
    accept,
  ])
  const owner = feed(url)
  await owner.until('subscribed', 2)
  expect(owner.all('disconnected')).toMatchObject([{ reason: 'closed', code, wasReady: true }])
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(peers.length).toBe(2)
})

test('bytes that are no frames cost the connection, not the loop', async () => {
  const { url } = await vendor([
    async (peer) => {
      await peer.accept()
      peer.socket.write(Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    },
    accept,
  ])
  const owner = feed(url)
  await owner.until('subscribed', 2)
  expect(reasons(owner)).toEqual(['protocol_error'])
})

test('a key that is refused is fatal, in the words of the vendor, and never tried again', async () => {
  const { url, peers } = await vendor([
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('auth_failed', 'authentication failed'))
      setImmediate(() => peer.socket.destroy())
    },
  ])
  const owner = feed(url)
  const [fatal] = await owner.until('fatal')
  expect(fatal?.message).toContain('refuses the API key: "authentication failed"')
  await owner.until('disconnected')
  expect(owner.all('disconnected')).toMatchObject([{ reason: 'refused', delayMs: null }])
  expect(owner.session.state).toBe('failed')
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(peers.length).toBe(1)
})

test("a plan without the feed is fatal with the vendor's text", async () => {
  const text =
    "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade."
  const { url } = await vendor([
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('auth_failed', text))
    },
  ])
  const owner = feed(url)
  const [fatal] = await owner.until('fatal')
  expect(fatal?.message).toContain(text)
  await owner.session.stop()
  expect(owner.session.state).toBe('failed')
})

test('a refusal that is read after the close ends the reconnect loop', async () => {
  const { url, peers } = await vendor([(peer) => peer.socket.destroy()])
  const owner = feed(url, {
    onEvent: (event) => {
      if (event.type !== 'disconnected') return
      queueMicrotask(() => owner.session.handleStatus('auth_failed', 'authentication failed'))
    },
  })
  await owner.until('fatal')
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(peers.length).toBe(1)
  expect(owner.session.state).toBe('failed')
})

test('a server that never greets, never answers the key, or calls it late is left', async () => {
  const { url } = await vendor([
    () => {},
    (peer) => peer.send(CONNECTED),
    (peer) => peer.send(status('auth_timeout', 'No authentication request received.')),
    accept,
  ])
  const owner = feed(url, { connectTimeoutMs: 40 })
  await owner.until('subscribed')
  expect(reasons(owner)).toEqual(['handshake_timeout', 'auth_timeout', 'auth_timeout'])
})

test('a port that nobody listens on, a host that is none, TLS to a plain server', async () => {
  const { url, close } = await startVendor([accept])
  await close()
  const plain = await vendor([accept])
  const urls = [url, 'ws://host.invalid/options', plain.url.replace('ws:', 'wss:')]
  for (const wrong of urls) {
    const owner = feed(wrong, { connectTimeoutMs: 5_000 })
    const lost = await owner.until('disconnected', wrong === url ? 3 : 1)
    expect(lost.every((event) => event.reason === 'connect_failed')).toBe(true)
    expect(lost[0]?.detail).not.toBe('')
    expect(lost[0]).toMatchObject({ delayMs: 1, lastFrameAt: null, wasReady: false })
    await owner.session.stop()
  }
})

test('an HTTP refusal of the upgrade is told with its status and tried again', async () => {
  const server = createServer((_request, response) => response.writeHead(403).end(KEY))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => void server.close())
  const owner = feed(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const lost = await owner.until('disconnected', 3)
  expect(lost[0]).toMatchObject({
    reason: 'upgrade_refused',
    detail: 'HTTP 403 instead of a WebSocket',
  })
  expect(lost.slice(0, 3).map((event) => event.delayMs)).toEqual([1, 2, 4])
})

test('a server that accepts the connection and never answers the upgrade is left', async () => {
  const server = createServer()
  server.on('upgrade', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => void server.close())
  const owner = feed(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    connectTimeoutMs: 30,
  })
  const [lost] = await owner.until('disconnected')
  expect(lost?.reason).toBe('connect_failed')
})

test('reconnects a feed that is silent in market hours; acks and pongs are no data', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url, { silenceMs: 80, pingIntervalMs: 10, now: () => IN_MARKET_HOURS })
  const acks = setInterval(() => peers.at(-1)?.send(status('success', 'subscribed to: T.*')), 10)
  cleanups.push(async () => clearInterval(acks))
  await owner.until('disconnected', 2)
  expect(reasons(owner).slice(0, 2)).toEqual(['silence', 'silence'])
  expect(delays(owner).slice(0, 2)).toEqual([1, 2])
  expect(peers[0]?.pings).toBeGreaterThan(0)
})

test.each([
  ['outside market hours', { now: () => ON_A_WEEKEND }],
  ['when it was asked for nothing', { now: () => IN_MARKET_HOURS, topics: [] }],
])('a silent feed is left alone %s', async (_name, options) => {
  const { url, peers } = await vendor([
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('auth_success', 'authenticated'))
    },
  ])
  const owner = feed(url, { silenceMs: 20, pingIntervalMs: 10, ...options })
  await eventually(() => expect(peers[0]?.pings).toBeGreaterThan(15))
  expect(owner.all('disconnected')).toEqual([])
})

test('a pause by us is neither silence nor a dead connection', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url, {
    silenceMs: 60,
    pingIntervalMs: 10,
    pongTimeoutMs: 60,
    now: () => IN_MARKET_HOURS,
  })
  await owner.until('subscribed')
  owner.session.pause()
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(owner.all('disconnected')).toEqual([])
  owner.session.resume()
  await owner.until('disconnected')
  expect(reasons(owner)).toEqual(['silence'])
  expect(peers[0]?.pings).toBeGreaterThan(0)
})

test('a half-open connection is left when a ping stays unanswered, at any hour', async () => {
  const { url } = await vendor([
    async (peer) => {
      await peer.accept()
      peer.socket.pause()
    },
    accept,
  ])
  const owner = feed(url, { pingIntervalMs: 10, pongTimeoutMs: 50, now: () => ON_A_WEEKEND })
  await owner.until('subscribed', 2)
  expect(reasons(owner)).toEqual(['ping'])
})

test('the API key is in no event, however the server echoes it', async () => {
  const spellings = [KEY, encodeURIComponent(KEY), JSON.stringify(KEY)].join(' ')
  const { url } = await vendor([
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('error', `Invalid ${spellings}\nline`), status(KEY, spellings))
      peer.ws.close(1000, KEY)
    },
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('max_connections', spellings))
      peer.ws.close(1008, KEY)
    },
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('auth_failed', spellings))
    },
  ])
  const secret = encodeURIComponent(KEY)
  const owner = feed(`${url}/${secret}?apiKey=${secret}`.replace('ws://', `ws://u:${secret}@`))
  await owner.until('fatal')
  await owner.until('disconnected', 3)
  const texts = owner.events.flatMap((event: SessionEvent) => Object.values(event).map(String))
  const core = /must-stay/
  expect(texts.filter((text) => core.test(text))).toEqual([])
  expect(texts.filter((text) => text.includes('[key]')).length).toBeGreaterThanOrEqual(5)
  expect(texts.filter((text) => text.includes('\n'))).toEqual([])
})
