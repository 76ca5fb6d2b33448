import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Position } from '../../src/journal/position.ts'
import { segmentName } from '../../src/journal/position.ts'
import type { JournalFrame } from '../../src/journal/record.ts'
import { anyFrame, openJournal, readFrames, textFrame, writeFrames } from './frames.ts'

/** Three segments of seeded frames; each test damages a copy. */
const FRAMES = fc.sample(anyFrame, { numRuns: 38, seed: 7 })
const SEGMENT_BYTES = 2000
let root = ''
let whole = ''
let dir = ''
let ends: Position[] = []
let runs = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'journal-damage-'))
  whole = join(root, 'whole')
  ends = await writeFrames(whole, FRAMES, { segmentBytes: SEGMENT_BYTES })
  expect(ends.at(-1)!.segment).toBe(3)
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(() => renew())

async function renew(): Promise<void> {
  dir = join(root, String(runs++))
  await mkdir(dir)
  for (let segment = 1; segment <= ends.at(-1)!.segment; segment++) {
    await copyFile(join(whole, segmentName(segment)), join(dir, segmentName(segment)))
  }
}

/** Frames of a segment that end at or before a byte of it. */
function framesOf(segment: number, upTo = Number.POSITIVE_INFINITY): JournalFrame[] {
  return FRAMES.filter((_, i) => ends[i]!.segment === segment && ends[i]!.offset <= upTo)
}

const segments = (): number[] => Array.from({ length: ends.at(-1)!.segment }, (_, i) => i + 1)

test('a last segment that is cut at any byte gives its whole frames, and goes on behind them', async () => {
  const last = ends.at(-1)!
  const path = join(dir, segmentName(last.segment))
  const bytes = await readFile(path)
  const before = segments()
    .slice(0, -1)
    .flatMap((segment) => framesOf(segment))
  const added = textFrame('added behind the cut', 5)
  for (let length = 0; length < last.offset; length++) {
    await writeFile(path, bytes.subarray(0, length))
    const left = framesOf(last.segment, length)
    const isTorn = length !== 0 && !ends.some((end) => end.segment === 3 && end.offset === length)
    const cut = await readFrames(dir)
    expect(cut.frames).toEqual([...before, ...left])
    expect(cut.problems.length, `cut at ${length}`).toBe(isTorn ? 1 : 0)
    const told: string[] = []
    await writeFrames(dir, [added], { onProblem: (problem) => told.push(problem) })
    expect(told.length).toBe(isTorn ? 1 : 0)
    const again = await readFrames(dir)
    expect(again.frames.slice(0, -1)).toEqual([...before, ...left])
    expect(Buffer.from(again.frames.at(-1)!.bytes).toString()).toBe('added behind the cut')
    expect(again.problems).toEqual([])
  }
})

test('bits that flip anywhere leave a prefix of each segment, and nothing is invented', async () => {
  const flip = fc.record({
    segment: fc.constantFrom(...segments()),
    place: fc.nat(),
    bit: fc.nat(7),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 4 }), async (flips) => {
      await renew()
      const first = new Map<number, number>()
      const flipped = new Set<string>()
      for (const { segment, place, bit } of flips) {
        const path = join(dir, segmentName(segment))
        const bytes = await readFile(path)
        const at = place % bytes.length
        if (flipped.has(`${segment} ${at} ${bit}`)) continue // twice is never
        flipped.add(`${segment} ${at} ${bit}`)
        bytes[at]! ^= 1 << bit
        await writeFile(path, bytes)
        first.set(segment, Math.min(at, first.get(segment) ?? at))
      }
      const { frames, problems } = await readFrames(dir)
      expect(frames).toEqual(segments().flatMap((segment) => framesOf(segment, first.get(segment))))
      expect(problems.length).toBe(first.size)
    }),
    { numRuns: 300, seed: 11 },
  )
})

test('garbage of any kind behind the last frame is cut off, when no frame lies behind it', async () => {
  const tail = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.integer({ min: 1, max: 5000 }).map((length) => new Uint8Array(length)),
    fc.constant(new Uint8Array(Buffer.from('OFJ1'.repeat(40)))),
  )
  await fc.assert(
    fc.asyncProperty(tail, async (garbage) => {
      await renew()
      const path = join(dir, segmentName(3))
      await writeFile(path, garbage, { flag: 'a' })
      const journal = await openJournal(dir)
      expect(journal.position).toEqual(ends.at(-1))
      await journal.close()
      expect((await stat(path)).size).toBe(ends.at(-1)!.offset)
    }),
    { numRuns: 50, seed: 3 },
  )
})

test('damage before whole frames of the last segment is kept; it goes on in a new one', async () => {
  const path = join(dir, segmentName(3))
  const bytes = await readFile(path)
  const second = ends.filter(({ segment }) => segment === 3)[1]!.offset
  bytes[second + 40]! ^= 1
  await writeFile(path, bytes)
  const told: string[] = []
  const added = textFrame('added', 5)
  const [end] = await writeFrames(dir, [added], { onProblem: (problem) => told.push(problem) })
  expect(end!.segment).toBe(4)
  expect(told).toEqual([
    `segment 3 is damaged at byte ${second}: its last ${bytes.length - second} bytes stay`,
  ])
  expect(await readFile(path)).toEqual(bytes)
  const { frames, problems } = await readFrames(dir)
  expect(frames.length).toBe(framesOf(1).length + framesOf(2).length + 2 + 1)
  expect(problems).toEqual([
    `segment 3 is damaged at byte ${second}: its last ${bytes.length - second} bytes are left out`,
  ])
})

test('segments that are missing, and ends that are missing in the middle, are told', async () => {
  await truncate(join(dir, segmentName(1)), ends[0]!.offset + 3)
  await rm(join(dir, segmentName(2)))
  const { frames, problems } = await readFrames(dir)
  expect(frames).toEqual([FRAMES[0], ...framesOf(3)])
  expect(problems).toEqual([
    `segment 1 is damaged at byte ${ends[0]!.offset}: its last 3 bytes are left out`,
    'segment 2 is missing: its frames are left out',
  ])
  await rm(join(dir, segmentName(1)))
  expect((await readFrames(dir, { segment: 1, offset: 0 })).problems).toEqual([
    'segments 1 to 2 are missing: their frames are left out',
  ])
  expect((await readFrames(dir)).problems).toEqual([])
  expect(await readFrames(join(root, 'nowhere'))).toEqual({ frames: [], ends: [], problems: [] })
})
