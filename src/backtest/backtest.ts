import type { BoostSettings } from '../flow/boost.ts'
import { bootstrapIntervals } from './bootstrap.ts'
import { type Interval, totalsOf, winRateOf } from './figures.ts'
import { type Coverage, coverageOf, type Filter, isTakenAfter, isTakenBefore } from './filter.ts'
import { holm } from './holm.ts'
import { type Judgement, judge, reasonNotToJudge } from './judge.ts'
import type { Comparison } from './null-model.ts'
import { blockOf, seedFor } from './sampling.ts'
import type { MakeRandom, SignalInFlow } from './signal.ts'
import { type Figures, figuresOf, finite } from './trade-figures.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export type BacktestOptions = {
  readonly filter: Filter
  readonly boost: BoostSettings
  /** Days that hang together, 1 or more: as long as the trades are held. */
  readonly blockDays: number
  readonly seed: number
  readonly makeRandom: MakeRandom
  readonly resamples?: number
}

/** A judgement with its p corrected for all that were made. */
export type Test = Omit<Judgement, 'chance'> & { readonly pCorrected: number }

export type Difference = {
  /** After less before, -1 to 1. */
  readonly winRate: number | null
  readonly winRateInterval: Interval | null
  readonly expectancy: number | null
  readonly expectancyInterval: Interval | null
}

export type DetectorReport = {
  readonly detector: string
  readonly before: Figures
  readonly after: Figures
  readonly difference: Difference
  /** Share of the trades of before that are there after too, 0 to 1. */
  readonly kept: number | null
  /** Trades that are there after only: a boost has lifted their score. */
  readonly gained: number
  /** Trades before and after that are LONG; the others are SHORT. */
  readonly long: { readonly before: number; readonly after: number }
  /** Days (of blockDays days each) with trades. */
  readonly days: number
  /** Null where too little is there to judge. */
  readonly tests: { readonly winRate: Test; readonly expectancy: Test } | null
  readonly coverage: Coverage
  readonly verdict: Verdict
}

/** What the pictures are drawn from. */
export type Curves = {
  readonly detector: string
  /** Sum of pnl after each trade, in order of time; [epoch ms, sum]. */
  readonly before: readonly (readonly [number, number])[]
  readonly after: readonly (readonly [number, number])[]
  /** Differences of expectancy that chance alone makes; empty where nothing was judged. */
  readonly chance: readonly number[]
}

export type BacktestReport = {
  /** Share of all signals that were won, filter and detector aside; null without signals. */
  readonly baseRate: number | null
  readonly coverage: Coverage
  /** How many p-values the correction was made for. */
  readonly testsMade: number
  readonly detectors: readonly DetectorReport[]
  readonly curves: readonly Curves[]
}

type Compared = {
  readonly detector: string
  readonly items: readonly SignalInFlow[]
  readonly comparison: Comparison
  readonly reason: string | null
  readonly judged: { readonly winRate: Judgement; readonly expectancy: Judgement } | null
}

/**
 * Compares the trades of each detector before and after the filter. Two p-values are made for each
 * detector that has enough of them, of win rate and of expectancy; all are corrected together.
 */
export function runBacktest(
  items: readonly SignalInFlow[],
  options: BacktestOptions,
): BacktestReport {
  const compared = [...byDetector(items)].map(([detector, own]) => compare(detector, own, options))
  const judged = compared.flatMap(({ judged }) => judged ?? [])
  const corrected = holm(judged.flatMap((two) => [two.winRate.pValue, two.expectancy.pValue]))
  let at = 0
  const detectors = compared.map((one) => {
    if (one.judged === null) return reportOf(one, null, options)
    const { winRate, expectancy } = one.judged
    const tests = {
      winRate: testOf(winRate, corrected[at]!),
      expectancy: testOf(expectancy, corrected[at + 1]!),
    }
    at += 2
    return reportOf(one, tests, options)
  })
  return {
    baseRate: finite(winRateOf(totalsOf(items.map(({ signal }) => signal.pnl)))),
    coverage: coverageOf(items, options.boost),
    testsMade: corrected.length,
    detectors,
    curves: compared.map(curvesOf),
  }
}

