/**
 * A process that pushes a tape as fast as its reader takes it, or at a fixed rate, and does so
 * little else that it is no bottleneck: WebSocket frames are encoded once, and each round changes
 * a few digits of a copy. It answers the vendor's handshake; what to send stands in the URL.
 */
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { ROUND_PRINTS, roundDigits, type Shape, stamp, type TapeFrame, tapeOf } from './tape.ts'

/** Written to the socket at once. */
const CHUNK_BYTES = 1 << 16
/** The source waits while its reader has more than this to take. */
const AHEAD_BYTES_MAX = 1 << 20
const TICK_MS = 1

type Chunk = TapeFrame & { readonly prints: number }

const status = (name: string, message: string): string =>
  JSON.stringify([{ ev: 'status', status: name, message }])

const tapes = new Map<string, readonly Chunk[]>()
let round = 0

/** Frames with their WebSocket headers, put together to chunks of about CHUNK_BYTES. */
function chunksOf(shape: Shape, chunkBytes: number): readonly Chunk[] {
  const key = `${shape.prints} ${shape.quotes} ${chunkBytes}`
  const known = tapes.get(key)
  if (known !== undefined) return known
  const chunks: Chunk[] = []
  let parts: Buffer[] = []
  let length = 0
  let frames = 0
  let secondsAt: number[] = []
  let roundAt: number[] = []
  const seal = (): void => {
    chunks.push({ json: Buffer.concat(parts), secondsAt, roundAt, prints: frames * shape.prints })
    parts = []
    length = 0
    frames = 0
    secondsAt = []
    roundAt = []
  }
  for (const frame of tapeOf(shape)) {
    const header = headerOf(frame.json.length)
    const at = length + header.length
    secondsAt.push(...frame.secondsAt.map((place) => at + place))
    roundAt.push(...frame.roundAt.map((place) => at + place))
    parts.push(header, frame.json)
    length = at + frame.json.length
    frames++
    if (length >= chunkBytes) seal()
  }
  if (frames > 0) seal()
  tapes.set(key, chunks)
  return chunks
}

/** Header of a text frame from a server. */
function headerOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0x81, length])
  if (length > 65_535) throw new Error(`a frame of a tape has at most 65,535 bytes, was ${length}`)
  return Buffer.from([0x81, 126, length >> 8, length & 0xff])
}

/** Pushes chunks until `prints` are sent; gives how many that were. */
async function flood(socket: Socket, shape: Shape, prints: number): Promise<number> {
  const chunks = chunksOf(shape, CHUNK_BYTES)
  let sent = 0
  while (sent < prints) {
    const digits = roundDigits(round++)
    for (const chunk of chunks) {
      if (sent >= prints || socket.destroyed) break
      const bytes = Buffer.from(chunk.json)
      stamp(bytes, chunk, digits)
      const written = new Promise((resolve) => socket.write(bytes, resolve))
      sent += chunk.prints
      if (socket.writableLength > AHEAD_BYTES_MAX) await written
    }
    if (socket.destroyed) break
  }
  return sent
}

/**
 * Pushes one frame after the other when it is due, whether the reader keeps up or not. The nth
 * print is due n / rate seconds after `startAt`, epoch ms, which the reader is told ahead of the
 * first.
 */
async function pace(
  socket: Socket,
  shape: Shape,
  prints: number,
  rate: number,
  tell: (message: string) => void,
): Promise<number> {
  const chunks = chunksOf(shape, 1)
  const startAt = Math.ceil(now()) + 200
  const base = round
  tell(`start ${startAt} ${base}`)
  let sent = 0
  while (sent < prints && !socket.destroyed) {
    const due = Math.min(prints, Math.floor(((now() - startAt) * rate) / 1000))
    for (; sent < due; sent += shape.prints) {
      const chunk = chunks[(sent % ROUND_PRINTS) / shape.prints]!
      round = base + Math.floor(sent / ROUND_PRINTS)
      const bytes = Buffer.from(chunk.json)
      stamp(bytes, chunk, roundDigits(round))
      socket.write(bytes)
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  round++
  return sent
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

const sockets = new WebSocketServer({ noServer: true })
const http = createServer().on('upgrade', (request, socket, head) => {
  const url = new URL(request.url ?? '', 'ws://localhost')
  const number = (name: string): number => Number(url.searchParams.get(name) ?? 0)
  const shape = { prints: number('per'), quotes: number('quotes') }
  const rate = number('rate')
  sockets.handleUpgrade(request, socket, head, (ws) => {
    const raw = socket as Socket
    raw.setNoDelay(true)
    ws.send(status('connected', 'Connected Successfully'))
    ws.on('message', (data: Buffer) => {
      const message = data.toString()
      if (message.includes('"auth"')) ws.send(status('auth_success', 'authenticated'))
      if (!message.includes('"subscribe"')) return
      const tell = (what: string): void => ws.send(status('success', what))
      const sending =
        rate > 0
          ? pace(raw, shape, number('prints'), rate, tell)
          : flood(raw, shape, number('prints'))
      void sending.then((sent) => tell(`end ${sent}`))
    })
    ws.on('error', () => ws.terminate())
  })
})
process.on('message', (shape: Shape) => {
  chunksOf(shape, CHUNK_BYTES)
  process.send?.('built')
})
process.on('disconnect', () => process.exit(0))
http.listen(0, '127.0.0.1', () => process.send?.((http.address() as AddressInfo).port))
