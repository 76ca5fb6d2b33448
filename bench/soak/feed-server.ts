/**
 * A process that plays a round of the tape again and again by the clock, whether its reader keeps
 * up or not: what is late is sent with the time at which it was due. `node feed-server.ts RATE
 * QUOTES` tells its parent the port, and on `stop` what it has sent.
 */
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { ROUND_MS, rendered, soakTape } from './tape.ts'

/** What the parent is told, at the start and whenever it asks. */
export type FeedTold = {
  readonly port: number
  readonly contracts: number
  readonly printsPerRound: number
  readonly quotesPerRound: number
  readonly prints: number
  readonly quotes: number
  /** Epoch ms; 0 until somebody has subscribed. */
  readonly startedAt: number
  /** The most that waited in the feed for its reader since the last time it was asked. */
  readonly aheadBytesMax: number
  /** By how much the feed itself was late at most since then, ms. */
  readonly lateMsMax: number
  readonly connections: number
}

const TICK_MS = 1
/** Frames sent at most before anything else has its turn. */
const FRAMES_PER_TURN = 64
/** Further behind than this the reader will not catch up: what is due is left out. */
const AHEAD_BYTES_MAX = 512 * 1024 * 1024

const tape = soakTape(Number(process.argv[2]), Number(process.argv[3]))
let reader: WebSocket | null = null
let [prints, quotes, startedAt, aheadBytesMax, lateMsMax, connections] = [0, 0, 0, 0, 0, 0]
let isStopped = false

const status = (name: string, message: string): string =>
  JSON.stringify([{ ev: 'status', status: name, message }])

function told(): FeedTold {
  const found: FeedTold = {
    port: (sockets.address() as AddressInfo).port,
    contracts: tape.contracts,
    printsPerRound: tape.prints,
    quotesPerRound: tape.quotes,
    prints,
    quotes,
    startedAt,
    aheadBytesMax,
    lateMsMax,
    connections,
  }
  aheadBytesMax = 0
  lateMsMax = 0
  return found
}

/** Sends each frame when it is due, from the moment of the first subscription on. */
async function play(): Promise<void> {
  startedAt = Date.now()
  const zero = performance.now()
  for (let round = 0; !isStopped; round++) {
    const begin = round * ROUND_MS
    for (const [i, frame] of tape.frames.entries()) {
      if (i % FRAMES_PER_TURN === 0) await nextTurn()
      let late = performance.now() - zero - begin - frame.dueMs
      while (late < 0 && !isStopped) {
        await sleep(TICK_MS)
        late = performance.now() - zero - begin - frame.dueMs
      }
      if (isStopped) return
      lateMsMax = Math.max(lateMsMax, late)
      if (reader === null) continue
      aheadBytesMax = Math.max(aheadBytesMax, reader.bufferedAmount)
      if (reader.bufferedAmount > AHEAD_BYTES_MAX) continue
      reader.send(rendered(frame, round, startedAt + begin), { binary: false })
      prints += frame.prints
      quotes += frame.quotes
    }
  }
}

const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
sockets.on('connection', (socket) => {
  connections++
  socket.send(status('connected', 'Connected Successfully'))
  socket.on('message', (data: Buffer) => {
    const { action, params } = JSON.parse(data.toString()) as { action: string; params: string }
    if (action === 'auth') return socket.send(status('auth_success', 'authenticated'))
    const topics = params.split(',')
    const word = action === 'subscribe' ? 'subscribed to' : 'unsubscribed to'
    const answers = topics.map((topic) => status('success', `${word}: ${topic}`).slice(1, -1))
    socket.send(`[${answers.join(',')}]`)
    if (!topics.includes('T.*')) return
    reader = socket
    if (startedAt === 0) void play()
  })
  socket.on('close', () => {
    if (reader === socket) reader = null
  })
  socket.on('error', () => socket.terminate())
})
sockets.on('listening', () => process.send?.(told()))
process.on('message', (word: 'ask' | 'stop') => {
  if (word === 'stop') isStopped = true
  process.send?.(told())
})
process.on('disconnect', () => process.exit(0))
