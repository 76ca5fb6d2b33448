/** Longest wait before an ordinary reconnect. */
export const RECONNECT_MS_MAX = 5 * 60_000
/** First wait after the vendor's connection limit, in first reconnect delays. */
export const EVICTED_FACTOR = 6
/** Longest wait after the vendor's connection limit: a dead session is counted for up to 30 s. */
export const EVICTED_MS_MAX = 10 * 60_000

/** Share of a rung that is added at random, so that connections lost together come back apart. */
const JITTER_SHARE = 0.25

/**
 * The two reconnect ladders of one connection, in ms: ordinary trouble climbs from `minMs` to
 * RECONNECT_MS_MAX, the connection limit from 6 `minMs` to EVICTED_MS_MAX. Each rung doubles,
 * jitter only lengthens it, and no delay is below `minMs`. Only data resets: the vendor accepts a
 * session over the limit, its key and its topics before it throws it out.
 */
export class Backoff {
  readonly #minMs: number
  readonly #random: () => number
  #drops = 0
  #evictions = 0

  constructor(minMs: number, random: () => number) {
    this.#minMs = minMs
    this.#random = random
  }

  /** Delay before the next attempt after ordinary trouble. */
  next(): number {
    return this.#rung(this.#minMs, this.#drops++, RECONNECT_MS_MAX)
  }

  /** Delay before the next attempt after the vendor's connection limit. */
  nextEvicted(): number {
    return this.#rung(EVICTED_FACTOR * this.#minMs, this.#evictions++, EVICTED_MS_MAX)
  }

  reset(): void {
    this.#drops = 0
    this.#evictions = 0
  }

  #rung(firstMs: number, climbed: number, maxMs: number): number {
    const rung = firstMs * 2 ** climbed * (1 + JITTER_SHARE * this.#random())
    return Math.max(this.#minMs, Math.min(maxMs, rung))
  }
}
