import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { FilledVolume } from '../reader/evidence.ts'
import type { ConnectionPlan } from '../reader/plan.ts'
import { type QuoteChanges, QuotePlanner } from '../reader/quote-planner.ts'
import { FeedSession } from '../reader/session.ts'
import { quoteTopic, tradeTopic } from '../reader/vendor.ts'
import type { Reference } from '../writer/messages.ts'
import { EvidenceFeed } from './evidence-feed.ts'
import { listAll } from './feed-plan.ts'
import type { GapRecorder } from './gap-recorder.ts'
import type { Pipeline } from './pipeline.ts'
import { noteSessionEvent } from './session-notes.ts'

/** Of the quote planner, and how often what is asked for is counted. */
const ROUND_MS = 1000
const CLOCK_MS = 50
/** New strikes are listed during the day, new expirations every day. */
const LIST_AGAIN_MS = 3_600_000

/** What takes the frames: the pipeline, or a recorder. */
export type FrameTarget = Pick<
  Pipeline,
  'push' | 'passTime' | 'isBlocked' | 'decoder' | 'dictionary'
>

export type LiveFeedOptions = {
  readonly config: Config
  readonly apiKey: string
  readonly plans: readonly ConnectionPlan[]
  readonly metrics: Metrics
  readonly log: Log
  readonly gaps: GapRecorder
  /** What the reading clock of a connection goes on from, ms. */
  readonly clockFrom: (connection: number) => number
  /** Open interest and multipliers: what is known at the start, and where more of it is kept. */
  readonly references: readonly Reference[]
  readonly keepReferences: (references: readonly Reference[]) => void
  /** The vendor refuses us for good. */
  readonly onFatal: (message: string) => void
}

/** The sessions of the live feed, and what they tell the pipeline, the log and the metrics. */
export class LiveFeed {
  readonly #options: LiveFeedOptions
  readonly #sessions: readonly FeedSession[]
  readonly #timers: readonly NodeJS.Timeout[]
  readonly #stopping = new AbortController()
  readonly #connectionOf = new Map<string, number>()
  #planner: QuotePlanner
  #target: FrameTarget | null = null
  /** The dictionary that the planner's ids are of. */
  #names: FrameTarget['dictionary'] | null = null
  #evidence: EvidenceFeed | null = null

