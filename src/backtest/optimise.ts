import { applyFlowBoost, type BoostSettings } from '../flow/boost.ts'
import { bootstrapIntervals } from './bootstrap.ts'
import { type FoldOptions, walkForward } from './folds.ts'
import { candidates, isSame } from './grid.ts'
import { type Judgement, judge, reasonNotToJudge, TRADES_MIN } from './judge.ts'
import type { Comparison } from './null-model.ts'
import { blockOf, seedFor } from './sampling.ts'
import { CONFIDENCE, type MakeRandom, type SignalInFlow } from './signal.ts'
import { type Figures, figuresOf } from './trade-figures.ts'

export type OptimiseOptions = FoldOptions & {
  /** A trade is taken whose boosted score is at least this. */
  readonly minScore: number
  /** The settings that stay unless others are better. */
  readonly inForce: BoostSettings
  readonly seed: number
  readonly makeRandom: MakeRandom
  readonly resamples?: number
}

export type FoldReport = {
  /** Epoch ms of the first and the last signal of the test fold. */
  readonly from: number
  readonly to: number
  /** Signals learnt from, too near to learn from, and tested on. */
  readonly train: number
  readonly purged: number
  readonly test: number
  /** What was best on what came before. */
  readonly chosen: BoostSettings
}

/** Every figure is out of sample: of trades later than all that the settings were chosen on. */
export type OptimiseReport = {
  readonly signals: number
  readonly candidates: number
  readonly folds: readonly FoldReport[]
  readonly inForce: Figures
  readonly chosen: Figures
  readonly judgement: Omit<Judgement, 'chance'> | null
  readonly isBetter: boolean
  /** What to set; null: what is in force stays. */
  readonly settings: BoostSettings | null
  /** One sentence for a person. */
  readonly verdict: OptimiseVerdict
}

type OptimiseVerdict = {
  readonly kind: 'better' | 'worse' | 'no evidence' | 'not judged' | 'no change'
  /** Why nothing was judged, else null. */
  readonly reason: string | null
}

/**
 * Chooses thresholds and multipliers that give the taken trades the best mean pnl, on each fold's
 * past, and judges the choice on the fold itself. The settings in force stay unless what was chosen
 * does better out of sample than chance alone explains.
 */
export function optimise(items: readonly SignalInFlow[], options: OptimiseOptions): OptimiseReport {
  const sorted = [...items].sort((a, b) => a.signal.timestamp - b.signal.timestamp)
  const signals = sorted.map(({ signal }) => signal)
  const pnls = signals.map(({ pnl }) => pnl)
  const grid = candidates(options.inForce)
  const taken = grid.map((settings) => takenOf(sorted, settings, options.minScore))
  const bestOn = (train: readonly number[]): number => best(pnls, taken, train)

  const folds = walkForward(signals, options)
  const tested = folds.map((fold) => ({ ...fold, best: bestOn(fold.train) }))
  const outOfSample = tested.flatMap(({ test, best: at }) =>
    test.map((index) => ({
      pnl: pnls[index]!,
      isBefore: taken[0]![index]! === 1,
      isAfter: taken[at]![index]! === 1,
      block: blockOf(signals[index]!, options.blockDays),
      stratum: signals[index]!.direction === 'LONG' ? 1 : -1,
    })),
  )
  const comparison: Comparison = {
    values: outOfSample.map(({ pnl }) => pnl),
    isBefore: outOfSample.map(({ isBefore }) => isBefore),
    isAfter: outOfSample.map(({ isAfter }) => isAfter),
    blocks: outOfSample.map(({ block }) => block),
    strata: outOfSample.map(({ stratum }) => stratum),
  }
  const random = options.makeRandom(seedFor(options.seed, 'optimise'))
  const intervals = bootstrapIntervals(comparison, random, options.resamples)
  const final = grid[bestOn(signals.map((_, at) => at))]!
  return {
    signals: items.length,
    candidates: grid.length,
    folds: tested.map(({ train, test, purged, best: at }) => ({
      from: signals[test[0]!]!.timestamp,
      to: signals[test.at(-1)!]!.timestamp,
      train: train.length,
      purged,
      test: test.length,
      chosen: grid[at]!,
    })),
    inForce: figuresOf('in force', comparison.values, comparison.isBefore, intervals.before),
    chosen: figuresOf('chosen', comparison.values, comparison.isAfter, intervals.after),
    ...decided(comparison, final, options, random),
  }
}

function decided(
  comparison: Comparison,
  final: BoostSettings,
  { inForce, resamples }: OptimiseOptions,
  random: () => number,
): Pick<OptimiseReport, 'judgement' | 'isBetter' | 'settings' | 'verdict'> {
  const reason = reasonNotToJudge(comparison)
  if (reason !== null) {
    const verdict = { kind: 'not judged', reason } as const
    return { judgement: null, isBetter: false, settings: null, verdict }
  }
  const { chance: _, ...judgement } = judge(comparison, random, resamples)
  const isFound = judgement.pValue <= 1 - CONFIDENCE
  const isBetter = isFound && judgement.difference > 0
  const isNew = !isSame(final, inForce)
  const kind = !isFound ? 'no evidence' : !isBetter ? 'worse' : isNew ? 'better' : 'no change'
  return {
    judgement,
    isBetter,
    settings: kind === 'better' ? final : null,
    verdict: { kind, reason: null },
  }
}

/** 1 for each trade that is taken with these settings. */
function takenOf(
  items: readonly SignalInFlow[],
  settings: BoostSettings,
  minScore: number,
): Uint8Array {
  return Uint8Array.from(items, ({ signal, context }) => {
    const boosted = applyFlowBoost(signal.score, context, signal.direction, settings)
    return boosted >= minScore ? 1 : 0
  })
}

/**
 * The candidate with the best mean pnl on `train`, the first of equals. One that takes fewer than
 * half of the trades that the first takes, or fewer than TRADES_MIN, is none.
 */
function best(
  pnls: readonly number[],
  taken: readonly Uint8Array[],
  train: readonly number[],
): number {
  const found = taken.map((isTaken) => {
    let trades = 0
    let sum = 0
    for (const index of train) {
      if (isTaken[index] === 0) continue
      trades++
      sum += pnls[index]!
    }
    return { trades, mean: sum / trades }
  })
  const least = Math.max(TRADES_MIN, found[0]!.trades / 2)
  let chosen = 0
  for (const [at, { trades, mean }] of found.entries()) {
    if (found[0]!.trades < TRADES_MIN) return 0
    if (trades >= least && mean > found[chosen]!.mean) chosen = at
  }
  return chosen
}
