import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { hangUp } from './limits.ts'
import { RequestError } from './routes.ts'

/** The subprotocol of the live stream, which a browser must be answered when it offers any. */
export const STREAM_PROTOCOL = 'flow.v1'
/** Before the token, which a browser cannot put into a header. Percent-encoded. */
const TOKEN_PROTOCOL = 'flow.bearer.'

/** Whether a request wants to become a WebSocket; other upgrades are answered as plain requests. */
export function wantsSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/**
 * The headers with the token of a subprotocol where the token check looks for it. Throws a
 * RequestError 400 where a browser would give up on our answer.
 */
export function headersOfSocket({ headers }: IncomingMessage): IncomingMessage['headers'] {
  const offered = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (offered.length > 0 && !offered.includes(STREAM_PROTOCOL)) {
    throw new RequestError(400, `expected the subprotocol ${STREAM_PROTOCOL}, or none at all`)
  }
  const given = offered.find((name) => name.startsWith(TOKEN_PROTOCOL))
  if (given === undefined || headers.authorization !== undefined) return headers
  return { ...headers, authorization: `Bearer ${decoded(given.slice(TOKEN_PROTOCOL.length))}` }
}

/**
 * A web page of another site must not open our streams through someone's browser: browsers say
 * where a page is from, and let it open a WebSocket to anywhere. Programs send no Origin.
 */
export function checkOrigin({ headers }: IncomingMessage): void {
  const { origin, host } = headers
  if (origin === undefined) return
  if (URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()) return
  throw new RequestError(403, 'expected a page of this server, came the Origin of another')
}

/** Says no to an upgrade, as a plain answer. */
export function refuse(socket: Duplex, { status, message, retryAfter }: RequestError): void {
  const more: Record<string, string> = {}
  if (status === 401) more['WWW-Authenticate'] = 'Bearer realm="flow"'
  if (retryAfter > 0) more['Retry-After'] = `${retryAfter}`
  hangUp(socket, `${status} ${STATUS_CODES[status]}`, message, more)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // no token of ours then
  }
}
