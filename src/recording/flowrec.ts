import { Packr, Unpackr } from 'msgpackr'
import type { ReadOptions, RecordedFrame } from './frame.ts'

/**
 * Our own recording: a zstd stream of msgpack values, first the header map, then one array a frame:
 * [recv, clock, connection, isBinary, bytes], last the number of frames. Without that number the
 * recorder was killed: the compressor alone does not tell every missing tail.
 */
export const RECORDING_FORMAT = 'flowrec'
export const RECORDING_VERSION = 1

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
  let rest: Buffer = Buffer.alloc(0)
  let isHeaderRead = false
  let isWhole = false
  let count = 0
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const { values, used } = unpackAll(bytes)
    rest = bytes.subarray(used)
    if (!isHeaderRead && values.length > 0) {
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
  }
  if (!isWhole) options.onProblem?.(`the recording has no end: the last whole frame is ${count}`)
}

/** All whole values at the start of `bytes`, and how many bytes they take. */
function unpackAll(bytes: Buffer): { values: unknown[]; used: number } {
  try {
    return { values: (unpackr.unpackMultiple(bytes) ?? []) as unknown[], used: bytes.length }
  } catch (error) {
    const cut = error as { incomplete?: boolean; values?: unknown[]; lastPosition?: number }
    if (cut.incomplete !== true) throw error
    return { values: cut.values ?? [], used: cut.lastPosition ?? 0 }
  }
}

function checkHeader(value: unknown): void {
  const header = (value ?? {}) as { format?: unknown; version?: unknown }
  if (header.format !== RECORDING_FORMAT) {
    throw new Error('no recording of `flow record`: it does not begin with its header')
  }
  if (header.version !== RECORDING_VERSION) {
    throw new Error(
      `recording of version ${String(header.version)}: this engine reads version ` +
        `${RECORDING_VERSION}; use the version that wrote it`,
    )
  }
}

function toFrame(value: unknown): RecordedFrame | null {
  if (!Array.isArray(value) || value.length !== 5) return null
  const [recv, clock, connection, isBinary, bytes] = value as unknown[]
  if (typeof recv !== 'number' || typeof clock !== 'number' || typeof connection !== 'number') {
    return null
  }
  if (typeof isBinary !== 'boolean' || !(bytes instanceof Uint8Array)) return null
  return { recv, clock, connection, bytes, isBinary }
}
