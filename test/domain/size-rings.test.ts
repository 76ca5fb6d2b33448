import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SizeRings } from '../../src/domain/size-rings.ts'

/** All sizes of each thing; the last `window` of them are asked for. */
class NaiveRings {
  readonly #window: number
  readonly #sizes = new Map<number, number[]>()

  constructor(window: number) {
    this.#window = window
  }

  push(id: number, size: number): void {
    this.#sizes.set(id, [...this.last(id), size])
  }

  last(id: number): number[] {
    return (this.#sizes.get(id) ?? []).slice(-this.#window)
  }
}

const SIZE_MAX = 2 ** 31 - 1

function expectSame(rings: SizeRings, naive: NaiveRings, id: number): void {
  const last = naive.last(id)
  expect(rings.count(id)).toBe(last.length)
  expect(rings.sum(id)).toBe(last.reduce((sum, size) => sum + size, 0))
}

describe('SizeRings', () => {
  // bursts of one id, so that rings of a thing grow, wrap and give their blocks to the next
  const burst = fc.record({
    id: fc.oneof(fc.nat(5), fc.nat(299)),
    times: fc.integer({ min: 1, max: 90 }),
    size: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: SIZE_MAX })),
    step: fc.nat(3),
  })

  it.each([
    [4, 60],
    [16, 60],
    [64, 60],
    [256, 30],
  ])('gives count and sum of the last %i sizes, as an array does', (window, numRuns) => {
    fc.assert(
      fc.property(fc.array(burst, { maxLength: 40 }), (bursts) => {
        const rings = new SizeRings(window)
        const naive = new NaiveRings(window)
        rings.ensure(300)
        const touched = new Set<number>()
        for (const { id, times, size, step } of bursts) {
          touched.add(id)
          for (let i = 0; i < times; i++) {
            const next = Math.min(size + i * step, SIZE_MAX)
            rings.push(id, next)
            naive.push(id, next)
            expectSame(rings, naive, id)
          }
        }
        for (const id of touched) expectSame(rings, naive, id)
        expectSame(rings, naive, 299)
      }),
      { seed: window, numRuns },
    )
  })

  it('keeps 1,024 sizes of the largest value, and forgets the 1,025th', () => {
    const rings = new SizeRings(1024)
    for (let i = 0; i < 1024; i++) rings.push(7, SIZE_MAX)
    expect(rings.count(7)).toBe(1024)
    expect(rings.sum(7)).toBe(1024 * SIZE_MAX)
    rings.push(7, 1)
    expect(rings.count(7)).toBe(1024)
    expect(rings.sum(7)).toBe(1023 * SIZE_MAX + 1)
  })

  it('follows an array through several turns of 1,024', () => {
    const rings = new SizeRings(1024)
    const naive = new NaiveRings(1024)
    for (let i = 0; i < 5000; i++) {
      const size = 1 + ((i * 7919) % 1_000_003)
      rings.push(i % 3 === 0 ? 1 : 0, size)
      naive.push(i % 3 === 0 ? 1 : 0, size)
      if (i % 50 === 0 || (i > 1500 && i < 1600)) {
        expectSame(rings, naive, 0)
        expectSame(rings, naive, 1)
      }
    }
    expectSame(rings, naive, 0)
    expectSame(rings, naive, 1)
  })

  it('keeps thousands of things apart while the arena grows under them', () => {
    const rings = new SizeRings(64)
    const naive = new NaiveRings(64)
    const things = 3000
    rings.ensure(things)
    for (let round = 0; round < 70; round++) {
      // later rounds reach ever fewer things, so blocks of every capacity are freed and reused
      for (let id = 0; id < things; id += 1 + round) {
        const size = 1 + ((id * 31 + round * 17) % 5000)
        rings.push(id, size)
        naive.push(id, size)
      }
    }
    for (let id = 0; id < things; id++) expectSame(rings, naive, id)
  })

  it('keeps what it has when it makes room for more things', () => {
    const rings = new SizeRings(16)
    const naive = new NaiveRings(16)
    for (const count of [256, 257, 1000, 900, 5000]) {
      rings.ensure(count)
      for (const id of [0, 100, 255, count - 1]) {
        for (let i = 0; i < 7; i++) {
          rings.push(id, id + i + 1)
          naive.push(id, id + i + 1)
        }
        expectSame(rings, naive, id)
      }
    }
    for (const id of [0, 100, 255, 256, 899, 999, 4999]) expectSame(rings, naive, id)
  })

  it.each([0, 1, 2, 8, 32, 128, 65_536, -4, 5, Number.NaN])('refuses a window of %f', (window) => {
    expect(() => new SizeRings(window)).toThrow(/power of four from 4 to 16,384/)
  })

  it.each([4, 16, 64, 256, 1024, 4096, 16_384])('takes a window of %i', (window) => {
    expect(new SizeRings(window).window).toBe(window)
  })
})
