import { expect, it } from 'vitest'
import { rateOf, weighedOf, wilson } from '../../bench/labels/rates.ts'
import { both, percent, table, whole, withInterval } from '../../bench/labels/tables.ts'

// worked by hand and as printed in Newcombe 1998, Statistics in Medicine 17, 857-872, method 3
it.each([
  [{ hits: 81, total: 263 }, 0.2553, 0.3662],
  [{ hits: 15, total: 148 }, 0.0624, 0.1605],
  [{ hits: 0, total: 20 }, 0, 0.1611],
  [{ hits: 1, total: 29 }, 0.0061, 0.1718],
  [{ hits: 29, total: 29 }, 0.883, 1],
])('gives the Wilson interval of %o', (rate, low, high) => {
  const interval = wilson(rate)!
  expect(interval.low).toBeCloseTo(low, 4)
  expect(interval.high).toBeCloseTo(high, 4)
})

it('gives no interval where there are no cases', () => {
  expect(wilson({ hits: 0, total: 0 })).toBeNull()
  expect(withInterval({ hits: 0, total: 0 })).toBe('-')
})

it('counts prints and their premium', () => {
  const prints = [
    { premium: 100, isAsked: true, isHit: true },
    { premium: 300, isAsked: true, isHit: false },
    { premium: 999, isAsked: false, isHit: true },
  ]
  type Print = (typeof prints)[number]
  const isAsked = (print: Print) => print.isAsked
  const isHit = (print: Print) => print.isHit
  expect(rateOf(prints, isAsked, isHit)).toEqual({ hits: 1, total: 2 })
  expect(weighedOf(prints, isAsked, isHit)).toEqual({
    prints: { hits: 1, total: 2 },
    premium: { hits: 100, total: 400 },
  })
})

it('writes numbers and tables', () => {
  expect([0, 999, 1000, 1_234_567.4].map(whole)).toEqual(['0', '999', '1,000', '1,234,567'])
  const counts = [0, 1, 5000, 9999, 10_000].map((hits) => percent({ hits, total: 10_000 }))
  expect(counts).toEqual(['0.0', '<0.1', '50.0', '>99.9', '100.0'])
  const rate = { hits: 81, total: 263 }
  expect(percent(rate)).toBe('30.8')
  expect(withInterval(rate)).toBe('30.8 (25.5-36.6)')
  expect(both({ prints: rate, premium: { hits: 1, total: 2 } })).toBe('30.8 / 50.0')
  expect(table(['a', 'b'], [['1', '2']])).toBe('| a | b |\n| --- | --- |\n| 1 | 2 |')
})
