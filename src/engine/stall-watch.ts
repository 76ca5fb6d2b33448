import type { Log } from '../console/log.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** How often the timer asks; a stall may have been longer than is told by up to this. */
const PERIOD_MS = 20
/** What is shorter is the ordinary work of one turn of the event loop. */
const STALL_MS_MIN = 50
const WARN_MS_MIN = 1000
const LINES_APART_MS = 60_000

export type StallWatchOptions = {
  readonly metrics: Pick<Metrics, 'eventLoopStall'>
  readonly log: Pick<Log, 'warn'>
}

/**
 * Measures how long the main thread's event loop stood still: nothing was read from a socket, no
 * ping was answered, no slab was moved on. A process that was stopped (SIGSTOP) counts too.
 *
 * A timer of our own that measures its own lateness, because each stall is wanted when it ends
 * and with its length. The runtime's `monitorEventLoopDelay` measures the same, but gives only the
 * largest since it was last reset, and whoever asks for the metrics resets it. For the same reason
 * the metric is a histogram, which only ever grows: two readers take nothing from each other, and
 * an alert asks for the increase of stalls above a bound.
 */
export function startStallWatch({ metrics, log }: StallWatchOptions): { stop(): void } {
  const warnings = new StallWarnings(log)
  let last = performance.now()
  const tick = (): void => {
    const now = performance.now()
    const stallMs = now - last - PERIOD_MS
    last = now
    if (stallMs >= STALL_MS_MIN) metrics.eventLoopStall.observe(stallMs / 1000)
    warnings.tick(stallMs, now)
  }
  // after a stall the first tick stands for all that were missed
  const timer = setInterval(tick, PERIOD_MS).unref()
  return {
    stop: () => {
      clearInterval(timer)
      warnings.flush()
    },
  }
}

/**
 * Tells stalls of more than a second: the first at once, later ones together a minute after the
 * line before, so that a machine in trouble does not fill its log. No stall goes untold.
 */
export class StallWarnings {
  readonly #log: Pick<Log, 'warn'>
  #untold = 0
  #longestMs = 0
  #nextLineAt = Number.NEGATIVE_INFINITY

  constructor(log: Pick<Log, 'warn'>) {
    this.#log = log
  }

  /** `stallMs`: what the tick was late by; below 0 for one that came early. `now`: monotonic ms. */
  tick(stallMs: number, now: number): void {
    if (stallMs > WARN_MS_MIN) {
      this.#untold++
      this.#longestMs = Math.max(this.#longestMs, stallMs)
    }
    if (this.#untold === 0 || now < this.#nextLineAt) return
    this.#nextLineAt = now + LINES_APART_MS
    this.flush()
  }

  /** Tells what is untold: the longest of them in ms, and how many more there were. */
  flush(): void {
    if (this.#untold === 0) return
    const ms = Math.round(this.#longestMs)
    const left_out = this.#untold - 1
    this.#untold = 0
    this.#longestMs = 0
    this.#log.warn('the main thread stood still: nothing was read meanwhile', { ms, left_out })
  }
}
