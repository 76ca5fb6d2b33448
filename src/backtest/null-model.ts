import { combinations } from 'simple-statistics'
import type { RandomSource } from './signal.ts'

/** Draws of a distribution that is not enumerated. p can not be below 1 / (RESAMPLES + 1). */
export const RESAMPLES = 9_999
/** A distribution with no more outcomes than this is enumerated: its p is exact. */
const OUTCOMES_MAX = 10_000
/** Differences closer than this part of the larger one are equal: sums in another order differ. */
const EQUAL_PART = 1e-9

/**
 * Trades before and after a filter. The difference that is judged: mean value of those after it
 * less mean value of those before it.
 */
export type Comparison = {
  /** Of each trade: its pnl, or 1 for a win and 0 for none. */
  readonly values: readonly number[]
  readonly isBefore: readonly boolean[]
  readonly isAfter: readonly boolean[]
  /** Trades of one block may hang together, those of different blocks do not. */
  readonly blocks: readonly number[]
  /**
   * Trades that differ beforehand: 1 LONG, -1 SHORT. A filter must do better than another one that
   * keeps as many of each, or a market that rises makes it right. Left out: all are alike.
   */
  readonly strata?: readonly number[]
}

export type PValues = {
  /** Chance of a difference as large as this one or larger. */
  readonly greater: number
  /** Chance of one as far from nought in either direction. */
  readonly twoSided: number
}

export type NullModel = PValues & {
  /** Differences that chance alone makes; empty where p was calculated without any. */
  readonly differences: readonly number[]
}

/** After less before; NaN where either has no trade. */
export function meanDifference({ values, isBefore, isAfter }: Comparison): number {
  return meanWhere(values, isAfter) - meanWhere(values, isBefore)
}

/** The values of each trade less the mean of its stratum, over the trades before or after. */
export function withinStrata(comparison: Comparison): Comparison {
  const { values, strata } = comparison
  if (strata === undefined || new Set(strata).size < 2) return comparison
  const means = meansByStratum(comparison, values)
  return { ...comparison, values: values.map((value, at) => value - means.get(strata[at]!)!) }
}

/**
 * Random subsets: which trades a filter keeps has nothing to do with their values, and each choice
 * of as many is as likely. Exact for trades that do not hang together, whatever their values.
 * Wins that are only removed follow the hypergeometric distribution (Fisher's exact test).
 */
export function subsetModel(
  comparison: Comparison,
  random: RandomSource,
  resamples = RESAMPLES,
): NullModel {
  const pool = unionOf(comparison)
  const observed = meanDifference(comparison)
  if (pool.gained === 0 && pool.values.every((value) => value === 0 || value === 1)) {
    return { ...hypergeometric(pool), differences: [] }
  }
  const isFew = pool.gained === 0 && binomial(pool.values.length, smaller(pool)) <= OUTCOMES_MAX
  if (isFew) {
    const differences = everySubset(pool)
    return { ...tails(observed, differences, 0), differences }
  }
  const differences = randomSubsets(pool, random, resamples)
  return { ...tails(observed, differences, 1), differences }
}

/**
 * Random signs: what each block contributes to the difference is as likely to be of the other sign.
 * Holds however the trades of a block hang together; needs a good number of blocks. Score
 * contributions summed over clusters, with their signs flipped: Hemerik, Goeman and Finos, Robust
 * testing in generalized linear models by sign flipping score contributions, JRSS B 82 (2020).
 */
export function blockSignModel(
  comparison: Comparison,
  random: RandomSource,
  resamples = RESAMPLES,
): NullModel {
  const contributions = blockContributions(comparison)
  const observed = meanDifference(comparison)
  const spread = spreadOf(comparison, contributions.length)
  const widened = contributions.map((part) => part * spread)
  const differences = randomSigns(widened, random, resamples)
  return { ...tails(observed, differences, 1), differences }
}

/**
 * Means of strata that are taken out make the contributions of few blocks too small by this: n over
 * n less the strata, as for errors of clusters (Cameron and Miller, J. Human Resources 50, 2015).
 */
function spreadOf({ strata }: Comparison, blocks: number): number {
  const taken = new Set(strata).size
  return taken < 2 ? 1 : Math.sqrt(blocks / Math.max(1, blocks - taken))
}

/** Of each block; they add up to the difference. */
export function blockContributions(comparison: Comparison): number[] {
  const { values, isBefore, isAfter, blocks, strata } = comparison
  const beforeCount = countOf(isBefore)
  const afterCount = countOf(isAfter)
  const centre = meanWhere(
    values,
    values.map((_, at) => isBefore[at]! || isAfter[at]!),
  )
  const raw = values.map(
    (_, at) => (isAfter[at] ? 1 / afterCount : 0) - (isBefore[at] ? 1 / beforeCount : 0),
  )
  // what each stratum has on the whole is no doing of the block
  const means = strata === undefined ? null : meansByStratum(comparison, raw)
  const sums = new Map<number, number>()
  for (const [at, value] of values.entries()) {
    const weight = raw[at]! - (means?.get(strata![at]!) ?? 0)
    if (isBefore[at] || isAfter[at]) {
      sums.set(blocks[at]!, (sums.get(blocks[at]!) ?? 0) + weight * (value - centre))
    }
  }
  return [...sums.values()]
}

