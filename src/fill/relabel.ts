import { conditionOf, policyOf } from '../domain/conditions.ts'
import { type Aggressiveness, AverageScope, type TradeType } from '../domain/labels.ts'
import * as opra from '../domain/opra.ts'
import * as seed from '../domain/seed.ts'
import type { Rules } from '../shard/labeller.ts'
import { FLAG_BLOCK, FLAG_UNUSUAL } from '../slab/row-slab.ts'
import type { SlabRow } from './slab-row.ts'
import type { StoredRow } from './stored-rows.ts'

/** What a window decides of a print. */
export type WindowLabels = {
  readonly tradeType: TradeType
  readonly isSweep: boolean
  readonly aggressiveness: Aggressiveness
}

/** A leg of a sweep or of a split, or neither. */
export type Part = 'sweep' | 'split' | null

/**
 * The labels of a stored print by its own average size and quote, as part of this window. Under
 * `seed` no window changes anything.
 */
export function labelsIn(part: Part, row: StoredRow, rules: Rules): WindowLabels {
  const { tradeType, isSweep, aggressiveness, size, averageCount, side, price, bid, ask } = row
  if (rules === 'seed') return { tradeType, isSweep, aggressiveness }
  const { isIso } = policyOf(row.conditions.map(conditionOf))
  // sums of sizes up to 2^23 come back exactly from a mean of 7 digits and its count
  const sum = averageCount === 0 ? 0 : Math.round(row.averageSize * averageCount)
  const single = opra.singleType(size, sum, averageCount, isIso)
  const type = part === null ? single : opra.legType(single, part === 'sweep')
  return {
    tradeType: type,
    isSweep: isIso || part === 'sweep',
    aggressiveness: opra.aggressivenessOf(side, type, price, bid, ask),
  }
}

/** An average size over `count` prints that add up to `sum` contracts. */
export type Average = { readonly sum: number; readonly count: number }

/**
 * A new row that has no average size with the one of its underlying, and what follows from it.
 * `isSweepType`: whether its conditions make it a sweep by itself.
 */
export function withAverage(
  row: SlabRow,
  { sum, count }: Average,
  part: Part,
  isSweepType: boolean,
  rules: Rules,
): SlabRow {
  if (row.averageCount > 0 || count === 0) return row
  const { size } = row
  const isBlock = rules === 'opra' ? opra.isBlock(size, sum, count) : seed.isBlock(size, sum, count)
  const isUnusual = row.openInterest < 0 && size * count >= 5 * sum
  return {
    ...row,
    averageSum: sum,
    averageCount: count,
    averageScope: AverageScope.Underlying,
    flags: row.flags | (isBlock ? FLAG_BLOCK : 0) | (isUnusual ? FLAG_UNUSUAL : 0),
    tradeType: typeOf(size, sum, count, part, isSweepType, rules),
  }
}

function typeOf(
  size: number,
  sum: number,
  count: number,
  part: Part,
  isSweepType: boolean,
  rules: Rules,
): TradeType {
  if (rules === 'seed') return seed.tradeTypeOf(size, sum, count, isSweepType)
  const single = opra.singleType(size, sum, count, isSweepType)
  return part === null ? single : opra.legType(single, part === 'sweep')
}
