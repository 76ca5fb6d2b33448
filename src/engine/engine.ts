import type { Config } from '../config.ts'
import * as lines from '../console/lines.ts'
import type { Log } from '../console/log.ts'
import { newYorkDay } from '../domain/new-york.ts'
import type { Snapshot } from '../journal/snapshot-file.ts'
import { account, createMetrics, type Metrics } from '../metrics/metrics.ts'
import type { Dictionary } from '../reader/dictionary.ts'
import type { IntakeEvents } from '../reader/intake.ts'
import type { FilledRows } from '../shard/row-sink.ts'
import type { UnderlyingProfile } from '../slab/definitions.ts'
import { VERSION } from '../version.ts'
import { startWriter, type Writer } from '../writer/handle.ts'
import type { Committed } from '../writer/messages.ts'
import { STORE_REASONS } from '../writer/store-error.ts'
import { rulesFor, shardsFor } from './engine-rules.ts'
import { limitsFor } from './limits.ts'
import type { Meter } from './meter.ts'
import { Pipeline } from './pipeline.ts'
import { Tape } from './tape.ts'

const SYNC_MS = 200
/** How often what was learnt of print sizes is put by for the next start. */
const PROFILES_MS = 60_000

export type EngineOptions = {
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
  readonly databaseUrl: string
  /** Whether the frames come from a live feed. */
  readonly isFeed: boolean
  /** Whether a part of this process died: it is built again. */
  readonly isAgain: boolean
  /** Whether the console tells of notable prints. */
  readonly tellsPrints: boolean
  /** Told of final rows before they go to the writer; not of those that are made again. */
  readonly onRows?: OnRows
  /** What the database may drop from now on, days; null: nothing is dropped. */
  readonly retentionDays: number | null
  readonly connections: number
  /** Counts for as long as the process lives, whatever is built again. */
  readonly meter: Meter
  /** Asked once the database is there: what it goes on from; null: from nothing. */
  readonly goOnFrom: ((writer: Writer) => Promise<Snapshot | null>) | null
  readonly events: IntakeEvents
  /** A thread died, or threw: a bug. What is in the pipeline is lost with it. */
  readonly onDeath: (part: EnginePart, error: Error) => void
  readonly signal: AbortSignal
}

/**
 * Looks at rows whose labels are final, on the main thread and before they are committed. The
 * buffer is the engine's: it moves on as soon as this returns. The dictionary names what is in it.
 */
export type OnRows = (filled: FilledRows, dictionary: Dictionary) => void

/** What may die on its own. */
export type EnginePart = 'reader' | 'shard' | 'writer'

/** The engine could not be restored: a bug, or a state of another version. It can start without. */
export class RestoreError extends Error {
  override readonly name = 'RestoreError'
}

export function metricsFor({ rules, symbols }: Config): Metrics {
  return createMetrics({ version: VERSION, rules, symbols })
}

type StoreErrors = { count: number }

/** Pipeline and writer together: what live feed and replay have in common. */
export class Engine {
  readonly pipeline: Pipeline
  readonly writer: Writer
  readonly tape: Tape
  readonly #options: EngineOptions
  readonly #timer: NodeJS.Timeout
  /** Null: what is learnt of print sizes is not put by. */
  #profilesTimer: NodeJS.Timeout | null = null
  readonly #startedAt = Date.now()
  readonly #errors: StoreErrors
  #restored: Snapshot | null
  /** From here on what is received is marked in the database as far as it is stored. */
  #isLive = false
  /** When reading ended, epoch ms. */
  #stoppedAt: number | null = null
  /** While it is restored: told what goes wrong. */
  #onRestoreError: ((error: Error) => void) | null = null

  private constructor(
    options: EngineOptions,
    writer: Writer,
    errors: StoreErrors,
    restored: Snapshot | null,
  ) {
    this.#options = options
    this.#restored = restored
    this.#errors = errors
    this.writer = writer
    this.pipeline = this.#newPipeline()
    const { dictionary, decoder } = this.pipeline
    this.tape = new Tape(dictionary, options.log)
    options.meter.attach({ counts: decoder.counts, dictionary })
    this.#timer = setInterval(() => this.sync(), SYNC_MS).unref()
  }

  /**
   * Waits for the database, however long that takes, and gets everything ready for frames. Throws
   * RestoreError when the state does not fit.
   */
  static async start(options: EngineOptions): Promise<Engine> {
    const { log, metrics } = options
    for (const reason of STORE_REASONS) metrics.storeErrors.inc({ reason }, 0)
    const errors: StoreErrors = { count: 0 }
    let engine: Engine | null = null
    const writer = await startWriter({
      databaseUrl: options.databaseUrl,
      rules: options.config.rules,
      minSize: options.config.minSize,
      isFeed: options.isFeed,
      isAgain: options.isAgain,
      retentionDays: options.retentionDays,
      signal: options.signal,
      onCommitted: (committed) => {
        if (engine !== null) engine.#committed(committed)
      },
      onStoreError: ({ reason }) => {
        errors.count++
        metrics.storeErrors.inc({ reason })
      },
      onWaiting: (waiting) => {
        if (waiting.state === 'waiting') {
          log.warn(`waiting for the database (${waiting.reason}): ${waiting.message}`)
        } else {
          log.info(`storing again after ${Math.round(waiting.waitedMs / 100) / 10} s`)
        }
      },
      onLog: (line) => log.info(line),
      onFatal: (error) => {
        if (engine === null) options.onDeath('writer', error)
        else engine.#died('writer', error)
      },
    })
    let restored: Snapshot | null = null
    try {
      restored = (await options.goOnFrom?.(writer)) ?? null
      engine = new Engine(options, writer, errors, restored)
      await engine.#restore()
      return engine
    } catch (cause) {
      await (engine?.close() ?? writer.stop())
      if (restored === null) throw cause
      throw new RestoreError((cause as Error).message, { cause })
    }
  }

