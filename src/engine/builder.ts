import { join } from 'node:path'
import { type Position, placeOf } from '../journal/position.ts'
import { CONNECTIONS_MAX } from '../slab/event-slab.ts'
import type { Writer } from '../writer/handle.ts'
import type { StoredBefore } from '../writer/messages.ts'
import { Blame } from './blame.ts'
import { catchUp } from './catch-up.ts'
import { DeadLetters } from './dead-letters.ts'
import { Engine, type EnginePart, RestoreError } from './engine.ts'
import { snapshotHeader } from './engine-rules.ts'
import { FeedGate } from './feed-gate.ts'
import { JournaledTarget } from './journaled-target.ts'
import { type Life, newLife } from './life.ts'
import type { LiveEngineOptions } from './live-engine.ts'
import { LiveJournal } from './live-journal.ts'
import { Meter } from './meter.ts'
import { PartDied } from './part-died.ts'
import { Rebuilds } from './rebuilds.ts'
import { orAborted } from './reread.ts'
import { Snapshots } from './snapshots.ts'

export type BuilderOptions = Omit<LiveEngineOptions, 'onRebuilt' | 'onFatal'> & {
  /** A part died of a life that was built. */
  readonly onDeath: (died: PartDied) => void
}

/** Builds pipeline and writer, one life after the other, and keeps what outlives them. */
export class Builder {
  readonly gate: FeedGate
  readonly meter: Meter
  /** Null until the database is there. */
  journal: LiveJournal | null = null
  deadLetters: DeadLetters | null = null
  /** What the first writer of this process found. */
  storedBefore: StoredBefore | null = null
  /** Where the feed's frames go; null until a first life has all that came before. */
  target: JournaledTarget | null = null
  life: Life = newLife()
  readonly #options: BuilderOptions
  readonly #rebuilds = new Rebuilds()
  readonly #blame: Blame
  /** Place of the last frame that a building reads; later ones wait in the target. */
  #upTo = Number.POSITIVE_INFINITY
  /** The same as a position; null: all that there are. */
  #given: Position | null = null
  #isBuilding = true
  #isClosed = false

  constructor(options: BuilderOptions) {
    this.#options = options
    this.gate = new FeedGate((message) => options.log.warn(message))
    this.meter = new Meter(options.metrics)
    this.#blame = new Blame(options.log, options.metrics)
  }

  /** Nothing more is built. */
  close(): void {
    this.#isClosed = true
  }

  /**
   * Ends what is left of the life before and builds the next one, from the newest state and all
   * that the journal has, until one holds: a part that dies on the way is another reason to build.
   */
  async again(died: PartDied): Promise<void> {
    await this.end()
    const { journal } = this.journal!
    this.#given = journal.position
    this.#upTo = placeOf(journal.position)
    // what is read again must be in the file, however long a disk in trouble takes
    await journal.sync()
    await this.build(died)
  }

