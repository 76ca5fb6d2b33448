import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { placeOf } from '../journal/position.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { IntakeEvents } from '../reader/intake.ts'
import { CONNECTIONS_MAX } from '../slab/event-slab.ts'
import type { Writer } from '../writer/handle.ts'
import { Blame } from './blame.ts'
import { catchUp } from './catch-up.ts'
import { DeadLetters } from './dead-letters.ts'
import { Engine, type EnginePart, RestoreError, snapshotHeader } from './engine.ts'
import { FeedGate } from './feed-gate.ts'
import { JournaledTarget } from './journaled-target.ts'
import { type Life, newLife } from './life.ts'
import { LiveJournal } from './live-journal.ts'
import { Meter } from './meter.ts'
import { PartDied } from './part-died.ts'
import { Rebuilds } from './rebuilds.ts'
import { Snapshots } from './snapshots.ts'

/** How long a drain waits until the journal knows of it. */
const NOTE_MS_MAX = 1000

export type LiveEngineOptions = {
  readonly config: Config
  readonly apiKey: string
  readonly log: Log
  readonly metrics: Metrics
  readonly databaseUrl: string
  /** Of frames as they come from the feed; not of those that are read again. */
  readonly events: Pick<IntakeEvents, 'onStatus' | 'onData'>
  /** A part died and all is built again, with another dictionary; awaited before it goes on. */
  readonly onRebuilt: () => Promise<void>
  readonly onFatal: (error: Error) => void
  readonly signal: AbortSignal
}

/**
 * The engine behind its journal. When a shard, the writer or the reader dies of a bug, all of them
 * are built again from the newest snapshot and the frames behind it, while the feed is paused. An
 * event that kills again when its frames are looked at one by one is set aside.
 */
export class LiveEngine {
  readonly gate = new FeedGate()
  readonly meter: Meter
  readonly #options: LiveEngineOptions
  readonly #rebuilds = new Rebuilds()
  readonly #blame: Blame
  #journal: LiveJournal | null = null
  #deadLetters: DeadLetters | null = null
  #target: JournaledTarget | null = null
  #life: Life = newLife()
  /** Place of the last frame that a building reads; later ones wait in the target. */
  #upTo = Number.POSITIVE_INFINITY
  #isBuilding = true
  #built: Promise<void> = Promise.resolve()
  #isClosed = false

  private constructor(options: LiveEngineOptions) {
    this.#options = options
    this.meter = new Meter(options.metrics)
    this.#blame = new Blame(options.log, options.metrics)
  }

  /**
   * Waits for the database, goes on from what an earlier process left, and comes back ready for
   * frames, or when the signal came first. Throws when it cannot start.
   */
  static async start(options: LiveEngineOptions): Promise<LiveEngine> {
    const live = new LiveEngine(options)
    try {
      await live.#build(null)
    } catch (error) {
      await live.close()
      throw error
    }
    return live
  }

  /** Whether all that an earlier process left was read again: the signal did not come first. */
  get isWhole(): boolean {
    return this.#target !== null
  }

  get engine(): Engine {
    return this.#life.engine!
  }

  get journal(): LiveJournal {
    return this.#journal!
  }

  /** Where the feed's frames go, for the life of the process. */
  get target(): JournaledTarget {
    return this.#target!
  }

  /** Frames may come. */
  open(): void {
    this.#target!.open(Number.NEGATIVE_INFINITY)
  }

  /** Prints received that are not accounted for yet. */
  left(): Promise<number> {
    return this.#life.engine?.left() ?? Promise.resolve(0)
  }

