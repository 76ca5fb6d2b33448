import { expect, test } from 'vitest'
import type { SessionEvent } from '../../src/reader/session-events.ts'
import { feed, vendor } from './feed-fixture.ts'
import { CONNECTED, KEY, MAX_CONNECTIONS, status } from './vendor-server.ts'

test('a key that is refused is fatal, in the words of the vendor, and never tried again', async () => {
  const { url, peers } = await vendor([
    async (peer) => {
      peer.send(CONNECTED)
      await peer.heard(0)
      const refusal = status('auth_failed', 'authentication failed')
      peer.send(refusal, refusal, MAX_CONNECTIONS, status('error', 'Invalid JSON'))
      setImmediate(() => peer.socket.destroy())
    },
  ])
  const owner = feed(url)
  const [fatal] = await owner.until('fatal')
  expect(fatal?.message).toContain('refuses the API key: "authentication failed"')
  await owner.until('disconnected')
  expect(owner.all('disconnected')).toMatchObject([{ reason: 'refused', delayMs: null }])
  expect(owner.events.map((event) => event.type)).toEqual([
    'connecting',
    'connected',
    'fatal',
    'disconnected',
  ])
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
