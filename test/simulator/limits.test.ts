import { afterEach, expect, test } from 'vitest'
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/server.ts'
import { Client, until } from './client.ts'

let simulator: Simulator
const clients: Client[] = []

async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
  simulator = await startSimulator({ source: { kind: 'none' }, ...options })
}
function connect(): Client {
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  return client
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await simulator.close()
})

const statuses = (client: Client): string[] =>
  client.texts.flatMap((text) => (JSON.parse(text) as { status: string }[]).map((s) => s.status))

test('one connection too many is accepted, answered, and only then closed with 1008', async () => {
  await start()
  const first = connect()
  await first.subscribe('T.*')
  const second = connect()
  await second.subscribe('T.*')
  expect(await second.closed()).toBe(1008)
  expect(statuses(second)).toEqual(['connected', 'auth_success', 'success', 'max_connections'])
  expect(second.texts[3]).toContain(
    'Maximum number of websocket connections exceeded. You have reached the connection limit for ' +
      'your account. Please contact support at https://polygon.io/contact to increase your limit.',
  )
  await first.settled()
  expect(first.closeCode).toBe(0)
})

test('the oldest may be the one that has to go', async () => {
  await start({ maxConnections: 2, evict: 'oldest' })
  const [first, second, third] = [connect(), connect(), connect()]
  for (const client of [first, second, third]) await client.subscribe('T.*')
  expect(await first.closed()).toBe(1008)
  expect(statuses(first).at(-1)).toBe('max_connections')
  for (const client of [second, third]) {
    await client.settled()
    expect(client.closeCode).toBe(0)
  }
})

test('connections are counted for each key, and a closed one makes room', async () => {
  await start()
  const [first, other] = [connect(), connect()]
  await first.subscribe('T.*', 'a')
  await other.subscribe('T.*', 'b')
  first.socket.close()
  await first.closed()
  const again = connect()
  await again.subscribe('T.*', 'a')
  for (const client of [other, again]) {
    await client.settled()
    expect(client.closeCode).toBe(0)
  }
})

test('a connection that died without a close frame is counted for a while', async () => {
  await start({ deadSessionMs: 500 })
  const first = connect()
  await first.subscribe('T.*')
  first.socket.terminate()
  await first.closed()
  const early = connect()
  await early.subscribe('T.*')
  expect(await early.closed()).toBe(1008)
  for (let tries = 0; tries < 100; tries++) {
    const later = connect()
    await later.subscribe('T.*')
    await later.settled()
    if (later.closeCode === 0) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect.unreachable('the dead session is counted for ever')
})

test('a client that does not read is cut off without a close frame, others are not', async () => {
  await start({ maxConnections: 2, slowBytesMax: 2_000_000 })
  const slow = connect()
  const quick = connect()
  for (const client of [slow, quick]) await client.subscribe('T.*')
  slow.socket.pause()
  const frame = `[{"ev":"XX","pad":"${'x'.repeat(200_000)}"}]`
  let sent = 0
  while (simulator.stats().slowKills === 0 && sent < 500) {
    simulator.publish(frame)
    sent++
    await until(() => quick.data.length === sent)
  }
  expect(simulator.stats().slowKills).toBe(1)
  slow.socket.resume()
  expect(await slow.closed()).toBe(1006)
  await quick.settled()
  expect(quick.closeCode).toBe(0)
  expect(quick.data.length).toBe(sent)
})
