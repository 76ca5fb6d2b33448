import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BUCKETS,
  decodeProfiles,
  encodeProfiles,
  PROFILE_BINS,
  SIZE_BINS,
} from '../../src/domain/profile-bytes.ts'
import { SizeProfiles } from '../../src/domain/size-profiles.ts'
import { DAY, learn, market, PRINT, push, rankOf } from './profile-prints.ts'

describe('decodeProfiles', () => {
  const bin = fc.nat(BUCKETS * PROFILE_BINS - 1)
  const count = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 29 }))

  /** As many sizes as premiums in each bucket, less than 2^32 together. */
  function balanced(bins: readonly (readonly [number, number])[]): Uint32Array {
    const counts = new Uint32Array(BUCKETS * PROFILE_BINS)
    for (const [at, count] of bins) {
      const inBucket = at % PROFILE_BINS
      const premiumAt = at - inBucket + SIZE_BINS + (at % 7)
      const sizeAt = at - inBucket + (inBucket % SIZE_BINS)
      counts[sizeAt]! += count
      counts[premiumAt]! += count
    }
    return counts
  }

  it('gives back what encodeProfiles was given', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.array(fc.tuple(bin, count), { maxLength: 6 }),
        (day, bins) => {
          const counts = balanced(bins)
          expect(decodeProfiles(encodeProfiles({ day, counts }))).toEqual({ day, counts })
        },
      ),
      { seed: 71, numRuns: 300 },
    )
  })

  it('takes the dearest there can be: every bin of its own, five bytes each', () => {
    const counts = new Uint32Array(BUCKETS * PROFILE_BINS).fill(2 ** 28)
    expect(encodeProfiles({ day: DAY, counts })).toHaveLength(5 + 5 * counts.length + 4)
  })

  it('refuses counts that no prints give: more sizes than premiums, more than 32 bits hold', () => {
    const odd = new Uint32Array(BUCKETS * PROFILE_BINS)
    odd[3] = 1
    expect(decodeProfiles(encodeProfiles({ day: DAY, counts: odd }))).toBeNull()
    const many = new Uint32Array(BUCKETS * PROFILE_BINS)
    many.set([2 ** 31, 2 ** 31], 0)
    many.set([2 ** 31, 2 ** 31], SIZE_BINS)
    expect(decodeProfiles(encodeProfiles({ day: DAY, counts: many }))).toBeNull()
  })

  it.each([
    ['a bin too few', PROFILE_BINS * BUCKETS - 1],
    ['a bin too many', PROFILE_BINS * BUCKETS + 1],
  ])('refuses %s', (_, bins) => {
    expect(decodeProfiles(encodeProfiles({ day: DAY, counts: new Uint32Array(bins) }))).toBeNull()
  })
})

describe('a snapshot', () => {
  it('goes on as if nothing had been between', () => {
    const prints = market(2, 8000)
    const whole = new SizeProfiles()
    const cut = new SizeProfiles()
    whole.ensure(301)
    cut.ensure(301)
    for (const print of prints.slice(0, 5000)) push(whole, print)
    for (const underlying of [0, 150, 300]) {
      expect(cut.restore(underlying, whole.snapshot(underlying)!)).toBe(true)
    }
    for (const print of prints.slice(5000)) {
      expect(rankOf(cut, print)).toEqual(rankOf(whole, print))
      push(whole, print)
      push(cut, print)
    }
    for (const underlying of [0, 150, 300]) {
      expect(cut.snapshot(underlying)).toEqual(whole.snapshot(underlying))
    }
  })

  it('is null where nothing is learnt', () => {
    expect(new SizeProfiles().snapshot(3)).toBeNull()
  })

  it('takes the place of what was known', () => {
    const [one, other] = [new SizeProfiles(), new SizeProfiles()]
    learn(one, 300)
    learn(other, 700, { volume: 500 })
    expect(other.restore(0, one.snapshot(0)!)).toBe(true)
    expect(rankOf(other, PRINT)[2]).toBe(300)
    expect(rankOf(other, { ...PRINT, volume: 500 })[2]).toBe(0)
  })

  it('leaves what is learnt as it is', () => {
    const profiles = new SizeProfiles()
    learn(profiles, 300)
    const before = rankOf(profiles, { ...PRINT, size: 100, premium: 5000 })
    expect(profiles.snapshot(0)).toEqual(profiles.snapshot(0))
    expect(rankOf(profiles, { ...PRINT, size: 100, premium: 5000 })).toEqual(before)
  })

  it('is refused when any byte is another, missing or too many, and changes nothing', () => {
    const profiles = new SizeProfiles()
    learn(profiles, 300)
    const bytes = profiles.snapshot(0)!
    const target = new SizeProfiles()
    learn(target, 250, { day: DAY + 3 })
    const before = target.snapshot(0)
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice()
      damaged[i]! ^= 1 + (i % 255)
      expect(target.restore(0, damaged)).toBe(false)
      expect(target.restore(0, bytes.subarray(0, i))).toBe(false)
    }
    expect(target.restore(0, new Uint8Array([...bytes, 0]))).toBe(false)
    expect(target.snapshot(0)).toEqual(before)
    expect(target.restore(0, new Uint8Array([0, 0, ...bytes]).subarray(2))).toBe(true)
  })

  it('never throws, whatever the bytes', () => {
    const profiles = new SizeProfiles()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(profiles.restore(0, bytes)).toBe(false)
      }),
      { seed: 61, numRuns: 500 },
    )
  })
})

it('changed names who has learnt something since the last snapshot', () => {
  const profiles = new SizeProfiles()
  profiles.ensure(400)
  expect(profiles.changed()).toEqual([])
  for (const underlying of [399, 2, 7, 2]) push(profiles, { ...PRINT, underlying })
  expect(profiles.changed()).toEqual([2, 7, 399])
  const bytes = profiles.snapshot(7)!
  expect(profiles.changed()).toEqual([2, 399])
  profiles.restore(2, bytes)
  expect(profiles.changed()).toEqual([399])
  push(profiles, { ...PRINT, underlying: 7 })
  expect(profiles.changed()).toEqual([7, 399])
})
