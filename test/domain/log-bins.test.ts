import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binCount, binOf } from '../../src/domain/log-bins.ts'

const BINS = binCount(31)

describe('binOf', () => {
  it('gives each number below 128 the bin of the picture', () => {
    for (let value = 0; value < 64; value++) expect(binOf(value, BINS)).toBe(value)
    for (let value = 64; value < 128; value++) {
      expect(binOf(value, BINS)).toBe(64 + ((value - 64) >> 1))
    }
  })

  it('leaves no bin out and never goes back', () => {
    const bins = binCount(16)
    let last = 0
    for (let value = 0; value < 2 ** 16; value++) {
      const bin = binOf(value, bins)
      expect(bin === last || bin === last + 1).toBe(true)
      last = bin
    }
    expect(last).toBe(bins - 1)
  })

  it('holds numbers together only where they are at most 1/32 apart', () => {
    const number = fc.integer({ min: 0, max: 2 ** 31 - 1 })
    fc.assert(
      fc.property(number, fc.integer({ min: 0, max: 80 }), (value, thousandths) => {
        const larger = Math.floor(value * (1 + thousandths / 1000))
        if (larger >= 2 ** 31) return
        const isTogether = binOf(value, BINS) === binOf(larger, BINS)
        if (isTogether) expect((larger - value) / value || 0).toBeLessThan(1 / 32)
        if (larger >= value + value / 32 + 1) expect(isTogether).toBe(false)
      }),
      { seed: 31, numRuns: 5000 },
    )
  })

  it.each([
    ['the largest of 16 bits', 2 ** 16 - 1, binCount(16), 383],
    ['the first number too large', 2 ** 16, binCount(16), 383],
    ['the largest number of 31 bits', 2 ** 31 - 1, BINS, BINS - 1],
    ['a number of more than 32 bits', 2 ** 33 + 5, BINS, BINS - 1],
    ['the largest premium there can be', 2e17, binCount(24), 639],
    ['cents', 63.99, BINS, 63],
    ['cents over the exact ones', 65.99, BINS, 64],
  ])('%s', (_, value, bins, bin) => {
    expect(binOf(value, bins)).toBe(bin)
  })
})
