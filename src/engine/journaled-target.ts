import type { Journal } from '../journal/journal.ts'
import { isBefore, type Position, placeOf } from '../journal/position.ts'
import type { JournalFrame } from '../journal/record.ts'
import { DRAIN_FRAME } from '../reader/evidence.ts'
import type { FrameStamp } from '../reader/router.ts'
import type { FeedGate } from './feed-gate.ts'
import type { FrameTarget } from './live-feed.ts'
import type { Pipeline } from './pipeline.ts'

const NOTHING = new Uint8Array(0)

type LateFrame = {
  readonly end: Position
  readonly bytes: Uint8Array
  readonly isBinary: boolean
  readonly stamp: FrameStamp
}

export type JournaledTargetOptions = {
  readonly journal: Journal
  readonly gate: FeedGate
  /** The journal takes nothing more for now; a snapshot may make room. */
  readonly onFull: () => void
  /** What the reader threw on a frame: a bug. */
  readonly onThrow: (error: unknown, place: number) => void
}

/**
 * The pipeline behind its journal: what is pushed is journaled first, and so is the time that
 * passes, as records without bytes, while anything in the pipeline may depend on it. While the
 * pipeline is built again, the few frames that a paused feed still brings wait here.
 */
export class JournaledTarget implements FrameTarget {
  #pipeline: Pipeline
  readonly #options: JournaledTargetOptions
  /** Null: they go to the pipeline. */
  #late: LateFrame[] | null = []
  #given: Position
  /** By connection, the clock that was journaled last. */
  readonly #clocks: number[] = []

  /** Closed at first, with a pipeline that has all that lies before `given`. */
  constructor(pipeline: Pipeline, given: Position, options: JournaledTargetOptions) {
    this.#pipeline = pipeline
    this.#given = given
    this.#options = options
  }

  /** The pipeline has all that lies before this, and nothing behind it. */
  get given(): Position {
    return this.#given
  }

  get decoder() {
    return this.#pipeline.decoder
  }

  get dictionary() {
    return this.#pipeline.dictionary
  }

  get isBlocked(): boolean {
    const isWaiting = this.#late !== null || this.#options.gate.isHeld('journal')
    return isWaiting || this.#pipeline.isBlocked
  }

  /** From here on frames are journaled and wait. */
  close(): void {
    this.#late ??= []
  }

  /** Another pipeline takes the place of the one before; still closed. */
  follow(pipeline: Pipeline, given: Position): void {
    this.#pipeline = pipeline
    this.#given = given
  }

  /** Frames go to the pipeline, first those that have waited and that it does not have. */
  open(): void {
    const late = this.#late ?? []
    this.#late = null
    for (const frame of late) {
      if (this.#late !== null) return // it died: they are in the journal
      if (isBefore(this.#given, frame.end)) this.#give(frame)
    }
  }

  push(bytes: Uint8Array, isBinary: boolean, stamp: FrameStamp): void {
    const { recv, clock, connection } = stamp
    this.#append({ recv, clock, connection, bytes, isBinary })
    const end = this.#options.journal.position
    const frame = { bytes, isBinary, end, stamp: { ...stamp, place: placeOf(end) } }
    if (this.#late === null) this.#give(frame)
    else this.#late.push(frame)
  }

  /** Every window is about to be closed: a start that reads the journal again does so here too. */
  noteDrain(): void {
    this.#append({
      recv: Number.NaN,
      clock: this.#clocks[0] ?? 0,
      connection: 0,
      bytes: DRAIN_FRAME,
      isBinary: false,
    })
    this.#given = this.#options.journal.position
  }

  passTime(clocks: readonly number[]): void {
    if (this.#late !== null || this.#options.gate.isHeld('journal')) return
    if (!this.#pipeline.isQuiet) {
      clocks.forEach((clock, connection) => {
        if (clock <= (this.#clocks[connection] ?? 0)) return
        this.#append({ recv: Number.NaN, clock, connection, bytes: NOTHING, isBinary: false })
      })
    }
    this.#given = this.#options.journal.position
    this.#pipeline.passTime(clocks)
  }

  #give({ bytes, isBinary, stamp, end }: LateFrame): void {
    this.#given = end
    try {
      this.#pipeline.push(bytes, isBinary, stamp)
    } catch (error) {
      this.#options.onThrow(error, stamp.place!)
    }
  }

  #append(frame: JournalFrame): void {
    const { journal, gate, onFull } = this.#options
    this.#clocks[frame.connection] = frame.clock
    if (journal.append(frame) || gate.isHeld('journal')) return
    gate.hold('journal')
    const release = (): void => gate.release('journal')
    // rejects when the journal is closed before: then nothing is read any more
    journal.drained().then(release, () => {})
    onFull()
  }
}
