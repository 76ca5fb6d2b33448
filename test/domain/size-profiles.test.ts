import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binOf } from '../../src/domain/log-bins.ts'
import { PREMIUM_BINS, SIZE_BINS } from '../../src/domain/profile-bytes.ts'
import {
  ADAPTIVE_BLOCK_RANK,
  PERCENTILE_NONE,
  SizeProfiles,
  WARM_UP_PRINTS,
} from '../../src/domain/size-profiles.ts'
import {
  DAY,
  learn,
  market,
  PRINT,
  type Print,
  push,
  type Ranks,
  rankOf,
} from './profile-prints.ts'

const LEVELS = [200, 2000, 20_000]

/** All sizes and premiums of each profile, sorted; a later day keeps every second of them. */
class NaiveProfiles {
  readonly #lists = new Map<string, { sizes: number[]; premiums: number[] }>()
  readonly #days = new Map<number, number>()

  rank(print: Print): Ranks {
    const { sizes, premiums } = this.#of(print)
    const share = (list: number[], value: number, bins: number) => {
      if (list.length < WARM_UP_PRINTS) return PERCENTILE_NONE
      const below = list.filter((other) => binOf(other, bins) < binOf(value, bins)).length
      return Math.floor((10_000 * below) / list.length)
    }
    return [
      share(sizes, print.size, SIZE_BINS),
      share(premiums, print.premium, PREMIUM_BINS),
      sizes.length,
    ]
  }

  push(print: Print): void {
    const day = this.#days.get(print.underlying) ?? print.day
    this.#days.set(print.underlying, Math.max(day, print.day))
    if (print.day > day) {
      for (const [key, { sizes, premiums }] of this.#lists) {
        if (!key.startsWith(`${print.underlying}:`)) continue
        this.#lists.set(key, { sizes: everySecond(sizes), premiums: everySecond(premiums) })
      }
    }
    const { sizes, premiums } = this.#of(print)
    sizes.push(print.size)
    premiums.push(print.premium)
  }

  #of({ underlying, volume }: Print): { sizes: number[]; premiums: number[] } {
    const key = `${underlying}:${LEVELS.filter((level) => volume >= level).length}`
    const list = this.#lists.get(key) ?? { sizes: [], premiums: [] }
    this.#lists.set(key, list)
    return list
  }
}

function everySecond(list: readonly number[]): number[] {
  return list.toSorted((a, b) => a - b).filter((_, i) => i % 2 === 1)
}

