/**
 * At most `count` requests within any `perMs`. A window and no bucket that fills: a bucket lets
 * twice as many through in the window in which it was full, which is what Discord counts.
 */
export class RateWindow {
  readonly #perMs: number
  /** When the last requests began: a ring. */
  readonly #begun: Float64Array
  #next = 0

  constructor({ count, perMs }: { readonly count: number; readonly perMs: number }) {
    this.#perMs = perMs
    this.#begun = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
  }

  /** Takes a request if it may begin at `now` (ms, never going back): 0; else the ms to wait. */
  take(now: number): number {
    const waitMs = this.#begun[this.#next]! + this.#perMs - now
    if (waitMs > 0) return waitMs
    this.#begun[this.#next] = now
    this.#next = (this.#next + 1) % this.#begun.length
    return 0
  }
}
