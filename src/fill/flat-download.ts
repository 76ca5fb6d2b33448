import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { describeError } from '../reader/describe-error.ts'
import { redact } from '../reader/redact.ts'
import { type FileAnswer, type FileSource, FlatFileError, requestFile } from './flat-request.ts'

/** Tries in a row that bring no byte. */
const TRIES_MAX = 6
/** Tries of one file; a line that breaks this often will not do for a day's file. */
const ALL_TRIES_MAX = 100
const RETRY_MIN_MS = 1000
const RETRY_MS_MAX = 60_000
/** A day's trades are 62 to 78 MB; a file of another kind must not fill the disk. */
const FILE_BYTES_MAX = 8 * 1024 ** 3
/** Both are owner's only: what a plan buys is not for every user of the machine. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const GZIP = [0x1f, 0x8b] as const

export type DownloadOptions = Omit<FileSource, 'key'> & {
  /** `2026-11-20`. */
  readonly date: string
  /** Made if it is not there. */
  readonly dir: string
  readonly signal: AbortSignal
  /** Bytes that are on disk, of all of them. */
  readonly onProgress?: (done: number, total: number) => void
  /** Each failed try that is followed by another, in words for the log. */
  readonly onRetry?: (problem: string, delayMs: number) => void
  /** First delay after a failure, doubled up to a minute. Default 1 s. */
  readonly retryMinMs?: number
}

/**
 * Downloads the trades of a day from the vendor's flat files and gives the path of the file,
 * `<dir>/<date>.csv.gz`. One that is there already is whole and taken as it is. Until it is whole it
 * is `<date>.csv.gz.part`, and a later call goes on where an earlier one broke off, unless the
 * vendor has another file by then. Throws FlatFileError, which says what to do and holds no key,
 * and what `signal` is aborted with.
 */
export async function downloadFlatFile(options: DownloadOptions): Promise<string> {
  const { date, dir, signal } = options
  if (!/^\d{4}-\d\d-\d\d$/.test(date))
    throw new Error(`expected a date as 2026-11-20, came ${date}`)
  const path = join(dir, `${date}.csv.gz`)
  if ((await sizeOf(path)) > 0) return path
  await mkdir(dir, { recursive: true, mode: FOLDER_MODE })
  const part = new PartFile(`${path}.part`)
  const source: FileSource = { ...options, key: keyOf(date) }
  let [idle, all] = [0, 0]
  for (;;) {
    const before = await part.size()
    const outcome = await tryOnce(source, part, options).catch((error: unknown) => error)
    if (outcome === 'whole') break
    signal.throwIfAborted()
    if (outcome === 'again') continue // the part is gone: at most once for each file of the vendor
    const error = outcome instanceof FlatFileError ? outcome : failureOf(outcome, source)
    idle = (await part.size()) > before ? 0 : idle + 1
    all++
    if (!error.mayRetry) throw error
    if (idle >= TRIES_MAX || all >= ALL_TRIES_MAX) {
      throw new FlatFileError(
        `${error.message}; gave up after ${all} tries, run it again to go on from ` +
          `${await part.size()} bytes`,
        false,
      )
    }
    const rung = (options.retryMinMs ?? RETRY_MIN_MS) * 2 ** Math.max(0, idle - 1)
    const delayMs = Math.max(
      Math.min(RETRY_MS_MAX, rung),
      Math.min(RETRY_MS_MAX, error.retryAfterMs),
    )
    options.onRetry?.(error.message, delayMs)
    await sleep(delayMs, undefined, { signal })
  }
  await part.finish(path)
  return path
}

/** Where the vendor keeps the trades of a day. */
function keyOf(date: string): string {
  const [year, month] = date.split('-')
  return `us_options_opra/trades_v1/${year}/${month}/${date}.csv.gz`
}

