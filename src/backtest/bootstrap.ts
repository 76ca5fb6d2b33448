import { expectancyOf, type Interval, profitFactorOf, totalsOf, winRateOf } from './figures.ts'
import { type Comparison, RESAMPLES } from './null-model.ts'
import { CONFIDENCE, type RandomSource } from './signal.ts'

/** 95 % intervals; null where there is too little for one. */
export type BootstrapIntervals = {
  readonly before: { readonly profitFactor: Interval | null; readonly expectancy: Interval | null }
  readonly after: { readonly profitFactor: Interval | null; readonly expectancy: Interval | null }
  /** After less before. */
  readonly difference: { readonly winRate: Interval | null; readonly expectancy: Interval | null }
}

/** Columns of what a block adds up to, of the trades before and then of those after. */
const TRADES = 0
const WINS = 1
const GAIN = 2
const LOSS = 3
const WIDTH = 4

/**
 * Percentile intervals of a bootstrap that draws whole blocks (Davison and Hinkley, Bootstrap
 * Methods and their Application (1997), sections 3.8 and 5.3.1): trades of a block hang together,
 * so they come and go together. Percentiles, because a profit factor may be infinite: an order
 * statistic still is what it is, where a corrected one (BCa) would need the factor without a block.
 * `comparison.values` are pnl.
 */
export function bootstrapIntervals(
  comparison: Comparison,
  random: RandomSource,
  resamples = RESAMPLES,
): BootstrapIntervals {
  const blocks = blockSums(comparison)
  const samples = {
    before: { profitFactor: [] as number[], expectancy: [] as number[] },
    after: { profitFactor: [] as number[], expectancy: [] as number[] },
    difference: { winRate: [] as number[], expectancy: [] as number[] },
  }
  const sums = new Float64Array(2 * WIDTH)
  const count = blocks.length / (2 * WIDTH)
  for (let draw = 0; draw < resamples; draw++) {
    sums.fill(0)
    for (let n = 0; n < count; n++) {
      const from = Math.floor(random() * count) * 2 * WIDTH
      for (let column = 0; column < 2 * WIDTH; column++) sums[column]! += blocks[from + column]!
    }
    const before = sidesOf(sums, 0)
    const after = sidesOf(sums, WIDTH)
    samples.before.profitFactor.push(profitFactorOf(before))
    samples.before.expectancy.push(expectancyOf(before))
    samples.after.profitFactor.push(profitFactorOf(after))
    samples.after.expectancy.push(expectancyOf(after))
    samples.difference.winRate.push(winRateOf(after) - winRateOf(before))
    samples.difference.expectancy.push(expectancyOf(after) - expectancyOf(before))
  }
  const ends = (values: number[]): Interval | null => (count < 2 ? null : middleOf(values))
  return {
    before: {
      profitFactor: ends(samples.before.profitFactor),
      expectancy: ends(samples.before.expectancy),
    },
    after: {
      profitFactor: ends(samples.after.profitFactor),
      expectancy: ends(samples.after.expectancy),
    },
    difference: {
      winRate: ends(samples.difference.winRate),
      expectancy: ends(samples.difference.expectancy),
    },
  }
}

/**
 * The two order statistics that hold CONFIDENCE of the draws between them: of 9,999 the 250th from
 * either end. Draws that are NaN (a sample without trades) are left out; null where more than half
 * are, or where even the lower end is infinite.
 */
export function middleOf(draws: readonly number[]): Interval | null {
  const sorted = Float64Array.from(draws.filter((value) => !Number.isNaN(value))).sort()
  if (sorted.length * 2 <= draws.length) return null
  const rank = Math.max(1, Math.round((sorted.length + 1) * ((1 - CONFIDENCE) / 2)))
  const low = sorted[rank - 1]!
  const high = sorted[sorted.length - rank]!
  if (!Number.isFinite(low)) return null
  return [low, Number.isFinite(high) ? high : null]
}

function sidesOf(sums: Float64Array, from: number) {
  return {
    trades: sums[from + TRADES]!,
    wins: sums[from + WINS]!,
    gain: sums[from + GAIN]!,
    loss: sums[from + LOSS]!,
  }
}

function blockSums({ values, isBefore, isAfter, blocks }: Comparison): Float64Array {
  const order = new Map<number, number>()
  for (const [at, block] of blocks.entries()) {
    if ((isBefore[at] || isAfter[at]) && !order.has(block)) order.set(block, order.size)
  }
  const sums = new Float64Array(order.size * 2 * WIDTH)
  for (const [at, pnl] of values.entries()) {
    const { wins, gain, loss } = totalsOf([pnl])
    const from = (order.get(blocks[at]!) ?? 0) * 2 * WIDTH
    for (const [isIn, side] of [
      [isBefore[at], 0],
      [isAfter[at], WIDTH],
    ] as const) {
      if (!isIn) continue
      sums[from + side + TRADES]! += 1
      sums[from + side + WINS]! += wins
      sums[from + side + GAIN]! += gain
      sums[from + side + LOSS]! += loss
    }
  }
  return sums
}
