import { type Database, openDatabase } from '../api/database.ts'
import { tradeRoute } from '../api/trade.ts'
import { tradesRoute } from '../api/trades.ts'
import type { Config } from '../config.ts'
import * as lines from '../console/lines.ts'
import type { Log } from '../console/log.ts'
import { account, type Metrics } from '../metrics/metrics.ts'
import { type HttpServer, startHttp } from '../metrics/server.ts'
import type { ConnectionPlan } from '../reader/plan.ts'
import { CONNECTIONS_MAX } from '../slab/event-slab.ts'
import { VERSION } from '../version.ts'
import { Engine, metricsFor, RestoreError, snapshotHeader } from './engine.ts'
import { FeedGate } from './feed-gate.ts'
import { planFeed } from './feed-plan.ts'
import { GapRecorder } from './gap-recorder.ts'
import { JournaledTarget } from './journaled-target.ts'
import { LiveFeed } from './live-feed.ts'
import { LiveJournal } from './live-journal.ts'
import { Snapshots } from './snapshots.ts'

const STATISTICS_MS = 5 * 60_000

export type LiveRunOptions = {
  readonly config: Config
  readonly log: Log
  readonly apiKey: string
  readonly openDatabase: () => Promise<{ readonly url: string; stop(): Promise<void> }>
}

/**
 * One life of the engine: start, run, drain, stop. `stop` may be called at any moment, also while
 * the database is still waited for.
 */
export class LiveRun {
  readonly #options: LiveRunOptions
  readonly #metrics: Metrics
  readonly #startedAt = Date.now()
  readonly #stopping = new AbortController()
  /** Why the engine cannot go on, once it cannot. */
  #fatal: Error | null = null
  #state = 'starting'
  #engine: Engine | null = null
  #feed: LiveFeed | null = null
  #gaps: GapRecorder | null = null
  #journal: LiveJournal | null = null
  /** Null until the journal is read again: nothing may be saved or drained before. */
  #snapshots: Snapshots | null = null
  readonly #gate = new FeedGate()
  #api: Database | null = null

  constructor(options: LiveRunOptions) {
    this.#options = options
    this.#metrics = metricsFor(options.config)
  }

  /** Ends the run: no more is read, and everything received is stored. */
  stop(reason: string): void {
    if (this.#stopping.signal.aborted) return
    this.#options.log.info('stopping', { reason })
    this.#state = 'stopping'
    this.#stopping.abort()
  }

  /** Ends the process at once with exit code 1. */
  abandon(reason: string): void {
    void (this.#engine?.left() ?? Promise.resolve(0)).then((left) => {
      this.#options.log.error(`not drained (${reason}): ${left} prints left`, undefined, { left })
      process.exit(1)
    })
  }

