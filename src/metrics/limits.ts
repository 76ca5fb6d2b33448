import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { clientOf } from './rate-limit.ts'

/** What one client and all of them together may take of us. */
export type HttpLimits = {
  /** Characters of path and query. */
  readonly urlLength: number
  readonly headerBytes: number
  /** For a request to arrive, and for a connection between two of them. */
  readonly requestMs: number
  readonly keepAliveMs: number
  /** For an answer to be ready; for its reader to take some of it, requestMs more. */
  readonly answerMs: number
  readonly connections: number
  readonly connectionsPerClient: number
  /** Requests of a client: at once, and for long. */
  readonly burst: number
  readonly perSecond: number
}

/** Room for a dashboard with a few dozen panels, or for a scraper and some scripts. */
export const LIMITS: HttpLimits = {
  urlLength: 2048,
  headerBytes: 8192,
  requestMs: 10_000,
  keepAliveMs: 5000,
  answerMs: 30_000,
  connections: 256,
  connectionsPerClient: 64,
  burst: 400,
  perSecond: 100,
}

/** On every answer: nothing here is to be run, framed, guessed at, kept or told of. */
export const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const

/** Hangs up on connections beyond the limits; a client with too many of its own is told why. */
export function capConnections(server: Server, limits: HttpLimits): void {
  server.maxConnections = limits.connections
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const client = clientOf(socket.remoteAddress ?? '')
    const count = (open.get(client) ?? 0) + 1
    open.set(client, count)
    socket.once('close', () => {
      const left = open.get(client)! - 1
      if (left === 0) open.delete(client)
      else open.set(client, left)
    })
    if (count <= limits.connectionsPerClient) return
    const reason = `expected at most ${limits.connectionsPerClient} connections of one client`
    hangUp(socket, '429 Too Many Requests', reason)
  })
}

/** Answers a request that is no HTTP, or too large, or too slow, and hangs up. */
export function refuser(
  limits: HttpLimits,
): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return (error, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const [status, reason] =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', `expected at most ${limits.headerBytes} bytes`]
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? ['408 Request Timeout', `expected a request within ${limits.requestMs / 1000} seconds`]
          : ['400 Bad Request', 'expected an HTTP/1.1 request']
    hangUp(socket, status, reason)
  }
}

/** Answers with an error without a server's help, and hangs up. */
export function hangUp(
  socket: Duplex,
  status: string,
  reason: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const body = `${JSON.stringify({ error: reason })}\n`
  const headers = Object.entries({
    ...SECURITY_HEADERS,
    ...more,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  })
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n${body}`, () => socket.destroy())
}
