/** Why a reading clock stands still. */
export type StopCause = 'disconnected' | 'paused'

/**
 * Monotonic ms during which prints could have reached us: it runs only while no cause stops it, and
 * never goes back or starts anew. It closes the windows of a quiet underlying, so time in which
 * nothing could be read must not count.
 */
export class ReadingClock {
  readonly #monotonic: () => number
  readonly #causes = new Set<StopCause>(['disconnected'])
  /** Reading ms gathered up to #startedAt. */
  #gathered: number
  #startedAt = 0

  /** Stands at `from`, disconnected. `monotonic` gives ms that never go back. */
  constructor(monotonic: () => number = () => performance.now(), from = 0) {
    this.#gathered = from
    this.#monotonic = monotonic
  }

  now(): number {
    if (this.#causes.size > 0) return this.#gathered
    return this.#gathered + (this.#monotonic() - this.#startedAt)
  }

  /** Stops for a cause; a second stop for the same cause changes nothing. */
  stop(cause: StopCause): void {
    if (this.#causes.size === 0) this.#gathered = this.now()
    this.#causes.add(cause)
  }

  /** Lifts a cause; the clock runs on when it was the last one. */
  go(cause: StopCause): void {
    if (!this.#causes.delete(cause) || this.#causes.size > 0) return
    this.#startedAt = this.#monotonic()
  }
}
