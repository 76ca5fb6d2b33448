import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PARITY_DAYS_MAX, ParityPairs } from '../../src/domain/parity.ts'

type Pair = readonly [
  days: number,
  strike: number,
  callBid: number,
  callAsk: number,
  putBid: number,
  putAsk: number,
]

function priceOf(pairs: readonly Pair[]): number {
  const candidates = new ParityPairs()
  for (const pair of pairs) candidates.add(...pair)
  return candidates.price()
}

/** A pair of mids that give exactly `price`, each spread `half` ticks to either side. */
function pairAt(price: number, days: number, strike: number, half = 50): Pair {
  const lead = price - strike
  const put = Math.max(20_000, 20_000 - lead)
  const call = put + lead
  return [days, strike, call - half, call + half, put - half, put + half]
}

const { NaN: NONE } = Number

describe('ParityPairs', () => {
  // call 3.00 x 3.20, put 2.00 x 2.10 at 100: 100 + 3.10 - 2.05 = 101.05
  const PLAIN: Pair = [7, 1_000_000, 30_000, 32_000, 20_000, 21_000]

  it.each<[string, readonly Pair[], number]>([
    ['nothing', [], NONE],
    ['one pair', [PLAIN], 1_010_500],
    ['half a tick, rounded down', [[7, 1_000_000, 30_000, 32_001, 20_000, 21_000]], 1_010_500],
    ['half a tick less, rounded down', [[7, 1_000_000, 30_000, 32_000, 20_000, 21_001]], 1_010_499],
    ['the day of expiration', [[0, ...tail(PLAIN)]], 1_010_500],
    ['the last day that counts', [[PARITY_DAYS_MAX, ...tail(PLAIN)]], 1_010_500],
    ['a day more', [[PARITY_DAYS_MAX + 1, ...tail(PLAIN)]], NONE],
    ['an expiration that is over', [[-1, ...tail(PLAIN)]], NONE],
    ['a call without a quote', [[7, 1_000_000, NONE, NONE, 20_000, 21_000]], NONE],
    ['a put without a quote', [[7, 1_000_000, 30_000, 32_000, NONE, NONE]], NONE],
    ['a call without a bid', [[7, 1_000_000, 0, 2_000, 20_000, 21_000]], NONE],
    ['a put without a bid', [[7, 1_000_000, 30_000, 32_000, 0, 1_000]], NONE],
    ['a locked call', [[7, 1_000_000, 32_000, 32_000, 20_000, 21_000]], NONE],
    ['a crossed put', [[7, 1_000_000, 30_000, 32_000, 21_001, 21_000]], NONE],
    ['spreads of a fiftieth together', [[7, 1_000_000, 30_000, 40_000, 30_000, 40_000]], 1_000_000],
    ['spreads a tick wider', [[7, 1_000_000, 30_000, 40_001, 30_000, 40_001]], NONE],
    [
      'two pairs, their mean',
      [pairAt(1_000_000, 7, 990_000), pairAt(1_000_101, 7, 1_000_000)],
      1_000_050,
    ],
    [
      'three pairs, the middle one',
      [1_003_000, 1_000_000, 1_001_000].map((price) => pairAt(price, 7, 1_000_000)),
      1_001_000,
    ],
    [
      'the nearest expiration, whenever it comes',
      [
        pairAt(1_000_000, 14, 1_000_000),
        pairAt(999_000, 7, 1_000_000),
        pairAt(1_002_000, 30, 1_000_000),
      ],
      999_000,
    ],
    [
      'the next expiration where the nearest has no pair that counts',
      [[1, 1_000_000, 0, 2_000, 20_000, 21_000], pairAt(1_000_000, 14, 1_000_000)],
      1_000_000,
    ],
  ])('%s', (_, pairs, price) => {
    expect(priceOf(pairs)).toBe(price)
  })

  it('takes the five tightest, and of equally tight ones those nearest to the money', () => {
    const near = [1, 2, 3, 4, 5].map((i) => pairAt(1_000_000 + i, 7, 1_000_000, 50))
    const wider = [1, 2, 3, 4].map((i) => pairAt(1_009_000 + i, 7, 1_000_000, 51))
    const far = [1, 2, 3, 4].map((i) => pairAt(1_019_000 + i, 7, 900_000, 50))
    expect(priceOf([...wider, ...near, ...far])).toBe(1_000_003)
    expect(priceOf([...far, ...near.slice(0, 1), ...wider])).toBe(1_019_002)
  })

  it('forgets all pairs when it is cleared', () => {
    const candidates = new ParityPairs()
    candidates.add(...pairAt(1_000_000, 1, 1_000_000))
    candidates.clear()
    expect(candidates.price()).toBeNaN()
    candidates.add(...pairAt(2_000_000, 9, 2_000_000))
    expect(candidates.price()).toBe(2_000_000)
  })

  const known = fc.record({
    price: fc.integer({ min: 200_000, max: 70_000_000 }),
    quotes: fc.array(
      fc.record({
        days: fc.integer({ min: -1, max: 50 }),
        step: fc.integer({ min: -4, max: 4 }),
        put: fc.integer({ min: 1_000, max: 30_000 }),
        up: fc.tuple(fc.nat(500), fc.nat(500)),
        down: fc.tuple(fc.nat(500), fc.nat(500)),
      }),
      { maxLength: 40 },
    ),
  })
  /** Quotes around values that fit `price` exactly; the noise of a side is its distance. */
  const pairsOf = ({ price, quotes }: typeof known extends fc.Arbitrary<infer T> ? T : never) =>
    quotes.map(({ days, step, put, up, down }): Pair => {
      const strike = Math.round(price * (1 + step / 400))
      const call = put + price - strike
      return [
        days,
        strike,
        call - 1 - down[0],
        call + 1 + up[0],
        put - 1 - down[1],
        put + 1 + up[1],
      ]
    })

  it('finds the known price within half of the spreads, whatever the noise in them', () => {
    let found = 0
    fc.assert(
      fc.property(known, (given) => {
        const pairs = pairsOf(given)
        const price = priceOf(pairs)
        if (Number.isNaN(price)) return
        found++
        expect(Number.isInteger(price)).toBe(true)
        expect(Math.abs(price - given.price)).toBeLessThanOrEqual(502)
        expect(Math.abs(price - given.price)).toBeLessThanOrEqual(given.price / 99)
      }),
      { seed: 21, numRuns: 1000 },
    )
    expect(found).toBeGreaterThan(500)
  })

  it('is the median by sorting, in whatever order the pairs come', () => {
    fc.assert(
      fc.property(known, fc.integer(), (given, turn) => {
        const pairs = pairsOf(given)
        const expected = bySorting(pairs)
        expect(priceOf(pairs)).toBe(expected)
        const at = pairs.length === 0 ? 0 : Math.abs(turn) % pairs.length
        expect(priceOf([...pairs.slice(at), ...pairs.slice(0, at)].reverse())).toBe(expected)
      }),
      { seed: 22, numRuns: 1000 },
    )
  })
})

function tail([, ...rest]: Pair): [number, number, number, number, number] {
  return rest
}

function bySorting(pairs: readonly Pair[]): number {
  const scored = pairs
    .map(([days, strike, cb, ca, pb, pa]) => ({
      days,
      strike,
      quoted: cb > 0 && pb > 0 && cb < ca && pb < pa,
      spread: ca - cb + pa - pb,
      estimate: strike + (cb + ca) / 2 - (pb + pa) / 2,
    }))
    .filter(({ days, quoted }) => quoted && days >= 0 && days <= 45)
    .filter(({ spread, estimate }) => spread <= estimate / 50)
  const nearest = Math.min(...scored.map(({ days }) => days))
  const best = scored
    .filter(({ days }) => days === nearest)
    .sort(
      (a, b) =>
        a.spread - b.spread ||
        Math.abs(a.estimate - a.strike) - Math.abs(b.estimate - b.strike) ||
        a.strike - b.strike,
    )
    .slice(0, 5)
    .map(({ estimate }) => estimate)
    .sort((a, b) => a - b)
  if (best.length === 0) return Number.NaN
  return Math.floor((best[(best.length - 1) >> 1]! + best[best.length >> 1]!) / 2)
}
