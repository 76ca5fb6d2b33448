import type { RestBudget } from './rest-budget.ts'

const BACKOFF_MIN_MS = 1000
const BACKOFF_MS_MAX = 300_000

export type RequestLanesOptions<T> = {
  /** Tasks worked on at the same time. */
  readonly lanes: number
  readonly budget: RestBudget
  /** The next task; undefined: none may be done now. */
  readonly next: () => T | undefined
  /** Makes one request. Must not reject but for a bug, or once the signal is aborted. */
  readonly work: (task: T, signal: AbortSignal) => Promise<void>
  /** How long to wait for a task at most before asking `next` again, ms. */
  readonly idleMs: () => number
  /** First pause after a failure, ms; doubled up to 5 minutes. */
  readonly backoffMinMs?: number
}

/** Does tasks in the background of the request budget, and pauses all of them after a failure. */
export class RequestLanes<T> {
  readonly #options: RequestLanesOptions<T>
  readonly #stopping = new AbortController()
  readonly #sleepers = new Set<() => void>()
  /** Failures without a success in between, those at the same time counted once. */
  #failures = 0
  /** `performance.now()` before which nothing is asked. */
  #pausedUntil = 0
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: RequestLanesOptions<T>) {
    this.#options = options
  }

  start(): void {
    const { lanes } = this.#options
    this.#running = Promise.all(Array.from({ length: lanes }, () => this.#lane()))
  }

  /** There may be a task. */
  wake(): void {
    for (const wake of [...this.#sleepers]) wake()
  }

  /** A request went well. */
  succeeded(): void {
    this.#failures = 0
  }

  /** Everything waits, longer each time, and at least as long as the server asked for. */
  pause(retryAfterMs: number): void {
    const now = performance.now()
    if (now >= this.#pausedUntil) this.#failures++
    const first = this.#options.backoffMinMs ?? BACKOFF_MIN_MS
    const delayMs = first * 2 ** (this.#failures - 1) * (1 + Math.random() / 4)
    const wantedMs = Math.min(BACKOFF_MS_MAX, Math.max(delayMs, retryAfterMs))
    this.#pausedUntil = Math.max(this.#pausedUntil, now + wantedMs)
  }

  /** Aborts what is on its way and waits for it. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.wake()
    await this.#running
  }

  async #lane(): Promise<void> {
    const { budget, next, work } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const task = performance.now() < this.#pausedUntil ? undefined : next()
      if (task === undefined) {
        await this.#sleep()
        continue
      }
      try {
        await budget.take('background', signal)
        await work(task, signal)
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }

  #sleep(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const pausedMs = this.#pausedUntil - performance.now()
    const wake = () => {
      clearTimeout(timer)
      this.#sleepers.delete(wake)
      resolve()
    }
    const ms = pausedMs > 0 ? pausedMs : this.#options.idleMs()
    const timer = setTimeout(wake, Math.max(1, ms))
    this.#sleepers.add(wake)
    return promise
  }
}
