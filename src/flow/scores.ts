import type { VectorColumn } from '../rollup/vector.ts'
import type { FlowContext, FlowSentiment, ScorePart } from './flow-context.ts'

/** What the prints of a window add up to: contracts, dollars, prints. */
export type FlowSums = Readonly<Record<VectorColumn, number>>

/** Premium that does not lean counts as a quarter of what leans, in equal parts to both sides. */
const UNLEANING_WEIGHT = 0.25
/** So does what must be without a side of the premium that came in the ways of large money. */
const UNSIDED_WEIGHT = 0.25
/** Points of sentimentStrength below which nothing leans. */
const NEUTRAL_BELOW = 10

/** How much an aggressive or passive majority of the premium must lead to give the label. */
const AGGRESSIVE_FROM = 60
const PASSIVE_TO = 40

/** Ordinary premium, dollars, that each window is taken to have beside its own. */
const ORDINARY_PREMIUM = 250_000
/** What a dollar of each trade_type counts; sweeps most, so that more of them never costs. */
const TYPE_WEIGHTS = { sweep: 1, block: 0.9, split: 0.6, large: 0.5 } as const
/** Weighted share of the premium, and aggressive share of it, that give all points. */
const TYPES_FULL = 0.6
const AGGRESSIVE_FULL = 0.4
/** Dollars for each print that is no leg that give none and all points, on a log scale. */
const TICKET_NONE = 10_000
const TICKET_FULL = 250_000

/** Prints at which the sample counts one half. */
const SAMPLE_HALF = 30

/** Which way the premium leans, and how much of it, as the one part of sentimentStrength. */
export function sentimentOf(sums: FlowSums): { sentiment: FlowSentiment; parts: ScorePart[] } {
  const { premium, bullish_premium: bullish, bearish_premium: bearish } = sums
  const leaning = bullish + bearish
  const net = bullish - bearish
  const unleaning = Math.max(0, premium - leaning)
  const parts = [
    part('net premium', share(Math.abs(net), leaning + UNLEANING_WEIGHT * unleaning), 1),
  ]
  const isNeutral = scoreOf(parts) < NEUTRAL_BELOW
  return { sentiment: isNeutral ? 'NEUTRAL' : net > 0 ? 'BULLISH' : 'BEARISH', parts }
}

/**
 * How hard the prints that have a side went after liquidity: 50 points where aggressive and passive
 * premium are equal. NORMAL, and no parts known, where no premium has a side.
 */
export function aggressivenessOf(sums: FlowSums): {
  aggressiveness: FlowContext['aggressiveness']
  parts: ScorePart[]
} {
  const sided = sums.buy_premium + sums.sell_premium
  if (!(sided > 0)) {
    const unknown = (name: string): ScorePart => ({ name, value: null, weight: 0.5, points: 0 })
    return {
      aggressiveness: 'NORMAL',
      parts: [unknown('aggressive premium'), unknown('premium not passive')],
    }
  }
  const parts = [
    part('aggressive premium', share(sums.aggressive_premium, sided), 0.5),
    part('premium not passive', 1 - share(sums.passive_premium, sided), 0.5),
  ]
  const score = scoreOf(parts)
  const label = score >= AGGRESSIVE_FROM ? 'AGGRESSIVE' : score <= PASSIVE_TO ? 'PASSIVE' : 'NORMAL'
  return { aggressiveness: label, parts }
}

/**
 * How much of the premium comes in the ways of large money. Nothing is ever unknown here: premium
 * without a side is not known as aggressive and counts as not.
 */
export function institutionalParts(sums: FlowSums): ScorePart[] {
  const { premium, trades } = sums
  const typed =
    TYPE_WEIGHTS.sweep * sums.sweep_premium +
    TYPE_WEIGHTS.block * sums.block_premium +
    TYPE_WEIGHTS.split * sums.split_premium +
    TYPE_WEIGHTS.large * sums.large_premium
  // large spreads and crosses have no side: the few lots beside them that do lean must not pass for
  // large money. Which premium has none is not known by type, so only what cannot have one counts
  const sided = Math.min(typed, sums.buy_premium + sums.sell_premium)
  const leaning = sided + UNSIDED_WEIGHT * (typed - sided)
  const all = premium + ORDINARY_PREMIUM
  // legs are the pieces of an order: their premium counts and their number does not, so that a
  // sweep of many legs never costs
  const orders = trades - sums.sweep_count - sums.split_count
  const ticket = trades > 0 ? premium / Math.max(1, orders) : 0
  const ticketRank = ticket > 0 ? Math.log(ticket / TICKET_NONE) : Number.NEGATIVE_INFINITY
  return [
    part('trade types', share(leaning, all) / TYPES_FULL, 0.6),
    part('aggressive premium', share(sums.aggressive_premium, all) / AGGRESSIVE_FULL, 0.2),
    part('premium per print', ticketRank / Math.log(TICKET_FULL / TICKET_NONE), 0.2),
  ]
}

export type ConfidenceInput = {
  readonly trades: number
  /** Share of the premium that has a side, 0 to 1; 0 where there is no premium. */
  readonly sidedShare: number
  /** Share of the window that no gap covers, 0 to 1. */
  readonly coverage: number
  /** 1: the newest print is of this moment, 0: it is stale. */
  readonly freshness: number
}

/**
 * How far a context can be trusted. The sample multiplies: its points are what few prints take from
 * the rest, so that a handful of prints is never trusted, however clear they are.
 */
export function confidenceParts(input: ConfidenceInput): ScorePart[] {
  const parts = [
    part('premium with a side', input.sidedShare, 0.5),
    part('window without gaps', input.coverage, 0.25),
    part('fresh prints', input.freshness, 0.25),
  ]
  const sample = input.trades > 0 ? input.trades / (input.trades + SAMPLE_HALF) : 0
  const rest = parts.reduce((sum, { points }) => sum + points, 0)
  return [...parts, { name: 'sample', value: sample, weight: 1, points: -(1 - sample) * rest }]
}

/** The points of the parts as a whole number, 0 to 100. */
export function scoreOf(parts: readonly ScorePart[]): number {
  const points = parts.reduce((sum, part) => sum + part.points, 0)
  return Math.round(Math.min(100, Math.max(0, points)))
}

/** 0 of nothing; sums of a rollup may be a rounding error away from their whole. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0
}

function part(name: string, value: number, weight: number): ScorePart {
  const bounded = Math.min(1, Math.max(0, value))
  return { name, value: bounded, weight, points: 100 * weight * bounded }
}
