import { createLogUpdate } from 'log-update'
import type { Log } from '../console/log.ts'
import { Pace, type ProgressUnit, progressOf } from '../console/progress.ts'

export type ProgressBar = {
  /** False where there is no terminal to draw on. */
  readonly isShown: boolean
  /** The log while the bar is there: its lines go above it. */
  above(log: Log): Log
  /** What is done of how much: bytes of the unit MiB, else whole things. */
  update(done: number, total: number): void
  stop(): void
}

/** Without a terminal this much lies between two lines. */
const LINE_MS = 10_000
/** A person sees no more. */
const DRAW_MS = 100
const COLUMNS = 80
const BAR_MIN = 8
const BAR_MAX = 40
const FULL = '\u2588'
const EMPTY = '\u2591'
/** What stands behind the bar. */
const TEXT_COLUMNS = 60

/**
 * A bar with rate and time left on a terminal's standard error; elsewhere a line in the log every
 * 10 s. `log` null: nothing at all.
 */
export function progressBar(unit: ProgressUnit, log: Log | null): ProgressBar {
  if (log === null) return { isShown: false, above: same, update: () => {}, stop: () => {} }
  return process.stderr.isTTY === true ? drawnBar(unit, process.stderr) : toldProgress(unit, log)
}

/** A bar on a terminal, which is left as it was however the process ends. */
export function drawnBar(unit: ProgressUnit, stream: NodeJS.WriteStream): ProgressBar {
  // a cursor that is hidden stays hidden where a second signal ends the process
  const view = createLogUpdate(stream, { showCursor: true })
  const pace = new Pace()
  let drawn = ''
  let drawnAt = Number.NEGATIVE_INFINITY
  const aside = (tell: () => void): void => {
    if (drawn !== '') view.clear()
    tell()
    if (drawn !== '') view(drawn)
  }
  return {
    isShown: true,
    above: (log) => ({
      say: (line) => aside(() => log.say(line)),
      info: (...line) => aside(() => log.info(...line)),
      warn: (...line) => aside(() => log.warn(...line)),
      error: (...line) => aside(() => log.error(...line)),
      flush: () => log.flush(),
    }),
    update(done, total) {
      const now = performance.now()
      const words = progressOf({ unit, done, total, ...pace.at(done, now) })
      if (now - drawnAt < DRAW_MS) return
      drawnAt = now
      const columns = stream.columns || COLUMNS
      const width = Math.max(BAR_MIN, Math.min(BAR_MAX, columns - TEXT_COLUMNS))
      const share = total > 0 ? Math.min(1, done / total) : 0
      const full = Math.round(share * width)
      const bar = `${FULL.repeat(full)}${EMPTY.repeat(width - full)} ${Math.floor(share * 100)}%`
      const text = `${bar} | ${words.done} | ${words.rate}, ${words.left} left`
      drawn = [...text].slice(0, columns - 1).join('')
      view(drawn)
    },
    stop() {
      if (drawn !== '') view.clear()
      drawn = ''
    },
  }
}

function same(log: Log): Log {
  return log
}

/** A line in the log at most every 10 s. */
export function toldProgress(unit: ProgressUnit, log: Log): ProgressBar {
  const pace = new Pace()
  let toldAt = performance.now()
  return {
    isShown: false,
    above: same,
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
