import { expect, test } from 'vitest'
import { accept, feed, vendor } from './feed-fixture.ts'
import { eventually, FeedOwner } from './feed-owner.ts'
import { AUTHENTICATED, CONNECTED, KEY, print, status } from './vendor-server.ts'

test('sends the key after the greeting and subscribes after auth_success, never before', async () => {
  const before: number[] = []
  const { url } = await vendor([
    async (peer) => {
      before.push(peer.said.length)
      peer.send(CONNECTED)
      expect(await peer.heard(0)).toEqual({ action: 'auth', params: KEY })
      before.push(peer.said.length)
      peer.send(AUTHENTICATED)
      expect(await peer.heard(1)).toEqual({ action: 'subscribe', params: 'T.*' })
      peer.send(print(1))
    },
  ])
  const owner = feed(url)
  expect(owner.session.isReady).toBe(false)
  await eventually(() => expect(owner.sequences).toEqual([1]))
  expect(before).toEqual([0, 1])
  expect(owner.events.map((event) => event.type)).toEqual([
    'connecting',
    'connected',
    'authenticated',
    'subscribed',
  ])
  expect(owner.events.every((event) => event.connection === 3)).toBe(true)
  expect(owner.session.isReady).toBe(true)
  expect(owner.session.state).toBe('ready')
})

test('hands on every frame as it came, with receive time and reading clock', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url, { now: () => 1234 })
  await owner.until('subscribed')
  // the answer to the subscription may come after the session has sent it all
  await eventually(() => expect(`${owner.frames.at(-1)?.data}`).toContain('subscribed to'))
  const ready = owner.frames.length
  peers[0]?.ws.send('no json')
  peers[0]?.ws.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false })
  peers[0]?.ws.send(Buffer.from([1, 2, 3]), { binary: true })
  peers[0]?.send(print(1), status('success', 'subscribed to: T.*'), print(2))
  await eventually(() => expect(owner.sequences).toEqual([1, 2]))
  const frames = owner.frames.slice(-4)
  expect(frames.map((frame) => frame.isBinary)).toEqual([false, false, true, false])
  expect(frames[1]?.data).toEqual(Buffer.from([0x22, 0xff, 0xfe, 0x22]))
  expect(owner.frames.every((frame) => frame.recv === 1234)).toBe(true)
  const clocks = owner.frames.map((frame) => frame.clock)
  expect(clocks).toEqual(clocks.toSorted((a, b) => a - b))
  expect(clocks[0]).toBe(0)
  expect(clocks.at(-1)).toBeGreaterThan(0)
  expect(ready).toBeGreaterThan(0)
  expect(owner.all('disconnected')).toEqual([])
})

test('takes a handshake whose answers and first prints share a frame', async () => {
  const { url } = await vendor([
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(AUTHENTICATED, status('success', 'subscribed to: T.*'), print(7))
    },
  ])
  const owner = feed(url)
  await owner.until('subscribed')
  expect(owner.sequences).toEqual([7])
})

test('accepts the older "success, authenticated"', async () => {
  const { url } = await vendor([
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      peer.send(status('success', 'authenticated'))
    },
  ])
  const owner = feed(url)
  await owner.until('subscribed')
})

test('a second greeting or acceptance changes nothing and is not answered', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url)
  await owner.until('subscribed')
  peers[0]?.send(CONNECTED, AUTHENTICATED, print(1))
  await eventually(() => expect(owner.sequences).toEqual([1]))
  owner.session.subscribe(['Q.O:A'])
  expect(await peers[0]?.heard(2)).toEqual({ action: 'subscribe', params: 'Q.O:A' })
  expect(owner.events.length).toBe(4)
})

test('asks for thousands of topics, 200 a message, each once, before it is ready', async () => {
  const { url, peers } = await vendor([accept])
  const topics = Array.from({ length: 4321 }, (_, i) => `T.O:SPY251219C${`${i}`.padStart(8, '0')}`)
  const owner = feed(url, { topics })
  const [subscribed] = await owner.until('subscribed')
  expect(subscribed?.topics).toBe(4321)
  await eventually(() => expect(peers[0]?.said.length).toBe(1 + 22))
  const messages = peers[0]?.said.slice(1).map((message) => message.params.split(',')) ?? []
  expect(messages.every((params) => params.length <= 200)).toBe(true)
  expect(messages.flat()).toEqual(topics)
})

test('says unsubscribes before subscribes and remembers both over a reconnect', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url, { topics: ['T.*', 'Q.O:A', 'Q.O:B'] })
  await owner.until('subscribed')
  owner.session.subscribe(['Q.O:C', 'Q.O:D'])
  owner.session.unsubscribe(['Q.O:A', 'Q.O:D'])
  await eventually(() => expect(peers[0]?.said.length).toBe(4))
  expect(peers[0]?.said.slice(2)).toEqual([
    { action: 'unsubscribe', params: 'Q.O:A' },
    { action: 'subscribe', params: 'Q.O:C' },
  ])
  expect(owner.all('subscribed').length).toBe(1)
  peers[0]?.ws.terminate()
  await owner.until('subscribed', 2)
  await eventually(() => expect(peers[1]?.topics()).toEqual(['Q.O:B', 'Q.O:C', 'T.*']))
})

