import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holm } from '../../src/backtest/holm.ts'
import {
  blockContributions,
  blockSignModel,
  type Comparison,
  meanDifference,
  subsetModel,
} from '../../src/backtest/null-model.ts'
import { makeRandom } from './noise.ts'

/** Trades of a block each, of which `lost` are removed. */
function removing(values: readonly number[], lost: readonly number[]): Comparison {
  return {
    values,
    isBefore: values.map(() => true),
    isAfter: values.map((_, at) => !lost.includes(at)),
    blocks: values.map((_, at) => at),
  }
}

const never = (): number => {
  throw new Error('what is enumerated needs no random numbers')
}

describe('random subsets', () => {
  test("are Fisher's exact test for wins: the lady tasting tea", () => {
    // 8 cups, 4 of each kind, all told right: 1 of 70
    const { greater, twoSided } = subsetModel(
      removing([1, 1, 1, 1, 0, 0, 0, 0], [4, 5, 6, 7]),
      never,
    )
    expect(greater).toBeCloseTo(1 / 70, 12)
    expect(twoSided).toBeCloseTo(2 / 70, 12)
    // one of each kind taken for the other: (1 + 16) / 70
    const one = subsetModel(removing([1, 1, 1, 1, 0, 0, 0, 0], [0, 5, 6, 7]), never)
    expect(one.greater).toBeCloseTo(17 / 70, 12)
  })

  test('are enumerated where they are few', () => {
    // of 5 trades 2 go: 10 choices, and taking the two worst is the best of them
    const model = subsetModel(removing([3, -5, 2, -4, 1], [1, 3]), never)
    expect(model.differences).toHaveLength(10)
    expect(model.greater).toBeCloseTo(1 / 10, 12)
    expect(model.twoSided).toBeCloseTo(2 / 10, 12)
  })

  test('that are drawn come near the exact chance, and never give 0', () => {
    const wins = Array.from({ length: 60 }, (_, at) => (at % 3 === 0 ? 1 : 0))
    const lost = Array.from({ length: 22 }, (_, at) => at + (at < 11 ? 0 : 20))
    const exact = subsetModel(removing(wins, lost), never)
    const twos = wins.map((win) => 2 * win) // the same chances, and no wins to be counted
    const drawn = subsetModel(removing(twos, lost), makeRandom(5), 20_000)
    expect(drawn.differences).toHaveLength(20_000)
    expect(Math.abs(drawn.greater - exact.greater)).toBeLessThan(0.015)
    expect(Math.abs(drawn.twoSided - exact.twoSided)).toBeLessThan(0.03)
    const extreme = subsetModel(
      removing([...wins, -99, -98, -97, -96], [60, 61, 62, 63]),
      makeRandom(5),
      999,
    )
    expect(extreme.greater).toBe(1 / 1000)
  })

  test('of two filters have the mean of what they may be: nought', () => {
    const comparison: Comparison = {
      values: Array.from({ length: 60 }, (_, at) => (at * 37) % 11),
      isBefore: Array.from({ length: 60 }, (_, at) => at < 40),
      isAfter: Array.from({ length: 60 }, (_, at) => at >= 25),
      blocks: Array.from({ length: 60 }, (_, at) => at),
    }
    const { differences } = subsetModel(comparison, makeRandom(1), 20_000)
    const mean = differences.reduce((a, b) => a + b, 0) / differences.length
    expect(Math.abs(mean)).toBeLessThan(0.02)
  })
})

describe('random signs of blocks', () => {
  const comparisons = fc
    .array(
      fc.record({
        value: fc.integer({ min: -1000, max: 1000 }),
        isBefore: fc.boolean(),
        isAfter: fc.boolean(),
        block: fc.integer({ min: 0, max: 5 }),
      }),
      { minLength: 4, maxLength: 40 },
    )
    .filter((all) => all.some(({ isBefore }) => isBefore) && all.some(({ isAfter }) => isAfter))
    .map((all) => ({
      values: all.map(({ value }) => value),
      isBefore: all.map(({ isBefore }) => isBefore),
      isAfter: all.map(({ isAfter }) => isAfter),
      blocks: all.map(({ block }) => block),
    }))

  test('begin from contributions that add up to the difference', () => {
    fc.assert(
      fc.property(comparisons, (comparison) => {
        const sum = blockContributions(comparison).reduce((all, part) => all + part, 0)
        expect(sum).toBeCloseTo(meanDifference(comparison), 8)
      }),
    )
  })

  test('do not care for what is added to all values', () => {
    fc.assert(
      fc.property(comparisons, fc.integer({ min: -5000, max: 5000 }), (comparison, more) => {
        const moved = { ...comparison, values: comparison.values.map((value) => value + more) }
        const parts = blockContributions(comparison)
        for (const [at, part] of blockContributions(moved).entries()) {
          expect(part).toBeCloseTo(parts[at]!, 6)
        }
      }),
    )
  })

  test('come close to all that there are: contributions of one sign are 2 of 2^n', () => {
    // each day keeps its winner and loses its loser: the same contribution each day
    const values = [1, -1, 1, -1, 1, -1, 1, -1]
    const comparison = {
      ...removing(values, [1, 3, 5, 7]),
      blocks: [0, 0, 1, 1, 2, 2, 3, 3],
    }
    const { greater, twoSided, differences } = blockSignModel(comparison, makeRandom(1))
    expect(new Set(differences.map((one) => one.toFixed(9))).size).toBe(5)
    // three deviations of 9,999 draws
    expect(Math.abs(greater - 1 / 16)).toBeLessThan(0.0073)
    expect(Math.abs(twoSided - 2 / 16)).toBeLessThan(0.0146)
  })

  test('one day that says it all is no evidence, however many trades it has', () => {
    const values = Array.from({ length: 200 }, (_, at) => (at < 100 ? 0 : at % 2 === 0 ? 5 : -5))
    const comparison: Comparison = {
      values,
      isBefore: values.map(() => true),
      isAfter: values.map((value) => value >= 0),
      blocks: values.map((_, at) => (at < 100 ? at : 1000)),
    }
    expect(subsetModel(comparison, makeRandom(1), 999).twoSided).toBeLessThan(0.01)
    expect(blockSignModel(comparison, makeRandom(1), 999).twoSided).toBeGreaterThan(0.3)
  })
})

describe('Holm', () => {
  test('corrects the textbook case', () => {
    const corrected = holm([0.01, 0.04, 0.03, 0.005])
    for (const [at, p] of [0.03, 0.06, 0.06, 0.02].entries())
      expect(corrected[at]).toBeCloseTo(p, 12)
    expect(holm([])).toEqual([])
  })

  test('is never below what came, never above 1, and keeps the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (pValues) => {
        const corrected = holm(pValues)
        for (const [at, p] of pValues.entries()) {
          expect(corrected[at]).toBeGreaterThanOrEqual(p)
          expect(corrected[at]).toBeLessThanOrEqual(1)
          for (const [other, q] of pValues.entries()) {
            if (p < q) expect(corrected[at]).toBeLessThanOrEqual(corrected[other]!)
          }
        }
      }),
    )
  })
})
