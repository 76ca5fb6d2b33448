import { open } from 'node:fs/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { ReadOptions } from './frame.ts'

export type Compression = 'gzip' | 'zstd' | 'none'

const READ_BYTES = 64 * 1024
/** 64 KiB may decompress to 2 GiB: this much is handed on before more of it is. */
const PLAIN_BYTES_MAX = 1024 * 1024

/** Compression by the first four bytes of a file. */
export function compressionOf(magic: Uint8Array): Compression {
  if (magic[0] === 0x1f && magic[1] === 0x8b) return 'gzip'
  const isZstd = magic[0] === 0x28 && magic[1] === 0xb5 && magic[2] === 0x2f && magic[3] === 0xfd
  return isZstd ? 'zstd' : 'none'
}

/**
 * The decompressed bytes of a file. A compressed file that ends too early, or is damaged on the
 * way, gives every byte up to there and one problem.
 */
export function plainBytes(
  path: string,
  compression: Compression,
  options: ReadOptions,
): AsyncGenerator<Buffer> {
  const raw = fileBytes(path, options)
  return compression === 'none' ? raw : decompressed(raw, compression, options)
}

async function* fileBytes(path: string, options: ReadOptions): AsyncGenerator<Buffer> {
  const file = await open(path)
  try {
    const total = (await file.stat()).size
    let done = 0
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES)
      if (bytesRead === 0) return
      done += bytesRead
      options.onProgress?.(done, Math.max(done, total))
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/**
 * Drives the decompressor by hand: its own async iterator throws away what it has decoded once the
 * end turns out to be missing, and that is the part worth keeping.
 */
async function* decompressed(
  raw: AsyncIterable<Buffer>,
  compression: 'gzip' | 'zstd',
  options: ReadOptions,
): AsyncGenerator<Buffer> {
  const stream = compression === 'gzip' ? createGunzip() : createZstdDecompress()
  let plain: Buffer[] = []
  let plainBytes = 0
  let full = Promise.withResolvers<void>()
  let failure: Error | null = null
  stream.on('data', (chunk: Buffer) => {
    plain.push(chunk)
    plainBytes += chunk.length
    if (plainBytes < PLAIN_BYTES_MAX) return
    stream.pause()
    full.resolve()
  })
  stream.on('error', (error) => {
    failure = error
  })
  const closed = new Promise<void>((resolve) => {
    stream.once('close', resolve)
    stream.once('end', resolve)
  })
  const take = (): Buffer[] => {
    const taken = plain
    plain = []
    plainBytes = 0
    return taken
  }
  /** All that comes until `isOver`, a part at a time. */
  async function* takeUntil(isOver: Promise<unknown>): AsyncGenerator<Buffer> {
    for (;;) {
      const why = await Promise.race([full.promise.then(() => 'full'), isOver])
      yield* take()
      if (why !== 'full') return
      full = Promise.withResolvers()
      stream.resume()
    }
  }
  try {
    for await (const chunk of raw) {
      const written = new Promise<void>((resolve) => stream.write(chunk, () => resolve()))
      yield* takeUntil(Promise.race([written, closed]))
      if (failure !== null) break
    }
    if (failure === null) {
      stream.end()
      yield* takeUntil(closed)
    }
    if (failure !== null) options.onProblem?.(describe(failure, compression))
  } finally {
    stream.destroy()
  }
}

function describe(failure: Error & { code?: string }, compression: string): string {
  const isCut = failure.code === 'Z_BUF_ERROR' || /unexpected end|incomplete/i.test(failure.message)
  return isCut
    ? `the ${compression} file is cut off: what was whole is read, the tail is lost`
    : `the ${compression} file is damaged (${failure.message}): read up to there`
}
