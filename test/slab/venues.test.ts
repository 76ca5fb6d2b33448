import { expect, it } from 'vitest'
import { EXCHANGE_NONE, packVenues, venueCode } from '../../src/slab/event-slab.ts'

it.each([
  [299, 0],
  [300, 1],
  [302, 3],
  [554, 255],
  [555, 0],
  [302.5, 0],
  [-1, 0],
  [0, 0],
  [Number.NaN, 0],
  [EXCHANGE_NONE, 0],
])('the venue of exchange %f is %i, and 0 is none', (exchange, code) => {
  expect(venueCode(exchange)).toBe(code)
})

it('the venues of bid and ask can be told apart again', () => {
  const all = Array.from({ length: 257 }, (_, i) => 299 + i)
  const codes = new Set<number>()
  for (const bid of all) {
    for (const ask of [299, 300, 400, 554]) {
      const both = packVenues(bid, ask)
      expect([both >>> 8, both & 0xff]).toEqual([venueCode(bid), venueCode(ask)])
      codes.add(both)
    }
  }
  expect(codes.size).toBe(256 * 4) // the ids at either end are none
  expect(Math.max(...codes)).toBeLessThan(2 ** 16)
})
