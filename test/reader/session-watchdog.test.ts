import { expect, test } from 'vitest'
import { accept, afterwards, feed, vendor } from './feed-fixture.ts'
import { eventually, type FeedOwner, IN_MARKET_HOURS, ON_A_WEEKEND } from './feed-owner.ts'
import { CONNECTED, print, status } from './vendor-server.ts'

const delays = (owner: FeedOwner) => owner.all('disconnected').map((event) => event.delayMs)

const reasons = (owner: FeedOwner) => owner.all('disconnected').map((event) => event.reason)

test('reconnects a feed that is silent in market hours; acks and pongs are no data', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url, { silenceMs: 80, pingIntervalMs: 10, now: () => IN_MARKET_HOURS })
  const acks = setInterval(() => peers.at(-1)?.send(status('success', 'subscribed to: T.*')), 10)
  afterwards(() => clearInterval(acks))
  await owner.until('disconnected', 2)
  expect(reasons(owner).slice(0, 2)).toEqual(['silence', 'silence'])
  expect(delays(owner).slice(0, 2)).toEqual([1, 2])
  expect(peers[0]?.pings).toBeGreaterThan(0)
})

test('data, however slow, is no silence', async () => {
  const { url, peers } = await vendor([accept])
  const owner = feed(url, { silenceMs: 400, pingIntervalMs: 10, now: () => IN_MARKET_HOURS })
  await owner.until('subscribed')
  const prints = setInterval(() => peers[0]?.send(print(1)), 50)
  afterwards(() => clearInterval(prints))
  await eventually(() => expect(owner.sequences.length).toBeGreaterThan(16))
  expect(owner.all('disconnected')).toEqual([])
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
