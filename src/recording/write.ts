import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib'
import { packEnd, packFrame, packHeader } from './flowrec.ts'
import type { RecordedFrame } from './frame.ts'
import { redacted, spellingsOf } from './redact.ts'

/** Records are handed to the compressor in pieces of about this size. */
const PIECE_BYTES = 64 * 1024
/** More than this on its way to the disk: write() says no. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024
/** More than this, because the caller did not wait: write() throws. Four of the largest frames. */
const PENDING_BYTES_LIMIT = 64 * 1024 * 1024
/** A kill loses at most this much, plus what one flush takes. */
const FLUSH_PERIOD_MS = 500

type OpenFile = { readonly path: string; readonly zstd: ZstdCompress; readonly out: WriteStream }

export type RecordingOptions = {
  /** Folder of the numbered files; made when it is not there. */
  readonly dir: string
  /** A new file begins once a file has this many compressed bytes. */
  readonly maxBytes: number
  /** Texts that never reach the disk, such as the API key. */
  readonly secrets: readonly string[]
  /** Epoch ms that names the files; by default the present. */
  readonly startedAt?: number
}

/**
 * Writes frames into `YYYYMMDDTHHMMSSZ-0001.flowrec.zst` and following files. A failure of the disk
 * surfaces in the next write(), in drained() and in close().
 */
export class RecordingWriter {
  readonly #options: RecordingOptions
  readonly #secrets: readonly Buffer[]
  /** Epoch ms. */
  readonly startedAt: number
  readonly #flushTimer: NodeJS.Timeout
  readonly #finishing = new Set<Promise<void>>()
  #file: OpenFile
  #files = 1
  #frames = 0 // in the file at hand
  #piece: Buffer[] = []
  #pieceBytes = 0
  /** Nothing was written since: a flush would only add an empty block. */
  #isFlushed = false
  #failure: Error | null = null

  constructor(options: RecordingOptions) {
    this.#options = options
    this.#secrets = options.secrets.flatMap(spellingsOf)
    mkdirSync(options.dir, { recursive: true })
    this.startedAt = options.startedAt ?? Date.now()
    this.#file = this.#open()
    this.#flushTimer = setInterval(() => this.#flush(), FLUSH_PERIOD_MS).unref()
  }

  /** The file that is written now. */
  get path(): string {
    return this.#file.path
  }

  /** Files begun so far. */
  get files(): number {
    return this.#files
  }

  /** Takes one frame. False: wait for drained() before the next one. */
  write(frame: RecordedFrame): boolean {
    if (this.#failure !== null) throw this.#failure
    const pending = this.#pending()
    if (pending > PENDING_BYTES_LIMIT) {
      throw new Error(`the recording is ${pending} bytes behind: the disk is too slow`)
    }
    if (this.#file.out.bytesWritten >= this.#options.maxBytes) this.#rotate()
    const record = packFrame(frame, redacted(frame.bytes, this.#secrets))
    this.#piece.push(record)
    this.#frames++
    this.#pieceBytes += record.length
    if (this.#pieceBytes >= PIECE_BYTES) this.#send()
    return pending < PENDING_BYTES_MAX
  }

  /** Resolves once there is room again. */
  async drained(): Promise<void> {
    while (this.#failure === null && this.#pending() >= PENDING_BYTES_MAX / 2) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    if (this.#failure !== null) throw this.#failure
  }

  /** Finishes the file. */
  async close(): Promise<void> {
    clearInterval(this.#flushTimer)
    this.#finish()
    await Promise.all(this.#finishing)
    if (this.#failure !== null) throw this.#failure
  }

  #pending(): number {
    const { zstd, out } = this.#file
    return this.#pieceBytes + zstd.writableLength + zstd.readableLength + out.writableLength
  }

  #open(): OpenFile {
    const number = String(this.#files).padStart(4, '0')
    const stamp = new Date(this.startedAt).toISOString().replace(/[-:]|\.\d+/g, '')
    const path = join(this.#options.dir, `${stamp}-${number}.flowrec.zst`)
    const zstd = createZstdCompress()
    const out = createWriteStream(path, { flags: 'wx' }) // never over an older recording
    const fail = (cause: Error) => {
      this.#failure ??= new Error(`recording ${path}: ${cause.message}`, { cause })
      zstd.destroy()
      out.destroy()
    }
    zstd.on('error', fail)
    out.on('error', fail)
    zstd.pipe(out)
    zstd.write(packHeader(this.startedAt))
    return { path, zstd, out }
  }

  #send(): void {
    if (this.#pieceBytes === 0 || this.#file.zstd.destroyed) return
    this.#file.zstd.write(Buffer.concat(this.#piece, this.#pieceBytes))
    this.#isFlushed = false
    this.#piece = []
    this.#pieceBytes = 0
  }

  #flush(): void {
    this.#send()
    const { zstd } = this.#file
    if (this.#isFlushed || zstd.destroyed || zstd.writableNeedDrain) return
    this.#isFlushed = true
    zstd.flush(constants.ZSTD_e_flush)
  }

  #rotate(): void {
    this.#finish()
    this.#files++
    this.#frames = 0
    this.#isFlushed = false
    this.#file = this.#open()
  }

  #finish(): void {
    this.#send()
    const { zstd, out } = this.#file
    if (out.closed) return
    const finished = new Promise<void>((resolve) => out.once('close', resolve))
    this.#finishing.add(finished)
    void finished.then(() => this.#finishing.delete(finished))
    zstd.end(packEnd(this.#frames))
  }
}
