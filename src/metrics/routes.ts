import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** What a route gets of a request. */
export type Asked = {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
}

/** An object is sent as JSON, a text as it is with its `type`. */
export type Answer = {
  readonly status?: number
  readonly body: object | string
  readonly type?: string
  /** Beside or in place of those of every answer. A request that has its `ETag` gets a 304. */
  readonly headers?: Readonly<Record<string, string>>
}

export type Route = {
  /** `/api/flow/:symbol`: a segment after a colon is a parameter. */
  readonly path: string
  /** Answered without the token, to any Host: with nothing in it that is worth one. */
  readonly isOpen?: true
  readonly answer: (asked: Asked) => Answer | Promise<Answer>
}

/**
 * A route that answers for as long as its client stays. Each of the two may throw a RequestError
 * before it has sent anything, and deals with all that comes later itself.
 */
export type StreamRoute = {
  readonly path: string
  readonly answer: (asked: Asked, request: IncomingMessage, response: ServerResponse) => void
  /** Of a request that wants to become a WebSocket. */
  readonly upgrade: (asked: Asked, request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Says goodbye to all clients, for the server closes. */
  readonly close: () => void
}

/** What a route throws when the request is wrong: a status from 400 on and the reason. */
export class RequestError extends Error {
  readonly status: number
  /** Seconds after which the same request may pass; 0: that is not known. */
  readonly retryAfter: number

  constructor(status: number, message: string, retryAfter = 0) {
    super(message)
    this.name = 'RequestError'
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** The first route of the path with its parameters decoded; undefined when there is none. */
export function matchRoute<R extends { readonly path: string }>(
  routes: readonly R[],
  path: string,
): { route: R; params: Readonly<Record<string, string>> } | undefined {
  const parts = path.split('/')
  for (const route of routes) {
    const names = route.path.split('/')
    if (names.length !== parts.length) continue
    if (!names.every((name, i) => name.startsWith(':') || name === parts[i])) continue
    const params: Record<string, string> = {}
    for (const [i, name] of names.entries()) {
      if (name.startsWith(':')) params[name.slice(1)] = decodedSegment(parts[i]!)
    }
    return { route, params }
  }
  return undefined
}

function decodedSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RequestError(400, `expected %XX escapes of UTF-8 in the path, came ${text}`)
  }
}
