import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import { readRecording } from '../../src/recording/read.ts'
import { RecordingWriter } from '../../src/recording/write.ts'

let root = ''
let runs = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flowrec-'))
})

async function record(
  frames: readonly RecordedFrame[],
  options: { maxBytes?: number; secrets?: readonly string[] } = {},
): Promise<{ dir: string; names: string[] }> {
  const dir = join(root, String(runs++), 'deep')
  const writer = new RecordingWriter({ dir, maxBytes: 1 << 30, secrets: [], ...options })
  for (const frame of frames) if (!writer.write(frame)) await writer.drained()
  await writer.close()
  return { dir, names: (await readdir(dir)).sort() }
}

async function readAll(path: string): Promise<{ frames: RecordedFrame[]; problems: string[] }> {
  const problems: string[] = []
  const frames: RecordedFrame[] = []
  const onProblem = (problem: string) => problems.push(problem)
  for await (const batch of readRecording(path, { onProblem })) frames.push(...batch)
  return { frames: frames.map(plain), problems }
}

const plain = (frame: RecordedFrame): RecordedFrame => ({
  ...frame,
  bytes: new Uint8Array(frame.bytes),
})
const text = (content: string, recv = 1): RecordedFrame => ({
  recv,
  clock: recv,
  connection: 0,
  bytes: Buffer.from(content),
  isBinary: false,
})

// NaN stands for none; -0 is no time that a clock shows
const anyTime = fc
  .oneof(fc.integer({ min: 0, max: 2 ** 42 }), fc.double({ noDefaultInfinity: true }))
  .map((time) => time + 0)
const anyFrame = fc.record({
  recv: anyTime,
  clock: anyTime,
  connection: fc.integer({ min: 0, max: 63 }),
  bytes: fc.uint8Array({ maxLength: 300 }),
  isBinary: fc.boolean(),
})

test('what is written is read back equal, for any frames', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 40 }), async (frames) => {
      const { dir, names } = await record(frames)
      expect(names.length).toBe(1)
      expect(await readAll(join(dir, names[0]!))).toEqual({ frames, problems: [] })
    }),
    { numRuns: 60, seed: 1 },
  )
})

test('a file that is cut at any byte gives a prefix, and says so when a frame is lost', async () => {
  const frames = fc.sample(anyFrame, { numRuns: 60, seed: 7 })
  const { dir, names } = await record(frames)
  const bytes = await readFile(join(dir, names[0]!))
  const cutPath = join(dir, 'cut.flowrec.zst')
  const step = Math.max(1, Math.floor(bytes.length / 300))
  for (let length = 0; length < bytes.length; length += length < 60 ? 1 : step) {
    await writeFile(cutPath, bytes.subarray(0, length))
    const cut = await readAll(cutPath)
    expect(cut.frames).toEqual(frames.slice(0, cut.frames.length))
    const isWhole = cut.frames.length === frames.length
    expect(isWhole || cut.problems.length > 0, `silent at ${length}`).toBe(true)
  }
})

test('what was flushed is whole in a file that nobody closed', async () => {
  const dir = join(root, 'killed')
  const writer = new RecordingWriter({ dir, maxBytes: 1 << 30, secrets: [] })
  const frames = Array.from({ length: 500 }, (_, i) => text(`[${i}]`, i))
  for (const frame of frames) writer.write(frame)
  const before = await readFile(writer.path).catch(() => Buffer.alloc(0))
  await expect
    .poll(
      async () => {
        await writeFile(join(dir, 'copy'), await readFile(writer.path))
        return (await readAll(join(dir, 'copy'))).frames.length
      },
      { timeout: 10_000 },
    )
    .toBe(500)
  expect(before.length).toBeLessThan((await readFile(writer.path)).length)
  await writer.close()
})

