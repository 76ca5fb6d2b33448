import {
  blockSignModel,
  type Comparison,
  meanDifference,
  subsetModel,
  withinStrata,
} from './null-model.ts'
import type { RandomSource } from './signal.ts'

/** Fewer trades say nothing. */
export const TRADES_MIN = 30
/** Below it the random signs are a little too sure of themselves (docs/backtest.md). */
export const BLOCKS_MIN = 20

/** How likely chance alone makes a difference like the one seen. */
export type Judgement = {
  /** Mean value after less mean value before, less what the mix of LONG and SHORT makes of it. */
  readonly difference: number
  /** The larger of the two models: both must find it unlikely. */
  readonly pValue: number
  /** The same for a difference this large or larger, one-sided. */
  readonly pGreater: number
  /** Two-sided, of random subsets: trades taken one by one. */
  readonly pSubsets: number
  /** Two-sided, of random signs: trades of a day taken together. */
  readonly pBlocks: number
  /** Differences of the model that gave pValue, for a picture. */
  readonly chance: readonly number[]
}

/** Why a comparison cannot be judged, or null where it can. */
export function reasonNotToJudge(comparison: Comparison): string | null {
  const { isBefore, isAfter, blocks } = comparison
  const before = isBefore.filter(Boolean).length
  const after = isAfter.filter(Boolean).length
  if (before < TRADES_MIN) return `too few trades: ${before} < ${TRADES_MIN}`
  if (isBefore.every((is, at) => is === isAfter[at])) return 'no change: the same trades are taken'
  if (after < TRADES_MIN) return `too few trades: ${after} < ${TRADES_MIN} after the filter`
  const days = new Set(blocks.filter((_, at) => isBefore[at] || isAfter[at])).size
  return days < BLOCKS_MIN ? `too few days: ${days} < ${BLOCKS_MIN}` : null
}

/** Holds the difference against both models of chance. */
export function judge(given: Comparison, random: RandomSource, resamples?: number): Judgement {
  const comparison = withinStrata(given)
  const subsets = subsetModel(comparison, random, resamples)
  const blocks = blockSignModel(comparison, random, resamples)
  const decisive = blocks.twoSided >= subsets.twoSided ? blocks : subsets
  return {
    difference: meanDifference(comparison),
    pValue: decisive.twoSided,
    pGreater: Math.max(subsets.greater, blocks.greater),
    pSubsets: subsets.twoSided,
    pBlocks: blocks.twoSided,
    chance: decisive.differences,
  }
}
