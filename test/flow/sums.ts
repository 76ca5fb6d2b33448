import fc from 'fast-check'
import type { FlowSums } from '../../src/flow/scores.ts'
import { VECTOR_COLUMNS } from '../../src/rollup/vector.ts'

const NOTHING = Object.fromEntries(VECTOR_COLUMNS.map((column) => [column, 0])) as FlowSums

/** Sums with these in them and 0 else. */
export function sums(over: Partial<FlowSums>): FlowSums {
  return { ...NOTHING, ...over }
}

/** What a print is to the sums. */
export type SummedPrint = {
  readonly type: 'SWEEP' | 'BLOCK' | 'SPLIT' | 'LARGE' | 'REGULAR'
  readonly side: 'BUY' | 'SELL' | 'MID' | 'UNKNOWN'
  readonly isCall: boolean
  readonly aggressiveness: 'AGGRESSIVE' | 'NORMAL' | 'PASSIVE'
  readonly size: number
  readonly premium: number
}

/** Adds up prints by the rules (rules.md), one by one. */
export function sumsOf(prints: readonly SummedPrint[]): FlowSums {
  const total: Record<string, number> = { ...NOTHING }
  const add = (column: keyof FlowSums, value: number): void => {
    total[column]! += value
  }
  for (const { type, side, isCall, aggressiveness, size, premium } of prints) {
    add('trades', 1)
    add('volume', size)
    add('premium', premium)
    if (isCall) {
      add('call_volume', size)
      add('call_premium', premium)
    }
    if (side === 'BUY' || side === 'SELL') {
      add(side === 'BUY' ? 'buy_volume' : 'sell_volume', size)
      add(side === 'BUY' ? 'buy_premium' : 'sell_premium', premium)
      add((side === 'BUY') === isCall ? 'bullish_premium' : 'bearish_premium', premium)
      if (aggressiveness === 'AGGRESSIVE') add('aggressive_premium', premium)
      if (aggressiveness === 'PASSIVE') add('passive_premium', premium)
    }
    if (type !== 'REGULAR') {
      const name = type.toLowerCase() as 'sweep' | 'block' | 'split' | 'large'
      add(`${name}_count`, 1)
      add(`${name}_premium`, premium)
    }
  }
  return total as FlowSums
}

export const anyPrint: fc.Arbitrary<SummedPrint> = fc.record({
  type: fc.constantFrom('SWEEP', 'BLOCK', 'SPLIT', 'LARGE', 'REGULAR'),
  side: fc.constantFrom('BUY', 'SELL', 'MID', 'UNKNOWN'),
  isCall: fc.boolean(),
  aggressiveness: fc.constantFrom('AGGRESSIVE', 'NORMAL', 'PASSIVE'),
  size: fc.integer({ min: 1, max: 5000 }),
  premium: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000_000 })),
})

export const anyPrints = fc.array(anyPrint, { minLength: 1, maxLength: 60 })
