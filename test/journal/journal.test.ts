import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isBefore } from '../../src/journal/position.ts'
import { anyFrame, MIB, openJournal, readFrames, textFrame, writeFrames } from './frames.ts'

let root = ''
let runs = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'journal-'))
})
afterAll(() => rm(root, { recursive: true }))
const newDir = (): string => join(root, String(runs++), 'deep')

async function diskBytes(dir: string): Promise<number> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.journal'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

test('what is appended is read back equal, from any position, over any number of openings', async () => {
  const parts = fc.array(fc.array(anyFrame, { maxLength: 30 }), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(parts, fc.nat(), fc.integer({ min: 1, max: 2000 }), async (all, at, size) => {
      const dir = newDir()
      const ends = []
      for (const frames of all)
        ends.push(...(await writeFrames(dir, frames, { segmentBytes: size })))
      const frames = all.flat()
      expect(await readFrames(dir)).toEqual({ frames, ends, problems: [] })
      const from = at % (ends.length + 1)
      const behind = await readFrames(dir, from === 0 ? null : ends[from - 1]!)
      expect(behind).toEqual({ frames: frames.slice(from), ends: ends.slice(from), problems: [] })
    }),
    { numRuns: 60, seed: 1 },
  )
})

test('a segment that is full to the last byte is followed by the next', async () => {
  const dir = newDir()
  const frame = textFrame('x'.repeat(68)) // 100 bytes with its header
  const ends = await writeFrames(dir, [frame, frame, frame, frame], { segmentBytes: 300 })
  expect(ends.slice(2)).toEqual([
    { segment: 1, offset: 300 },
    { segment: 2, offset: 100 },
  ])
  expect((await stat(join(dir, '00000001.journal'))).size).toBe(300)
  expect((await readFrames(dir, ends[2]!)).frames).toEqual((await readFrames(dir)).frames.slice(3))
  // opened when full: the next frame begins a segment
  await writeFrames(dir, [frame, frame], { segmentBytes: 300 })
  expect(await writeFrames(dir, [frame], { segmentBytes: 300 })).toEqual([
    { segment: 3, offset: 100 },
  ])
})

test('a frame that is larger than a segment, or than a reading, has a segment of its own', async () => {
  const dir = newDir()
  const large = { ...textFrame(''), bytes: new Uint8Array(3 * MIB).fill(7) }
  const frames = [textFrame('a'), large, textFrame('b')].map((frame) => ({
    ...frame,
    bytes: new Uint8Array(frame.bytes),
  }))
  const ends = await writeFrames(dir, frames, { segmentBytes: 1000 })
  expect(ends.map(({ segment }) => segment)).toEqual([1, 2, 3])
  expect(await readFrames(dir)).toEqual({ frames, ends, problems: [] })
})

test('the memory of a frame is free as soon as it is appended', async () => {
  const dir = newDir()
  const journal = await openJournal(dir)
  const bytes = Buffer.from('first')
  journal.append({ ...textFrame(''), bytes })
  bytes.write('other')
  await journal.close()
  expect((await readFrames(dir)).frames.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
    'first',
  ])
})

