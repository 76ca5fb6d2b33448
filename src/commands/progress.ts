import { Presets, SingleBar } from 'cli-progress'
import type { Log } from '../console/log.ts'
import { Pace, type ProgressUnit, progressOf } from '../console/progress.ts'

export type ProgressBar = {
  /** False where there is no terminal to draw on. */
  readonly isShown: boolean
  /** What is done of how much: bytes of the unit MiB, else whole things. */
  update(done: number, total: number): void
  stop(): void
}

/** Without a terminal this much lies between two lines. */
const LINE_MS = 10_000
const BAR_MIN = 8
const BAR_MAX = 40
/** What stands behind the bar. */
const TEXT_COLUMNS = 60

/**
 * A bar with rate and time left on a terminal's standard error; elsewhere a line in the log every
 * 10 s. `log` null: nothing at all.
 */
export function progressBar(unit: ProgressUnit, log: Log | null): ProgressBar {
  if (log === null) return { isShown: false, update: () => {}, stop: () => {} }
  return process.stderr.isTTY === true ? drawnBar(unit) : toldProgress(unit, log)
}

function drawnBar(unit: ProgressUnit): ProgressBar {
  const bar = new SingleBar(
    {
      stream: process.stderr,
      format: '{bar} {percentage}% | {done} | {rate}, {left} left',
      hideCursor: true,
      clearOnComplete: true,
      barsize: Math.max(BAR_MIN, Math.min(BAR_MAX, (process.stderr.columns ?? 80) - TEXT_COLUMNS)),
    },
    Presets.shades_classic,
  )
  const pace = new Pace()
  let isDrawn = false
  return {
    isShown: true,
    update(done, total) {
      const words = progressOf({ unit, done, total, ...pace.at(done, performance.now()) })
      if (isDrawn) bar.setTotal(total)
      if (isDrawn) bar.update(done, words)
      else bar.start(total, done, words)
      isDrawn = true
    },
    stop: () => {
      if (isDrawn) bar.stop()
      isDrawn = false
    },
  }
}

/** A line in the log at most every 10 s. */
export function toldProgress(unit: ProgressUnit, log: Log): ProgressBar {
  const pace = new Pace()
  let toldAt = performance.now()
  return {
    isShown: false,
    update(done, total) {
      const now = performance.now()
      const since = pace.at(done, now)
      if (now - toldAt < LINE_MS) return
      toldAt = now
      log.info('progress', progressOf({ unit, done, total, ...since }))
    },
    stop: () => {},
  }
}
