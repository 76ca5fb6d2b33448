import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LastPrices } from '../../src/domain/last-prices.ts'

describe('LastPrices', () => {
  it('gives the last price that differs, as a list of all prices does', () => {
    const price = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant(10 ** 10))
    const print = fc.record({ id: fc.oneof(fc.nat(2), fc.nat(399)), price, asked: price })
    fc.assert(
      fc.property(fc.array(print, { maxLength: 200 }), (prints) => {
        const last = new LastPrices()
        last.ensure(400)
        const lists = new Map<number, number[]>()
        for (const { id, price, asked } of prints) {
          const list = lists.get(id) ?? []
          const expected = list.findLast((before) => before !== asked) ?? Number.NaN
          expect(last.previousDifferent(id, asked)).toBe(expected)
          last.push(id, price)
          lists.set(id, [...list, price])
        }
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('keeps what it has when it makes room, and knows nothing of new contracts', () => {
    const last = new LastPrices()
    last.push(255, 100)
    last.push(255, 200)
    last.ensure(257)
    last.ensure(5000)
    last.ensure(10)
    expect(last.previousDifferent(255, 200)).toBe(100)
    expect(last.previousDifferent(256, 200)).toBeNaN()
    expect(last.previousDifferent(4999, 200)).toBeNaN()
    last.push(4999, 200)
    expect(last.previousDifferent(4999, 200)).toBeNaN()
    expect(last.previousDifferent(4999, 100)).toBe(200)
  })
})