  /** Stores everything that was received, and the state; also where a part dies on the way. */
  async drain(stoppedAt: number): Promise<void> {
    for (;;) {
      await this.#built
      const { dead, engine, snapshots } = this.#life
      this.#target!.noteDrain()
      // the note must come ahead of the rows; a disk in trouble must not keep these back
      const patience = sleep(NOTE_MS_MAX, undefined, { ref: false })
      await Promise.race([this.#journal!.journal.sync(), patience])
      const drained = engine!.drain(stoppedAt).then(() => true)
      const isDone = await Promise.race([drained, dead.promise.then(() => false)])
      if (isDone) return snapshots!.saveNow()
    }
  }

  /** Ends the threads and lets go of the journal. What is not stored comes with the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#end()
    await this.#journal?.journal.close()
  }

  /** Builds until it holds; a part that dies on the way is another reason to build. */
  async #build(cause: PartDied | null): Promise<void> {
    this.#isBuilding = true
    for (let died = cause; ; ) {
      if (died !== null) {
        this.#blame.note(died, this.#upTo, this.#deadLetters!)
        this.#rebuilds.note(died, performance.now())
      }
      this.#life = newLife()
      try {
        await this.#attempt(this.#life)
        this.#isBuilding = false
        return
      } catch (error) {
        await this.#end()
        if (error instanceof PartDied) died = error
        else if (!(error instanceof RestoreError)) throw error
        // a state that this process has saved fits: a part died while it was restored
        else if (died !== null) died = new PartDied('shard', error, Number.NaN)
        else {
          this.#options.log.warn(`the saved state is left out: ${error.message}`)
          this.#journal!.forget()
        }
      }
    }
  }

  async #attempt(life: Life): Promise<void> {
    const died = life.dead.promise.then((error) => {
      life.ending.abort()
      throw error
    })
    died.catch(() => {}) // looked at in the races below, and when it runs
    await Promise.race([this.#startEngine(life), died])
    const engine = life.engine!
    const journal = this.#journal!
    if (!(await Promise.race([this.#catchUp(life, engine), died]))) return
    const { pipeline, writer } = engine
    void writer.settled().then(() => this.meter.caughtUp())
    life.snapshots = new Snapshots({
      dir: journal.dir,
      journal: journal.journal,
      pipeline,
      writer,
      meter: this.meter,
      gate: this.gate,
      header: snapshotHeader(this.#options.config),
      restored: journal.hasState ? journal.from : null,
      log: this.#options.log,
      metrics: this.#options.metrics,
      onSaved: (position, mark) => journal.saved(position, mark),
    })
    this.#target ??= new JournaledTarget(pipeline, {
      journal: journal.journal,
      gate: this.gate,
      onFull: () => void this.#life.snapshots?.makeRoom(),
      onThrow: (error, place) => this.#died(this.#life, 'reader', error, place),
    })
    this.#target.follow(pipeline)
    this.#blame.clear()
    engine.goLive()
    void life.dead.promise.then((error) => this.#rebuild(error))
    void life.snapshots.save()
  }

  async #startEngine(life: Life): Promise<void> {
    const { config, log, metrics, databaseUrl, events } = this.#options
    const isCurrent = (): boolean => life === this.#life && !this.#isBuilding
    const engine = await Engine.start({
      config,
      log,
      metrics,
      meter: this.meter,
      databaseUrl,
      isFeed: true,
      tellsPrints: true,
      retentionDays: config.retentionDays,
      // also those of before, whose prints may still be held
      connections: CONNECTIONS_MAX,
      goOnFrom: (writer) => this.#goOnFrom(writer),
      signal: this.#signal,
      onDeath: (part, error) => this.#died(life, part, error),
      events: {
        onStatus: (...status) => {
          if (isCurrent()) events.onStatus(...status)
        },
        onData: (connection) => {
          if (isCurrent()) events.onData(connection)
        },
        onBlocked: () => this.gate.hold('pipeline'),
        onUnblocked: () => this.gate.release('pipeline'),
      },
    })
    if (life.ending.signal.aborted) await engine.close()
    else life.engine = engine
  }

  /** Ends a first building: what it leaves comes with the next start. Later ones end with a drain. */
  get #signal(): AbortSignal {
    return this.#target === null ? this.#options.signal : new AbortController().signal
  }

  async #goOnFrom(writer: Writer) {
    const { config, apiKey, log, metrics } = this.#options
    const { databaseId } = writer
    this.#journal ??= await LiveJournal.open({ config, apiKey, log, metrics, databaseId })
    const path = join(config.dataDir, 'dead-letters.jsonl')
    this.#deadLetters ??= new DeadLetters(path, this.#journal.dir)
    return this.#journal.goOnFrom(writer, this.meter)
  }

  /** False: told to stop on the way, and the next start does it anew. */
  #catchUp({ ending }: Life, engine: Engine): Promise<boolean> {
    return catchUp({
      engine,
      journal: this.#journal!,
      upTo: this.#upTo,
      gate: this.gate,
      deadLetters: this.#deadLetters!,
      blame: this.#blame,
      log: this.#options.log,
      signal: AbortSignal.any([this.#signal, ending.signal]),
    })
  }

  #died(life: Life, part: EnginePart, error: unknown, place = Number.NaN): void {
    const pipeline = life.engine?.pipeline
    const first = part === 'writer' ? pipeline?.oldestPosted : pipeline?.oldestPlace
    const at = Number.isNaN(place) ? (first ?? Number.NaN) : place
    life.dead.resolve(new PartDied(part, error, at))
  }

  #rebuild(died: PartDied): void {
    if (this.#isClosed) return
    this.#isBuilding = true
    this.gate.hold('rebuild')
    this.#target!.close()
    this.#built = this.#buildAgain(died)
    this.#built.catch((error: Error) => {
      if (!this.#isClosed) this.#options.onFatal(error)
    })
  }

  async #buildAgain(died: PartDied): Promise<void> {
    const { onRebuilt } = this.#options
    await this.#end()
    const { journal } = this.#journal!
    this.#upTo = placeOf(journal.position)
    // what is read again must be in the file; with the disk in trouble that takes as long as it does
    await journal.sync()
    await this.#build(died)
    await onRebuilt()
    this.#target!.open(this.#upTo)
    this.gate.release('rebuild')
  }

  async #end(): Promise<void> {
    const { engine, snapshots, ending } = this.#life
    ending.abort()
    await snapshots?.close()
    await engine?.close()
    this.gate.release('pipeline')
  }
}
