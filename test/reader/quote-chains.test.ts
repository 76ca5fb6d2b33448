import { expect, it } from 'vitest'
import { QuoteChains } from '../../src/reader/quote-chains.ts'
import { Random } from '../../src/simulator/random.ts'

const AGE = 5000

function chain(...quotes: readonly (readonly [time: number, isUsable?: boolean])[]) {
  const chains = new QuoteChains(AGE)
  for (const [time, isUsable = true] of quotes) chains.add(3, time, isUsable)
  return (time: number) => chains.covers(3, time)
}

it('covers from the first quote until the last one is too old', () => {
  const covers = chain([10_000], [14_000])
  expect([9_999, 10_000, 12_000, 19_000, 19_001].map(covers)).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
})

it('begins again after a gap, and after a quote that is not usable', () => {
  expect([10_000, 15_000, 15_001].map(chain([10_000], [15_001]))).toEqual([false, false, true])
  expect([10_000, 15_000].map(chain([10_000], [15_000]))).toEqual([true, true])
  expect([10_000, 12_000].map(chain([10_000], [11_000, false]))).toEqual([false, false])
  expect([10_000, 12_000].map(chain([10_000], [11_000, false], [12_000]))).toEqual([false, true])
})

it('does not go back for a quote that comes out of order', () => {
  expect([7_000, 10_000].map(chain([10_000], [9_000, false], [7_000]))).toEqual([false, true])
})

it('does not cover what lies further behind the newest quote than a quote may be old', () => {
  expect([10_999, 11_000].map(chain([10_000], [13_000], [16_000]))).toEqual([false, true])
})

it('knows any number of contracts, each alone', () => {
  const chains = new QuoteChains(AGE)
  chains.add(5000, 10_000, true)
  expect([4999, 5000, 5001, 1_000_000].map((id) => chains.covers(id, 10_000))).toEqual([
    false,
    true,
    false,
    false,
  ])
})

it('never claims a quote that is not there, on any tape', () => {
  const random = new Random(9)
  let covered = 0
  for (let run = 0; run < 200; run++) {
    const chains = new QuoteChains(50)
    const quotes: { time: number; isUsable: boolean }[] = []
    let now = 1000
    for (let i = 0; i < 60; i++) {
      now += random.int(0, random.chance(0.1) ? 120 : 20)
      const quote = { time: now - random.int(0, 5), isUsable: random.chance(0.9) }
      quotes.push(quote)
      chains.add(0, quote.time, quote.isUsable)
      const time = now - random.int(-60, 60)
      if (!chains.covers(0, time)) continue
      covered++
      const inForce = quotes
        .filter((q) => q.time <= time)
        .reduce<(typeof quotes)[number] | null>((b, q) => (b && b.time > q.time ? b : q), null)
      expect(inForce?.isUsable).toBe(true)
      expect(time - inForce!.time).toBeLessThanOrEqual(50)
    }
  }
  expect(covered).toBeGreaterThan(3000)
})
