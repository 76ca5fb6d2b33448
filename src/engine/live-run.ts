import type { AlertRules } from '../alerts/rules.ts'
import { type Database, openDatabase } from '../api/database.ts'
import { flowRoute } from '../api/flow.ts'
import { gapsRoute } from '../api/gaps.ts'
import { minutesRoute } from '../api/minutes.ts'
import { openApiRoute } from '../api/openapi.ts'
import { pageRoutes } from '../api/page-files.ts'
import { tradeRoute } from '../api/trade.ts'
import { tradesRoute } from '../api/trades.ts'
import type { Config } from '../config.ts'
import * as lines from '../console/lines.ts'
import type { LiveSample } from '../console/live-figures.ts'
import type { Log } from '../console/log.ts'
import { FlowAnalysisEngine } from '../flow/flow-analysis-engine.ts'
import { account, type Metrics } from '../metrics/metrics.ts'
import { type HttpServer, startHttp } from '../metrics/server.ts'
import type { FilledVolume } from '../reader/evidence.ts'
import { VERSION } from '../version.ts'
import { type Alerts, startEngineAlerts } from './alerts.ts'
import { noteDemo } from './demo-flow.ts'
import { recordDowntime } from './downtime.ts'
import { metricsFor } from './engine.ts'
import { planFeed } from './feed-plan.ts'
import { type GapFiller, startGapFiller } from './gap-filler.ts'
import { GapRecorder } from './gap-recorder.ts'
import { LiveEngine } from './live-engine.ts'
import { LiveFeed } from './live-feed.ts'
import { liveSample } from './live-sample.ts'
import { type StreamOfEngine, streamOfEngine } from './live-stream.ts'
import { startStallWatch } from './stall-watch.ts'

const STATISTICS_MS = 5 * 60_000

