import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { type Account, Connection } from './connection.ts'
import { scheduleFaults } from './fault-schedule.ts'
import type { Fault, StandingFault } from './faults.ts'
import { History } from './history.ts'
import { Hub } from './hub.ts'
import { restHandler } from './rest.ts'
import { Sessions } from './sessions.ts'
import { prepareSource, type Source } from './source.ts'
import { newStats, type Stats } from './stats.ts'

/** A key that is refused whatever the options say. */
export const INVALID_KEY = 'invalid'
const NO_CLOSE_FRAME = 1006
const SLOW_REST_MS = 2000
const REQUEST_BYTES_MAX = 16 * 1024 * 1024

export type SimulatorOptions = {
  readonly source: Source
  /** Default 127.0.0.1, any free port. */
  readonly host?: string
  readonly port?: number
  /** The only key that is accepted. Default: any that is not empty and not `invalid`. */
  readonly apiKey?: string
  /** Connections of one key. Default 1, as the vendor has it. */
  readonly maxConnections?: number
  /** Who has to go when there is one too many. Default the newest. */
  readonly evict?: 'newest' | 'oldest'
  /** A connection that ended without a close frame is counted this much longer. Default 0. */
  readonly deadSessionMs?: number
  /** Default 10 s. */
  readonly authTimeoutMs?: number
  /** A client this many bytes behind is cut off. Default 32 MiB: one frame of 16 is no offence. */
  readonly slowBytesMax?: number
  /** Accepts permessage-deflate when it is offered. */
  readonly deflate?: boolean
  readonly faults?: readonly Fault[]
  /** Events of the synthetic tape in one frame at most. Default 32. */
  readonly eventsPerFrame?: number
  /** The source begins once this many connections have subscribed. Default 1. */
  readonly waitFor?: number
}

export type Simulator = {
  /** For FLOW_FEED_URL. */
  readonly wsUrl: string
  /** For FLOW_REST_URL. */
  readonly restUrl: string
  readonly stats: () => Readonly<Stats>
  /** Resolves once the source has come to its end, never for one without an end. */
  readonly finished: Promise<void>
  /** Sends a text frame as it is to every connection that has subscribed with `T.*`. */
  readonly publish: (frame: string) => void
  readonly close: () => Promise<void>
}

/** Starts a vendor on loopback: WebSocket and REST on one port, as the real one speaks them. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { faults = [], eventsPerFrame = 32, host = '127.0.0.1' } = options
  const stats = newStats()
  const history = new History()
  const hub = new Hub(history, stats, eventsPerFrame)
  let isStopped = false
  let restUrl = ''
  let callOffFaults = () => {}
  const source = prepareSource(options.source, hub, history, eventsPerFrame, () => isStopped)
  const begun = Promise.withResolvers<void>()
  const finished = begun.promise.then(() => source.play())
  finished.catch(() => {}) // whoever waits for it hears of it

  const account = accountOf(options, (subscribed) => {
    if (subscribed === 1) callOffFaults = scheduleFaults(faults, hub)
    if (subscribed === (options.waitFor ?? 1)) begun.resolve()
  })
  const rest = restHandler({
    history,
    tickers: source.tickers,
    isValid: (key) => isValidKey(options, key),
    baseUrl: () => restUrl,
    delayMs: has(faults, 'slow-rest') ? SLOW_REST_MS : 0,
    refusals: has(faults, 'rest429') ? 2 : 0,
  })
  const http = createServer((request, response) => {
    stats.restRequests++
    rest(request, response).catch((error: Error) => response.destroy(error))
  })
  const server = acceptClients(http, options, hub, account, stats)
  http.listen(options.port ?? 0, host)
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`
  restUrl = `http://${at}`

  return {
    wsUrl: `ws://${at}/options`,
    restUrl,
    stats: () => stats,
    finished,
    publish: (frame) => hub.relay(Buffer.from(frame), false),
    close: async () => {
      if (isStopped) return
      isStopped = true
      callOffFaults()
      for (const connection of hub.connections) connection.drop()
      server.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

function accountOf(
  options: SimulatorOptions,
  onSubscribed: (subscribed: number) => void,
): Account & { readonly sessions: Sessions } {
  const { faults = [], maxConnections = 1, evict = 'newest' } = options
  const sessions = new Sessions(has(faults, 'maxconn') ? 0 : maxConnections, evict)
  let subscribed = 0
  return {
    sessions,
    isValid: (key) => isValidKey(options, key) && !has(faults, 'authfail'),
    hasPlan: !has(faults, 'noplan'),
    isDeaf: has(faults, 'authtimeout'),
    authTimeoutMs: options.authTimeoutMs ?? 10_000,
    slowBytesMax: options.slowBytesMax ?? 32 * 1024 * 1024,
    onSubscribed: (connection) => {
      sessions.add(connection)
      onSubscribed(++subscribed)
    },
  }
}

function acceptClients(
  http: Server,
  options: SimulatorOptions,
  hub: Hub,
  account: Account & { readonly sessions: Sessions },
  stats: Stats,
): WebSocketServer {
  const server = new WebSocketServer({
    server: http,
    path: '/options',
    maxPayload: REQUEST_BYTES_MAX,
    perMessageDeflate: options.deflate ?? false,
  })
  server.on('error', () => {}) // the http server's own, which startSimulator throws
  server.on('connection', (socket) => {
    stats.connections++
    const connection = new Connection(socket, account, stats)
    hub.connections.add(connection)
    socket.once('close', (code) => {
      hub.connections.delete(connection)
      const deadMs = code === NO_CLOSE_FRAME ? (options.deadSessionMs ?? 0) : 0
      if (deadMs === 0) account.sessions.remove(connection)
      else setTimeout(() => account.sessions.remove(connection), deadMs).unref()
    })
  })
  return server
}

function isValidKey(options: SimulatorOptions, key: string): boolean {
  if (key === '' || key === INVALID_KEY) return false
  return options.apiKey === undefined || key === options.apiKey
}

function has(faults: readonly Fault[], name: StandingFault): boolean {
  return faults.some((fault) => fault.name === name)
}
