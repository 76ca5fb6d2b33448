import type { LivePrint } from '../domain/live-flow.ts'
import { ApiError } from './api-error.ts'
import type { Filter } from './filter.ts'
import { type GetPrints, type StoredPrints, storedPrints } from './stored-prints.ts'

/** How a tape begins: with so many prints, at most those since a long weekend. */
const FIRST_ROWS = 1000
const FIRST_MS = 4 * 24 * 3_600_000
/** A print that comes later than this behind its own time is not filled in. */
const LATE_MS = 24 * 3_600_000
/** The store is asked again after so long, then after twice as long. */
const AGAIN_MS = 3000
const AGAIN_MS_MAX = 24_000

export type TapeFillOptions = {
  readonly get: GetPrints
  readonly filter: Filter
  /** Rows of the tape: more are not asked for at once. */
  readonly max: number
  readonly onPrints: (prints: readonly LivePrint[]) => void
}

/**
 * Asks the store for the prints that a tape was not told: those it begins with, and then those that
 * the engine received in a noted span of time, until it says that all of these are stored. One
 * question at a time; an engine that cannot answer is asked again. Times are those of the engine's
 * clock, epoch ms.
 */
export class TapeFill {
  readonly #options: TapeFillOptions
  /** What was received from `#from` to `#to` may lack; infinities: nothing does. */
  #from = Number.POSITIVE_INFINITY
  #to = Number.NEGATIVE_INFINITY
  #hasBegun = false
  #isAsking = false
  #wait = AGAIN_MS
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(options: TapeFillOptions) {
    this.#options = options
  }

  /** Prints that were received from `from` to `to` may lack. */
  note(from: number, to: number): void {
    this.#from = Math.min(this.#from, from)
    this.#to = Math.max(this.#to, to)
    this.#wait = AGAIN_MS
    if (this.#timer === undefined && !this.#isAsking) void this.#ask()
  }

  /** Brings the prints of a span by their own time, both included. Throws what the engine says. */
  async bring(since: number, until: number): Promise<void> {
    const { get, filter, max, onPrints } = this.#options
    const span = { since, until, receivedSince: null }
    const { prints } = await storedPrints(get, filter, span, max)
    if (!this.#isOver) onPrints(prints)
  }

  stop(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    this.#timer = undefined
    const from = this.#from
    // what is noted while we ask counts anew
    this.#from = Number.POSITIVE_INFINITY
    this.#isAsking = true
    const left = await this.#fill(from).catch(() => {
      this.#wait = AGAIN_MS
      return from
    })
    this.#isAsking = false
    if (this.#isOver) return
    if (left <= this.#to) this.#from = Math.min(this.#from, left)
    if (this.#from === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => void this.#ask(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, AGAIN_MS_MAX)
  }

  /** Gives the time from which on prints may lack now. */
  async #fill(from: number): Promise<number> {
    const { get, filter, max, onPrints } = this.#options
    const first = { since: this.#to - FIRST_MS, until: null, receivedSince: null }
    const later = { since: from - LATE_MS, until: null, receivedSince: from }
    let answer: StoredPrints
    try {
      answer = this.#hasBegun
        ? await storedPrints(get, filter, later, max)
        : await storedPrints(get, filter, first, FIRST_ROWS)
    } catch (error) {
      if (!isRefusal(error)) throw error
      // the same question would be refused again
      if (this.#hasBegun) return Number.POSITIVE_INFINITY
      this.#hasBegun = true
      return from
    }
    this.#hasBegun = true
    if (!this.#isOver) onPrints(answer.prints)
    return Math.max(from, answer.receivedTo ?? from)
  }
}

/** Whether the engine will not answer this; else it could not now. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return error.status >= 400 && error.status < 500 && ![408, 429].includes(error.status)
}
