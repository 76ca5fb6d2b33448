import { afterEach, describe, expect, test } from 'vitest'
import { parseFault } from '../../src/simulator/faults.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { Client, until } from './client.ts'

let simulator: Simulator
const clients: Client[] = []

async function subscribed(...faults: readonly string[]): Promise<Client> {
  simulator = await startSimulator({
    source: { kind: 'none' },
    faults: faults.map(parseFault),
    // short only where it is waited for: a busy machine is slow to send the key
    authTimeoutMs: faults.includes('authtimeout') ? 50 : 10_000,
    slowBytesMax: 64 * 1024 * 1024,
  })
  const client = new Client(simulator.wsUrl)
  clients.push(client)
  await client.subscribe('T.*')
  return client
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await simulator?.close()
})

test('reads faults with their times', () => {
  expect(parseFault('drop@10s')).toEqual({ name: 'drop', atMs: 10_000, durationMs: 0 })
  expect(parseFault('drop@1.5s')).toEqual({ name: 'drop', atMs: 1500, durationMs: 0 })
  expect(parseFault('silence@5ms:30s')).toEqual({ name: 'silence', atMs: 5, durationMs: 30_000 })
  expect(parseFault('authfail')).toEqual({ name: 'authfail' })
})

test.each([
  ['', 'no such fault, expected one of drop@10s'],
  ['dorp@3s', 'no such fault'],
  ['drop', 'drop: needs a time, such as drop@10s'],
  ['drop@3', 'no such fault'],
  ['drop@3s:4s', 'drop has no length'],
  ['silence@3s', 'needs a length, such as silence@5s:30s'],
  ['authfail@3s', 'holds from the start'],
])('refuses %j in one line', (text, why) => {
  expect(() => parseFault(text)).toThrow(why)
  try {
    parseFault(text)
  } catch (error) {
    expect((error as Error).message).not.toContain('\n')
  }
})

describe('a fault happens', () => {
  test('drop: no close frame', async () => {
    const client = await subscribed('drop@20ms')
    expect(await client.closed()).toBe(1006)
  })

  test('close: a clean 1001', async () => {
    const client = await subscribed('close@20ms')
    expect(await client.closed()).toBe(1001)
  })

  test('evict: max_connections in mid stream, then 1008', async () => {
    const client = await subscribed('evict@20ms')
    expect(await client.closed()).toBe(1008)
    expect(client.data).toEqual([expect.stringContaining('"status":"max_connections"')])
  })

  test('garbage, binary and bad UTF-8 reach the client as they are', async () => {
    const client = await subscribed('garbage@10ms', 'binary@20ms', 'badutf8@60ms')
    await until(() => client.closeCode !== 0)
    expect(client.errors[0]).toMatchObject({ code: 'WS_ERR_INVALID_UTF8' })
    expect(() => JSON.parse(client.data[0]!)).toThrow()
    expect(JSON.parse(client.binaries[0]!.toString())).toMatchObject([{ ev: 'T' }])
  })

  test('bigframe: 15 MiB of valid JSON', async () => {
    const client = await subscribed('bigframe@10ms')
    await client.frames(4)
    expect(client.data[0]?.length).toBe(15 * 1024 * 1024)
    expect(JSON.parse(client.data[0]!)).toMatchObject([{ ev: 'XX' }])
  })

  test('hugeframe: more than 16 MiB', async () => {
    const client = await subscribed('hugeframe@10ms')
    await client.frames(4)
    expect(client.data[0]?.length).toBe(17 * 1024 * 1024)
  })

  test('halfopen: the connection stays, nothing comes, no pong either', async () => {
    const client = await subscribed('halfopen@1ms')
    await new Promise((resolve) => setTimeout(resolve, 50))
    simulator.publish('[{"ev":"T"}]')
    client.socket.ping()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect([client.closeCode, client.pongs, client.data.length]).toEqual([0, 0, 0])
  })

  test('silence: no data for a while, pongs go on, then data again', async () => {
    const client = await subscribed('silence@1ms:1500ms')
    await new Promise((resolve) => setTimeout(resolve, 50))
    simulator.publish('[1]')
    await client.settled()
    expect(client.data).toEqual([])
    await expect
      .poll(
        () => {
          simulator.publish('[2]')
          return client.data.length
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0)
    expect(client.data).not.toContain('[1]')
  })

  test('authfail, authtimeout and maxconn hold from the start', async () => {
    const refused = await subscribed('authfail')
    expect(refused.texts[1]).toContain('auth_failed')
    await simulator.close()
    const unheard = await subscribed('authtimeout')
    expect(unheard.texts[1]).toContain('auth_timeout')
    await simulator.close()
    const evicted = await subscribed('maxconn')
    expect(await evicted.closed()).toBe(1008)
  })
})
