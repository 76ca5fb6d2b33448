import { Presets, SingleBar } from 'cli-progress'

export type ProgressBar = {
  /** False where there is no terminal to draw on. */
  readonly isShown: boolean
  update(done: number, total: number): void
  stop(): void
}

const MIB = 1024 * 1024
const BAR_MIN = 8
const BAR_MAX = 40
/** What stands behind the bar. */
const TEXT_COLUMNS = 42

/** A bar with time left on a terminal's standard error; nothing anywhere else. */
export function progressBar(unit: 'MiB' | 'contexts' = 'MiB'): ProgressBar {
  if (process.stderr.isTTY !== true) {
    return { isShown: false, update: () => {}, stop: () => {} }
  }
  const bar = new SingleBar(
    {
      stream: process.stderr,
      format: `{bar} {percentage}% | {value}/{total} ${unit} | {eta_formatted} left`,
      formatValue: (value, _options, type) =>
        type === 'percentage' || unit !== 'MiB' ? `${value}` : mib(value),
      hideCursor: true,
      clearOnComplete: true,
      barsize: Math.max(BAR_MIN, Math.min(BAR_MAX, (process.stderr.columns ?? 80) - TEXT_COLUMNS)),
    },
    Presets.shades_classic,
  )
  let isStarted = false
  return {
    isShown: true,
    update(done, total) {
      if (isStarted) bar.update(done)
      else bar.start(total, done)
      isStarted = true
    },
    stop: () => {
      if (isStarted) bar.stop()
    },
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
