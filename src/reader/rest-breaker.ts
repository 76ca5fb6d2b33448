import { RestError } from './rest.ts'

/** So many failures in a row, and nothing is asked for a while. */
const FAILURES_MAX = 5
const PAUSE_MS = 30_000
const THROTTLED = 429
const THROTTLED_MS = 5000
const THROTTLED_MS_MAX = 60_000

export type RestBreakerOptions = {
  /** What is asked for, in the messages: `NBBO lookups`. */
  readonly what: string
  /** Once when they begin to fail for good, and once when they work again after that. */
  readonly onWarn: (message: string) => void
  /** A clock in ms that never goes back. */
  readonly now: () => number
}

/**
 * Stops asking a REST server that does not answer: for 30 s after 5 failures in a row, and when it
 * throttles for as long as it says (5 s if it does not, at most a minute). Afterwards one success
 * is needed before all is well; a failure pauses again.
 */
export class RestBreaker {
  readonly #options: RestBreakerOptions
  #failures = 0
  #pausedUntil = Number.NEGATIVE_INFINITY
  #why: 'failed' | 'throttled' = 'failed'
  #isTrying = false

  constructor(options: RestBreakerOptions) {
    this.#options = options
  }

  /** Why nothing may be asked right now, or null. */
  get pausedFor(): 'failed' | 'throttled' | null {
    return this.#options.now() < this.#pausedUntil ? this.#why : null
  }

  /** After a pause, until something has succeeded: one request at a time is enough to find out. */
  get isTrying(): boolean {
    return this.#isTrying
  }

  noteSuccess(): void {
    this.#failures = 0
    // an answer to what was asked before the pause says nothing of now
    if (!this.#isTrying || this.pausedFor !== null) return
    this.#isTrying = false
    this.#options.onWarn(`${this.#options.what} work again`)
  }

  noteFailure(error: unknown): 'failed' | 'throttled' {
    if (error instanceof RestError && error.status === THROTTLED) {
      this.#pause(
        'throttled',
        Math.min(error.retryAfterMs || THROTTLED_MS, THROTTLED_MS_MAX),
        error,
      )
      return 'throttled'
    }
    this.#failures++
    if (this.#isTrying || this.#failures >= FAILURES_MAX) this.#pause('failed', PAUSE_MS, error)
    return 'failed'
  }

  #pause(why: 'failed' | 'throttled', ms: number, error: unknown): void {
    const { now, what, onWarn } = this.#options
    this.#why = why
    this.#pausedUntil = Math.max(this.#pausedUntil, now() + ms)
    if (this.#isTrying) return // told already
    this.#isTrying = true
    const words = error instanceof Error ? error.message : String(error)
    onWarn(`${what} pause for ${Math.ceil(ms / 1000)} s and are then tried again: ${words}`)
  }
}
