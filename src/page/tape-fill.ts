import type { LivePrint } from '../domain/live-flow.ts'
import { ApiError } from './api-error.ts'
import type { Filter } from './filter.ts'
import { type GetPrints, storedPrints } from './stored-prints.ts'

const ROWS_MAX = 5000
/** How a tape begins: with so many prints, at most those since a long weekend. */
const FIRST_ROWS = 1000
const FIRST_MS = 4 * 24 * 3_600_000
/** A print that comes later than this behind its own time is not filled in. */
const LATE_MS = 24 * 3_600_000
/** The store is asked again after so long, then after twice as long. */
const AGAIN_MS = 3000
/** Prints are told before they are committed: so long ago, and they are. */
const COMMITTED_MS = 20_000
/** An answer that took longer may be older than what was committed meanwhile. */
const PROMPT_MS = 1000

export type TapeFillOptions = {
  readonly get: GetPrints
  readonly filter: Filter
  /** The engine's clock, epoch ms. */
  readonly now: () => number
  readonly onPrints: (prints: readonly LivePrint[]) => void
}

/**
 * Asks the store for the prints that a tape was not told: those it begins with, and then those that
 * the engine received from a noted time on, until all of them must be committed. One question at a
 * time; an engine that cannot answer is asked again. All times are the engine's.
 */
export class TapeFill {
  readonly #options: TapeFillOptions
  /** Prints received from then on may lack. */
  #lacking = Number.POSITIVE_INFINITY
  #notedAt = Number.NEGATIVE_INFINITY
  #hasBegun = false
  #isAsking = false
  #wait = AGAIN_MS
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(options: TapeFillOptions) {
    this.#options = options
  }

  /** Prints that the engine received from `receivedSince` on may lack. */
  note(receivedSince: number): void {
    this.#lacking = Math.min(this.#lacking, receivedSince)
    this.#notedAt = this.#options.now()
    this.#wait = AGAIN_MS
    if (this.#timer === undefined && !this.#isAsking) void this.#ask()
  }

  stop(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    this.#timer = undefined
    const askedAt = this.#options.now()
    const asked = this.#lacking
    this.#lacking = Number.POSITIVE_INFINITY
    this.#isAsking = true
    const isAnswered = await this.#fill(asked)
    this.#isAsking = false
    if (this.#isOver) return
    const isPrompt = isAnswered && this.#options.now() - askedAt < PROMPT_MS
    const settled = isPrompt ? askedAt - COMMITTED_MS : Number.NEGATIVE_INFINITY
    // what is noted while we ask counts anew
    if (this.#notedAt > settled) this.#lacking = Math.min(this.#lacking, Math.max(asked, settled))
    if (this.#lacking === Number.POSITIVE_INFINITY) return
    if (!isAnswered) this.#wait = AGAIN_MS
    this.#timer = setTimeout(() => void this.#ask(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, COMMITTED_MS)
  }

  /** Says whether the store has answered, or refuses to: to ask again would change nothing. */
  async #fill(receivedSince: number): Promise<boolean> {
    const { get, filter, now, onPrints } = this.#options
    const [span, max] = this.#hasBegun
      ? [{ since: receivedSince - LATE_MS, receivedSince }, ROWS_MAX]
      : [{ since: now() - FIRST_MS, receivedSince: null }, FIRST_ROWS]
    try {
      const prints = await storedPrints(get, filter, span, max)
      this.#hasBegun = true
      if (!this.#isOver) onPrints(prints)
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return error.status !== 0 && error.status < 500
    }
  }
}