  /** The same at the start of a process, where nothing died yet. */
  async build(cause: PartDied | null): Promise<void> {
    this.#isBuilding = true
    let misfits = 0
    for (let died = cause; ; ) {
      if (this.#isClosed) throw new Error('closed while it was built')
      if (died !== null) {
        this.#blame.note(died, this.#upTo, this.deadLetters!)
        this.#rebuilds.note(died, performance.now())
      }
      this.life = newLife()
      try {
        await this.#attempt(this.life)
        this.#isBuilding = false
        return
      } catch (error) {
        await this.end()
        if (error instanceof PartDied) died = error
        else if (!(error instanceof RestoreError)) throw error
        // a state that this process has saved fits: a part died while it was restored
        else if (died !== null) died = new PartDied('shard', error, Number.NaN)
        // nor is one death at a start a reason to do without the state
        else if (++misfits > 1) {
          this.#options.log.warn(`the saved state is left out: ${error.message}`)
          this.journal!.forget()
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
    life.starting = this.#startEngine(life)
    await Promise.race([life.starting, died])
    const engine = life.engine!
    const journal = this.journal!
    if (!(await Promise.race([this.#catchUp(life, engine), died]))) return
    const { pipeline, writer } = engine
    void writer.settled().then(() => this.meter.caughtUp())
    life.snapshots = new Snapshots({
      dir: journal.dir,
      journal: journal.journal,
      given: () => this.target!.given,
      pipeline,
      writer,
      meter: this.meter,
      gate: this.gate,
      header: snapshotHeader(this.#options.config),
      restored: journal.hasState ? journal.from : null,
      log: this.#options.log,
      metrics: this.#options.metrics,
      onSaved: (position, mark) => {
        journal.saved(position, mark)
        engine.keepProfiles()
      },
    })
    // nothing is appended before the first target is there
    const given = this.#given ?? journal.journal.position
    this.target ??= new JournaledTarget(pipeline, given, {
      journal: journal.journal,
      gate: this.gate,
      onFull: () => void this.life.snapshots?.makeRoom(),
      onThrow: (error, place) => this.died(this.life, 'reader', error, place),
    })
    this.target.follow(pipeline, given)
    this.#blame.clear()
    if (journal.hasState) engine.keepProfiles()
    else void life.snapshots.save()
    engine.goLive()
    void life.dead.promise.then((error) => this.#options.onDeath(error))
  }

  async #startEngine(life: Life): Promise<void> {
    const { config, log, metrics, databaseUrl, events, onRows } = this.#options
    const isCurrent = (): boolean => life === this.life && !this.#isBuilding
    const { ending } = life
    const engine = await Engine.start({
      config,
      log,
      metrics,
      meter: this.meter,
      databaseUrl,
      isFeed: true,
      isAgain: this.target !== null,
      tellsPrints: true,
      ...(onRows === undefined ? {} : { onRows }),
      retentionDays: config.retentionDays,
      // also those of before, whose prints may still be held
      connections: CONNECTIONS_MAX,
      goOnFrom: (writer) => this.#goOnFrom(life, writer),
      signal: this.#signalOf(life),
      onDeath: (part, error) => this.died(life, part, error),
      events: {
        onStatus: (...status) => {
          if (isCurrent()) events.onStatus(...status)
        },
        onData: (connection) => {
          if (isCurrent()) events.onData(connection)
        },
        onBlocked: () => {
          if (!ending.signal.aborted) this.gate.hold('pipeline')
        },
        onUnblocked: () => {
          if (!ending.signal.aborted) this.gate.release('pipeline')
        },
      },
    })
    if (ending.signal.aborted) await engine.close()
    else life.engine = engine
  }

  /**
   * Ends what waits for this life. A first building ends with the process, and what it leaves comes
   * with the next start; a later one ends with a drain.
   */
  #signalOf({ ending }: Life): AbortSignal {
    if (this.target !== null) return ending.signal
    return AbortSignal.any([this.#options.signal, ending.signal])
  }

  async #goOnFrom(life: Life, writer: Writer) {
    const { config, apiKey, log, metrics } = this.#options
    const { databaseId } = writer
    this.storedBefore ??= writer
    this.journal ??= await LiveJournal.open({ config, apiKey, log, metrics, databaseId })
    const path = join(config.dataDir, 'dead-letters.jsonl')
    this.deadLetters ??= new DeadLetters(path, this.journal.dir)
    const found = this.journal.goOnFrom(writer, this.meter)
    found.catch(() => {}) // looked at below, unless it is ended before
    const signal = this.#signalOf(life)
    await orAborted(found, signal)
    if (signal.aborted) throw new Error('stopped while the database was asked')
    return found
  }

  /** False: told to stop on the way, and the next start does it anew. */
  #catchUp(life: Life, engine: Engine): Promise<boolean> {
    return catchUp({
      engine,
      journal: this.journal!,
      upTo: this.#upTo,
      gate: this.gate,
      deadLetters: this.deadLetters!,
      blame: this.#blame,
      log: this.#options.log,
      signal: this.#signalOf(life),
    })
  }

  died(life: Life, part: EnginePart, error: unknown, place = Number.NaN): void {
    const pipeline = life.engine?.pipeline
    const first = part === 'writer' ? pipeline?.oldestPosted : pipeline?.oldestPlace
    const at = Number.isNaN(place) ? (first ?? Number.NaN) : place
    life.died ??= new PartDied(part, error, at)
    life.dead.resolve(life.died)
  }

  /** Ends the threads of the life; what they had is lost with them. */
  async end(): Promise<void> {
    const { engine, snapshots, starting, ending } = this.life
    ending.abort()
    await starting.catch(() => {}) // told by who started it
    await snapshots?.close()
    await engine?.close()
    this.gate.release('pipeline')
  }
}
