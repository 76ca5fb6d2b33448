import { expect, test } from 'vitest'
import { accept, feed, vendor } from './feed-fixture.ts'
import { eventually, type FeedOwner, IN_MARKET_HOURS } from './feed-owner.ts'
import { MAX_CONNECTIONS, type Peer, print } from './vendor-server.ts'

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
  const at: Record<string, number> = {}
  const owner = feed(url, {
    reconnectMinMs: 10,
    onEvent: (event) => {
      at[event.type] = performance.now()
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
  // timers may be 1 ms early; the ordinary delay, still pending, would come after 10
  expect((at.connecting ?? 0) - (at.evicted ?? 0)).toBeGreaterThan(55)
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