describe('SizeProfiles', () => {
  it('ranks as sorted lists do, over days, underlyings and liquidity buckets', () => {
    const profiles = new SizeProfiles()
    const naive = new NaiveProfiles()
    profiles.ensure(301)
    let warm = 0
    for (const print of market(1, 12_000)) {
      const ranks = naive.rank(print)
      if (ranks[0] !== PERCENTILE_NONE) warm++
      expect(rankOf(profiles, print)).toEqual(ranks)
      push(profiles, print)
      naive.push(print)
    }
    expect(warm).toBeGreaterThan(6000)
  })

  it('ranks a morning of VIX prints as sorted lists do', () => {
    const profiles = new SizeProfiles()
    const naive = new NaiveProfiles()
    const blocks: number[] = []
    for (const print of vixPrints()) {
      expect(rankOf(profiles, print)).toEqual(naive.rank(print))
      const rank = profiles.sizePercentile
      if (rank >= ADAPTIVE_BLOCK_RANK && rank !== PERCENTILE_NONE) blocks.push(print.size)
      push(profiles, print)
      naive.push(print)
    }
    expect(blocks.length).toBeGreaterThan(0)
    expect(Math.min(...blocks)).toBeGreaterThan(1000)
  })

  it('is exact for sizes below 64: the share of the prints that are smaller', () => {
    const profiles = new SizeProfiles()
    // the share of the prints that are smaller, with half of them of one contract
    for (let i = 0; i < 100; i++) learn(profiles, 1)
    for (let i = 0; i < 2; i++) learn(profiles, 50)
    const rank = (size: number) => rankOf(profiles, { ...PRINT, size })[0]
    expect(rank(1)).toBe(0)
    for (let size = 2; size <= 51; size++) {
      expect(rank(size)).toBe(Math.floor((10_000 * (100 + 2 * (size - 1))) / 200))
    }
  })

  it('takes prints for equal only where they are at most 1/32 apart', () => {
    const value = fc.integer({ min: 64, max: 60_000 })
    fc.assert(
      fc.property(value, value, (learnt, asked) => {
        const profiles = new SizeProfiles()
        for (let i = 0; i < WARM_UP_PRINTS; i++) {
          push(profiles, { ...PRINT, size: learnt, premium: 200 * learnt })
        }
        const [size, premium] = rankOf(profiles, { ...PRINT, size: asked, premium: 200 * asked })
        if (asked <= learnt) expect([size, premium]).toEqual([0, 0])
        if (asked >= learnt * (1 + 1 / 32)) expect([size, premium]).toEqual([10_000, 10_000])
      }),
      { seed: 51, numRuns: 300 },
    )
  })

  it('says nothing while fewer than 200 prints stand behind it, but how many do', () => {
    const profiles = new SizeProfiles()
    expect(rankOf(profiles, PRINT)).toEqual([PERCENTILE_NONE, PERCENTILE_NONE, 0])
    learn(profiles, 199)
    expect(rankOf(profiles, PRINT)).toEqual([PERCENTILE_NONE, PERCENTILE_NONE, 199])
    learn(profiles, 1)
    expect(rankOf(profiles, { ...PRINT, size: 3, premium: 250 })).toEqual([150, 150, 200])
  })

  it('does not count the print that asks, nor those that come after it', () => {
    const profiles = new SizeProfiles()
    learn(profiles, 300)
    const big: Print = { ...PRINT, size: 1000, premium: 1e6 }
    const first = rankOf(profiles, big)
    expect(first).toEqual([10_000, 10_000, 300])
    expect(rankOf(profiles, big)).toEqual(first)
    push(profiles, big)
    expect(rankOf(profiles, big)).toEqual([9966, 9966, 301])
  })

  it.each([
    [0, 199, 200],
    [200, 1999, 2000],
    [2000, 19_999, 20_000],
  ])('contracts of %i to %i traded before are one bucket, %i is the next', (low, high, next) => {
    const profiles = new SizeProfiles()
    learn(profiles, 10, { volume: low })
    learn(profiles, 20, { volume: next })
    expect(rankOf(profiles, { ...PRINT, volume: high })[2]).toBe(10)
    expect(rankOf(profiles, { ...PRINT, volume: next })[2]).toBe(20)
  })

  it('halves what it knows with the first print of a later day', () => {
    const profiles = new SizeProfiles()
    learn(profiles, 1000)
    learn(profiles, 301, { volume: 500 })
    learn(profiles, 500, { underlying: 1 })
    push(profiles, { ...PRINT, day: DAY + 1, volume: 5000 })
    // of the 991 prints below the bin of 996, which begins at 992, every second is left
    expect(rankOf(profiles, { ...PRINT, size: 996 })).toEqual([9900, 0, 500])
    expect(rankOf(profiles, { ...PRINT, volume: 500 })[2]).toBe(150)
    expect(rankOf(profiles, { ...PRINT, underlying: 1 })[2]).toBe(500)
    push(profiles, { ...PRINT, day: DAY, volume: 5000 }) // a late one of the day before
    push(profiles, { ...PRINT, day: DAY + 1, volume: 5000 })
    expect(rankOf(profiles, PRINT)[2]).toBe(500)
    push(profiles, { ...PRINT, day: DAY + 4, volume: 5000 })
    expect(rankOf(profiles, PRINT)[2]).toBe(250)
  })

  it('forgets of rare large prints, each alone in its bin, as few as of the others', () => {
    const profiles = new SizeProfiles()
    for (let i = 0; i < 400; i++) learn(profiles, 1)
    for (let i = 1; i <= 10; i++) push(profiles, { ...PRINT, size: 100 * i, premium: 1000 * i })
    push(profiles, { ...PRINT, day: DAY + 1, volume: 500 })
    // 200 of one contract, 5 larger ones
    const [size, premium, sample] = rankOf(profiles, { ...PRINT, size: 2, premium: 104 })
    expect([size, premium, sample]).toEqual([9756, 9756, 205])
    expect(rankOf(profiles, { ...PRINT, size: 1000 })[0]).toBe(9951)
  })

  it('keeps what it has when it makes room for more underlyings', () => {
    const profiles = new SizeProfiles()
    learn(profiles, 250, { underlying: 255 })
    profiles.ensure(257)
    profiles.ensure(3000)
    expect(rankOf(profiles, { ...PRINT, underlying: 255 })[2]).toBe(250)
    learn(profiles, 250, { underlying: 2999 })
    expect(rankOf(profiles, { ...PRINT, underlying: 2999, size: 26 })[0]).toBe(1000)
    expect(rankOf(profiles, { ...PRINT, underlying: 2998 })[2]).toBe(0)
  })
})

/** Sizes and premiums of a real tape, in its order, with each contract's volume of the day. */
function vixPrints(): Print[] {
  const path = new URL('../fixtures/tapes/vix-2016-06-01-morning.frames.jsonl.gz', import.meta.url)
  const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n')
  const volumes = new Map<string, number>()
  return lines
    .flatMap((line) => JSON.parse(JSON.parse(line).frame))
    .filter(({ ev }) => ev === 'T')
    .map(({ sym, p, s }) => {
      const volume = volumes.get(sym) ?? 0
      volumes.set(sym, volume + s)
      return { ...PRINT, volume, size: s, premium: p * s * 100 }
    })
}
