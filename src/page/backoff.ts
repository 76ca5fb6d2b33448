const FIRST_MS = 500
const LAST_MS = 15_000

/**
 * How long to wait before try `attempt` (0 the first) to connect again, ms. `chance` 0 to 1 spreads
 * pages that lost the engine at the same moment.
 */
export function backoffMs(attempt: number, chance: number): number {
  const whole = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 20))
  return Math.round(whole * (0.5 + chance / 2))
}
