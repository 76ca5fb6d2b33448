import type { Log } from '../console/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Writer } from '../writer/handle.ts'
import { type DeadLetters, textOf } from './dead-letters.ts'
import type { EnginePart } from './engine.ts'
import type { PartDied } from './part-died.ts'
import type { Step, Suspects } from './reread.ts'

/**
 * What a part has died of: after the first death a range of frames, which are looked at one event
 * at a time; after a second one in between, the frame of the event at hand alone. An event on which
 * the same part dies twice in that way is set aside.
 */
export class Blame {
  readonly #log: Log
  readonly #metrics: Metrics
  #range: Omit<Suspects, 'settled'> | null = null
  #part: EnginePart = 'shard'
  #step: Step | null = null
  /** The event at hand when the part before died. */
  #suspect: (Pick<Step, 'place' | 'event'> & { readonly part: EnginePart }) | null = null

  constructor(log: Log, metrics: Metrics) {
    this.#log = log
    this.#metrics = metrics
  }

  /** The event that is looked at now; null: none is. */
  at(step: Step | null): void {
    this.#step = step
  }

  /** Frames to look at closely when the journal is read again. */
  suspects(writer: Writer): Suspects | null {
    if (this.#range === null) return null
    const settled = this.#part === 'writer' ? () => writer.settled() : null
    return { ...this.#range, settled }
  }

  /** All suspects have been looked at, and nothing died. */
  clear(): void {
    this.#range = null
    this.#suspect = null
  }

  /**
   * A part died; `upTo`: place of the last frame that is read again. Throws when what killed it
   * cannot be set aside.
   */
  note(died: PartDied, upTo: number, letters: DeadLetters): void {
    const { shardRestarts, writerRestarts, readerRestarts, deadLetters } = this.#metrics
    const restarts = { shard: shardRestarts, writer: writerRestarts, reader: readerRestarts }
    restarts[died.part].inc()
    this.#log.error(`the ${died.part} died; all is built again from the saved state`, died)
    this.#part = died.part
    if (this.#step === null) {
      this.#range = Number.isFinite(died.place) ? { from: died.place, to: upTo } : null
      return
    }
    const { frame, place, event } = this.#step
    const suspect = this.#suspect
    this.#step = null
    this.#suspect = { place, event, part: died.part }
    // it may have died of something else at that moment: only a second time tells
    this.#range = { from: place, to: place }
    if (suspect?.place !== place || suspect.event !== event || suspect.part !== died.part) return
    this.#suspect = null
    letters.add({
      part: died.part,
      reason: died.message,
      place,
      event,
      connection: frame.connection,
      recv: Number.isNaN(frame.recv) ? null : frame.recv,
      frame: textOf(frame.bytes),
    })
    deadLetters.inc()
    this.#log.error(`event ${event} of a frame killed it twice and is set aside: ${letters.path}`)
  }
}
