import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type NotablePrint, NotablePrints } from '../../src/console/notable.ts'

const print = (premiumDollars: number, size: number): NotablePrint => ({
  symbol: 'SPX',
  contractTicker: 'O:SPX251219C06475000',
  strikeMills: 6_475_000,
  isCall: true,
  size,
  priceTicks: 1,
  premiumDollars,
  tradeType: 'LARGE',
  sentiment: 'NEUTRAL',
})

/** Sorts everything, earlier of equals first, and takes the top: the plain way. */
function naive(prints: readonly NotablePrint[], max: number) {
  const top = prints.toSorted((a, b) => b.premiumDollars - a.premiumDollars).slice(0, max)
  const rest = prints.filter((p) => !top.includes(p))
  return {
    prints: prints.filter((p) => top.includes(p)),
    restCount: rest.length,
    restPremiumDollars: rest.reduce((sum, p) => sum + p.premiumDollars, 0),
  }
}

test('keeps the largest premiums in order and sums up the rest, like the plain way', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }),
      fc.integer({ min: 0, max: 5 }),
      (premiums, max) => {
        const prints = premiums.map(print)
        const notable = new NotablePrints(max)
        for (const one of prints) notable.add(one)
        expect(notable.take()).toEqual(naive(prints, max))
        expect(notable.take()).toEqual({ prints: [], restCount: 0, restPremiumDollars: 0 })
      },
    ),
    { seed: 20261122, numRuns: 500 },
  )
})

test('tells how large a premium must be to be kept', () => {
  const notable = new NotablePrints(2)
  notable.add(print(5, 0))
  expect(notable.premiumFloor).toBe(-1)
  notable.add(print(3, 1))
  expect(notable.premiumFloor).toBe(3)
  notable.skip(10, 25)
  expect(notable.take()).toMatchObject({ restCount: 10, restPremiumDollars: 25 })
})
