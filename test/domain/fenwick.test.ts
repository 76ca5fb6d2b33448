import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fell, increment, plant, sumBelow } from '../../src/domain/fenwick.ts'

const BASE = 5
const AFTER = 3

it('sums as plain counts do, and turns into them and back', () => {
  const raised = fc
    .integer({ min: 1, max: 80 })
    .chain((length) => fc.tuple(fc.constant(length), fc.array(fc.nat(length - 1))))
  fc.assert(
    fc.property(raised, ([length, indexes]) => {
      const tree = new Uint32Array(BASE + length + AFTER).fill(9)
      tree.fill(0, BASE, BASE + length)
      const counts = tree.slice()
      for (const index of indexes) {
        increment(tree, BASE, length, index)
        counts[BASE + index]!++
      }
      const planted = counts.slice()
      plant(planted, BASE, length)
      expect(planted).toEqual(tree)
      for (let i = 0; i <= length; i++) {
        const sum = counts.subarray(BASE, BASE + i).reduce((a, b) => a + b, 0)
        expect(sumBelow(tree, BASE, i)).toBe(sum)
      }
      fell(tree, BASE, length)
      expect(tree).toEqual(counts)
    }),
    { seed: 41, numRuns: 500 },
  )
})
