import { afterEach, expect, test } from 'vitest'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import { paced, tapeTime } from '../../src/recording/pace.ts'
import { readRecording } from '../../src/recording/read.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import type { Tape } from '../../src/simulator/tape.ts'
import { Client, until } from './client.ts'

const FRAMES = 'test/fixtures/tapes/spy-2024-06-14-500C.frames.jsonl.gz'
const FLAT = 'test/fixtures/tapes/spy-2023-03-13-390P.trades_v1.csv.gz'

let simulator: Simulator
const clients: Client[] = []

async function play(tape: Tape, waitFor = 1): Promise<Client> {
  simulator = await startSimulator({
    source: { kind: 'tape', ...tape },
    waitFor,
    maxConnections: 3,
  })
  return connect()
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

async function textsOf(path: string): Promise<string[]> {
  const texts: string[] = []
  for await (const batch of readRecording(path)) {
    texts.push(...batch.map((frame) => Buffer.from(frame.bytes).toString()))
  }
  return texts
}

/** A tape of these texts, `stepMs` apart. */
function tapeOf(texts: readonly string[], stepMs: number): Tape['open'] {
  return async function* () {
    yield texts.map((text, i): RecordedFrame => {
      const time = 1000 + i * stepMs
      const bytes = Buffer.from(text)
      return { recv: time, clock: time, connection: 0, bytes, isBinary: false }
    })
  }
}

const print = (i: number, ticker = 'O:SPY261218C00650000'): string =>
  `{"ev":"T","sym":"${ticker}","x":302,"p":1.5,"s":${i + 1},"t":${1000 + i},"q":${i + 1}}`

test('a recording and a flat file come as the frames that they hold, in order', async () => {
  for (const path of [FRAMES, FLAT]) {
    const client = await play({ open: () => readRecording(path), speed: 'max' })
    await client.subscribe('T.*')
    await simulator.finished
    await client.settled()
    expect(client.data).toEqual(await textsOf(path))
    await simulator.close()
  }
})

test('the same tape gives the same frames at any speed', async () => {
  const texts = Array.from({ length: 60 }, (_, i) => `[${print(i)}]`)
  for (const speed of [1, 10, 'max'] as const) {
    const client = await play({ open: tapeOf(texts, 10), speed })
    const start = performance.now()
    await client.subscribe('T.*')
    await simulator.finished
    await client.settled()
    expect(client.data).toEqual(texts)
    // a tape of 590 ms: never early, which a slow machine cannot turn around
    if (speed !== 'max') expect(performance.now() - start).toBeGreaterThan(580 / speed)
    await simulator.close()
  }
})

test('at full speed a slow reader is waited for: nothing is lost and nobody is cut off', async () => {
  const pad = 'x'.repeat(100_000)
  const texts = Array.from({ length: 300 }, (_, i) => `[{"ev":"XX","n":${i},"pad":"${pad}"}]`)
  const client = await play({ open: tapeOf(texts, 0), speed: 'max' }, 2)
  const quick = connect()
  await client.subscribe('T.*')
  client.socket.pause()
  await quick.subscribe('T.*')
  let isFinished = false
  void simulator.finished.then(() => {
    isFinished = true
  })
  await until(() => quick.data.length > 5)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(isFinished).toBe(false) // 30 MB do not fit anywhere
  client.socket.resume()
  await simulator.finished
  for (const reader of [client, quick]) {
    await reader.settled()
    expect(reader.data).toEqual(texts)
  }
  expect(simulator.stats().slowKills).toBe(0)
})

test('a connection with single contracts gets their events out of the frames', async () => {
  const [a, b] = ['O:A261218C00650000', 'O:B261218C00650000']
  const quote = `{"ev":"Q","sym":"${b}","bp":1,"ap":2,"t":5}`
  const texts = [`[${print(0, a)},${print(1, b)},${quote}]`, `[${print(2, a)}]`, 'no json']
  const client = await play({ open: tapeOf(texts, 0), speed: 'max' }, 2)
  const quotes = connect()
  await client.subscribe(`T.${b}`)
  await quotes.subscribe(`T.${a},Q.${b}`)
  await simulator.finished
  await client.settled()
  await quotes.settled()
  expect(client.data).toEqual([`[${print(1, b)}]`])
  expect(quotes.data).toEqual([`[${print(0, a)},${quote}]`, `[${print(2, a)}]`])
})

test('the recorded handshake is left out, data beside a status is not', async () => {
  const status = '{"ev":"status","status":"auth_success","message":"authenticated"}'
  const texts = [`[${status}]`, `[${status},${print(0)}]`, `[${print(1)}]`]
  const client = await play({ open: tapeOf(texts, 0), speed: 'max' })
  await client.subscribe('T.*')
  await simulator.finished
  await client.settled()
  expect(client.data).toEqual(texts.slice(1))
  expect(simulator.stats().prints).toBe(2)
})

test('shifted to now, the first print happens now and the others as far from it', async () => {
  const texts = [0, 40, 90].map((i) => `[${print(i)}]`)
  const before = Date.now()
  const client = await play({ open: tapeOf(texts, 1), speed: 10, shiftToNow: true })
  await client.subscribe('T.*')
  await simulator.finished
  await client.settled()
  const times = client.data.map((text) => (JSON.parse(text) as { t: number }[])[0]!.t)
  expect(times[0]).toBeGreaterThanOrEqual(before)
  expect(times[0]).toBeLessThanOrEqual(Date.now())
  expect(times.map((time) => time - times[0]!)).toEqual([0, 4, 9])
})

test('a tape that cannot be read ends with its reason', async () => {
  const client = await play({ open: () => readRecording('test/fixtures/none'), speed: 'max' })
  await client.subscribe('T.*')
  await expect(simulator.finished).rejects.toThrow('there is no such file')
})

test('a flat file is paced by its own times', async () => {
  simulator = await startSimulator({ source: { kind: 'none' } })
  const times: number[] = []
  for await (const batch of readRecording(FLAT)) times.push(...batch.map(tapeTime))
  expect(times.length).toBeGreaterThan(40)
  expect(times[0]).toBe(1678715620948)
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

test('pacing stops when it is told to', async () => {
  simulator = await startSimulator({ source: { kind: 'none' } })
  let isStopped = false
  const seen: number[] = []
  for await (const batch of paced(tapeOf(['[1]', '[2]'], 3_600_000)(), 1, () => isStopped)) {
    seen.push(batch.length)
    isStopped = true
  }
  expect(seen).toEqual([1])
})
