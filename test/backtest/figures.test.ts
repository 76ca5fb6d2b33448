import { describe, expect, test } from 'vitest'
import { bootstrapIntervals, middleOf } from '../../src/backtest/bootstrap.ts'
import {
  expectancyOf,
  profitFactorOf,
  totalsOf,
  wilsonInterval,
  winRateOf,
} from '../../src/backtest/figures.ts'
import type { Comparison } from '../../src/backtest/null-model.ts'
import { Random } from '../../src/simulator/random.ts'
import { makeRandom } from './noise.ts'

describe('figures', () => {
  test('a tie is a trade that was not won', () => {
    const totals = totalsOf([2, 0, -1, 4, 0])
    expect(totals).toEqual({ trades: 5, wins: 2, ties: 2, gain: 6, loss: 1 })
    expect(winRateOf(totals)).toBe(0.4)
    expect(profitFactorOf(totals)).toBe(6)
    expect(expectancyOf(totals)).toBe(1)
  })

  test.each([
    ['nothing was lost', [1, 2], Infinity],
    ['nothing was won', [-1, -2], 0],
    ['there were ties only', [0, 0], NaN],
    ['there is no trade', [], NaN],
  ])('the profit factor where %s', (_, pnls, factor) => {
    expect(profitFactorOf(totalsOf(pnls))).toBe(factor)
  })

  // R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in
  // Medicine 17 (1998) 857, table I, method 3
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('the Wilson interval of %i of %i is as published', (wins, trades, low, high) => {
    const interval = wilsonInterval(wins, trades)!
    expect(interval[0]).toBeCloseTo(low, 4)
    expect(interval[1]).toBeCloseTo(high, 4)
  })

  test('there is no Wilson interval of no trades', () => {
    expect(wilsonInterval(0, 0)).toBeNull()
  })
})

/** Trades that all stay. */
function all(values: readonly number[], blocks: readonly number[]): Comparison {
  const isIn = values.map(() => true)
  return { values, blocks, isBefore: isIn, isAfter: isIn }
}

describe('the bootstrap', () => {
  test('takes the 250th of 9,999 draws from either end', () => {
    const draws = Array.from({ length: 9_999 }, (_, at) => 9_999 - at)
    expect(middleOf(draws)).toEqual([250, 9_750])
  })

  test('has no upper bound where more draws than that are infinite, and leaves NaN out', () => {
    const draws = Array.from({ length: 999 }, (_, at) => (at >= 900 ? Infinity : at))
    expect(middleOf(draws)).toEqual([24, null])
    expect(middleOf([...draws, ...draws.map(() => NaN)])).toBeNull()
  })

  test('of 4 single trades is that of all 256 samples there are', () => {
    const pnls = [-7, 1, 2, 12]
    const means: number[] = []
    for (const a of pnls)
      for (const b of pnls)
        for (const c of pnls) for (const d of pnls) means.push((a + b + c + d) / 4)
    means.sort((a, b) => a - b)
    const { before, after, difference } = bootstrapIntervals(all(pnls, [0, 1, 2, 3]), makeRandom(3))
    expect(before.expectancy).toEqual(after.expectancy)
    const [low, high] = before.expectancy!
    // 2.5 % of 256 are 6.4 samples
    expect(low).toBeGreaterThanOrEqual(means[5]!)
    expect(low).toBeLessThanOrEqual(means[7]!)
    expect(high).toBeGreaterThanOrEqual(means[248]!)
    expect(high).toBeLessThanOrEqual(means[250]!)
    expect(difference).toEqual({ winRate: [0, 0], expectancy: [0, 0] })
  })

  test('trades of one block come and go together', () => {
    const one = bootstrapIntervals(all([1, -1, 1, -1, 1, -1], [0, 0, 1, 1, 2, 2]), makeRandom(1))
    expect(one.before.expectancy).toEqual([0, 0])
    expect(bootstrapIntervals(all([1, -1], [0, 0]), makeRandom(1)).before.expectancy).toBeNull()
  })

  test('covers the truth about as often as it says, with trades that hang together', () => {
    const random = new Random(11)
    let covered = 0
    let coveredAlone = 0
    const runs = 200
    for (let run = 0; run < runs; run++) {
      const values: number[] = []
      const blocks: number[] = []
      for (let day = 0; day < 40; day++) {
        const move = random.normal()
        for (let n = 0; n < 5; n++) {
          values.push(move + random.normal())
          blocks.push(day)
        }
      }
      const covers = (of: readonly number[]): boolean => {
        const { before } = bootstrapIntervals(all(values, of), () => random.next(), 399)
        return before.expectancy![0] <= 0 && before.expectancy![1]! >= 0
      }
      if (covers(blocks)) covered++
      if (covers(values.map((_, at) => at))) coveredAlone++
    }
    expect(covered / runs).toBeGreaterThan(0.9)
    expect(coveredAlone / runs).toBeLessThan(0.8) // each trade for itself: far too sure
  })
})
