import type { BoostSettings } from '../flow/boost.ts'

const STRONG_SCORES = [60, 70, 80]
const WEAK_SCORES = [40, 50, 60]
const STRONG_PERCENTS = [10, 20, 30]
const WEAK_PERCENTS = [0, 10, 20]

/**
 * What the optimiser tries: thresholds and multipliers of applyFlowBoost, the weak ones never above
 * the strong ones, `inForce` first. Few, because each more makes it likelier that the best of them
 * was only lucky. The percentages of composite scores stay: a signals file has one score a signal.
 */
export function candidates(inForce: BoostSettings): BoostSettings[] {
  const all = STRONG_SCORES.flatMap((strongScore) =>
    WEAK_SCORES.filter((weakScore) => weakScore < strongScore).flatMap((weakScore) =>
      STRONG_PERCENTS.flatMap((strongPercent) =>
        WEAK_PERCENTS.filter((weakPercent) => weakPercent <= strongPercent).map((weakPercent) => ({
          ...inForce,
          strongScore,
          weakScore,
          strongPercent,
          weakPercent,
        })),
      ),
    ),
  )
  return [inForce, ...all.filter((settings) => !isSame(settings, inForce))]
}

export function isSame(a: BoostSettings, b: BoostSettings): boolean {
  return (
    a.strongScore === b.strongScore &&
    a.weakScore === b.weakScore &&
    a.strongPercent === b.strongPercent &&
    a.weakPercent === b.weakPercent
  )
}
