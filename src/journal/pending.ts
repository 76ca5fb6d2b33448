import type { Position } from './position.ts'

/** Memory is taken in pieces of this size, and used again. A larger record has one of its own. */
const CHUNK_BYTES = 256 * 1024
/** Pieces that are kept for later. */
const FREE_MAX = 32

type Chunk = { readonly memory: Buffer; used: number }

/** Records that lie one after the other in one segment, on their way to the disk. */
export class Batch {
  readonly segment: number
  /** Where the first of its bytes goes. */
  readonly offset: number
  bytes = 0
  /** Bytes of it that the disk has taken. */
  done = 0
  readonly chunks: Chunk[] = []

  constructor({ segment, offset }: Position) {
    this.segment = segment
    this.offset = offset
  }

  /** What the disk has not taken yet. */
  rest(): Buffer[] {
    let skip = this.done
    const views: Buffer[] = []
    for (const { memory, used } of this.chunks) {
      if (skip < used) views.push(memory.subarray(skip, used))
      skip = Math.max(0, skip - used)
    }
    return views
  }
}

/** What was appended and is not written yet, in order, in memory of its own. */
export class Pending {
  /** Bytes that wait, those of the batch that is being written included. */
  bytes = 0
  readonly #batches: Batch[] = []
  readonly #free: Buffer[] = []
  #isTaken = false

  /** Room for `bytes` at `at`, in one piece: `memory` from `offset` on. Fill it at once. */
  reserve(bytes: number, at: Position): { memory: Buffer; offset: number } {
    const batch = this.#batchFor(at)
    let chunk = batch.chunks.at(-1)
    if (chunk === undefined || chunk.used + bytes > chunk.memory.length) {
      const memory = bytes > CHUNK_BYTES ? Buffer.allocUnsafeSlow(bytes) : this.#chunk()
      chunk = { memory, used: 0 }
      batch.chunks.push(chunk)
    }
    const offset = chunk.used
    chunk.used += bytes
    batch.bytes += bytes
    this.bytes += bytes
    return { memory: chunk.memory, offset }
  }

  /** The oldest batch, the same one until release(); nothing is added to it any more. */
  take(): Batch | null {
    this.#isTaken = this.#batches.length > 0
    return this.#batches[0] ?? null
  }

  /** The batch that take() gave is on the disk: its memory is free. */
  release(): void {
    const batch = this.#batches.shift()!
    this.#isTaken = false
    this.bytes -= batch.bytes
    for (const { memory } of batch.chunks) {
      if (memory.length === CHUNK_BYTES && this.#free.length < FREE_MAX) this.#free.push(memory)
    }
  }

  #batchFor(at: Position): Batch {
    const last = this.#batches.at(-1)
    const isOpen = last !== undefined && !(this.#isTaken && this.#batches.length === 1)
    if (isOpen && last.segment === at.segment) return last
    const batch = new Batch(at)
    this.#batches.push(batch)
    return batch
  }

  #chunk(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  }
}