test('rotates by size into numbered files that hold every frame once, in order', async () => {
  let seed = 1
  const noise = () => {
    seed = (seed * 48271) % 2147483647
    return seed.toString(36)
  }
  const frames = Array.from({ length: 3000 }, (_, i) =>
    text(JSON.stringify(Array.from({ length: 40 }, noise)), i),
  )
  const dir = join(root, 'rotated')
  const writer = new RecordingWriter({ dir, maxBytes: 20_000, secrets: [] })
  for (const [i, frame] of frames.entries()) {
    if (!writer.write(frame)) await writer.drained()
    if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await writer.close()
  const names = (await readdir(dir)).sort()
  expect(names.length).toBeGreaterThan(3)
  expect(names.length).toBe(writer.files)
  for (const [i, name] of names.entries()) {
    expect(name).toMatch(/^\d{8}T\d{6}Z-\d{4}\.flowrec\.zst$/)
    expect(name).toContain(`-${String(i + 1).padStart(4, '0')}.`)
  }
  const read = (await Promise.all(names.map((name) => readAll(join(dir, name))))).flatMap(
    (file) => file.frames,
  )
  expect(read).toEqual(frames.map(plain))
})

test('no secret reaches the disk, and the frame keeps its length', async () => {
  const secrets = ['s3cr3t-key', 'postgres://u:pw@h/db', '']
  const content = '[{"a":"s3cr3t-keys3cr3t-key","b":"postgres://u:pw@h/db"},"s3cr3t-ke"]'
  const frame = text(content)
  const { dir, names } = await record([frame, text('[]')], { secrets })
  const { frames } = await readAll(join(dir, names[0]!))
  const read = Buffer.from(frames[0]!.bytes).toString()
  expect(read).toBe(`[{"a":"${'*'.repeat(20)}","b":"${'*'.repeat(20)}"},"s3cr3t-ke"]`)
  expect(Buffer.from(frame.bytes).toString()).toBe(content) // the live frame is untouched
})

test('never writes over a recording: the one that would says which', async () => {
  const dir = join(root, 'taken')
  const first = new RecordingWriter({ dir, maxBytes: 1 << 30, secrets: [] })
  first.write(text('[1]'))
  await expect.poll(() => stat(first.path).then(() => true)).toBe(true)
  const second = new RecordingWriter({
    dir,
    maxBytes: 1 << 30,
    secrets: [],
    startedAt: first.startedAt,
  })
  second.write(text('[2]'))
  await expect(second.close()).rejects.toThrow(first.path)
  expect(() => second.write(text('[3]'))).toThrow(first.path)
  await first.close()
  expect((await readAll(first.path)).frames.length).toBe(1)
})

test('says no when it is far behind, and yes again once drained', async () => {
  const dir = join(root, 'slow')
  const writer = new RecordingWriter({ dir, maxBytes: 1 << 30, secrets: [] })
  const big = text('x'.repeat(1 << 20))
  let taken = 0
  while (writer.write(big) && taken < 60) taken++
  expect(taken).toBeGreaterThan(3)
  expect(taken).toBeLessThan(60)
  await writer.drained()
  expect(writer.write(big)).toBe(true)
  await writer.close()
  expect((await readAll(writer.path)).frames.length).toBe(taken + 2)
})

test('says so of a version that it cannot read, of records that are no frames, of a missing end', async () => {
  const { Packr } = await import('msgpackr')
  const { zstdCompressSync } = await import('node:zlib')
  const packr = new Packr({ useRecords: false })
  const path = join(root, 'other.flowrec.zst')
  await writeFile(path, zstdCompressSync(packr.pack({ format: 'flowrec', version: 99 })))
  await expect(readAll(path)).rejects.toThrow('recording of version 99')
  const header = packr.pack({ format: 'flowrec', version: 1, startedAt: 0 })
  await writeFile(path, zstdCompressSync(Buffer.concat([header, packr.pack([1, 2])])))
  expect((await readAll(path)).problems).toEqual(['record 1 is damaged: read up to there'])
  const frame = packr.pack([1, 1, 0, false, Buffer.from('[]')])
  await writeFile(path, zstdCompressSync(Buffer.concat([header, frame])))
  const unfinished = await readAll(path)
  expect(unfinished.frames.length).toBe(1)
  expect(unfinished.problems).toEqual(['the recording has no end: the last whole frame is 1'])
})
