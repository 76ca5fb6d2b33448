import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Position, segmentName } from './position.ts'
import { HEADER_BYTES, type JournalFrame, MAGIC, readRecord, recordBytesAt } from './record.ts'

/** A frame of a journal, and the place behind it. */
export type JournaledFrame = JournalFrame & { readonly end: Position }

/** How far a segment can be read. */
export type SegmentEnd = {
  /** Behind the last record that is whole. */
  readonly offset: number
  /** Bytes of the file; more than `offset` when a part of it cannot be read. */
  readonly bytes: number
  /** Whole records lie behind the part that cannot be read: it is no torn tail. */
  readonly isDamaged: boolean
}

const READ_BYTES = 1024 * 1024
/** Places behind a damage where a record may begin that are looked at. */
const CANDIDATES_MAX = 1000

/** Yields the frames from `offset` on, in order, up to the first that is not whole. */
export async function* scanSegment(
  dir: string,
  segment: number,
  offset: number,
): AsyncGenerator<readonly JournaledFrame[], SegmentEnd> {
  const file = await open(join(dir, segmentName(segment)), 'r')
  try {
    const { size } = await file.stat()
    let at = Math.min(offset, size)
    let wanted = READ_BYTES
    for (;;) {
      const length = Math.min(wanted, size - at)
      const bytes = await readAt(file, at, length)
      const { frames, used, missing } = parse(bytes, segment, at)
      if (frames.length > 0) yield frames
      at += used
      if (missing === 0 || missing > size - at || bytes.length < length) break
      wanted = Math.max(READ_BYTES, missing) // a larger record is read in one piece
    }
    const isDamaged = at < size && (await hasRecordBehind(file, at, size))
    return { offset: at, bytes: size, isDamaged }
  } finally {
    await file.close()
  }
}

/**
 * The whole records at the start of `bytes`, which lie `at` in the segment, and the bytes they
 * take. `missing`: bytes that the next one needs; 0 when what follows is no record.
 */
function parse(
  bytes: Buffer,
  segment: number,
  at: number,
): { frames: JournaledFrame[]; used: number; missing: number } {
  const frames: JournaledFrame[] = []
  let used = 0
  for (;;) {
    if (used + HEADER_BYTES > bytes.length) return { frames, used, missing: HEADER_BYTES }
    const length = recordBytesAt(bytes, used)
    if (length === 0) return { frames, used, missing: 0 }
    if (used + length > bytes.length) return { frames, used, missing: length }
    const frame = readRecord(bytes, used, used + length)
    if (frame === null) return { frames, used, missing: 0 }
    used += length
    frames.push({ ...frame, end: { segment, offset: at + used } })
  }
}

/** Whether a whole record begins anywhere behind `at`. */
async function hasRecordBehind(file: FileHandle, at: number, size: number): Promise<boolean> {
  const bytes = await readAt(file, at, size - at)
  let place = bytes.indexOf(MAGIC, 1)
  for (let i = 0; i < CANDIDATES_MAX && place >= 0; i++) {
    if (place + HEADER_BYTES > bytes.length) return false
    const end = place + recordBytesAt(bytes, place)
    if (end <= bytes.length && readRecord(bytes, place, end) !== null) return true
    place = bytes.indexOf(MAGIC, place + 1)
  }
  return false
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done)
    if (bytesRead === 0) break // the file got shorter meanwhile
    done += bytesRead
  }
  return bytes.subarray(0, done)
}
