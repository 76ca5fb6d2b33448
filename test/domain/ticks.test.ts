import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PRICE_DOLLARS_MAX, ticksOf } from '../../src/domain/ticks.ts'

describe('ticksOf', () => {
  it.each([
    [0, 0],
    [0.0001, 1],
    [0.05, 500],
    [0.07, 700],
    [1.1, 11_000],
    [2.45, 24_500],
    [4.35, 43_500],
    [0.00004, 0],
    [0.00006, 1],
    [0.00005, 1],
    [1_000_000, 10_000_000_000],
    [999_999.9999, 9_999_999_999],
    [Number.NaN, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ])('$%f is %f ticks', (dollars, ticks) => {
    expect(ticksOf(dollars)).toBe(ticks)
  })

  it('gives every price of four decimals back exactly', () => {
    fc.assert(
      fc.property(fc.nat(PRICE_DOLLARS_MAX * 10_000), (ticks) => {
        const text = `${Math.floor(ticks / 10_000)}.${`${ticks % 10_000}`.padStart(4, '0')}`
        expect(ticksOf(Number(text))).toBe(ticks)
      }),
      { seed: 4, numRuns: 3000 },
    )
  })
})
