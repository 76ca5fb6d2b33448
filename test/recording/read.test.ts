import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { loadFlatFile } from '../../src/recording/flat-file.ts'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import { checkRecording, readRecording } from '../../src/recording/read.ts'

const FRAMES = 'test/fixtures/tapes/spy-2024-06-14-500C.frames.jsonl.gz'
const FLAT = 'test/fixtures/tapes/spy-2023-03-13-390P.trades_v1.csv.gz'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'recording-'))
})

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

async function readAll(path: string): Promise<{ frames: RecordedFrame[]; problems: string[] }> {
  const problems: string[] = []
  const frames: RecordedFrame[] = []
  const onProblem = (problem: string) => problems.push(problem)
  for await (const batch of readRecording(path, { onProblem })) frames.push(...batch)
  return { frames, problems }
}

type Event = { sym: string; p: unknown; s: unknown; x?: unknown; c?: unknown; t: unknown }
const eventsOf = (frames: readonly RecordedFrame[]): Event[] =>
  frames.flatMap((frame) => JSON.parse(Buffer.from(frame.bytes).toString()) as Event[])

test('reads every frame of a frames file with its receive time', async () => {
  const { frames, problems } = await readAll(FRAMES)
  expect(problems).toEqual([])
  expect(frames.length).toBe(98)
  expect(frames[0]).toMatchObject({ recv: 1718373303127, connection: 0, isBinary: false })
  const lines = gunzipSync(await readFile(FRAMES))
    .toString()
    .trim()
    .split('\n')
  const texts = lines.map((line) => (JSON.parse(line) as { frame: string }).frame)
  expect(frames.map((frame) => Buffer.from(frame.bytes).toString())).toEqual(texts)
})

test('the reading clock of a frames file never goes back', async () => {
  const lines = [5, 3, 9, 7].map((recv) => JSON.stringify({ recv, frame: '[]' }))
  const { frames } = await readAll(await file('clock.frames.jsonl', lines.join('\n')))
  expect(frames.map((frame) => frame.recv)).toEqual([5, 3, 9, 7])
  expect(frames.map((frame) => frame.clock)).toEqual([5, 5, 9, 9])
})

test('leaves out a bad line, names it, and reads the rest', async () => {
  const good = JSON.stringify({ recv: 1, frame: '[{"ev":"T"}]' })
  const lines = [good, '{"recv":1', '', '{"recv":"1","frame":"[]"}', '{"recv":2}', 'null', good]
  const { frames, problems } = await readAll(await file('bad.frames.jsonl', lines.join('\r\n')))
  expect(frames.length).toBe(2)
  expect(problems.map((problem) => problem.slice(0, 6))).toEqual([
    'line 2',
    'line 4',
    'line 5',
    'line 6',
  ])
})

test('tells the form by the content, whatever the name', async () => {
  const frames = await readAll(await file('a.bin', await readFile(FRAMES)))
  expect(frames.frames.length).toBe(98)
  const flat = await readAll(await file('b.bin', await readFile(FLAT)))
  expect(eventsOf(flat.frames).length).toBe(62)
})

test('keeps what is whole of a gzip file that is cut, and says so', async () => {
  const gz = await readFile(FRAMES)
  const all = (await readAll(FRAMES)).frames
  for (const bytes of [5, 30, 400, gz.length - 9, gz.length - 1]) {
    const cut = await readAll(await file('cut.frames.jsonl.gz', gz.subarray(0, bytes)))
    expect(cut.problems.some((problem) => problem.includes('cut off'))).toBe(true)
    expect(cut.frames).toEqual(all.slice(0, cut.frames.length))
  }
  const most = await readAll(await file('most.frames.jsonl.gz', gz.subarray(0, gz.length - 300)))
  expect(most.frames.length).toBeGreaterThan(50)
})

test('a flat file that is cut inside a row loses that row, not half of its size', async () => {
  const row = 'O:A,209,302,1.25,1000000000,1234567\n'
  const text = `ticker,conditions,exchange,price,sip_timestamp,size\n${row.repeat(50)}`
  const gz = gzipSync(text, { level: 0 }) // stored: a cut byte is a cut character
  for (let cut = 10; cut < 60; cut++) {
    const { frames, problems } = await readAll(await file('cut.csv.gz', gz.subarray(0, -cut)))
    expect(problems.length).toBe(1)
    for (const event of eventsOf(frames)) expect(event).toMatchObject({ p: 1.25, s: 1234567 })
  }
})

test('reads up to the damage of a damaged gzip file', async () => {
  const gz = gzipSync(Buffer.from('{"recv":1,"frame":"[]"}\n'.repeat(20_000)), { level: 0 })
  gz.fill(0xff, 300_000, 300_100)
  gz.fill(0xff, 327_000, 327_100)
  const { problems } = await readAll(await file('damaged.frames.jsonl.gz', gz))
  expect(problems.length).toBeGreaterThan(0)
})

test('says what is wrong with a missing file, a directory and an unknown form', async () => {
  await expect(readAll(join(dir, 'none'))).rejects.toThrow('there is no such file')
  await expect(readAll(dir)).rejects.toThrow('is a directory')
  await expect(readAll(await file('x.txt', 'hello\n'))).rejects.toThrow('unknown form: expected')
  const header = 'ticker,ask_price,bid_price,sip_timestamp\n'
  await expect(readAll(await file('q.csv', header))).rejects.toThrow('lacks price, size')
})

