import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { CLUSTERS, type Cluster, clusterOf, isIndex } from './clusters.ts'
import { type Account, Connection } from './connection.ts'
import { scheduleFaults } from './fault-schedule.ts'
import type { Fault, StandingFault } from './faults.ts'
import { History } from './history.ts'
import { Hub } from './hub.ts'
import { restHandler } from './rest.ts'
import { restTroubles } from './rest-faults.ts'
import { Sessions } from './sessions.ts'
import { prepareSource, type Source } from './source.ts'
import { newStats, type Stats } from './stats.ts'
import { publishUnderlyings } from './underlyings.ts'

/** A key that is refused whatever the options say. */
export const INVALID_KEY = 'invalid'
const NO_CLOSE_FRAME = 1006
const REQUEST_BYTES_MAX = 16 * 1024 * 1024

export type SimulatorOptions = {
  readonly source: Source
  /** Default 127.0.0.1, any free port. */
  readonly host?: string
  readonly port?: number
  /** The only key that is accepted. Default: any that is not empty and not `invalid`. */
  readonly apiKey?: string
  /** Clusters in the plan; the others refuse every key. Default all three. */
  readonly clusters?: readonly Cluster[]
  /** Connections of one key to a cluster. Default 1, as the vendor has it. */
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
  /** Of the faults that strike a share of the REST requests. Default 1. */
  readonly faultSeed?: number
  /** Events of the synthetic tape in one frame at most. Default 32. */
  readonly eventsPerFrame?: number
  /** The source begins once this many connections have subscribed to options. Default 1. */
  readonly waitFor?: number
}

export type Simulator = {
  /** For FLOW_FEED_URL; `/stocks` and `/indices` are beside `/options`. */
  readonly wsUrl: string
  /** For FLOW_REST_URL. */
  readonly restUrl: string
  readonly stats: () => Readonly<Stats>
  /** Resolves once the source has come to its end, never for one without an end. */
  readonly finished: Promise<void>
  /**
   * Sends a text frame as it is to every connection that has subscribed with `T.*`, if there is one;
   * REST has its events in any case.
   */
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

  /** Connections to the clusters beside the options. */
  const beside = new Set<Connection>()
  let subscribed = 0
  const accounts = accountsOf(options, () => {
    subscribed++
    if (subscribed === 1) callOffFaults = scheduleFaults(faults, hub, beside)
    if (subscribed === (options.waitFor ?? 1)) begun.resolve()
  })
  const { clusters = CLUSTERS } = options
  const rest = restHandler({
    history,
    tickers: source.tickers,
    reference: source.reference,
    underlyings: source.underlyings,
    isRealTime: (symbol) => clusters.includes(isIndex(symbol) ? 'indices' : 'stocks'),
    isValid: (key) => isValidKey(options, key),
    baseUrl: () => restUrl,
    trouble: restTroubles(faults, options.faultSeed ?? 1),
  })
  const http = createServer((request, response) => {
    stats.restRequests++
    rest(request, response).catch((error: Error) => response.destroy(error))
  })
  const connectionsOf = (cluster: Cluster) => (cluster === 'options' ? hub.connections : beside)
  const server = acceptClients(http, options, connectionsOf, accounts, stats)
  http.listen(options.port ?? 0, host)
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`
  restUrl = `http://${at}`
  const stopUnderlyings = publishUnderlyings(source.underlyings, beside, () => hub.isSilent)

  return {
    wsUrl: `ws://${at}/options`,
    restUrl,
    stats: () => stats,
    finished,
    publish: (frame) => {
      const bytes = Buffer.from(frame)
      history.addFrame(bytes)
      hub.relay(bytes, false)
    },
    close: async () => {
      if (isStopped) return
      isStopped = true
      callOffFaults()
      stopUnderlyings()
      for (const connection of [...hub.connections, ...beside]) connection.drop()
      server.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

type ClusterAccount = Account & { readonly sessions: Sessions }

/** The vendor counts connections by cluster, so each has an account of its own. */
function accountsOf(
  options: SimulatorOptions,
  onOptions: () => void,
): Readonly<Record<Cluster, ClusterAccount>> {
  const { faults = [], maxConnections = 1, evict = 'newest', clusters = CLUSTERS } = options
  const accountOf = (cluster: Cluster): ClusterAccount => {
    const sessions = new Sessions(has(faults, 'maxconn') ? 0 : maxConnections, evict)
    return {
      cluster,
      sessions,
      isValid: (key) => isValidKey(options, key) && !has(faults, 'authfail'),
      hasPlan: clusters.includes(cluster) && !has(faults, 'noplan'),
      isDeaf: has(faults, 'authtimeout'),
      authTimeoutMs: options.authTimeoutMs ?? 10_000,
      slowBytesMax: options.slowBytesMax ?? 32 * 1024 * 1024,
      onSubscribed: (connection) => {
        sessions.add(connection)
        if (cluster === 'options') onOptions()
      },
    }
  }
  return {
    options: accountOf('options'),
    stocks: accountOf('stocks'),
    indices: accountOf('indices'),
  }
}

function acceptClients(
  http: Server,
  options: SimulatorOptions,
  connectionsOf: (cluster: Cluster) => Set<Connection>,
  accounts: Readonly<Record<Cluster, ClusterAccount>>,
  stats: Stats,
): WebSocketServer {
  const server = new WebSocketServer({
    server: http,
    verifyClient: ({ req }, done) => done(clusterOf(req.url ?? '') !== null, 400),
    maxPayload: REQUEST_BYTES_MAX,
    perMessageDeflate: options.deflate ?? false,
  })
  server.on('error', () => {}) // the http server's own, which startSimulator throws
  server.on('connection', (socket, request) => {
    const cluster = clusterOf(request.url ?? '')! // verified before
    const account = accounts[cluster]
    const connections = connectionsOf(cluster)
    stats.connections++
    const connection = new Connection(socket, account, stats)
    connections.add(connection)
    socket.once('close', (code) => {
      connections.delete(connection)
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