function byDetector(items: readonly SignalInFlow[]): ReadonlyMap<string, SignalInFlow[]> {
  const sorted = [...items].sort((a, b) => a.signal.timestamp - b.signal.timestamp)
  const groups = Map.groupBy(sorted, ({ signal }) => signal.detector)
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function compare(
  detector: string,
  items: readonly SignalInFlow[],
  { filter, boost, blockDays, seed, makeRandom, resamples }: BacktestOptions,
): Compared {
  const comparison: Comparison = {
    values: items.map(({ signal }) => signal.pnl),
    isBefore: items.map((item) => isTakenBefore(item, filter)),
    isAfter: items.map((item) => isTakenAfter(item, filter, boost)),
    blocks: items.map(({ signal }) => blockOf(signal, blockDays)),
    strata: items.map(({ signal }) => (signal.direction === 'LONG' ? 1 : -1)),
  }
  const hasFlow = items.some(({ context }) => context !== null)
  const reason = hasFlow ? reasonNotToJudge(comparison) : 'no flow is stored for any of its signals'
  if (reason !== null) return { detector, items, comparison, reason, judged: null }
  const random = makeRandom(seedFor(seed, `test ${detector}`))
  const won = { ...comparison, values: comparison.values.map((pnl) => (pnl > 0 ? 1 : 0)) }
  const judged = {
    winRate: judge(won, random, resamples),
    expectancy: judge(comparison, random, resamples),
  }
  return { detector, items, comparison, reason, judged }
}

function testOf({ chance: _, ...judgement }: Judgement, pCorrected: number): Test {
  return { ...judgement, pCorrected }
}

function reportOf(
  { detector, items, comparison, reason }: Compared,
  tests: DetectorReport['tests'],
  { boost, seed, makeRandom, resamples }: BacktestOptions,
): DetectorReport {
  const { values, isBefore, isAfter, blocks } = comparison
  const random = makeRandom(seedFor(seed, `bootstrap ${detector}`))
  const intervals = bootstrapIntervals(comparison, random, resamples)
  const before = figuresOf(detector, values, isBefore, intervals.before)
  const after = figuresOf(detector, values, isAfter, intervals.after)
  const isLong = items.map(({ signal }) => signal.direction === 'LONG')
  const longIn = (isIn: readonly boolean[]) => isIn.filter((is, at) => is && isLong[at]).length
  const keptCount = isBefore.filter((is, at) => is && isAfter[at]).length
  return {
    detector,
    before,
    after,
    difference: {
      winRate: less(after.winRate, before.winRate),
      winRateInterval: intervals.difference.winRate,
      expectancy: less(after.expectancy, before.expectancy),
      expectancyInterval: intervals.difference.expectancy,
    },
    kept: finite(keptCount / before.totalTrades),
    gained: isAfter.filter((is, at) => is && !isBefore[at]).length,
    long: { before: longIn(isBefore), after: longIn(isAfter) },
    days: new Set(blocks.filter((_, at) => isBefore[at] || isAfter[at])).size,
    tests,
    coverage: coverageOf(items, boost),
    verdict: verdictOf(reason, tests),
  }
}

function curvesOf({ detector, items, comparison, judged }: Compared): Curves {
  const curve = (isIn: readonly boolean[]): [number, number][] => {
    let sum = 0
    return items.flatMap(({ signal }, at): [number, number][] => {
      if (!isIn[at]) return []
      sum += signal.pnl
      return [[signal.timestamp, sum]]
    })
  }
  return {
    detector,
    before: curve(comparison.isBefore),
    after: curve(comparison.isAfter),
    chance: judged?.expectancy.chance ?? [],
  }
}

function less(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b
}