test('memory that was written is used again without harm, and frames of all sizes keep order', async () => {
  const dir = newDir()
  const journal = await openJournal(dir, { syncMs: 5, segmentBytes: 4 * MIB })
  const sizeOf = (i: number) => (i * 7919) % (i % 50 === 0 ? 400_000 : 3000)
  for (let i = 0; i < 4000; i++) {
    const bytes = Buffer.alloc(sizeOf(i), i & 0xff)
    if (!journal.append({ ...textFrame('', i), bytes })) await journal.drained()
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await journal.close()
  const { frames, problems } = await readFrames(dir)
  expect(problems).toEqual([])
  expect(frames.length).toBe(4000)
  const wrong = frames.findIndex(
    ({ recv, bytes }, i) =>
      recv !== i || bytes.length !== sizeOf(i) || bytes.some((byte) => byte !== (i & 0xff)),
  )
  expect(wrong).toBe(-1)
})

test('sync() is what makes `written` reach `position`, without close()', async () => {
  const dir = newDir()
  const journal = await openJournal(dir, { syncMs: 60_000 })
  journal.append(textFrame('one'))
  expect(isBefore(journal.written, journal.position)).toBe(true)
  await journal.sync()
  expect(journal.written).toEqual(journal.position)
  expect((await readFrames(dir)).frames.length).toBe(1)
  await journal.sync()
  await journal.close()
})

test.each([0, 1, 20])('a sync every %i ms loses no frame and ends', async (syncMs) => {
  const dir = newDir()
  const frames = Array.from({ length: 300 }, (_, i) => textFrame(`frame ${i}`, i))
  const journal = await openJournal(dir, { syncMs })
  for (const frame of frames) {
    journal.append(frame)
    if (frame.recv % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await journal.sync()
  await journal.close()
  expect((await readFrames(dir)).frames.length).toBe(300)
})

test('drops whole segments that lie before a position, and nothing else', async () => {
  const dir = newDir()
  const journal = await openJournal(dir, { segmentBytes: 1000 })
  const frames = Array.from({ length: 100 }, (_, i) => textFrame(`${i}`.padEnd(68), i))
  const ends = frames.map((frame) => {
    journal.append(frame)
    return journal.position
  })
  await journal.sync()
  expect(journal.bytes).toBe(10_000)
  let dropped = 0 // segments; one holds ten frames
  for (const at of [0, 9, 10, 11, 55, 42, 99]) {
    await journal.dropBefore(ends[at]!)
    dropped = Math.max(dropped, ends[at]!.segment - 1)
    expect(journal.bytes).toBe(10_000 - 1000 * dropped)
    expect(await diskBytes(dir)).toBe(journal.bytes)
    const { frames: rest, problems } = await readFrames(dir)
    expect(rest.map(({ recv }) => recv)).toEqual(frames.slice(dropped * 10).map(({ recv }) => recv))
    expect(problems).toEqual([])
  }
  expect(dropped).toBe(9)
  await journal.close()
})

test('drops nothing that is still to be written, and numbers go on after all was dropped', async () => {
  const dir = newDir()
  const journal = await openJournal(dir, { segmentBytes: 200 })
  for (let i = 0; i < 5; i++) journal.append(textFrame('x'.repeat(68), i))
  await journal.dropBefore(journal.position)
  await journal.sync()
  expect((await readFrames(dir)).frames.map(({ recv }) => recv)).toEqual([0, 1, 2, 3, 4])
  await journal.dropBefore(journal.position)
  const { position } = journal
  expect(position).toEqual({ segment: 3, offset: 100 })
  await journal.close()
  const again = await openJournal(dir, { segmentBytes: 200 })
  expect(again.position).toEqual(position)
  expect(again.bytes).toBe(100)
  await again.close()
})

test('what is appended comes behind the newest snapshot, though its frames are gone', async () => {
  const dir = newDir()
  const [end] = await writeFrames(dir, [textFrame('one')])
  const after = { segment: 1, offset: end!.offset + 500 } // lost in a power cut
  const [next] = await writeFrames(dir, [textFrame('two', 2)], { after })
  expect(isBefore(after, next!)).toBe(true)
  const { frames, problems } = await readFrames(dir, after)
  expect(frames.map(({ recv }) => recv)).toEqual([2])
  expect(problems).toEqual([])
  const empty = newDir()
  const [first] = await writeFrames(empty, [textFrame('three')], {
    after: { segment: 7, offset: 9 },
  })
  expect(first!.segment).toBe(8)
})

test('secrets never reach the disk, and the frame keeps its length', async () => {
  const dir = newDir()
  const frame = textFrame('{"key":"s3cret-k3y","again":"s3cret-k3y"}')
  await writeFrames(dir, [frame], { secrets: ['', 's3cret-k3y'] })
  expect((await readFile(join(dir, '00000001.journal'))).includes('s3cret')).toBe(false)
  const { frames } = await readFrames(dir)
  expect(Buffer.from(frames[0]!.bytes).toString()).toBe('{"key":"**********","again":"**********"}')
})

test.skipIf(process.platform === 'win32')('only this user can read the folder', async () => {
  const dir = newDir()
  await writeFrames(dir, [textFrame('one')])
  const modes = [dir, ...(await readdir(dir)).map((name) => join(dir, name))]
  const open = []
  for (const path of modes) open.push((await stat(path)).mode & 0o077)
  expect(open.every((mode) => mode === 0)).toBe(true)
  expect(open.length).toBe(3)
})

test('a folder that cannot be one is refused with what to do', async () => {
  const path = join(root, 'a-file')
  await writeFile(path, '')
  await expect(openJournal(path)).rejects.toThrow(/a-file cannot be used.*set FLOW_DATA_DIR/)
})

test('a connection that has no number of a connection is refused before anything is written', async () => {
  const dir = newDir()
  const journal = await openJournal(dir)
  for (const connection of [-1, 65_536, NaN]) {
    expect(() => journal.append({ ...textFrame('x'), connection })).toThrow('65535')
  }
  journal.append(textFrame('y'))
  await journal.close()
  expect(() => journal.append(textFrame('z'))).toThrow('closed')
  expect((await readFrames(dir)).frames.length).toBe(1)
})

test('only the last segment is read at the opening', async () => {
  const dir = newDir()
  await writeFrames(
    dir,
    Array.from({ length: 20 }, () => textFrame('x'.repeat(68))),
    {
      segmentBytes: 300,
    },
  )
  // were it read, it would be told
  await writeFile(join(dir, '00000002.journal'), Buffer.alloc(300, 1))
  const problems: string[] = []
  const journal = await openJournal(dir, { onProblem: (problem) => problems.push(problem) })
  expect(journal.position).toEqual({ segment: 7, offset: 200 })
  expect(journal.bytes).toBe(2000)
  await journal.close()
  expect(problems).toEqual([])
  expect((await readFrames(dir)).problems).toEqual([
    'segment 2 is damaged at byte 0: its last 300 bytes are left out',
  ])
})
