import { Presets, SingleBar } from 'cli-progress'

export type ProgressBar = { update(done: number, total: number): void; stop(): void }

const MIB = 1024 * 1024

/** A bar with rate and time left on a terminal's standard error; nothing anywhere else. */
export function progressBar(): ProgressBar {
  if (process.stderr.isTTY !== true) return { update: () => {}, stop: () => {} }
  const bar = new SingleBar(
    {
      stream: process.stderr,
      format: '{bar} {percentage}% | {value}/{total} MiB | {eta_formatted} left',
      formatValue: (value, _options, type) => (type === 'percentage' ? `${value}` : mib(value)),
      hideCursor: true,
    },
    Presets.shades_classic,
  )
  let isStarted = false
  return {
    update(done, total) {
      if (isStarted) bar.update(done)
      else bar.start(total, done)
      isStarted = true
    },
    stop: () => bar.stop(),
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