  /** Exit code: 0 stopped and drained, 1 it could not go on. Throws when it cannot start. */
  async run(): Promise<number> {
    const { config, log } = this.#options
    const http = await this.#listen()
    log.say(lines.listening(http.url))
    let database: { readonly url: string; stop(): Promise<void> } | null = null
    try {
      database = await this.#options.openDatabase()
      await this.#live(database.url)
    } catch (error) {
      if (!this.#stopping.signal.aborted || this.#engine !== null) this.#fail(asError(error))
    }
    const patience = setTimeout(
      () => this.abandon(`FLOW_DRAIN_TIMEOUT_MS, ${config.drainTimeoutMs} ms`),
      config.drainTimeoutMs,
    )
    await this.#end().catch((error: unknown) => this.#fail(asError(error)))
    await this.#journal?.journal.close().catch((error: unknown) => this.#fail(asError(error)))
    clearTimeout(patience)
    await http.close()
    await this.#api?.close()
    await database?.stop()
    return this.#fatal === null ? 0 : 1
  }

  /** From the database on; comes back when the run is to end. */
  async #live(databaseUrl: string): Promise<void> {
    const { config, log, apiKey } = this.#options
    const { signal } = this.#stopping
    const plans = await planFeed(config, apiKey, log, signal)
    if (signal.aborted) return
    const engine = await this.#startEngine(databaseUrl)
    this.#engine = engine
    const journal = this.#journal!
    const restored = journal.statePosition
    const { pipeline, writer } = engine
    if (!(await journal.replay(pipeline, this.#gate, signal))) return
    this.#snapshots = new Snapshots({
      dir: journal.dir,
      journal: journal.journal,
      pipeline,
      writer,
      gate: this.#gate,
      header: snapshotHeader(config),
      restored,
      log,
      metrics: this.#metrics,
    })
    void this.#snapshots.save()
    this.#api = openDatabase(databaseUrl)
    const gaps = new GapRecorder(
      (rows) => engine.writer.recordGaps(rows),
      (seconds) => this.#metrics.feedGapSeconds.inc(seconds),
    )
    this.#gaps = gaps
    this.#recordDowntime(engine, gaps, plans)
    this.#feed = new LiveFeed({
      config,
      apiKey,
      plans,
      metrics: this.#metrics,
      log,
      gaps,
      clockFrom: (connection) => journal.clockOf(connection),
      references: engine.writer.references,
      keepReferences: (references) => engine.writer.recordReferences(references),
      onFatal: (message) => this.#fail(new FeedRefused(message)),
    })
    this.#state = 'running'
    if (signal.aborted) return
    this.#gate.follow(this.#feed)
    const onFull = (): void => void this.#snapshots?.makeRoom()
    this.#feed.start(new JournaledTarget(pipeline, journal.journal, this.#gate, onFull))
    const statistics = setInterval(() => engine.sayStatistics(), STATISTICS_MS).unref()
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    clearInterval(statistics)
  }

  /** From the saved state, or without it where it turns out not to fit. */
  async #startEngine(databaseUrl: string): Promise<Engine> {
    const { config, log, apiKey } = this.#options
    const start = (): Promise<Engine> =>
      Engine.start({
        config,
        log,
        metrics: this.#metrics,
        databaseUrl,
        isFeed: true,
        tellsPrints: true,
        retentionDays: config.retentionDays,
        // also those of before, whose prints may still be held
        connections: CONNECTIONS_MAX,
        goOnFrom: async (writer) => {
          const { databaseId } = writer
          this.#journal ??= await LiveJournal.open({
            config,
            apiKey,
            log,
            metrics: this.#metrics,
            databaseId,
          })
          return this.#journal.goOnFrom(writer)
        },
        signal: this.#stopping.signal,
        onFatal: (error) => this.#fail(error),
        events: {
          onStatus: (connection, status, message) =>
            this.#feed?.handleStatus(connection, status, message),
          onData: (connection) => this.#feed?.noteData(connection),
          onBlocked: () => this.#gate.hold('pipeline'),
          onUnblocked: () => this.#gate.release('pipeline'),
        },
      })
    try {
      return await start()
    } catch (error) {
      if (!(error instanceof RestoreError)) throw error
      log.warn(`the saved state is left out: ${error.message}`)
      this.#journal?.forget()
      return start()
    }
  }

  /** The time since the last engine on this database is a gap: prints came and nobody read them. */
  #recordDowntime({ writer }: Engine, gaps: GapRecorder, plans: readonly ConnectionPlan[]): void {
    if (writer.previous === null) return
    const { symbols } = this.#options.config
    const { receivedTo, drained } = writer.previous
    const all = symbols === '*' ? ['*'] : symbols
    for (const { connection, underlyings } of plans) {
      const names = underlyings.length > 0 ? underlyings : all
      const from = Math.max(receivedTo, this.#journal?.lastRecv.get(connection) ?? 0)
      gaps.begin(connection, from, names, drained ? 'stopped' : 'crashed')
    }
  }

  async #end(): Promise<void> {
    await this.#feed?.stop()
    this.#gaps?.endAll(Date.now())
    if (this.#engine === null) {
      if (this.#fatal === null) this.#options.log.say(lines.drained(await account(this.#metrics)))
      return
    }
    // after a bug a part is missing that the drain would wait for
    const isSound = this.#fatal === null || this.#fatal instanceof FeedRefused
    // stopped while the journal was read again: the next start does all of it
    if (isSound && this.#snapshots !== null) {
      await this.#engine.drain()
      await this.#snapshots.saveNow()
    }
    this.#snapshots?.close()
    await this.#engine.close()
  }

  #fail(error: Error): void {
    if (this.#fatal !== null) return
    this.#fatal = error
    this.#options.log.error('the engine cannot go on', error)
    this.stop('failure')
  }

  #listen(): Promise<HttpServer> {
    const { config, log } = this.#options
    return startHttp({
      host: config.httpHost,
      port: config.httpPort,
      token: config.httpToken,
      registry: this.#metrics.registry,
      notReady: () => this.#notReady(),
      stats: () => this.#stats(),
      routes: [tradesRoute(() => this.#api), tradeRoute(() => this.#api)],
      onError: (error, path) => log.error(`request for ${path} failed`, error),
    })
  }

  #notReady(): string | null {
    if (this.#state !== 'running') return this.#state
    return this.#feed?.notReady ?? null
  }

  async #stats(): Promise<object> {
    this.#engine?.sync()
    const pipeline = this.#engine?.pipeline
    return {
      version: VERSION,
      rules: this.#options.config.rules,
      uptimeMs: Date.now() - this.#startedAt,
      ready: this.#notReady() ?? 'ready',
      account: await account(this.#metrics),
      held: pipeline?.held ?? 0,
      contracts: pipeline?.dictionary.size ?? 0,
      credits: pipeline?.credits ?? 0,
    }
  }
}

/** The vendor refuses the key or the plan: the engine itself is sound and can drain. */
class FeedRefused extends Error {
  override readonly name = 'FeedRefused'
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
