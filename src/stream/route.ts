import type { IncomingMessage } from 'node:http'
import type { LiveFilter } from '../domain/live-filter.ts'
import { RequestError, type StreamRoute } from '../metrics/routes.ts'
import { EventSourceOutlet } from './event-source.ts'
import type { LiveStream } from './live-stream.ts'
import { openSocket, socketServer } from './socket.ts'

/** A client that comes again may not have been told what was committed this late, ms. */
const OVERLAP_MS = 10_000
const TIME_MAX = 8.64e15

export type Asked = { readonly filter: LiveFilter; readonly since: number | null }

/**
 * `GET /api/stream`: the live stream as server-sent events, or over a WebSocket where the request
 * wants one. `ask` reads the parameters and throws a RequestError 400.
 */
export function streamRoute(
  stream: LiveStream,
  ask: (query: URLSearchParams) => Asked,
): StreamRoute {
  const sockets = socketServer()
  return {
    path: '/api/stream',
    answer: ({ query }, request, response) => {
      const { filter, since } = ask(query)
      const again = lastEventTime(request)
      stream.checkRoom()
      const outlet = new EventSourceOutlet(response, again ?? since ?? stream.position)
      stream.join(filter, again === null ? since : again - OVERLAP_MS, outlet)
    },
    upgrade: ({ query }, request, socket, head) => {
      const { filter, since } = ask(query)
      stream.checkRoom()
      openSocket(sockets, request, socket, head, (outlet) => stream.join(filter, since, outlet))
    },
    close: () => stream.close(),
  }
}

/** Where an EventSource that comes again wants to go on, epoch ms; null: it is new. */
function lastEventTime({ headers }: IncomingMessage): number | null {
  const id = headers['last-event-id']
  if (id === undefined || id === '') return null
  const time = typeof id === 'string' && /^\d{1,16}$/.test(id) ? Number(id) : Number.NaN
  if (time <= TIME_MAX) return time
  throw new RequestError(400, `Last-Event-ID: expected an id of this stream, came ${id}`)
}
