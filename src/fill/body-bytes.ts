import type { Readable } from 'node:stream'

/** Read ahead of whoever takes the bytes; then the server waits. */
const AHEAD_BYTES_MAX = 4 * 1024 * 1024

/**
 * The bytes of a stream, all that came before it failed included, and then its error. The stream's
 * own iterator throws away what it holds when the connection breaks. Listens from the call on.
 */
export function bodyBytes(stream: Readable): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = []
  let bytes = 0
  let end = null as { readonly error: Error | null } | null
  let news = Promise.withResolvers<void>()
  const finish = (error: Error | null): void => {
    end ??= { error }
    news.resolve()
  }
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > AHEAD_BYTES_MAX) stream.pause()
    news.resolve()
  })
  stream.once('end', () => finish(null))
  stream.on('error', finish)
  stream.once('close', () => finish(new Error('the connection ended')))
  return (async function* () {
    try {
      for (;;) {
        await news.promise
        news = Promise.withResolvers()
        const taken = chunks
        const isOver = end
        chunks = []
        bytes = 0
        yield* taken
        if (isOver === null) stream.resume()
        else if (isOver.error !== null) throw isOver.error
        else return
      }
    } finally {
      stream.destroy()
    }
  })()
}
