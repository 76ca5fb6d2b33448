/** A part may die this often within REBUILDS_MS; then something is wrong that starting anew keeps. */
const REBUILDS_MAX = 9
const REBUILDS_MS = 10 * 60_000

/** The engine died too often: starting it once more would not help. */
export class RestartStorm extends Error {
  override readonly name = 'RestartStorm'
}

/** Counts deaths, and says when there are too many. */
export class Rebuilds {
  #deaths: number[] = []

  /** A death at `now`, ms of a clock that never goes back. Throws RestartStorm at one too many. */
  note(cause: Error, now: number): void {
    this.#deaths = [...this.#deaths.filter((at) => at > now - REBUILDS_MS), now]
    if (this.#deaths.length <= REBUILDS_MAX) return
    throw new RestartStorm(
      `the engine died ${this.#deaths.length} times within ${REBUILDS_MS / 60_000} minutes, last: ${cause.message}; ` +
        'what it has received is in its journal and is stored by the next start',
      { cause },
    )
  }
}
