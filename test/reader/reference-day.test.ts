import { describe, expect, test } from 'vitest'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { isoDate, isWeekend, nextMorning, openDay } from '../../src/reader/reference-day.ts'

const HOUR_MS = 3_600_000

/** 06:45 New York as the runtime's own time zone data have it. */
function isMorning(time: number): boolean {
  const format = { timeZone: 'America/New_York', timeStyle: 'medium', hourCycle: 'h23' } as const
  return new Intl.DateTimeFormat('en-US', format).format(time) === '06:45:00'
}

describe('the morning of a New York day', () => {
  test('is at 06:45 on every day of two years, also when the clocks change', () => {
    let time = Date.UTC(2025, 11, 31, 12)
    for (let count = 0; count < 730; count++) {
      const morning = nextMorning(time)
      expect(morning).toBeGreaterThan(time)
      expect(morning - time).toBeLessThanOrEqual(25 * HOUR_MS)
      expect(isMorning(morning), new Date(morning).toISOString()).toBe(true)
      time = morning
    }
  })

  test('opens the day, and not a millisecond earlier', () => {
    const morning = nextMorning(Date.UTC(2026, 10, 18, 5))
    expect(openDay(morning - 1)).toBe(null)
    expect(openDay(morning)).toBe(newYorkDay(morning))
    expect(isoDate(newYorkDay(morning))).toBe('2026-11-18')
  })

  test('ends at midnight, though the next one is hours away', () => {
    const midnight = Date.UTC(2026, 10, 19, 5)
    expect(isoDate(openDay(midnight - 1) ?? 0)).toBe('2026-11-18')
    expect(openDay(midnight)).toBe(null)
    expect(nextMorning(midnight)).toBe(midnight + 6.75 * HOUR_MS)
  })
})

test('Saturday and Sunday are the weekend', () => {
  const monday = newYorkDay(Date.UTC(2026, 10, 16, 17))
  const week = Array.from({ length: 7 }, (_, i) => isWeekend(monday + i))
  expect(week).toEqual([false, false, false, false, false, true, true])
})