  constructor(options: LiveFeedOptions) {
    this.#options = options
    const { config, plans } = options
    for (const { connection, underlyings } of plans) {
      for (const underlying of underlyings) this.#connectionOf.set(underlying, connection)
    }
    this.#sessions = plans.map(
      ({ connection, topics }) =>
        new FeedSession({
          url: config.feedUrl,
          apiKey: options.apiKey,
          connection,
          topics,
          clockFrom: options.clockFrom(connection),
          reconnectMinMs: config.reconnectMinMs,
          silenceMs: config.silenceMs,
          onFrame: (from, data, isBinary, recv, clock) =>
            this.#frame(from, data, isBinary, recv, clock),
          onEvent: (event) => noteSessionEvent(event, options),
        }),
    )
    this.#planner = this.#newPlanner()
    this.#timers = [
      setInterval(() => this.#endRound(), ROUND_MS).unref(),
      setInterval(() => this.#passTime(), CLOCK_MS).unref(),
      setInterval(() => void this.#listAgain(), LIST_AGAIN_MS).unref(),
    ]
  }

  start(target: FrameTarget): void {
    this.#target = target
    this.#names = target.dictionary
    for (const { connection, quoted } of this.#options.plans) {
      this.#options.metrics.feedConnected.set({ connection }, 0)
      this.#adopt(connection, quoted)
    }
    this.#evidence = this.#newEvidence(target)
    this.#evidence.start()
    for (const session of this.#sessions) session.start()
  }

  /** The target has another dictionary: what went by its ids is built up again. */
  async renew(): Promise<void> {
    const target = this.#target
    const { signal } = this.#stopping
    if (target === null || signal.aborted) return
    const before = this.#planner
    const names = this.#names!
    await this.#evidence?.stop()
    if (signal.aborted) return
    this.#planner = this.#newPlanner()
    for (const { connection } of this.#options.plans) {
      const tickers = [...before.quotedOn(connection)].map((id) => names.ticker(id))
      this.#adopt(connection, tickers)
    }
    this.#names = target.dictionary
    this.#evidence = this.#newEvidence(target)
    this.#evidence.start()
  }

  /** Why prints may be missed right now, or null. */
  get notReady(): string | null {
    const waiting = this.#sessions.filter((session) => !session.isReady)
    if (waiting.length === 0) return null
    const [first] = waiting
    return `${waiting.length} of ${this.#sessions.length} feed connections not subscribed (${first!.state})`
  }

  handleStatus(connection: number, status: string, message: string): void {
    this.#sessions[connection]?.handleStatus(status, message)
  }

  /** A frame with prints or quotes has been decoded: the target's columns hold them. */
  noteData(connection: number): void {
    this.#sessions[connection]?.noteData()
    if (this.#target === null) return
    this.#evidence!.see()
    if (this.#options.config.quotesPerConnection === 0) return
    const { decoder, dictionary } = this.#target
    this.#askQuotes(this.#planner.see(decoder.columns, dictionary.size))
  }

  /** Gives from when on its shard counts the volume, epoch ms; null: there is no feed yet. */
  noteFilled(filled: FilledVolume): number | null {
    return this.#evidence?.pushFilled(filled) ?? null
  }

  pause(): void {
    for (const session of this.#sessions) session.pause()
    this.#evidence?.pause()
  }

  resume(): void {
    for (const session of this.#sessions) session.resume()
    this.#evidence?.resume()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([...this.#sessions.map((session) => session.stop()), this.#evidence?.stop()])
  }

  #newPlanner(): QuotePlanner {
    const { config, plans } = this.#options
    return new QuotePlanner({
      connections: plans.length,
      max: config.quotesPerConnection,
      largePremium: config.lookupPremium,
      connectionOf: (contract) => {
        const { dictionary } = this.#target!
        const underlying = dictionary.underlyings[dictionary.underlyingId(contract)]!
        return this.#connectionOf.get(underlying) ?? 0
      },
    })
  }

  /** Contracts whose quotes are subscribed on a connection. */
  #adopt(connection: number, tickers: readonly string[]): void {
    const { dictionary } = this.#target!
    const ids = tickers.map((ticker) => {
      const bytes = Buffer.from(ticker, 'latin1')
      return dictionary.lookup(bytes, 0, bytes.length)
    })
    this.#planner.adopt(
      connection,
      ids.filter((id) => id >= 0),
    )
  }

  #newEvidence(target: FrameTarget): EvidenceFeed {
    const { config, apiKey, metrics, log, references, keepReferences } = this.#options
    return new EvidenceFeed(
      {
        config,
        apiKey,
        metrics,
        log,
        connectionOf: (underlying) => this.#connectionOf.get(underlying) ?? 0,
        clockOf: (connection) => this.#sessions[connection]!.clock(),
        cached: references,
        keepReferences,
        onMultiplier: (contract, multiplier) => this.#planner.setMultiplier(contract, multiplier),
      },
      target,
    )
  }

  #frame(connection: number, data: Buffer, isBinary: boolean, recv: number, clock: number): void {
    this.#target!.push(data, isBinary, { recv, clock, connection, readAt: recv })
  }

  #endRound(): void {
    if (this.#target === null) return
    this.#evidence!.turn()
    if (this.#options.config.quotesPerConnection === 0) return
    this.#askQuotes(this.#planner.turn())
    this.#options.metrics.quotedContracts.set(this.#planner.quoted)
  }

  #askQuotes(changes: readonly QuoteChanges[]): void {
    if (changes.length === 0) return
    const { dictionary } = this.#target!
    const topics = (ids: readonly number[]) => ids.map((id) => quoteTopic(dictionary.ticker(id)))
    for (const { connection, unsubscribe, subscribe } of changes) {
      const session = this.#sessions[connection]!
      if (unsubscribe.length > 0) session.unsubscribe(topics(unsubscribe))
      if (subscribe.length > 0) session.subscribe(topics(subscribe))
      const { quoteChanges } = this.#options.metrics
      quoteChanges.inc({ change: 'unsubscribe' }, unsubscribe.length)
      quoteChanges.inc({ change: 'subscribe' }, subscribe.length)
    }
  }

  /** Asks for contracts that were listed since; those asked for already cost nothing. */
  async #listAgain(): Promise<void> {
    const { config, apiKey, log } = this.#options
    if (config.subscribe !== 'contracts') return
    try {
      const contracts = await listAll(config, apiKey, log, this.#stopping.signal)
      for (const [underlying, members] of Map.groupBy(contracts, (c) => c.underlying)) {
        // one that was not there at the start has no connection of its own until the next start
        const session = this.#sessions[this.#connectionOf.get(underlying) ?? -1]
        session?.subscribe(members.map((contract) => tradeTopic(contract.ticker)))
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      log.error('contracts not listed again; the next hour tries anew', error)
    }
  }

  #passTime(): void {
    this.#target?.passTime(this.#sessions.map((session) => session.clock()))
  }
}