function meansByStratum(
  { isBefore, isAfter, strata }: Comparison,
  of: readonly number[],
): ReadonlyMap<number, number> {
  const means = new Map<number, number>()
  for (const stratum of new Set(strata)) {
    const isIn = of.map((_, at) => strata![at] === stratum && (isBefore[at]! || isAfter[at]!))
    means.set(stratum, isIn.includes(true) ? meanWhere(of, isIn) : 0)
  }
  return means
}

/** Values of all trades that are before or after; how many are only before, or only after. */
type Union = {
  readonly values: readonly number[]
  readonly lost: number
  readonly gained: number
  readonly isLost: readonly boolean[]
}

function unionOf({ values, isBefore, isAfter }: Comparison): Union {
  const at = values.map((_, index) => index).filter((i) => isBefore[i]! || isAfter[i]!)
  const isLost = at.map((i) => !isAfter[i]!)
  return {
    values: at.map((i) => values[i]!),
    isLost,
    lost: countOf(isLost),
    gained: at.filter((i) => !isBefore[i]!).length,
  }
}

function differenceOf(
  { values, lost, gained }: Union,
  total: number,
  sums: {
    readonly lost: number
    readonly gained: number
  },
): number {
  const n = values.length
  return (total - sums.lost) / (n - lost) - (total - sums.gained) / (n - gained)
}

function randomSubsets(union: Union, random: RandomSource, resamples: number): number[] {
  const { lost, gained } = union
  const pool = Float64Array.from(union.values)
  const total = sum(union.values)
  return Array.from({ length: resamples }, () => {
    const sums = { lost: 0, gained: 0 }
    for (let at = 0; at < lost + gained; at++) {
      const other = at + Math.floor(random() * (pool.length - at))
      const taken = pool[other]!
      pool[other] = pool[at]!
      pool[at] = taken
      if (at < lost) sums.lost += taken
      else sums.gained += taken
    }
    return differenceOf(union, total, sums)
  })
}

function everySubset(union: Union): number[] {
  const { values, lost } = union
  const total = sum(values)
  const least = smaller(union)
  return combinations([...values], least).map((subset) => {
    const part = sum(subset)
    return differenceOf(union, total, { lost: least === lost ? part : total - part, gained: 0 })
  })
}

/** Trades kept, or removed, whichever are fewer. */
function smaller({ values, lost }: Union): number {
  return Math.min(lost, values.length - lost)
}

/** Wins among the removed trades: the fewer, the better the filter. */
function hypergeometric({ values, isLost, lost }: Union): PValues {
  const n = values.length
  const wins = sum(values)
  const winsLost = sum(values.filter((_, at) => isLost[at]))
  const logOf = logFactorials(n)
  const choose = (of: number, take: number): number => logOf[of]! - logOf[take]! - logOf[of - take]!
  let atMost = 0
  let atLeast = 0
  for (let x = Math.max(0, lost - (n - wins)); x <= Math.min(lost, wins); x++) {
    const chance = Math.exp(choose(wins, x) + choose(n - wins, lost - x) - choose(n, lost))
    if (x <= winsLost) atMost += chance
    if (x >= winsLost) atLeast += chance
  }
  return { greater: Math.min(1, atMost), twoSided: Math.min(1, 2 * Math.min(atMost, atLeast)) }
}

function logFactorials(n: number): Float64Array {
  const logs = new Float64Array(n + 1)
  for (let i = 2; i <= n; i++) logs[i] = logs[i - 1]! + Math.log(i)
  return logs
}

function randomSigns(
  contributions: readonly number[],
  random: RandomSource,
  resamples: number,
): number[] {
  return Array.from({ length: resamples }, () => {
    let flipped = 0
    let bits = 0
    for (let at = 0; at < contributions.length; at++) {
      bits = at % 32 === 0 ? Math.floor(random() * 2 ** 32) : bits >>> 1
      flipped += (bits & 1) === 0 ? contributions[at]! : -contributions[at]!
    }
    return flipped
  })
}

/**
 * `observedToo` 1: the observed difference counts as one more draw, so that p of random draws is
 * never too small (Phipson and Smyth 2010); 0 where all outcomes are there.
 */
function tails(observed: number, differences: readonly number[], observedToo: 0 | 1): PValues {
  const slack = EQUAL_PART * Math.max(Math.abs(observed), Number.MIN_VALUE)
  let above = observedToo
  let below = observedToo
  for (const difference of differences) {
    if (difference >= observed - slack) above++
    if (difference <= observed + slack) below++
  }
  const draws = differences.length + observedToo
  return {
    greater: above / draws,
    twoSided: Math.min(1, (2 * Math.min(above, below)) / draws),
  }
}

function binomial(n: number, k: number): number {
  let ways = 1
  for (let i = 1; i <= k && ways <= OUTCOMES_MAX; i++) ways = (ways * (n - k + i)) / i
  return ways
}

function meanWhere(values: readonly number[], isIn: readonly boolean[]): number {
  let total = 0
  let n = 0
  for (const [at, value] of values.entries()) {
    if (!isIn[at]) continue
    total += value
    n++
  }
  return total / n
}

function countOf(isIn: readonly boolean[]): number {
  return isIn.filter(Boolean).length
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
