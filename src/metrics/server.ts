import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Registry } from 'prom-client'
import { hostCheck, tokenCheck } from './auth.ts'
import { capConnections, type HttpLimits, LIMITS, refuser, SECURITY_HEADERS } from './limits.ts'
import { RateLimit } from './rate-limit.ts'
import { type Answer, matchRoute, RequestError, type Route, type StreamRoute } from './routes.ts'
import { checkOrigin, headersOfSocket, refuse, wantsSocket } from './upgrade.ts'

/** How long answers under way may take once the server closes. */
const CLOSE_GRACE_MS = 500

export type HttpOptions = {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** What each request but the probes must bring; undefined: everybody who reaches us may ask. */
  readonly token?: string | undefined
  readonly limits?: Partial<HttpLimits>
  readonly registry: Registry
  /** Why the engine is not ready, or null. Asked for each /readyz. */
  readonly notReady: () => string | null
  /** What /api/stats answers. */
  readonly stats: () => object | Promise<object>
  readonly routes?: readonly Route[]
  readonly streams?: readonly StreamRoute[]
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

/** What every request is held against. */
type Desk = {
  readonly routes: readonly Route[]
  readonly streams: readonly StreamRoute[]
  readonly limits: HttpLimits
  readonly rate: RateLimit
  readonly checkHost: (request: IncomingMessage) => void
  readonly checkToken: (request: Pick<IncomingMessage, 'headers'>) => void
  readonly onError: HttpOptions['onError']
}

/** Listens, or throws one clear line about the host or port. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const limits: HttpLimits = { ...LIMITS, ...options.limits }
  const desk: Desk = {
    routes: [...ownRoutes(options), ...(options.routes ?? [])],
    streams: options.streams ?? [],
    limits,
    rate: new RateLimit(limits),
    checkHost: hostCheck(options.host, options.token),
    checkToken: tokenCheck(options.host, options.token),
    onError: options.onError,
  }
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    requestTimeout: limits.requestMs,
    headersTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, limits.requestMs),
    // an offer of HTTP/2, as some clients make, must not keep a plain request from its answer
    shouldUpgradeCallback: (request) =>
      wantsSocket(request) && matchRoute(desk.streams, pathOf(request)) !== undefined,
  })
  // a client that asks and never reads the answer
  server.timeout = limits.answerMs + limits.requestMs
  capConnections(server, limits)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // one that closes must not wait for the next request of a connection it has just answered
    response.on('finish', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
    void serve(desk, request, response)
  })
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    upgrade(desk, request, socket, head)
  })
  server.on('clientError', refuser(limits))
  await listen(server, options.host, options.port)
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : options.port
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { port, url: `http://${host}:${port}`, close: () => close(server, desk, upgraded) }
}

function ownRoutes({ registry, notReady, stats }: HttpOptions): Route[] {
  return [
    {
      path: '/metrics',
      answer: async () => ({ body: await registry.metrics(), type: registry.contentType }),
    },
    { path: '/healthz', isOpen: true, answer: () => ({ body: { status: 'alive' } }) },
    {
      path: '/readyz',
      isOpen: true,
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
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request)
  const { answerMs } = desk.limits
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer>((resolve) => {
    const body = { error: `no answer within ${answerMs / 1000} seconds; try again` }
    timer = setTimeout(() => resolve({ status: 503, body }), answerMs)
  })
  try {
    const answer = await Promise.race([answerOf(desk, request, response, path), late])
    if (answer !== null) send(request, response, answer)
  } catch (error) {
    if (error instanceof RequestError) {
      if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="flow"')
      if (error.retryAfter > 0) response.setHeader('Retry-After', error.retryAfter)
      send(request, response, { status: error.status, body: { error: error.message } })
    } else {
      desk.onError(error, path)
      send(request, response, { status: 500, body: { error: 'it failed here; see the log' } })
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Cheap refusals first. Null: a stream has begun to answer. */
async function answerOf(
  desk: Desk,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<Answer | null> {
  checkShare(desk, request)
  const found = matchRoute(desk.routes, path)
  if (found?.route.isOpen !== true) {
    desk.checkHost(request)
    desk.checkToken(request)
  }
  const stream = matchRoute(desk.streams, path)
  if (found === undefined && stream === undefined) {
    throw new RequestError(404, 'there is nothing at this address')
  }
  const methods = stream === undefined ? ['GET', 'HEAD'] : ['GET']
  if (!methods.includes(request.method ?? '')) {
    response.setHeader('Allow', methods.join(', '))
    throw new RequestError(405, `expected ${methods.join(' or ')}, came ${request.method}`)
  }
  if (hasBody(request)) throw new RequestError(413, 'expected a request without a body')
  const query = queryOf(request, path)
  if (found !== undefined) return found.route.answer({ params: found.params, query })
  checkOrigin(request)
  stream!.route.answer({ params: stream!.params, query }, request, response)
  return null
}

function upgrade(desk: Desk, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const path = pathOf(request)
  socket.on('error', () => {}) // close says the same
  try {
    checkShare(desk, request)
    desk.checkHost(request)
    desk.checkToken({ headers: headersOfSocket(request) })
    checkOrigin(request)
    const { route, params } = matchRoute(desk.streams, path)!
    route.upgrade({ params, query: queryOf(request, path) }, request, socket, head)
  } catch (error) {
    if (error instanceof RequestError) {
      refuse(socket, error)
      return
    }
    desk.onError(error, path)
    refuse(socket, new RequestError(500, 'it failed here; see the log'))
  }
}

/** Throws where a client asks too much; without the token nobody learns which addresses exist. */
function checkShare({ rate, limits }: Desk, request: IncomingMessage): void {
  const wait = rate.take(request.socket.remoteAddress ?? '', performance.now())
  if (wait > 0) {
    throw new RequestError(429, `expected at most ${limits.perSecond} requests a second`, wait)
  }
  if ((request.url ?? '/').length > limits.urlLength) {
    throw new RequestError(414, `expected at most ${limits.urlLength} characters of address`)
  }
}

function pathOf({ url }: IncomingMessage): string {
  return (url ?? '/').split('?', 1)[0]!
}

function queryOf({ url }: IncomingMessage, path: string): URLSearchParams {
  return new URLSearchParams((url ?? '/').slice(path.length + 1))
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
  const headers = { ...SECURITY_HEADERS, ...answer.headers }
  const etag = answer.headers?.ETag
  if (etag !== undefined && request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(answer.status ?? 200, {
    ...headers,
    'Content-Type': type.includes('charset') ? type : `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
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

function close(server: Server, desk: Desk, upgraded: ReadonlySet<Duplex>): Promise<void> {
  for (const stream of desk.streams) stream.close()
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections()
      for (const socket of upgraded) socket.destroy() // the server counts them, and knows no more
    }, CLOSE_GRACE_MS)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}
