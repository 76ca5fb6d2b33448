import { Pending } from './pending.ts'
import { isBefore, type Position } from './position.ts'
import type { SegmentFile } from './segment-file.ts'

/** Between two attempts while the disk is full or fails. */
const RETRY_MS = 1000

export type DiskQueueOptions = {
  readonly file: SegmentFile
  /** Where the first byte goes; all before it counts as written and synced. */
  readonly start: Position
  /** At most this long from a write to its sync; 0: a sync after each write. */
  readonly syncMs: number
  /** A segment has this many bytes now; after a write that failed half-way too. */
  readonly onSize: (segment: number, bytes: number) => void
  /** `written`, `synced`, `pendingBytes` or `failure` changed. */
  readonly onChange: () => void
}

/**
 * Writes what is put into it in order, one write under way at a time; everything that comes
 * meanwhile goes with the next. It keeps what the disk refuses and tries again every second.
 */
export class DiskQueue {
  /** The system has what lies before. */
  written: Position
  /** What lies before lasts through a power cut. */
  synced: Position
  /** Why nothing is written; null while it works. */
  failure: Error | null = null
  readonly #options: DiskQueueOptions
  readonly #pending = new Pending()
  #running: Promise<void> | null = null
  #syncing: Promise<void> | null = null
  #syncTimer: NodeJS.Timeout | null = null
  #retryTimer: NodeJS.Timeout | null = null
  #isClosing = false

  constructor(options: DiskQueueOptions) {
    this.#options = options
    this.written = options.start
    this.synced = options.start
  }

  /** Bytes on their way to the disk. */
  get pendingBytes(): number {
    return this.#pending.bytes
  }

  /** Room for `bytes` that go to `at`; fill it at once. */
  reserve(bytes: number, at: Position): { memory: Buffer; offset: number } {
    const place = this.#pending.reserve(bytes, at)
    if (this.failure === null) this.#start()
    return place
  }

  /** Syncs what is written now, soon; does nothing while a sync is under way or the disk fails. */
  syncSoon(): void {
    if (this.#syncing !== null || this.failure !== null) return
    this.#syncing = this.#sync()
      .catch((error: Error) => this.#fail(error))
      .finally(() => {
        this.#syncing = null
        this.#options.onChange()
      })
  }

  /** Writes and syncs all, in one attempt, and closes the file. Throws when that fails. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer)
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
    try {
      await this.#running
      await this.#syncing
      await this.#run()
      if (this.failure === null) await this.#sync().catch((error: Error) => this.#fail(error))
      if (this.failure !== null) throw this.failure
    } finally {
      await this.#options.file.close()
    }
  }

  /** Begins after the sockets were read, so that what came in one go goes in one write. */
  #start(): void {
    this.#running ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#run())
      .finally(() => {
        this.#running = null
        this.#options.onChange()
      })
  }

  async #run(): Promise<void> {
    try {
      do {
        const isRetry = this.failure !== null
        await this.#writeBatch()
        // what failed may have been the sync
        if (isRetry || this.#options.syncMs === 0) await this.#sync()
        else this.#syncLater()
        if (isRetry) this.failure = null
        this.#options.onChange()
      } while (this.#pending.bytes > 0)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#pending.take()
    if (batch === null) return
    const { segment, offset } = batch
    try {
      await this.#options.file.write(batch)
    } finally {
      if (batch.done > 0) this.#options.onSize(segment, offset + batch.done)
    }
    this.written = { segment, offset: offset + batch.bytes }
    this.#pending.release()
  }

  async #sync(): Promise<void> {
    const upTo = this.written
    await this.#options.file.sync()
    if (isBefore(this.synced, upTo)) this.synced = upTo
  }

  #syncLater(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = null
      if (!isBefore(this.synced, this.written)) return
      // one that is under way began before the last write
      if (this.#syncing !== null) this.#syncLater()
      this.syncSoon()
    }, this.#options.syncMs).unref()
  }

  #fail(cause: Error): void {
    const text = `the journal cannot be written (${cause.message}): free space or repair the disk`
    this.failure = new Error(text, { cause })
    this.#options.onChange()
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#isClosing) return
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = null
      if (this.#running === null) this.#start()
      else this.#retryLater()
    }, RETRY_MS)
  }
}
