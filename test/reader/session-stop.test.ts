import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { FeedOwner } from './feed-owner.ts'
import {
  CONNECTED,
  MAX_CONNECTIONS,
  type Peer,
  print,
  startVendor,
  status,
} from './vendor-server.ts'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('./stop-in-state.ts', import.meta.url))

async function greetOnly(peer: Peer): Promise<void> {
  peer.send(CONNECTED)
  await peer.heard(0)
}

const STATES: Record<string, (peer: Peer) => unknown> = {
  idle: () => {},
  connecting: () => {},
  greeting: () => {},
  authenticating: greetOnly,
  subscribing: (peer) => peer.accept(),
  ready: (peer) => peer.accept(),
  paused: (peer) => peer.accept(),
  waiting: (peer) => peer.ws.close(1001),
  closing: async (peer) => {
    await peer.accept()
    peer.send(MAX_CONNECTIONS)
    peer.socket.pause()
  },
  failed: async (peer) => {
    await greetOnly(peer)
    peer.send(status('auth_failed', 'authentication failed'))
  },
}

test.each(Object.keys(STATES))('a process that stops in state %s ends by itself', async (state) => {
  const vendor = await startVendor([STATES[state] ?? (() => {})])
  try {
    const { stdout } = await run(process.execPath, [SCRIPT, vendor.url, state], { timeout: 40_000 })
    expect(stdout).toBe(`${state === 'failed' ? 'failed' : 'stopped'} after ${state}`)
  } finally {
    await vendor.close()
  }
})

test('stops while the server says nothing at all', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const { stdout } = await run(process.execPath, [SCRIPT, `ws://127.0.0.1:${port}`, 'connecting'], {
    timeout: 40_000,
  })
  expect(stdout).toBe('stopped after connecting')
  silent.close()
})

test('says goodbye, hands on what comes before the answer, and reports the end once', async () => {
  const vendor = await startVendor([(peer) => peer.accept()])
  const owner = new FeedOwner(vendor.url)
  owner.session.start()
  await owner.until('subscribed')
  for (let q = 0; q < 100; q++) vendor.peers[0]?.send(print(q))
  const [first, second] = [owner.session.stop(), owner.session.stop()]
  await Promise.all([first, second])
  expect(owner.sequences).toEqual(Array.from({ length: 100 }, (_, q) => q))
  expect(owner.all('disconnected')).toMatchObject([
    { reason: 'stopped', code: 1000, delayMs: null },
  ])
  expect(owner.session.state).toBe('stopped')
  expect(() => owner.session.start()).toThrow('starts once')
  await vendor.close()
})