test('a look at the start tells the same wrong files, and accepts the right ones', async () => {
  await expect(checkRecording(join(dir, 'none'))).rejects.toThrow('there is no such file')
  await expect(checkRecording(dir)).rejects.toThrow('is a directory')
  await expect(checkRecording(await file('y.txt', 'hello\n'))).rejects.toThrow('unknown form')
  const header = 'ticker,ask_price,bid_price,sip_timestamp\nO:A,1,1,1\n'
  await expect(checkRecording(await file('r.csv', header))).rejects.toThrow('lacks price, size')
  await checkRecording(FRAMES)
  await checkRecording(FLAT)
  await checkRecording(await file('f.frames.jsonl', ''))
})

test('an empty file has no frames and one problem', async () => {
  for (const name of ['e.frames.jsonl', 'e.csv', 'e.flowrec.zst']) {
    expect(await readAll(await file(name, ''))).toEqual({
      frames: [],
      problems: ['the file is empty'],
    })
  }
})

test('serves a flat file as vendor frames in order of its nanoseconds', async () => {
  const events = eventsOf((await readAll(FLAT)).frames)
  expect(events.length).toBe(62)
  expect(events[0]).toEqual({
    ev: 'T',
    sym: 'O:SPY230327P00390000',
    x: 312,
    p: 11.82,
    s: 1,
    c: [232],
    t: 1678715620948,
  })
  const times = events.map((event) => event.t as number)
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

test('sorts by nanoseconds past 2^53, and leaves equal times in the order of the file', async () => {
  const rows = [
    'O:B,,302,1,1678715620948000002,1',
    'O:C,,302,1,1678715620948000001,1',
    'O:D,,302,1,1678715620948000002,2',
    'O:A,,302,1,1678715620947999999,1',
    'O:E,,302,1,1678715620948000001,2',
  ]
  const text = `ticker,conditions,exchange,price,sip_timestamp,size\n${rows.join('\n')}\n`
  const events = eventsOf((await readAll(await file('ns.csv', text))).frames)
  expect(events.map((event) => event.sym)).toEqual(['O:A', 'O:C', 'O:E', 'O:B', 'O:D'])
  expect(events[0]?.t).toBe(1678715620947)
})

test('finds the columns by name and reads every form of conditions', async () => {
  const text =
    '\uFEFFsize,extra,price,Conditions,sip_timestamp,ticker,exchange\r\n' +
    '3,z,1.5,"227,209",1000000000,O:A,302\r\n' +
    '4.0,z,2.50,227 209,2000000000,O:A,\r\n' +
    '5,z,3,227;SWEEP,3000000000,O:A,302\r\n' +
    '6,z,3,,4000000000,O:A,302\r\n'
  const events = eventsOf((await readAll(await file('cols.csv', text))).frames)
  expect(events).toEqual([
    { ev: 'T', sym: 'O:A', x: 302, p: 1.5, s: 3, c: [227, 209], t: 1000 },
    { ev: 'T', sym: 'O:A', p: 2.5, s: 4, c: [227, 209], t: 2000 },
    { ev: 'T', sym: 'O:A', x: 302, p: 3, s: 5, c: [227, 'SWEEP'], t: 3000 },
    { ev: 'T', sym: 'O:A', x: 302, p: 3, s: 6, t: 4000 },
  ])
})

test('a row whose fields are no numbers still arrives as an event', async () => {
  const text =
    'ticker,conditions,exchange,price,sip_timestamp,size\n' +
    'O:A,209,302,1,1000000000,1\n' +
    'O:"A,209,"3""02",n/a,2000000000,one\n' +
    'O:A,209,302,1,noon,1\n' +
    'O:A\n' +
    'O:A,209,302,1,3e9,1\n'
  const { frames } = await readAll(await file('odd.csv', text))
  expect(eventsOf(frames)).toEqual([
    { ev: 'T', sym: 'O:A', x: 302, p: 1, s: 1, c: [209], t: 1000 },
    { ev: 'T', sym: 'O:"A', x: '3"02', p: 'n/a', s: 'one', c: [209], t: 2000 },
    { ev: 'T', sym: 'O:A', x: 302, p: 1, s: 1, c: [209], t: 'noon' },
    { ev: 'T', sym: 'O:A', p: '', s: '', t: '' },
    { ev: 'T', sym: 'O:A', x: 302, p: 1, s: 1, c: [209], t: 3000 },
  ])
})

test('refuses a flat file with more rows than the limit', async () => {
  const rows = `ticker,price,sip_timestamp,size\n${'O:A,1,1000000000,1\n'.repeat(11)}`
  async function* chunks(): AsyncGenerator<Buffer> {
    yield Buffer.from(rows)
  }
  await expect(loadFlatFile(chunks(), {}, 10)).rejects.toThrow('more than 10 rows')
  expect((await loadFlatFile(chunks(), {}, 11)).count).toBe(11)
})

test('progress ends at the whole file', async () => {
  for (const path of [FRAMES, FLAT]) {
    const seen: number[] = []
    const onProgress = (done: number, total: number) => seen.push(done / total)
    for await (const batch of readRecording(path, { onProgress }))
      expect(batch.length > 0).toBe(true)
    expect(seen.at(-1)).toBe(1)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  }
})
