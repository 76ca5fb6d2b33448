import type { Journal } from '../journal/journal.ts'
import type { JournalFrame } from '../journal/record.ts'
import type { FrameStamp } from '../reader/router.ts'
import type { FeedGate } from './feed-gate.ts'
import type { FrameTarget } from './live-feed.ts'
import type { Pipeline } from './pipeline.ts'

const NOTHING = new Uint8Array(0)

/**
 * The pipeline behind its journal: what is pushed is journaled first, and so is the time that
 * passes, as records without bytes, while anything in the pipeline may depend on it.
 */
export class JournaledTarget implements FrameTarget {
  readonly #pipeline: Pipeline
  readonly #journal: Journal
  readonly #gate: FeedGate
  readonly #onFull: () => void
  /** By connection, the clock that was journaled last. */
  readonly #clocks: number[] = []

  /** `onFull`: the journal takes nothing more for now; a snapshot may make room. */
  constructor(pipeline: Pipeline, journal: Journal, gate: FeedGate, onFull: () => void) {
    this.#pipeline = pipeline
    this.#journal = journal
    this.#gate = gate
    this.#onFull = onFull
  }

  get decoder() {
    return this.#pipeline.decoder
  }

  get dictionary() {
    return this.#pipeline.dictionary
  }

  get isBlocked(): boolean {
    return this.#pipeline.isBlocked || this.#gate.isHeld('journal')
  }

  push(bytes: Uint8Array, isBinary: boolean, stamp: FrameStamp): void {
    const { recv, clock, connection } = stamp
    this.#append({ recv, clock, connection, bytes, isBinary })
    this.#pipeline.push(bytes, isBinary, stamp)
  }

  passTime(clocks: readonly number[]): void {
    if (this.#gate.isHeld('journal')) return
    if (!this.#pipeline.isQuiet) {
      clocks.forEach((clock, connection) => {
        if (clock <= (this.#clocks[connection] ?? 0)) return
        this.#append({ recv: Number.NaN, clock, connection, bytes: NOTHING, isBinary: false })
      })
    }
    this.#pipeline.passTime(clocks)
  }

  #append(frame: JournalFrame): void {
    this.#clocks[frame.connection] = frame.clock
    if (this.#journal.append(frame) || this.#gate.isHeld('journal')) return
    this.#gate.hold('journal')
    const release = (): void => this.#gate.release('journal')
    // rejects when the journal is closed before: then nothing is read any more
    this.#journal.drained().then(release, () => {})
    this.#onFull()
  }
}
