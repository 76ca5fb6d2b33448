import { Packr, Unpackr } from 'msgpackr'
import { CONNECTIONS_MAX } from '../slab/event-slab.ts'
import type { ReadOptions, RecordedFrame } from './frame.ts'

/**
 * Our own recording: a zstd stream of msgpack values, first the header map, then one array a frame:
 * [recv, clock, connection, isBinary, bytes], last the number of frames. Without that number the
 * recorder was killed: the compressor alone does not tell every missing tail.
 */
export const RECORDING_FORMAT = 'flowrec'
export const RECORDING_VERSION = 1

/** A frame has 16 MiB at most; a longer record is damage, and must not be waited for. */
const RECORD_BYTES_MAX = 17 * 1024 * 1024

const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false })

/** The header record. `startedAt` is epoch ms. */
export function packHeader(startedAt: number): Buffer {
  return packr.pack({ format: RECORDING_FORMAT, version: RECORDING_VERSION, startedAt })
}

/** The last record. */
export function packEnd(frames: number): Buffer {
  return packr.pack(frames)
}

export function packFrame(frame: RecordedFrame, bytes: Buffer): Buffer {
  return packr.pack([frame.recv, frame.clock, frame.connection, frame.isBinary, bytes])
}

/**
 * Frames of a recording. A cut tail costs the frame that it cuts; damage ends the reading there.
 */
export async function* readFlowrec(
  chunks: AsyncIterable<Buffer>,
  options: ReadOptions,
): AsyncGenerator<readonly RecordedFrame[]> {
  let waiting: Buffer[] = []
  let missing = 0
  let isHeaderRead = false
  let isWhole = false
  let count = 0
  for await (const chunk of chunks) {
    waiting.push(chunk)
    missing -= chunk.length
    if (missing > 0) continue // a record of 16 MiB comes in a thousand chunks
    const { values, rest, ...cut } = unpackAll(Buffer.concat(waiting))
    waiting = [rest]
    missing = cut.missing
    const isDamaged = cut.isDamaged || rest.length + missing > RECORD_BYTES_MAX
    if (!isHeaderRead && (values.length > 0 || isDamaged)) {
      checkHeader(values.shift())
      isHeaderRead = true
    }
    const batch: RecordedFrame[] = []
    for (const value of values) {
      if (value === count) {
        isWhole = true
        continue
      }
      const frame = toFrame(value)
      if (frame === null) {
        if (batch.length > 0) yield batch
        options.onProblem?.(`record ${count + 1} is damaged: read up to there`)
        return
      }
      count++
      batch.push(frame)
    }
    if (batch.length > 0) yield batch
    if (isDamaged) {
      options.onProblem?.(`record ${count + 1} is damaged: read up to there`)
      return
    }
  }
  if (!isWhole) options.onProblem?.(`the recording has no end: the last whole frame is ${count}`)
}

/** What the unpacker adds to its errors. */
type Cut = {
  readonly incomplete?: boolean
  readonly missingBytes?: number
  readonly values?: unknown[]
  readonly lastPosition?: number
}

type Unpacked = {
  readonly values: unknown[]
  /** What is behind them, the beginning of a value. */
  readonly rest: Buffer
  /** Bytes that this one needs at least to be whole. */
  readonly missing: number
  /** What follows is no value, and not only cut off. */
  readonly isDamaged: boolean
}

/** All whole values at the start of `bytes`. */
function unpackAll(bytes: Buffer): Unpacked {
  try {
    const values = (unpackr.unpackMultiple(bytes) ?? []) as unknown[]
    return { values, rest: bytes.subarray(bytes.length), missing: 0, isDamaged: false }
  } catch (error) {
    const cut = error as Cut
    const rest = bytes.subarray(cut.lastPosition ?? 0)
    const isDamaged = cut.incomplete !== true
    return { values: cut.values ?? [], rest, missing: cut.missingBytes ?? 0, isDamaged }
  }
}

function checkHeader(value: unknown): void {
  const header = (value ?? {}) as { format?: unknown; version?: unknown }
  if (header.format !== RECORDING_FORMAT) {
    throw new Error('no recording of `flow record`: it does not begin with its header')
  }
  if (header.version !== RECORDING_VERSION) {
    const version = typeof header.version === 'number' ? header.version : 'unknown'
    throw new Error(
      `recording of version ${version}: this engine reads version ${RECORDING_VERSION}; ` +
        'use the version that wrote it',
    )
  }
}

function toFrame(value: unknown): RecordedFrame | null {
  if (!Array.isArray(value) || value.length !== 5) return null
  const [recv, clock, connection, isBinary, bytes] = value as unknown[]
  if (!isTime(recv) || !isTime(clock) || !isConnection(connection)) return null
  if (typeof isBinary !== 'boolean' || !(bytes instanceof Uint8Array)) return null
  return { recv, clock, connection, bytes, isBinary }
}

/** NaN stands for none. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) !== Number.POSITIVE_INFINITY
}

function isConnection(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < CONNECTIONS_MAX
}
