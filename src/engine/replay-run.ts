import type { Config } from '../config.ts'
import * as lines from '../console/lines.ts'
import type { Log } from '../console/log.ts'
import { account, type Metrics } from '../metrics/metrics.ts'
import { paced, type Speed } from '../recording/pace.ts'
import { checkRecording, readRecording } from '../recording/read.ts'
import { CONNECTIONS_MAX } from '../slab/event-slab.ts'
import { UsageError } from '../usage-error.ts'
import { Engine, metricsFor } from './engine.ts'
import { Meter } from './meter.ts'

const PROBLEMS_TOLD_MAX = 10

export type ReplayOptions = {
  readonly file: string
  readonly speed: Speed
  readonly config: Config
  readonly log: Log
  readonly openDatabase: () => Promise<{ readonly url: string; stop(): Promise<void> }>
  /** Whether the console tells of notable prints: not while a bar is drawn there. */
  readonly tellsPrints: boolean
  /** Bytes of the file that are done, of all of them. */
  readonly onProgress: (done: number, total: number) => void
  /** Nothing more is read; what was read is being stored. */
  readonly onRead: () => void
}

/** One file through the engine. `stop` ends the reading; what has been read is stored. */
export class ReplayRun {
  readonly #options: ReplayOptions
  readonly #metrics: Metrics
  readonly #stopping = new AbortController()
  #engine: Engine | null = null
  #failure: Error | null = null
  #patience: NodeJS.Timeout | undefined
  /** Ends the wait for a free slab. */
  #unblock: () => void = () => {}

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#metrics = metricsFor(options.config)
  }

  stop(): void {
    this.#stopping.abort()
    this.#losePatience()
    this.#unblock()
  }

  /** Ends the process at once with exit code 1. */
  abandon(reason: string): void {
    void (this.#engine?.left() ?? Promise.resolve(0)).then(async (left) => {
      const { log } = this.#options
      log.error(`not drained (${reason}): ${left} prints left`, undefined, { left })
      await log.flush()
      process.exit(1)
    })
  }

  /** Comes back when all that was read is stored. Throws when it cannot go on. */
  async run(): Promise<void> {
    const { file, log, openDatabase } = this.#options
    await checkRecording(file).catch((error: Error) => {
      throw new UsageError(error.message) // told before anything is started
    })
    const database = await openDatabase()
    try {
      const engine = await this.#start(database.url)
      if (engine === null) {
        log.say(lines.drained(await account(this.#metrics)))
        return
      }
      await this.#read(engine).finally(this.#options.onRead)
      this.#losePatience()
      if (this.#failure !== null) throw this.#failure
      await engine.drain()
    } finally {
      clearTimeout(this.#patience)
      await this.#engine?.close()
      await database.stop()
    }
  }

  /** Null: told to stop while the database was waited for. */
  async #start(databaseUrl: string): Promise<Engine | null> {
    const { config, log } = this.#options
    try {
      this.#engine = await Engine.start({
        config,
        log,
        metrics: this.#metrics,
        databaseUrl,
        isFeed: false,
        isAgain: false,
        meter: new Meter(this.#metrics),
        goOnFrom: null,
        tellsPrints: this.#options.tellsPrints,
        retentionDays: null,
        connections: CONNECTIONS_MAX,
        signal: this.#stopping.signal,
        onDeath: (_part, error) => {
          this.#failure ??= error
          this.stop()
        },
        events: {
          onStatus: () => {},
          onData: () => {},
          onBlocked: () => {},
          onUnblocked: () => this.#unblock(),
        },
      })
      return this.#engine
    } catch (error) {
      if (this.#stopping.signal.aborted && this.#failure === null) return null
      throw error
    }
  }

  async #read({ pipeline }: Engine): Promise<void> {
    const { file, speed, log, onProgress } = this.#options
    const { signal } = this.#stopping
    let problems = 0
    const frames = readRecording(file, {
      onProgress,
      onProblem: (problem) => {
        if (++problems <= PROBLEMS_TOLD_MAX) log.warn(problem)
      },
    })
    for await (const batch of paced(frames, speed, () => signal.aborted)) {
      for (const { recv, clock, connection, bytes, isBinary } of batch) {
        if (signal.aborted) return
        pipeline.push(bytes, isBinary, { recv, clock, connection, readAt: Date.now() })
        if (pipeline.isBlocked) await this.#whenFree()
      }
    }
    if (problems > PROBLEMS_TOLD_MAX) log.warn(`${problems} parts of ${file} could not be read`)
  }

  #whenFree(): Promise<void> {
    return new Promise((resolve) => {
      this.#unblock = resolve
    })
  }

  #losePatience(): void {
    const { drainTimeoutMs } = this.#options.config
    this.#patience ??= setTimeout(
      () => this.abandon(`FLOW_DRAIN_TIMEOUT_MS, ${drainTimeoutMs} ms`),
      drainTimeoutMs,
    )
  }
}
