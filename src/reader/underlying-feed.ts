import type { UnderlyingPrice } from './evidence.ts'
import { PriceGate } from './price-gate.ts'
import { FeedSession } from './session.ts'
import type { SessionEvent, SessionOptions } from './session-events.ts'
import { decodeUnderlying } from './underlying-decode.ts'
import { type Cluster, clusterUrl, priceTopics } from './underlying-names.ts'

/** At most one price of an underlying in this time, ms, so that the shards are not flooded. */
const GATE_MS = 250

export type UnderlyingFeedOptions = {
  /** FLOW_FEED_URL; the clusters lie beside it. */
  readonly feedUrl: string
  readonly apiKey: string
  /** The clusters that the key has (FLOW_UNDERLYING). */
  readonly clusters: readonly Cluster[]
  /** The watched underlyings (FLOW_SYMBOLS). */
  readonly underlyings: '*' | readonly string[]
  /** Prices of watched underlyings, each at most once a call; `cluster`: index in `clusters`. */
  readonly onPrices: (prices: readonly UnderlyingPrice[], cluster: number) => void
  /** Both for the log; no text holds the API key. */
  readonly onInfo: (message: string) => void
  readonly onWarning: (message: string) => void
  /** Between two prices of an underlying, ms. */
  readonly gateMs?: number
} & Pick<SessionOptions, 'reconnectMinMs' | 'silenceMs' | 'random' | 'now'>

/** What came over all connections and gave no price. */
export type UnderlyingCounts = {
  /** Frames: binary, too large, or no JSON. */
  malformed: number
  /** Events of other kinds, and prices of underlyings that are not watched. */
  ignored: number
  /** Events with a symbol, price or time that cannot be. */
  invalid: number
}

/**
 * The prices of the underlyings from the vendor's stocks and indices clusters, one connection each,
 * where the watched underlyings need one. A cluster that refuses the key stays off, with one
 * warning: the engine does without it.
 */
export class UnderlyingFeed {
  readonly #options: UnderlyingFeedOptions
  readonly #watched: ReadonlySet<string> | null
  /** By index of the cluster; undefined: no watched underlying belongs there. */
  readonly #sessions: readonly (FeedSession | undefined)[]
  readonly #gates: readonly PriceGate[]
  readonly #refused = new Set<Cluster>()
  readonly #counts: UnderlyingCounts = { malformed: 0, ignored: 0, invalid: 0 }

  constructor(options: UnderlyingFeedOptions) {
    const { clusters, underlyings } = options
    this.#options = options
    this.#watched = underlyings === '*' ? null : new Set(underlyings)
    this.#gates = clusters.map(
      (_, index) =>
        new PriceGate(options.gateMs ?? GATE_MS, (prices) => options.onPrices(prices, index)),
    )
    this.#sessions = clusters.map((cluster, index) => this.#sessionOf(cluster, index))
  }

  get counts(): Readonly<UnderlyingCounts> {
    return this.#counts
  }

  start(): void {
    for (const session of this.#sessions) session?.start()
  }

  /** Reads nothing more from the network and passes no price on until resume. */
  pause(): void {
    for (const session of this.#sessions) session?.pause()
    for (const gate of this.#gates) gate.hold()
  }

  resume(): void {
    for (const gate of this.#gates) gate.release()
    for (const session of this.#sessions) session?.resume()
  }

  /** Closes for good, within seconds; no price comes after the call. */
  async stop(): Promise<void> {
    for (const gate of this.#gates) gate.close()
    await Promise.all(this.#sessions.map((session) => session?.stop()))
  }

  #sessionOf(cluster: Cluster, index: number): FeedSession | undefined {
    const { feedUrl, underlyings, onPrices, onInfo, onWarning, gateMs, ...rest } = this.#options
    const topics = priceTopics(cluster, underlyings)
    if (topics.length === 0) return undefined
    return new FeedSession({
      ...rest,
      url: clusterUrl(feedUrl, cluster),
      connection: index,
      topics,
      onFrame: (_, data, isBinary, recv) => this.#frame(index, cluster, data, isBinary, recv),
      onEvent: (event) => this.#event(event, cluster),
    })
  }

  #frame(index: number, cluster: Cluster, data: Buffer, isBinary: boolean, recv: number): void {
    const frame = decodeUnderlying(data, isBinary, recv, cluster)
    if (frame === null) {
      this.#counts.malformed++
      return
    }
    const session = this.#sessions[index]!
    for (const { status, message } of frame.statuses) session.handleStatus(status, message)
    const prices = frame.prices.filter(({ symbol }) => this.#watched?.has(symbol) ?? true)
    this.#counts.ignored += frame.unknown + frame.prices.length - prices.length
    this.#counts.invalid += frame.invalid
    if (prices.length === 0) return
    session.noteData()
    this.#gates[index]!.pass(prices)
  }

  #event(event: SessionEvent, cluster: Cluster): void {
    const { onInfo, onWarning } = this.#options
    switch (event.type) {
      case 'subscribed':
        onInfo(`prices of underlyings: subscribed to ${event.topics} topics of ${cluster}`)
        break
      case 'disconnected':
        if (event.delayMs === null) break
        onWarning(
          `prices of underlyings: ${cluster} disconnected (${event.reason}: ` +
            `${event.detail === '' ? `code ${event.code}` : event.detail}); ` +
            `next attempt in ${Math.round(event.delayMs / 100) / 10} s`,
        )
        break
      case 'evicted':
      case 'warning':
        onWarning(`prices of underlyings, ${cluster}: ${event.message}`)
        break
      case 'fatal':
        onWarning(this.#refusal(cluster, event.message))
        break
      default: // connecting, connected and authenticated say nothing that a user can act on
    }
  }

  #refusal(cluster: Cluster, message: string): string {
    this.#refused.add(cluster)
    const left = this.#options.clusters.filter((one) => !this.#refused.has(one))
    return (
      `no prices of underlyings from ${cluster}: ${message}. The engine goes on without them; ` +
      `set FLOW_UNDERLYING=${left.length === 0 ? 'none' : left.join(',')} for this key`
    )
  }
}