  async #restore(): Promise<void> {
    if (this.#restored === null) return
    const { promise, reject } = Promise.withResolvers<never>()
    this.#onRestoreError = reject
    await Promise.race([this.pipeline.flush(), promise])
    this.#onRestoreError = null
    this.#restored = null // large, and of no more use
  }

  /** All that was received before is in the pipeline: what comes now comes from the feed. */
  goLive(): void {
    this.#isLive = true
  }

  /**
   * From here on what is learnt of print sizes is put by for later starts. Only once a state is on
   * the disk: a start without one would learn again, from the frames it reads, what it finds there.
   * A replay never does: played again, it must give the same rows.
   */
  keepProfiles(): void {
    this.#profilesTimer ??= setInterval(() => this.pipeline.wantProfiles(), PROFILES_MS).unref()
  }

  /** Carries the decoder's counts into the metrics. */
  sync(): void {
    this.#options.meter.sync()
    this.#options.metrics.slabCredits.set(this.pipeline.credits)
    this.#options.metrics.printsPending.set(this.pipeline.pending)
    if (this.#isLive && this.#stoppedAt === null) {
      this.writer.mark(this.pipeline.receivedTo(Date.now()))
    }
  }

  /** Prints received that are not accounted for yet. */
  async left(): Promise<number> {
    this.sync()
    const a = await account(this.#options.metrics)
    const done = a.filtered + a.duplicate + a.cancelled + a.dropped + a.below_min_size + a.stored
    return a.received - done
  }

  sayStatistics(): void {
    const { received } = this.pipeline.decoder.counts
    const { meter, log } = this.#options
    log.say(
      lines.statistics({
        uptimeMs: Date.now() - this.#startedAt,
        processed: received,
        stored: meter.stored,
        sweeps: meter.sweeps,
        blocks: meter.blocks,
        errors: this.#errors.count + this.pipeline.decoder.counts.framesMalformed,
        lastTradeMs: this.tape.lastTime,
      }),
    )
  }

  /**
   * Everything pushed so far is classified, stored and committed; then the account is told.
   * `stoppedAt`: when reading ended, epoch ms.
   */
  async drain(stoppedAt = Date.now()): Promise<void> {
    this.#stoppedAt = stoppedAt
    if (this.#profilesTimer !== null) this.pipeline.wantProfiles()
    await this.pipeline.drain()
    this.writer.mark(this.#stoppedAt)
    await this.writer.drain()
    clearInterval(this.#timer)
    this.sync()
    this.tape.flush()
    this.sayStatistics()
    this.#options.log.say(lines.drained(await account(this.#options.metrics)))
  }

  /** Ends the threads. What is not committed is not stored. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    clearInterval(this.#profilesTimer ?? undefined)
    await Promise.all([this.pipeline.close(), this.writer.stop()])
  }

  #newPipeline(): Pipeline {
    const { config, connections, events, isFeed, meter } = this.#options
    const shards = shardsFor(config)
    return new Pipeline({
      watched: config.symbols === '*' ? '*' : new Set(config.symbols),
      shards,
      connections,
      limits: limitsFor(shards),
      classifier: rulesFor(config, isFeed),
      restored: this.#restored,
      profiles: this.#profilesBefore(),
      writer: this.writer,
      ...events,
      onResult: (result, readAt, shard) => {
        meter.result(shard, result, readAt)
        for (const filled of result.filled) {
          this.tape.see(filled, this.#options.tellsPrints)
          if (this.#isLive) this.#options.onRows?.(filled, this.pipeline.dictionary)
        }
        if (result.profiles.length > 0) this.#putBy(result.profiles)
      },
      onLag: (ms) => meter.received(ms),
      onError: (thrown) => {
        this.#died('shard', thrown instanceof Error ? thrown : new Error(String(thrown)))
      },
    })
  }

  #profilesBefore(): ReadonlyMap<string, Uint8Array> {
    const { symbols } = this.#options.config
    const all = this.writer.profiles
    const own = symbols === '*' ? all : all.filter(({ symbol }) => symbols.includes(symbol))
    return new Map(own.map(({ symbol, profile }) => [symbol, profile]))
  }

  #died(part: EnginePart, error: Error): void {
    if (this.#onRestoreError === null) this.#options.onDeath(part, error)
    else this.#onRestoreError(error)
  }

  #putBy(profiles: readonly UnderlyingProfile[]): void {
    const { underlyings } = this.pipeline.dictionary
    const day = newYorkDay(Date.now())
    this.writer.recordProfiles(
      profiles.map(({ underlying, profile }) => ({
        symbol: underlyings[underlying]!,
        day,
        profile,
      })),
    )
  }

  #committed(committed: Committed): void {
    this.#options.meter.committed(committed)
    this.pipeline.release(committed)
  }
}
