import { setTimeout as sleep } from 'node:timers/promises'

const WINDOW_MS = 1000

/** A lookup has a print waiting for it; background work can wait. */
export type RestPriority = 'lookup' | 'background'

/**
 * How many REST requests may begin within any second, over all who ask. Lookups may use all of
 * them; background requests leave half of them (rounded down) for lookups to come.
 */
export class RestBudget {
  readonly #perSecond: number
  readonly #now: () => number
  /** When the requests of the last second began: a ring, the oldest at #first. */
  readonly #begun: Float64Array
  #first = 0
  #used = 0

  /** `perSecond`: 1 or more. `now`: a clock in ms that never goes back. */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond
    this.#now = now
    this.#begun = new Float64Array(perSecond)
  }

  /** Takes one request now, if the last second leaves one for this priority. */
  tryTake(priority: RestPriority): boolean {
    const now = this.#now()
    this.#forget(now)
    if (this.#used >= this.#limit(priority)) return false
    this.#begun[(this.#first + this.#used) % this.#perSecond] = now
    this.#used++
    return true
  }

  /** Takes one request as soon as there is one; rejects once the signal is aborted. */
  async take(priority: RestPriority, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    while (!this.tryTake(priority)) {
      await sleep(this.#waitMs(priority), undefined, { signal })
    }
  }

  /** Share of the budget that the last second has used, 0 to 1. */
  usedRatio(): number {
    this.#forget(this.#now())
    return this.#used / this.#perSecond
  }

  #limit(priority: RestPriority): number {
    return priority === 'lookup' ? this.#perSecond : this.#perSecond - (this.#perSecond >> 1)
  }

  #forget(now: number): void {
    while (this.#used > 0 && this.#begun[this.#first]! <= now - WINDOW_MS) {
      this.#first = (this.#first + 1) % this.#perSecond
      this.#used--
    }
  }

  /** Until so many have left the last second that one more fits, whole ms, at least 1. */
  #waitMs(priority: RestPriority): number {
    const mustLeave = Math.max(0, this.#used - this.#limit(priority))
    const last = this.#begun[(this.#first + mustLeave) % this.#perSecond]!
    return Math.max(1, Math.ceil(last + WINDOW_MS - this.#now()))
  }
}