test.each([true, false])('reads the same frames with compression on the server: %s', async (on) => {
  const { url, peers } = await vendor([accept], {
    perMessageDeflate: on ? { threshold: 0 } : false,
  })
  const owner = feed(url)
  await owner.until('subscribed')
  for (let i = 0; i < 500; i++) peers[0]?.send(print(2 * i), print(2 * i + 1))
  await eventually(() => expect(owner.sequences.length).toBe(1000))
  expect(owner.sequences).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  expect(owner.all('connected')[0]?.deflate).toBe(on)
})

test('takes a frame of nearly 16 MiB and reconnects after a larger one', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url)
  await owner.until('subscribed')
  peers[0]?.ws.send(Buffer.alloc(16 * 1024 * 1024, ' '), { binary: false })
  peers[0]?.ws.send(Buffer.alloc(16 * 1024 * 1024 + 1, ' '), { binary: false })
  const [lost] = await owner.until('disconnected')
  expect(lost).toMatchObject({ reason: 'frame_too_large', wasReady: true })
  expect(owner.frames.at(-1)?.data.length).toBe(16 * 1024 * 1024)
  await owner.until('subscribed', 2)
})

test('stops reading while paused, and has every print in order after it resumes', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url)
  await owner.until('subscribed')
  owner.session.pause()
  const clock = owner.session.clock()
  const prints = 60_000
  for (let i = 0; i < prints; i++) peers[0]?.send(print(i))
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(owner.sequences).toEqual([])
  expect(owner.session.clock()).toBe(clock)
  owner.session.resume()
  await eventually(() => expect(owner.sequences.length).toBe(prints))
  expect(owner.sequences).toEqual(Array.from({ length: prints }, (_, i) => i))
  expect(owner.session.clock()).toBeGreaterThan(clock)
  expect(owner.all('disconnected')).toEqual([])
})

test('connects only after reading resumes when it was paused before', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url, {
    onEvent: (event) => {
      if (event.type === 'disconnected') owner.session.pause()
    },
  })
  await owner.until('subscribed')
  peers[0]?.ws.close(1001)
  await owner.until('disconnected')
  expect(owner.session.state).toBe('waiting')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(peers.length).toBe(1)
  owner.session.resume()
  await owner.until('subscribed', 2)
  expect(peers.length).toBe(2)
})

test('the reading clock stands still between two connections and goes on after', async () => {
  const { url, peers } = await vendor([accept])
  const clocks: Record<string, number> = {}
  const owner = feed(url, {
    reconnectMinMs: 20,
    onEvent: (event) => {
      clocks[event.type] = owner?.session.clock()
    },
  })
  await owner.until('subscribed')
  expect(clocks.connecting).toBe(0)
  expect(clocks.connected).toBe(0)
  await eventually(() => expect(owner.session.clock()).toBeGreaterThan(0))
  peers[0]?.ws.terminate()
  await owner.until('disconnected')
  const down = clocks.disconnected ?? 0
  await owner.until('connected', 2)
  expect(clocks.connected).toBe(down)
  await owner.until('subscribed', 2)
  await eventually(() => expect(owner.session.clock()).toBeGreaterThan(down))
})

test('tells what it was refused without giving up, and keeps a babbling server short', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url)
  await owner.until('subscribed')
  peers[0]?.send(status('error', 'not authorized'), status('error', 'Invalid JSON'))
  await owner.until('warning', 2)
  expect(owner.all('warning').map((event) => event.message)).toEqual([
    'the feed refuses a topic ("not authorized"): it is not in this key\'s plan',
    'the feed answers with an error: "Invalid JSON"',
  ])
  for (let i = 0; i < 100; i++) peers[0]?.send(status('mystery', `${i}`))
  peers[0]?.send(print(1))
  await eventually(() => expect(owner.sequences).toEqual([1]))
  expect(owner.all('warning').length).toBe(20)
  expect(owner.all('warning').at(-1)?.message).toContain('not shown')
  expect(owner.session.isReady).toBe(true)
})

test('refuses a URL that no WebSocket opens to, without repeating it', () => {
  for (const url of [`https://x/${KEY}`, KEY, `ws://x/#${KEY}`]) {
    expect(() => new FeedOwner(url)).toThrow(/FLOW_FEED_URL: expected a ws:\/\/ or wss:\/\/ URL/)
    expect(() => new FeedOwner(url)).not.toThrow(KEY)
  }
})
