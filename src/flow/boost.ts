import type { BoostContext, Direction } from './flow-context.ts'

/** Whole numbers from 0 to 100. */
export type BoostSettings = {
  /** Scores above it get the strong boost. */
  readonly strongScore: number
  /** Scores above it, and not above strongScore, get the weak one. */
  readonly weakScore: number
  /** Percent of the base score. */
  readonly strongPercent: number
  readonly weakPercent: number
  /** Percent of institutionalScore that is added to each score of a composite. */
  readonly scalpPercent: number
  readonly dayPercent: number
  readonly swingPercent: number
}

/** Those of the original specification. */
export const BOOST_DEFAULTS: BoostSettings = {
  strongScore: 70,
  weakScore: 50,
  strongPercent: 20,
  weakPercent: 10,
  scalpPercent: 15,
  dayPercent: 12,
  swingPercent: 10,
}

/** Three scores of one signal, 0 to 100, for three holding times. */
export type CompositeScores = {
  readonly scalp: number
  readonly day: number
  readonly swing: number
}

/**
 * The score of a signal (0 to 100) with what flow says to it: up by strongPercent or weakPercent
 * where flow points the same way, down by as much where it points the other way, clamped to 0 to
 * 100. Unchanged without a context, where it is stale or neutral, and where its institutionalScore
 * is not above weakScore: then also a score that is out of range stays as it is. Throws a TypeError
 * for a direction or a score that is none.
 */
export function applyFlowBoost(
  baseScore: number,
  context: BoostContext | null | undefined,
  direction: Direction,
  settings: BoostSettings = BOOST_DEFAULTS,
): number {
  checkScore('baseScore', baseScore)
  const sign = agreement(context, direction)
  if (context == null || sign === 0) return baseScore
  const { institutionalScore } = context
  const { strongScore, strongPercent, weakScore, weakPercent } = settings
  const percent =
    institutionalScore > strongScore
      ? strongPercent
      : institutionalScore > weakScore
        ? weakPercent
        : 0
  return percent === 0 ? baseScore : clamp((baseScore * (100 + sign * percent)) / 100)
}

/**
 * The scores of a composite signal, each with its percentage of institutionalScore added and
 * clamped to 0 to 100, where the context recommends FOLLOW_FLOW and points the same way; else as
 * they are. Throws a TypeError for a direction or a score that is none.
 */
export function applyCompositeBoost(
  scores: CompositeScores,
  context: BoostContext | null | undefined,
  direction: Direction,
  settings: BoostSettings = BOOST_DEFAULTS,
): CompositeScores {
  const { scalp, day, swing } = scores
  for (const [name, score] of Object.entries({ scalp, day, swing })) checkScore(name, score)
  const sign = agreement(context, direction)
  if (context == null || sign !== 1 || context.recommendation !== 'FOLLOW_FLOW') {
    return { scalp, day, swing }
  }
  const raised = (score: number, percent: number): number =>
    clamp(score + (context.institutionalScore * percent) / 100)
  return {
    scalp: raised(scalp, settings.scalpPercent),
    day: raised(day, settings.dayPercent),
    swing: raised(swing, settings.swingPercent),
  }
}

/** 1: flow points where the signal does, -1: the other way, 0: it says nothing. */
function agreement(context: BoostContext | null | undefined, direction: Direction): -1 | 0 | 1 {
  if (direction !== 'LONG' && direction !== 'SHORT') {
    throw new TypeError(`direction: expected LONG or SHORT, came ${String(direction)}`)
  }
  if (context == null || context.isStale === true || context.sentiment === 'NEUTRAL') return 0
  return (context.sentiment === 'BULLISH') === (direction === 'LONG') ? 1 : -1
}

function checkScore(name: string, score: number): void {
  if (Number.isFinite(score)) return
  throw new TypeError(`${name}: expected a number from 0 to 100, came ${String(score)}`)
}

function clamp(score: number): number {
  return Math.min(100, Math.max(0, score))
}
