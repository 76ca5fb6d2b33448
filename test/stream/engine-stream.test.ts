import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startSimulator } from '../../src/simulator/server.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually, imbalance } from '../e2e/flow-process.ts'
import { trade } from '../e2e/prints.ts'
import { useStage } from '../e2e/stage.ts'
import { countRows } from '../e2e/table.ts'
import { openDeaf, openEventSource, openWebSocket, type TestClient } from './clients.ts'

const { cleanups, vendorOf, settingsFor } = useStage()
const DEADLY = fileURLToPath(new URL('../e2e/deadly.ts', import.meta.url))
const MIB = 1024 * 1024

async function portOf(engine: Engine): Promise<number> {
  return Number(new URL(String((await engine.line('listening')).url)).port)
}

const sequences = ({ told }: TestClient) =>
  told.filter(({ type }) => type === 'print').map(({ data }) => Number(data.sequence))

it('tells each print once, also when a part dies and the journal is read again', async () => {
  const vendor = await vendorOf()
  const dir = mkdtempSync(join(tmpdir(), 'flow-stream-'))
  cleanups.push(async () => rmSync(dir, { recursive: true, force: true }))
  const settings = {
    ...(await settingsFor(vendor)),
    FLOW_DATA_DIR: dir,
    FLOW_SHARDS: '1',
    NODE_OPTIONS: `--import ${DEADLY}`,
    DEADLY_THREAD: 'shard',
  }
  const engine = new Engine(settings)
  await engine.ready()
  const url = `http://127.0.0.1:${await portOf(engine)}/api/stream`
  const [socket, source] = [await openWebSocket(url), await openEventSource(url)]
  const clients = [socket, source]
  await eventually('two clients', async () => (await engine.metric('flow_stream_clients')) === 2)
  const send = async (from: number): Promise<void> => {
    for (let q = from; q < from + 50; q++) vendor.peers.at(-1)!.send(trade({ q, s: 600 }))
    await eventually('50 prints', () => clients.every((one) => sequences(one).length >= from + 49))
  }
  await send(1)
  engine.child.kill('SIGUSR2')
  await eventually(
    'the restart',
    async () => (await engine.metric('flow_shard_restarts_total')) === 1,
  )
  await engine.ready()
  await send(51)
  const all = Array.from({ length: 100 }, (_, i) => i + 1)
  for (const client of clients) {
    expect(sequences(client)).toEqual(all)
    expect(client.told.filter(({ type }) => type === 'missed')).toMatchObject([
      { data: { kind: 'prints', reason: 'rebuild' } },
    ])
    // each of them is a block of its own
    await eventually('100 events', () => {
      return client.told.filter(({ type }) => type === 'event').length === 100
    })
  }
  await engine.received(100) // what is stored may be told before it is counted
  expect(await engine.metric('flow_trades_received_total')).toBe(100)
  const account = await engine.drain()
  expect([account.stored, imbalance(account)]).toEqual([100, 0])
  expect(await socket.ended).toEqual({ code: 1001, reason: 'the engine stops' })
  await source.ended

  // what the next process reads again of the journal is not told either
  const second = new Engine(settings)
  const port = await portOf(second)
  const early = await openEventSource(`http://127.0.0.1:${port}/api/stream`)
  await second.ready()
  vendor.peers.at(-1)!.send(trade({ q: 1000, s: 600 }))
  await eventually('a print', () => sequences(early).length > 0)
  expect(sequences(early)).toEqual([1000])
  await second.drain()
})

it('10,000 prints a second go on as before when clients never read', async () => {
  const vendor = await startSimulator({
    source: { kind: 'synthetic', seed: 3, rate: 10_000, quotesPerPrint: 1 },
  })
  cleanups.push(() => vendor.close())
  const { DATABASE_URL = '' } = await settingsFor(await vendorOf())
  const engine = new Engine({ DATABASE_URL, FLOW_FEED_URL: vendor.wsUrl, FLOW_MIN_SIZE: '1' })
  await engine.ready()
  await engine.received(20_000)
  const before = await engine.metric('process_resident_memory_bytes')
  const port = await portOf(engine)
  const deaf = await Promise.all(
    Array.from({ length: 6 }, (_, i) => openDeaf(port, '/api/stream', i % 2 === 0)),
  )
  const reader = await openEventSource(`http://127.0.0.1:${port}/api/stream?minPremium=250000`)
  let most = before
  await eventually('the deaf ones to be cut off', async () => {
    const metrics = await engine.metrics()
    most = Math.max(most, metrics.get('process_resident_memory_bytes')!)
    return (
      metrics.get('flow_stream_clients') === 1 &&
      metrics.get('flow_stream_dropped_total{reason="slow_client"}')! > 0
    )
  })
  expect(most - before).toBeLessThan(256 * MIB)
  expect(reader.told.length).toBeGreaterThan(0)
  const dropped = await engine.metrics()
  const beyond = ['client_rate', 'total_rate'].map(
    (reason) => dropped.get(`flow_stream_dropped_total{reason="${reason}"}`)!,
  )
  expect(beyond[0]! + beyond[1]!).toBeGreaterThan(0)
  for (const socket of deaf) socket.destroy()
  // it has kept up: all that the vendor sent is received, and soon stored
  await eventually('the engine to be where the vendor is', async () => {
    const { account } = await engine.stats()
    return vendor.stats().prints - account.received < 2000 && imbalance(account) < 20_000
  })
  const account = await engine.drain()
  expect(imbalance(account)).toBe(0)
  expect(account.dropped).toBe(0)
  expect(await countRows(DATABASE_URL)).toBeGreaterThan(20_000)
})