/** One request; `again`: what is on disk is of another file and has been removed. */
async function tryOnce(
  source: FileSource,
  part: PartFile,
  { signal, onProgress }: DownloadOptions,
): Promise<'whole' | 'again'> {
  const from = await part.size()
  const answer = await requestFile(source, { from, etag: await part.etag() }, signal)
  if (answer.kind === 'changed') {
    await part.remove()
    return 'again'
  }
  if (answer.total > FILE_BYTES_MAX) {
    throw new FlatFileError(
      `the flat file has ${answer.total} bytes, expected at most ${FILE_BYTES_MAX}; check ` +
        'FLOW_FLATFILES_URL',
      false,
    )
  }
  if (answer.kind === 'body') await part.append(answer, (done) => onProgress?.(done, answer.total))
  const size = await part.size()
  if (size < answer.total) {
    throw new FlatFileError(
      `the connection ended after ${size} of ${answer.total} bytes of the flat file`,
      true,
    )
  }
  const isFile = size === answer.total && (await part.isGzip())
  const damage = isFile ? await part.damage(signal) : null
  if (isFile && damage === null) return 'whole'
  await part.remove()
  if (damage !== null) {
    throw new FlatFileError(
      `the flat file: what came is damaged (${damage}); run one download of a day at a time`,
      true,
    )
  }
  throw new FlatFileError(
    `the flat file: expected ${answer.total} bytes of gzip, came ${size} of something else; ` +
      'check FLOW_FLATFILES_URL',
    size !== answer.total,
  )
}

/** Anything else that went wrong on the way, without the keys. */
function failureOf(error: unknown, { accessKey, secretKey }: FileSource): FlatFileError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const text = cause instanceof Error ? describeError(cause) : String(cause)
  const isDisk = /^(?:ENOSPC|EDQUOT|EACCES|EPERM|EROFS|EISDIR|ENOTDIR|EMFILE)$/.test(code)
  const clean = redact(redact(text, secretKey), accessKey)
  return isDisk
    ? new FlatFileError(`the flat file cannot be written: ${clean}`, false)
    : new FlatFileError(`the flat file: no answer (${clean})`, true)
}

function tooLong(total: number): FlatFileError {
  return new FlatFileError(
    `the flat file: expected ${total} bytes, as the server says, came more; check ` +
      'FLOW_FLATFILES_URL',
    false,
  )
}

/** The bytes so far, and beside them which version of the vendor's file they are of. */
class PartFile {
  readonly #path: string
  readonly #etagPath: string

  constructor(path: string) {
    this.#path = path
    this.#etagPath = `${path}.etag`
  }

  size(): Promise<number> {
    return sizeOf(this.#path)
  }

  /** Null: not known, so nobody can say whether the bytes are of the file that is there now. */
  async etag(): Promise<string | null> {
    const text = await readFile(this.#etagPath, 'utf8').catch(() => '')
    return text === '' ? null : text
  }

  /**
   * Writes a body behind the bytes it goes on from; what came stays, whatever happens. Throws for
   * one that is longer than the file.
   */
  async append(
    { from, total, etag, body }: FileAnswer & { kind: 'body' },
    onBytes: (done: number) => void,
  ): Promise<void> {
    if (etag !== null) await writeFile(this.#etagPath, etag, { mode: FILE_MODE })
    const file = await open(this.#path, from === 0 ? 'w' : 'r+', FILE_MODE)
    try {
      let done = from
      for await (const chunk of body) {
        if (done + chunk.byteLength > total) throw tooLong(total)
        await file.write(chunk, 0, chunk.byteLength, done)
        done += chunk.byteLength
        onBytes(done)
      }
    } finally {
      await file.close()
    }
  }

  async isGzip(): Promise<boolean> {
    const file = await open(this.#path)
    try {
      const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
      return buffer[0] === GZIP[0] && buffer[1] === GZIP[1]
    } finally {
      await file.close()
    }
  }

  /** What is wrong with the gzip, read to its end; null: nothing. */
  async damage(signal: AbortSignal): Promise<string | null> {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    try {
      await pipeline(createReadStream(this.#path), createGunzip(), nowhere, { signal })
      return null
    } catch (error) {
      signal.throwIfAborted()
      return (error as Error).message
    }
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true })
    await rm(this.#etagPath, { force: true })
  }

  /** On the disk, then under its name: a file of this name is always whole. */
  async finish(path: string): Promise<void> {
    const file = await open(this.#path, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(this.#path, path)
    await rm(this.#etagPath, { force: true })
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
