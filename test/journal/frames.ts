import fc from 'fast-check'
import { Journal, type JournalOptions } from '../../src/journal/journal.ts'
import type { Position } from '../../src/journal/position.ts'
import { readJournal } from '../../src/journal/read-journal.ts'
import type { JournalFrame } from '../../src/journal/record.ts'

export const MIB = 1024 * 1024

// NaN stands for none; -0 is no time that a clock shows
const anyTime = fc.oneof(fc.integer({ min: 0, max: 2 ** 42 }), fc.double()).map((time) => time + 0)

export const anyFrame: fc.Arbitrary<JournalFrame> = fc.record({
  recv: anyTime,
  clock: anyTime,
  connection: fc.integer({ min: 0, max: 65_535 }),
  bytes: fc.uint8Array({ maxLength: 200, size: 'max' }),
  isBinary: fc.boolean(),
})

export function textFrame(text: string, recv = 1): JournalFrame {
  return { recv, clock: NaN, connection: 0, bytes: Buffer.from(text), isBinary: false }
}

export const DEFAULTS: JournalOptions = {
  maxBytes: 4096 * MIB,
  syncMs: 100,
  secrets: [],
  after: null,
  onTrouble: () => {},
  onProblem: () => {},
}

export function openJournal(dir: string, options: Partial<JournalOptions> = {}): Promise<Journal> {
  return Journal.open(dir, { ...DEFAULTS, ...options })
}

/** Opens, appends all, closes. Gives the place behind each frame. */
export async function writeFrames(
  dir: string,
  frames: readonly JournalFrame[],
  options: Partial<JournalOptions> = {},
): Promise<Position[]> {
  const journal = await openJournal(dir, options)
  const ends: Position[] = []
  for (const frame of frames) {
    if (!journal.append(frame)) await journal.drained()
    ends.push(journal.position)
  }
  await journal.close()
  return ends
}

/** Everything that can be read; the bytes copied. */
export async function readFrames(
  dir: string,
  from: Position | null = null,
): Promise<{ frames: JournalFrame[]; ends: Position[]; problems: string[] }> {
  const frames: JournalFrame[] = []
  const ends: Position[] = []
  const problems: string[] = []
  for await (const batch of readJournal(dir, from, (problem) => problems.push(problem))) {
    for (const { end, ...frame } of batch) {
      ends.push(end)
      frames.push({ ...frame, bytes: new Uint8Array(frame.bytes) })
    }
  }
  return { frames, ends, problems }
}