export type LiveRunOptions = {
  readonly config: Config
  readonly log: Log
  readonly apiKey: string
  /** What to tell of, and whom; null: nobody. */
  readonly alerts: AlertRules | null
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
  #live: LiveEngine | null = null
  #feed: LiveFeed | null = null
  #gaps: GapRecorder | null = null
  #filler: GapFiller | null = null
  #alerts: Alerts | null = null
  #api: Database | null = null
  #flow: FlowAnalysisEngine | null = null
  readonly #stream: StreamOfEngine

  constructor(options: LiveRunOptions) {
    this.#options = options
    this.#metrics = metricsFor(options.config)
    this.#stream = streamOfEngine(this.#metrics, options.log, () => this.#api)
  }

  /** Ends the run: no more is read, and everything received is stored. */
  stop(reason: string): void {
    if (this.#stopping.signal.aborted) return
    this.#options.log.info('stopping', { reason })
    this.#state = 'stopping'
    this.#stopping.abort()
  }

  /** What the metrics say now. */
  sample(): Promise<LiveSample> {
    return liveSample(this.#metrics.registry, this.#notReady())
  }

  /** Ends the process at once with exit code 1. */
  abandon(reason: string): void {
    void (this.#live?.left() ?? Promise.resolve(0)).then(async (left) => {
      this.#options.log.error(`not drained (${reason}): ${left} prints left`, undefined, { left })
      await this.#options.log.flush()
      process.exit(1)
    })
  }

  /** Exit code: 0 stopped and drained, 1 it could not go on. Throws when it cannot start. */
  async run(): Promise<number> {
    const { log } = this.#options
    const patience = this.#limitDrain()
    const http = await this.#listen()
    log.say(lines.listening(http.url))
    let database: { readonly url: string; stop(): Promise<void> } | null = null
    try {
      database = await this.#options.openDatabase()
      await this.#run(database.url)
    } catch (error) {
      if (!this.#stopping.signal.aborted || this.#live !== null) this.#fail(asError(error))
    }
    patience.begin()
    await this.#end().catch((error: unknown) => this.#fail(asError(error)))
    await this.#alerts?.stop()
    patience.end()
    await http.close()
    await this.#api?.close()
    await this.#flow?.close()
    await database?.stop()
    return this.#fatal === null ? 0 : 1
  }

  /** A stop is to be over in FLOW_DRAIN_TIMEOUT_MS, also one that comes while the engine starts. */
  #limitDrain(): { begin(): void; end(): void } {
    const { drainTimeoutMs } = this.#options.config
    const { signal } = this.#stopping
    let timer: NodeJS.Timeout | undefined
    const begin = (): void => {
      timer ??= setTimeout(
        () => this.abandon(`FLOW_DRAIN_TIMEOUT_MS, ${drainTimeoutMs} ms`),
        drainTimeoutMs,
      )
    }
    if (signal.aborted) begin()
    else signal.addEventListener('abort', begin, { once: true })
    return { begin, end: () => clearTimeout(timer) }
  }

  /** From the database on; comes back when the run is to end. */
  async #run(databaseUrl: string): Promise<void> {
    const { config, log, apiKey, alerts: rules } = this.#options
    const metrics = this.#metrics
    const { signal } = this.#stopping
    const plans = await planFeed(config, apiKey, log, signal)
    if (signal.aborted) return
    const live = await LiveEngine.start({
      config,
      apiKey,
      log,
      metrics,
      databaseUrl,
      signal,
      events: {
        onStatus: (connection, status, message) =>
          this.#feed?.handleStatus(connection, status, message),
        onData: (connection) => this.#feed?.noteData(connection),
      },
      onRows: (filled, dictionary) => {
        this.#stream.onRows(filled, dictionary)
        this.#alerts?.see(filled, dictionary)
      },
      onRebuilt: async () => {
        this.#stream.noteRebuilt()
        this.#gaps?.recordAgain()
        await this.#feed?.renew()
      },
      onFatal: (error) => this.#fail(error),
    })
    this.#live = live
    if (!live.isWhole) return
    await noteDemo(databaseUrl, config, log)
    this.#api = openDatabase(databaseUrl)
    if (rules !== null) {
      this.#alerts = startEngineAlerts({ config, rules, databaseUrl, metrics, log })
    }
    this.#flow = new FlowAnalysisEngine({ databaseUrl, staleMs: config.staleMs })
    const onFilled = (filled: FilledVolume): number | null =>
      live.isRebuilding ? null : (this.#feed?.noteFilled(filled) ?? null)
    const filler = startGapFiller({ config, apiKey, databaseUrl, metrics, log, onFilled })
    this.#filler = filler
    const gaps = new GapRecorder(
      (rows) => {
        const stored = live.recordGaps(rows)
        if (rows.some(({ endedAt }) => endedAt !== null)) void stored.then(() => filler.look())
      },
      (seconds) => metrics.feedGapSeconds.inc(seconds),
    )
    this.#gaps = gaps
    recordDowntime(live, gaps, plans, config.symbols)
    this.#feed = new LiveFeed({
      config,
      apiKey,
      plans,
      metrics,
      log,
      gaps,
      clockFrom: (connection) => live.journal.clockOf(connection),
      references: live.storedBefore.references,
      keepReferences: (references) => live.engine?.writer.recordReferences(references),
      onFatal: (message) => this.#fail(new FeedRefused(message)),
    })
    this.#state = 'running'
    if (signal.aborted) return
    live.gate.follow(this.#feed)
    live.open()
    this.#feed.start(live.target)
    const stalls = startStallWatch({ metrics, log })
    const statistics = setInterval(() => live.engine?.sayStatistics(), STATISTICS_MS).unref()
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    clearInterval(statistics)
    stalls.stop()
  }

  async #end(): Promise<void> {
    await Promise.all([this.#feed?.stop(), this.#filler?.stop()])
    const stoppedAt = Date.now()
    this.#gaps?.endAll(stoppedAt)
    const live = this.#live
    if (live === null) {
      if (this.#fatal === null) this.#options.log.say(lines.drained(await account(this.#metrics)))
      return
    }
    // after a bug a part is missing that the drain would wait for
    const isSound = this.#fatal === null || this.#fatal instanceof FeedRefused
    // stopped while the journal was read again: the next start does all of it
    try {
      if (isSound && live.isWhole) await live.drain(stoppedAt)
    } finally {
      await live.close()
    }
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
      routes: [
        ...[tradesRoute, tradeRoute, gapsRoute, minutesRoute].map((r) => r(() => this.#api)),
        flowRoute(() => this.#flow),
        openApiRoute(VERSION),
        ...pageRoutes(),
      ],
      streams: [this.#stream.route],
      onError: (error, path) => log.error(`request for ${path} failed`, error),
    })
  }

  #notReady(): string | null {
    if (this.#state !== 'running') return this.#state
    if (this.#live?.isRebuilding === true) return 'a part of the engine is built again'
    return this.#feed?.notReady ?? null
  }

  async #stats(): Promise<object> {
    const engine = this.#live?.isWhole === true ? this.#live.engine : null
    engine?.sync()
    const pipeline = engine?.pipeline
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
