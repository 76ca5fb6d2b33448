import { truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskQueue } from './disk-queue.ts'
import { makePrivate, syncFolder } from './folder.ts'
import { lockFolder } from './folder-lock.ts'
import { isBefore, listSegments, type Position, segmentName } from './position.ts'
import { CONNECTION_MAX, type JournalFrame, recordBytes, writeRecord } from './record.ts'
import { SegmentFile } from './segment-file.ts'
import { type SegmentEnd, scanSegment } from './segment-scan.ts'

/** More than this on its way to the disk: append() says no. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024
/** More than this, because the caller did not wait: append() throws. */
const PENDING_BYTES_LIMIT = 64 * 1024 * 1024
const SEGMENT_BYTES = 64 * 1024 * 1024
/** A journal that is full must still have segments that can be dropped. */
const SEGMENTS_MIN = 4
/** Behind by as much as it may be for this long: the disk is too slow. */
const SLOW_MS = 1000

const FULL =
  'the journal has as many bytes as it may have (FLOW_JOURNAL_MAX_MIB): a snapshot makes room'
const SLOW = 'the journal cannot keep up: the disk is too slow'

export type JournalOptions = {
  /** Of all segments on the disk; at this much append() says no until some are dropped. */
  readonly maxBytes: number
  /** At most this long until what is written lasts through a power cut; 0: after each write. */
  readonly syncMs: number
  /** 64 MiB unless given, and never more than a quarter of maxBytes. */
  readonly segmentBytes?: number
  /** Texts that never reach the disk, such as the API key. */
  readonly secrets: readonly string[]
  /** Position of the newest snapshot: what is appended always comes behind it. */
  readonly after: Position | null
  /** Why nothing more is taken, once for each cause; null once it is taken again. */
  readonly onTrouble: (error: Error | null) => void
  /** What could not be read of the last segment, in words for a user. */
  readonly onProblem: (problem: string) => void
}

/**
 * Frames on the disk, in order, before anything is made of them. A process that is killed loses
 * what was appended since the last write began (`written`); a power cut what was not synced.
 */
export class Journal {
  readonly #dir: string
  readonly #options: JournalOptions
  readonly #segmentBytes: number
  readonly #secrets: readonly Buffer[]
  readonly #unlock: () => void
  readonly #queue: DiskQueue
  readonly #sizes: Map<number, number>
  #bytes = 0
  #end: Position
  #isClosed = false
  #isSlow = false
  #slowTimer: NodeJS.Timeout | null = null
  #told: string | null = null
  #changed: PromiseWithResolvers<void> | null = null

