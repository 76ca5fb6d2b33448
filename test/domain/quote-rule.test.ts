import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Side } from '../../src/domain/labels.ts'
import { isUsable, sideOf } from '../../src/domain/quote-rule.ts'

describe('sideOf', () => {
  it.each([
    ['at the ask', 25_000, 24_500, 25_000, Side.Buy],
    ['above the ask', 25_001, 24_500, 25_000, Side.Buy],
    ['at the bid', 24_500, 24_500, 25_000, Side.Sell],
    ['below the bid', 24_499, 24_500, 25_000, Side.Sell],
    ['at the midpoint', 24_750, 24_500, 25_000, Side.Mid],
    ['a tick above the midpoint', 24_751, 24_500, 25_000, Side.Buy],
    ['a tick below the midpoint', 24_749, 24_500, 25_000, Side.Sell],
    ['half a tick above a midpoint between ticks', 24_751, 24_500, 25_001, Side.Buy],
    ['half a tick below a midpoint between ticks', 24_750, 24_500, 25_001, Side.Sell],
    ['at the bid of a quote one tick wide', 24_500, 24_500, 24_501, Side.Sell],
    ['at the ask of a quote one tick wide', 24_501, 24_500, 24_501, Side.Buy],
    ['at the midpoint of a quote two ticks wide', 24_501, 24_500, 24_502, Side.Mid],
    ['at a bid of zero', 0, 0, 500, Side.Sell],
    ['at the midpoint over a bid of zero', 250, 0, 500, Side.Mid],
    ['a tick above a bid of zero', 1, 0, 500, Side.Sell],
    ['at the largest price', 10 ** 10, 10 ** 10 - 1, 10 ** 10, Side.Buy],
    ['at the midpoint of the largest quote', 5 * 10 ** 9, 0, 10 ** 10, Side.Mid],
  ])('%s', (_, price, bid, ask, side) => {
    expect(sideOf(price, bid, ask)).toBe(side)
  })

  it('mirrors: a price as far from the bid as another from the ask has the other side', () => {
    const ticks = fc.nat(10 ** 10)
    const mirrored = { [Side.Buy]: Side.Sell, [Side.Sell]: Side.Buy, [Side.Mid]: Side.Mid }
    fc.assert(
      fc.property(ticks, fc.integer({ min: 1, max: 10 ** 6 }), ticks, (bid, spread, price) => {
        const ask = bid + spread
        const near = bid - 2 + (price % (spread + 5)) // two ticks outside on either side
        const side = sideOf(near, bid, ask)
        expect(side).not.toBe(Side.Unknown)
        expect(sideOf(bid + ask - near, bid, ask)).toBe(mirrored[side as 0 | 1 | 2])
        expect(side === Side.Mid).toBe(near - bid === ask - near)
      }),
      { seed: 5, numRuns: 2000 },
    )
  })
})

describe('isUsable', () => {
  it.each([
    ['an ordinary quote', 24_500, 25_000, true],
    ['a bid of zero', 0, 1, true],
    ['a negative zero bid', -0, 1, true],
    ['a quote of zeros', 0, 0, false],
    ['a locked quote', 25_000, 25_000, false],
    ['a crossed quote', 25_001, 25_000, false],
    ['a negative bid', -1, 25_000, false],
    ['no bid', Number.NaN, 25_000, false],
    ['no ask', 24_500, Number.NaN, false],
    ['no quote', Number.NaN, Number.NaN, false],
  ])('%s', (_, bid, ask, usable) => {
    expect(isUsable(bid, ask)).toBe(usable)
  })
})
