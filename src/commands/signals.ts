/**
 * One Ctrl-C under npm arrives twice: the terminal signals the whole group, and npm passes on its
 * own a moment later. What comes this soon after the first is then still the first.
 */
const DOUBLED_MS = 250

/** Set by npm to the name of the script that it runs; a test's child inherits `test`. */
const isNpmScript = /^(start|dev|flow|backtest)/.test(process.env.npm_lifecycle_event ?? '')

/** Ends at the first signal gently, at the second at once. */
export function onSignals(gently: (signal: string) => void, atOnce: () => void): void {
  let firstAt: number | null = null
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const now = performance.now()
      if (firstAt === null) {
        firstAt = now
        gently(signal)
      } else if (!isNpmScript || now - firstAt > DOUBLED_MS) {
        atOnce()
      }
    })
  }
}
