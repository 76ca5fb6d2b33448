import { describe, expect, test } from 'vitest'
import { seeded } from '../../bench/kit/random.ts'
import { difference, median, quantileOf, slopeOf } from '../../bench/soak/statistics.ts'
import { rendered, soakTape } from '../../bench/soak/tape.ts'
import { answerOf } from '../../bench/soak/verdict.ts'

describe('the slope', () => {
  test('of a straight line has no width', () => {
    const found = slopeOf([0, 1, 2, 3, 4].map((x) => [x, 7 + 2 * x]))
    expect(found.slope).toBeCloseTo(2, 12)
    expect(found.high - found.low).toBeCloseTo(0, 6)
  })

  test('and its interval are those of a worked example', () => {
    // y = 2.2 + 0.6 x, standard error of the slope sqrt(0.08), t(3 degrees of freedom) 3.182
    const found = slopeOf([
      [1, 2],
      [2, 4],
      [3, 5],
      [4, 4],
      [5, 5],
    ])
    expect(found.slope).toBeCloseTo(0.6, 12)
    expect(found.low).toBeCloseTo(0.6 - 3.182 * Math.sqrt(0.08), 3)
    expect(found.high).toBeCloseTo(0.6 + 3.182 * Math.sqrt(0.08), 3)
  })

  test('lies within its interval in 95 of 100 noisy runs', () => {
    const random = seeded(3)
    let within = 0
    for (let run = 0; run < 1000; run++) {
      const points = Array.from({ length: 45 }, (_, x): [number, number] => {
        const noise = random() + random() + random() - random() - random() - random()
        return [x, 0.25 * x + noise]
      })
      const { low, high } = slopeOf(points)
      if (low <= 0.25 && 0.25 <= high) within++
    }
    expect(within).toBeGreaterThan(930)
    expect(within).toBeLessThan(970)
  })

  test('is flat or grows only where the whole interval says so', () => {
    expect(answerOf({ slope: 0, low: -1, high: 1, points: 9 }, 1)).toBe('flat')
    expect(answerOf({ slope: -5, low: -9, high: -1, points: 9 }, 1)).toBe('flat')
    expect(answerOf({ slope: 1, low: 0.9, high: 1.1, points: 9 }, 1)).toBe('undecided')
    expect(answerOf({ slope: 2, low: 1.1, high: 2.9, points: 9 }, 1)).toBe('grows')
  })
})

describe('quantiles of a histogram', () => {
  const INF = Number.POSITIVE_INFINITY

  test('are spread evenly in a bucket, and bounded by the last', () => {
    const found = difference(
      [
        [1, 20],
        [2, 110],
        [INF, 120],
      ],
      [
        [1, 10],
        [2, 20],
        [INF, 20],
      ],
    )
    expect(found).toEqual([
      [1, 10],
      [2, 90],
      [INF, 100],
    ])
    expect(quantileOf(found, 0.05)).toBeCloseTo(0.5)
    expect(quantileOf(found, 0.5)).toBeCloseTo(1.5)
    expect(quantileOf(found, 0.99)).toBe(2)
    expect(quantileOf([[INF, 0]], 0.5)).toBeNaN()
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})

describe('the tape', () => {
  const tape = soakTape(200, 2)

  test('has the rate asked for, frames in order and thousands of contracts at a full rate', () => {
    expect(tape.prints).toBeGreaterThanOrEqual(4000)
    expect(tape.prints).toBeLessThan(4050)
    const due = tape.frames.map(({ dueMs }) => dueMs)
    expect(due).toEqual(due.toSorted((a, b) => a - b))
    expect(due.at(-1)).toBeLessThan(20_000)
    expect(tape.contracts).toBeGreaterThan(500)
  })

  test('has in each round later times and sequences that rise within each contract', () => {
    const last = new Map<string, number>()
    const start = Date.UTC(2026, 0, 5, 15)
    let resent = 0
    for (const round of [0, 1, 2]) {
      const startAt = start + round * 20_000
      for (const frame of tape.frames) {
        const events = JSON.parse(rendered(frame, round, startAt).toString()) as {
          readonly ev: string
          readonly sym: string
          readonly t: number
          readonly q: number
        }[]
        expect(events.length).toBe(frame.prints + frame.quotes)
        for (const { ev, sym, t, q } of events) {
          const before = last.get(sym) ?? 0
          if (q === before && ev === 'T') resent++
          else expect(q).toBeGreaterThan(before)
          last.set(sym, q)
          expect(t).toBeLessThanOrEqual(startAt + frame.dueMs + 1)
          expect(t).toBeGreaterThan(startAt - 100_000)
        }
      }
    }
    expect(resent).toBeLessThan(tape.prints * 3 * 0.01)
  })
})
