import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { accept, afterwards, feed, vendor } from './feed-fixture.ts'
import type { FeedOwner } from './feed-owner.ts'
import { CONNECTED, KEY, type Peer, startVendor, status } from './vendor-server.ts'

const reasons = (owner: FeedOwner) => owner.all('disconnected').map((event) => event.reason)

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

test('bytes that are no frames cost the connection, not the loop', {
  timeout: 20_000,
}, async () => {
  const { url } = await vendor([
    async (peer) => {
      await peer.accept()
      peer.socket.write(Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
      peer.socket.pause() // and no answer to our close frame: nothing to wait for
    },
    accept,
  ])
  const owner = feed(url)
  await owner.until('subscribed', 2)
  expect(reasons(owner)).toEqual(['protocol_error'])
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
  afterwards(() => server.close())
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
  afterwards(() => server.close())
  const owner = feed(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    connectTimeoutMs: 30,
  })
  const [lost] = await owner.until('disconnected')
  expect(lost?.reason).toBe('connect_failed')
})
