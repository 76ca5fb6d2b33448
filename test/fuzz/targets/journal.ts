import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { segmentName } from '../../../src/journal/position.ts'
import { readFrames, textFrame, writeFrames } from '../../journal/frames.ts'
import { check, checkEqual, type Target } from '../target.ts'

const HEADER = 32

/** A folder of journal with one segment, the input. */
export const journal: Target = {
  name: 'journal',
  words: ['OFJ1', '\0\0\0\0', '\x20\0\0\0', '\0'.repeat(32), 'OFJ1'.repeat(40)],
  share: 0.2,
  inTest: 40,
  mend: withGoodSums,
  async setUp(onClose) {
    const root = await mkdtemp(join(tmpdir(), 'fuzz-journal-'))
    onClose(() => rm(root, { recursive: true }))
    const dir = join(root, 'read')
    const path = join(dir, segmentName(1))
    await writeFrames(dir, [])
    return async (input) => {
      await writeFile(path, input)
      const { frames, problems, ends } = await readFrames(dir)
      const expected = model(input)
      checkEqual(
        frames.map(({ bytes }) => bytes.length),
        expected.lengths,
        'frames',
      )
      checkEqual(ends.at(-1)?.offset ?? 0, expected.end, 'their end')
      const isWhole = expected.end === input.length
      checkEqual(problems.length, isWhole ? 0 : 1, 'problems told')
      if (input.length % 32 === 5 && input.length < 4096) {
        await goesOn(join(root, String(input.length)), input, frames.length)
      }
      const kind = problems[0]?.replace(/\d+/g, '').slice(0, 22)
      return `${Math.min(frames.length, 6)} ${kind} ${frames.some(({ isBinary }) => isBinary)}`
    }
  },
}

/** What is appended behind a damage is read again behind what could be read before. */
async function goesOn(dir: string, input: Buffer, before: number): Promise<void> {
  await writeFrames(dir, [])
  await writeFile(join(dir, segmentName(1)), input)
  await writeFrames(dir, [textFrame('appended', 5)])
  const { frames } = await readFrames(dir)
  checkEqual(frames.length, before + 1, 'frames after one more')
  check(Buffer.from(frames.at(-1)!.bytes).toString() === 'appended', 'the last is the one appended')
  await rm(dir, { recursive: true })
}

/** The layout as record.ts says it, read with a DataView. */
function model(input: Buffer): { lengths: number[]; end: number } {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  const lengths: number[] = []
  let at = 0
  while (at + HEADER <= input.length && input.toString('latin1', at, at + 4) === 'OFJ1') {
    const length = view.getUint32(at + 8, true)
    const end = at + HEADER + length
    if (end > input.length) break
    if (crc32(input.subarray(at + 8, end)) !== view.getUint32(at + 4, true)) break
    lengths.push(length)
    at = end
  }
  return { lengths, end: at }
}

/** Each record that begins where the one before ends gets the checksum of what it holds now. */
function withGoodSums(input: Buffer): Buffer {
  const mended = Buffer.from(input)
  let at = 0
  while (at + HEADER <= mended.length && mended.toString('latin1', at, at + 4) === 'OFJ1') {
    const end = at + HEADER + mended.readUInt32LE(at + 8)
    if (end > mended.length) break
    mended.writeUInt32LE(crc32(mended.subarray(at + 8, end)), at + 4)
    at = end
  }
  return mended
}
