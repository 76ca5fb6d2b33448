import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slices } from '../../src/api/slices.ts'

const DAY_MS = 24 * 3_600_000
const NOW = Date.UTC(2026, 10, 23, 15)

describe('slices of time', () => {
  it('are one after the other, from the newest to the oldest, and leave nothing out', () => {
    const time = fc.option(fc.integer({ min: NOW - 900 * DAY_MS, max: NOW + DAY_MS }))
    fc.assert(
      fc.property(time, time, (since, until) => {
        const all = [...slices(since, until, NOW)]
        expect(all[0]!.to).toBe(until)
        expect(all.at(-1)!.from).toBe(since)
        for (const [i, { from }] of all.slice(0, -1).entries()) {
          expect(all[i + 1]!.to).toBe(from! - 1)
          if (since !== null) expect(from).toBeGreaterThan(since)
        }
        expect(all.length).toBeLessThan(55)
      }),
    )
  })

  it('begin with some minutes, and grow', () => {
    const [first, second, third] = slices(null, null, NOW)
    expect(first).toEqual({ from: NOW - 600_000, to: null })
    expect(second).toEqual({ from: NOW - 3_600_000, to: NOW - 600_001 })
    expect(third!.to! - third!.from! + 1).toBe(3 * 3_600_000)
    expect(slices(null, NOW - DAY_MS, NOW).next().value).toEqual({
      ...{ from: NOW - DAY_MS - 600_000, to: NOW - DAY_MS },
    })
    expect([...slices(NOW - 1000, null, NOW)]).toEqual([{ from: NOW - 1000, to: null }])
    expect([...slices(NOW, NOW - 1000, NOW)]).toEqual([{ from: NOW, to: NOW - 1000 }])
  })
})
