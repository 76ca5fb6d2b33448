import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Backoff, EVICTED_MS_MAX, RECONNECT_MS_MAX } from '../../src/reader/backoff.ts'

const times = (n: number, f: () => number) => Array.from({ length: n }, f)

test('doubles from the minimum up to five minutes', () => {
  const backoff = new Backoff(5000, () => 0)
  expect(times(8, () => backoff.next())).toEqual([
    5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000,
  ])
})

test('doubles from six times the minimum up to ten minutes after the connection limit', () => {
  const backoff = new Backoff(5000, () => 0)
  expect(times(7, () => backoff.nextEvicted())).toEqual([
    30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000,
  ])
})

test('jitter lengthens a delay by up to a quarter', () => {
  const backoff = new Backoff(5000, () => 1)
  expect(times(3, () => backoff.next())).toEqual([6250, 12_500, 25_000])
})

test('the ladders climb apart and a reset brings both down', () => {
  const backoff = new Backoff(10, () => 0)
  expect([backoff.next(), backoff.nextEvicted(), backoff.next()]).toEqual([10, 60, 20])
  backoff.reset()
  expect([backoff.next(), backoff.nextEvicted()]).toEqual([10, 60])
})

test('no delay is below the minimum or above its limit, on any rung', () => {
  const rung = fc.nat({ max: 3000 })
  const random = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600_000 }), rung, random, (minMs, climbed, share) => {
      const backoff = new Backoff(minMs, () => share)
      for (let i = 0; i < climbed; i++) {
        backoff.next()
        backoff.nextEvicted()
      }
      const [delay, evicted] = [backoff.next(), backoff.nextEvicted()]
      expect(delay).toBeGreaterThanOrEqual(minMs)
      expect(delay).toBeLessThanOrEqual(Math.max(minMs, RECONNECT_MS_MAX))
      expect(evicted).toBeGreaterThanOrEqual(Math.min(6 * minMs, EVICTED_MS_MAX))
      expect(evicted).toBeLessThanOrEqual(Math.max(minMs, EVICTED_MS_MAX))
    }),
    { seed: 1, numRuns: 50 },
  )
})
