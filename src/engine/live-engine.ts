import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { IntakeEvents } from '../reader/intake.ts'
import type { Gap, StoredBefore } from '../writer/messages.ts'
import { Builder } from './builder.ts'
import type { Engine, OnRows } from './engine.ts'
import type { FeedGate } from './feed-gate.ts'
import type { JournaledTarget } from './journaled-target.ts'
import type { LiveJournal } from './live-journal.ts'
import type { PartDied } from './part-died.ts'

/** How long a drain waits until the journal knows of it. */
const NOTE_MS_MAX = 1000
/** The same of the last snapshot, which a disk in trouble can hold up for ever. */
const SAVE_MS_MAX = 10_000

export type LiveEngineOptions = {
  readonly config: Config
  readonly apiKey: string
  readonly log: Log
  readonly metrics: Metrics
  readonly databaseUrl: string
  /** Of frames as they come from the feed; not of those that are read again. */
  readonly events: Pick<IntakeEvents, 'onStatus' | 'onData'>
  /** Of rows that come of such frames, as their labels are final. */
  readonly onRows?: OnRows
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
  readonly #options: LiveEngineOptions
  readonly #builder: Builder
  #isRebuilding = false
  #built: Promise<void> = Promise.resolve()
  #isClosed = false
  #isDrained = false

  private constructor(options: LiveEngineOptions) {
    this.#options = options
    this.#builder = new Builder({ ...options, onDeath: (died) => this.#rebuild(died) })
  }

  /**
   * Waits for the database, goes on from what an earlier process left, and comes back ready for
   * frames, or when the signal came first. Throws when it cannot start.
   */
  static async start(options: LiveEngineOptions): Promise<LiveEngine> {
    const live = new LiveEngine(options)
    try {
      await live.#builder.build(null)
    } catch (error) {
      await live.close()
      throw error
    }
    return live
  }

  /** Holds the feed. */
  get gate(): FeedGate {
    return this.#builder.gate
  }

  /** Whether all that an earlier process left was read again: the signal did not come first. */
  get isWhole(): boolean {
    return this.#builder.target !== null
  }

  /** Null while it is started, and while it is built again. */
  get engine(): Engine | null {
    return this.#builder.life.engine
  }

  get journal(): LiveJournal {
    return this.#builder.journal!
  }

  /** Where the feed's frames go, for the life of the process. */
  get target(): JournaledTarget {
    return this.#builder.target!
  }

  /** What the first writer of this process found. */
  get storedBefore(): StoredBefore {
    return this.#builder.storedBefore!
  }

  /** Resolves when they are stored; never where the writer dies before: they are told again then. */
  recordGaps(gaps: readonly Gap[]): Promise<unknown> {
    const writer = this.#builder.life.engine?.writer
    writer?.recordGaps(gaps)
    return writer?.settled() ?? new Promise(() => {})
  }

  /** Whether a part died and all is being built again. */
  get isRebuilding(): boolean {
    return this.#isRebuilding
  }

  /** Frames may come. */
  open(): void {
    if (this.#isRebuilding) return // it opens by itself
    this.#builder.target!.open()
    void this.#builder.life.snapshots?.save()
  }

  /** Prints received that are not accounted for yet. */
  left(): Promise<number> {
    return this.#builder.life.engine?.left() ?? Promise.resolve(0)
  }

  /** Stores everything that was received, and the state; also where a part dies on the way. */
  async drain(stoppedAt: number): Promise<void> {
    for (;;) {
      await this.#built
      const { dead, engine, snapshots } = this.#builder.life
      this.#builder.target!.noteDrain()
      // the note must come ahead of the rows; a disk in trouble must not keep these back
      const patience = sleep(NOTE_MS_MAX, undefined, { ref: false })
      await Promise.race([this.#builder.journal!.journal.sync(), patience])
      const drained = engine!.drain(stoppedAt).then(() => true)
      const died = dead.promise.then(() => false)
      if (!(await Promise.race([drained, died]))) continue
      this.#isDrained = true // what comes now only makes the next start faster
      const tooLong = sleep(SAVE_MS_MAX, true, { ref: false })
      const isLate = await Promise.race([snapshots!.saveNow(), died, tooLong])
      if (isLate === true) this.#options.log.warn('the state could not be saved in time')
      return
    }
  }

  /** Ends the threads and lets go of the journal. What is not stored comes with the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#builder.close()
    await this.#builder.end()
    await this.#builder.journal?.journal.close().catch((error: Error) => {
      if (!this.#isDrained) throw error
      this.#options.log.warn(`the journal could not be closed: ${error.message}`)
    })
  }

  #rebuild(died: PartDied): void {
    if (this.#isClosed || this.#isRebuilding || this.#isDrained) return
    this.#isRebuilding = true
    this.#builder.gate.hold('rebuild')
    this.#builder.target!.close()
    this.#built = this.#buildAgain(died)
    this.#built.catch((error: Error) => {
      if (!this.#isClosed) this.#options.onFatal(error)
    })
  }

  async #buildAgain(first: PartDied): Promise<void> {
    for (let died: PartDied | null = first; died !== null; died = this.#builder.life.died) {
      await this.#builder.again(died)
      await this.#options.onRebuilt()
    }
    this.#isRebuilding = false
    this.#builder.target!.open()
    this.#builder.gate.release('rebuild')
    void this.#builder.life.snapshots?.save()
  }
}