  private constructor(dir: string, options: JournalOptions, opened: Opened) {
    this.#dir = dir
    this.#options = options
    this.#segmentBytes = Math.min(
      options.segmentBytes ?? SEGMENT_BYTES,
      Math.floor(options.maxBytes / SEGMENTS_MIN),
    )
    this.#secrets = options.secrets.filter((text) => text !== '').map((text) => Buffer.from(text))
    this.#unlock = opened.unlock
    this.#sizes = opened.sizes
    for (const size of opened.sizes.values()) this.#bytes += size
    this.#end = opened.end
    this.#queue = new DiskQueue({
      file: opened.file,
      start: opened.end,
      syncMs: options.syncMs,
      onSize: (segment, bytes) => {
        this.#bytes += bytes - (this.#sizes.get(segment) ?? 0)
        this.#sizes.set(segment, bytes)
      },
      onChange: () => this.#change(),
    })
  }

  /**
   * Opens the journal in `dir`, which it makes (for this user alone) unless it is there, behind the
   * last whole record; a torn tail is cut off. Only the last segment is read. Throws when another
   * process writes the folder, and when it cannot be read or written.
   */
  static async open(dir: string, options: JournalOptions): Promise<Journal> {
    await makePrivate(dir)
    const unlock = await lockFolder(dir)
    try {
      const sizes = new Map<number, number>()
      for (const { segment, bytes } of await listSegments(dir)) sizes.set(segment, bytes)
      const end = await openEnd(dir, sizes, options)
      sizes.set(end.segment, end.offset)
      const file = await SegmentFile.open(dir, end.segment)
      return new Journal(dir, options, { end, file, sizes, unlock })
    } catch (error) {
      unlock()
      throw error
    }
  }

  /** Behind what was appended last. */
  get position(): Position {
    return this.#end
  }

  /** Behind what the system has: what lies before is there after a kill of this process. */
  get written(): Position {
    return this.#queue.written
  }

  /** On the disk, all segments. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Takes one frame; its bytes are copied. False: it is taken, but wait for drained() before the
   * next one. Throws when the caller did not wait for very long, and after close().
   */
  append(frame: JournalFrame): boolean {
    if (this.#isClosed) throw new Error('the journal is closed')
    const { pendingBytes } = this.#queue
    if (pendingBytes > PENDING_BYTES_LIMIT) {
      throw new Error(`the journal is ${pendingBytes} bytes behind and is not waited for`)
    }
    const { connection } = frame
    if (!(connection >= 0 && connection <= CONNECTION_MAX)) {
      throw new RangeError(`connection ${connection} is not within 0 to ${CONNECTION_MAX}`)
    }
    const bytes = recordBytes(frame.bytes.length)
    let { segment, offset } = this.#end
    if (offset > 0 && offset + bytes > this.#segmentBytes) {
      segment++
      offset = 0
    }
    const place = this.#queue.reserve(bytes, { segment, offset })
    writeRecord(place.memory, place.offset, frame, this.#secrets)
    this.#end = { segment, offset: offset + bytes }
    if (this.#hasRoom(PENDING_BYTES_MAX)) return true
    this.#slowTimer ??= setTimeout(() => this.#noteSlow(), SLOW_MS).unref()
    this.#tell()
    return false
  }

  /** Resolves once there is room again. Rejects when the journal is closed before. */
  async drained(): Promise<void> {
    while (!this.#hasRoom(PENDING_BYTES_MAX / 2)) await this.#next()
  }

  /**
   * Resolves once everything that was appended before the call lasts through a power cut, which
   * can be long while the disk fails. Rejects when the journal is closed before.
   */
  async sync(): Promise<void> {
    const end = this.#end
    while (isBefore(this.#queue.synced, end)) {
      if (!isBefore(this.#queue.written, end)) this.#queue.syncSoon()
      await this.#next()
    }
  }

  /**
   * Removes the segments that lie wholly before `position` (the one that is written stays). Throws
   * when the system refuses.
   */
  async dropBefore(position: Position): Promise<void> {
    const before = Math.min(position.segment, this.#queue.written.segment)
    for (const [segment, size] of [...this.#sizes]) {
      if (segment >= before || !this.#sizes.delete(segment)) continue
      try {
        await unlink(join(this.#dir, segmentName(segment)))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          this.#sizes.set(segment, size)
          throw error
        }
      }
      this.#bytes -= size
    }
    this.#change()
    await syncFolder(this.#dir)
  }

  /**
   * Writes and syncs what was appended, and lets go of the folder. Throws when the disk refuses:
   * what is not written is lost then.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#slowTimer !== null) clearTimeout(this.#slowTimer)
    try {
      await this.#queue.close()
    } finally {
      this.#unlock()
      this.#changed?.resolve()
    }
  }

  #hasRoom(pendingMax: number): boolean {
    const { failure, pendingBytes } = this.#queue
    return failure === null && pendingBytes < pendingMax && !this.#isFull()
  }

  #isFull(): boolean {
    return this.#bytes + this.#queue.pendingBytes >= this.#options.maxBytes
  }

  /** Waits for a change of anything that drained() or sync() look at. */
  async #next(): Promise<void> {
    if (this.#isClosed) throw new Error('the journal is closed')
    this.#changed ??= Promise.withResolvers<void>()
    await this.#changed.promise
  }

  #change(): void {
    this.#tell()
    const changed = this.#changed
    this.#changed = null
    changed?.resolve()
  }

  #noteSlow(): void {
    this.#isSlow = true
    this.#tell()
  }

  /** Tells what stands in the way, when that is another thing than before. */
  #tell(): void {
    const { failure, pendingBytes } = this.#queue
    if (pendingBytes < PENDING_BYTES_MAX / 2) {
      this.#isSlow = false
      if (this.#slowTimer !== null) clearTimeout(this.#slowTimer)
      this.#slowTimer = null
    }
    const text = failure?.message ?? (this.#isFull() ? FULL : this.#isSlow ? SLOW : null)
    if (text === this.#told) return
    this.#told = text
    this.#options.onTrouble(text === null ? null : (failure ?? new Error(text)))
  }
}

type Opened = {
  readonly end: Position
  readonly file: SegmentFile
  readonly sizes: Map<number, number>
  readonly unlock: () => void
}

/**
 * Where the journal goes on: behind the last whole record, or in a new segment when what lies there
 * must not be touched.
 */
async function openEnd(
  dir: string,
  sizes: Map<number, number>,
  { after, onProblem }: JournalOptions,
): Promise<Position> {
  const last = Math.max(0, ...sizes.keys())
  const next = { segment: Math.max(last, after?.segment ?? 0) + 1, offset: 0 }
  if (last === 0) return next
  const { offset, bytes, isDamaged } = await endOf(scanSegment(dir, last, 0))
  if (isDamaged) {
    onProblem(`segment ${last} is damaged at byte ${offset}: its last ${bytes - offset} bytes stay`)
    return next
  }
  if (offset < bytes) {
    await truncate(join(dir, segmentName(last)), offset)
    onProblem(`segment ${last} had a torn tail: its last ${bytes - offset} bytes were cut off`)
  }
  sizes.set(last, offset)
  const end = { segment: last, offset }
  // a power cut can take the tail that a snapshot has seen: its position is not given out again
  return after !== null && isBefore(end, after) ? next : end
}

async function endOf(frames: ReturnType<typeof scanSegment>): Promise<SegmentEnd> {
  for (;;) {
    const { done, value } = await frames.next()
    if (done) return value
  }
}
