import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Registry } from 'prom-client'
import { type Answer, matchRoute, RequestError, type Route } from './routes.ts'

const URL_LENGTH_MAX = 2048
const HEADERS_BYTES_MAX = 8192
const CONNECTIONS_MAX = 256
const REQUEST_MS_MAX = 10_000
const ANSWER_MS_MAX = 30_000
const KEEP_ALIVE_MS = 5000
/** How long answers under way may take once the server closes. */
const CLOSE_GRACE_MS = 500

const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const

export type HttpOptions = {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly registry: Registry
  /** Why the engine is not ready, or null. Asked for each /readyz. */
  readonly notReady: () => string | null
  /** What /api/stats answers. */
  readonly stats: () => object | Promise<object>
  readonly routes?: readonly Route[]
  /** Told of each answer that failed because of us: a bug or a database that is away. */
  readonly onError: (error: unknown, path: string) => void
}

export type HttpServer = {
  /** The port that is listened on, also when 0 was asked for. */
  readonly port: number
  readonly url: string
  /** Takes no more requests, gives those under way half a second, then cuts them off. */
  close(): Promise<void>
}

/** Listens, or throws one clear line about the host or port. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const routes = [...ownRoutes(options), ...(options.routes ?? [])]
  const server = createServer({
    maxHeaderSize: HEADERS_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1000,
  })
  server.maxConnections = CONNECTIONS_MAX
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // one that closes must not wait for the next request of a connection it has just answered
    response.on('finish', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
    void serve(routes, options.onError, request, response)
  })
  server.on('clientError', refuse)
  await listen(server, options.host, options.port)
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : options.port
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { port, url: `http://${host}:${port}`, close: () => close(server) }
}

function ownRoutes({ registry, notReady, stats }: HttpOptions): Route[] {
  return [
    {
      path: '/metrics',
      answer: async () => ({ body: await registry.metrics(), type: registry.contentType }),
    },
    { path: '/healthz', answer: () => ({ body: { status: 'alive' } }) },
    {
      path: '/readyz',
      answer: () => {
        const reason = notReady()
        return reason === null
          ? { body: { status: 'ready' } }
          : { status: 503, body: { error: reason } }
      },
    },
    { path: '/api/stats', answer: async () => ({ body: await stats() }) },
  ]
}

async function serve(
  routes: readonly Route[],
  onError: HttpOptions['onError'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]!
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer>((resolve) => {
    const body = { error: `no answer within ${ANSWER_MS_MAX / 1000} seconds; try again` }
    timer = setTimeout(() => resolve({ status: 503, body }), ANSWER_MS_MAX)
  })
  try {
    send(request, response, await Promise.race([answerOf(routes, request, path), late]))
  } catch (error) {
    if (error instanceof RequestError) {
      if (error.status === 405) response.setHeader('Allow', 'GET, HEAD')
      send(request, response, { status: error.status, body: { error: error.message } })
    } else {
      onError(error, path)
      send(request, response, { status: 500, body: { error: 'it failed here; see the log' } })
    }
  } finally {
    clearTimeout(timer)
  }
}

async function answerOf(
  routes: readonly Route[],
  request: IncomingMessage,
  path: string,
): Promise<Answer> {
  const url = request.url ?? '/'
  if (url.length > URL_LENGTH_MAX) {
    throw new RequestError(414, `expected at most ${URL_LENGTH_MAX} characters of address`)
  }
  const found = matchRoute(routes, path)
  if (found === undefined) throw new RequestError(404, 'there is nothing at this address')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new RequestError(405, `expected GET or HEAD, came ${request.method}`)
  }
  if (hasBody(request)) throw new RequestError(413, 'expected a request without a body')
  const query = new URLSearchParams(url.slice(path.length + 1))
  return found.route.answer({ params: found.params, query })
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'] ?? '0'
  return request.headers['transfer-encoding'] !== undefined || length !== '0'
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const isText = typeof answer.body === 'string'
  const body = isText ? answer.body : `${JSON.stringify(answer.body)}\n`
  const type = answer.type ?? (isText ? 'text/plain' : 'application/json')
  // nobody reads the body, however long it is: hang up instead
  if (hasBody(request)) response.shouldKeepAlive = false
  response.writeHead(answer.status ?? 200, {
    ...SECURITY_HEADERS,
    'Content-Type': type.includes('charset') ? type : `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** A request that is no HTTP, or too large, or too slow. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', `expected at most ${HEADERS_BYTES_MAX} bytes`]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', `expected a request within ${REQUEST_MS_MAX / 1000} seconds`]
        : ['400 Bad Request', 'expected an HTTP/1.1 request']
  const body = `${JSON.stringify({ error: reason })}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(listenProblem(error, host, port), { cause: error }))
    })
    server.listen({ host, port, exclusive: true }, resolve)
  })
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return (
        `FLOW_HTTP_PORT: expected a free port, came ${port}, which another program has on ` +
        `${host}; stop that one, or set another port (0: any free one)`
      )
    case 'EACCES':
      return `FLOW_HTTP_PORT: expected a port this user may open, came ${port}; set one above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return (
        `FLOW_HTTP_HOST: expected an address of this machine, came ${host}; ` +
        'set 127.0.0.1, or 0.0.0.0 for all of them'
      )
    default:
      return `cannot listen on ${host}, port ${port}`
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}
