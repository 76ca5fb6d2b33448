import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DAY_MS,
  daysFromCivil,
  dte,
  NewYorkCalendar,
  newYorkDay,
  newYorkOffset,
  startOfNewYorkDay,
} from '../../src/domain/new-york.ts'

type SessionCases = {
  readonly utc_offset: readonly { readonly utc_ms: number; readonly offset_hours: number }[]
  readonly new_york_date: readonly { readonly utc_ms: number; readonly new_york_date: string }[]
  readonly new_york_to_utc: readonly { readonly new_york: string; readonly utc_ms: number }[]
  readonly dte: readonly DteCase[]
  readonly derived: readonly DteCase[]
}
type DteCase = { readonly utc_ms: number; readonly expiration: string; readonly rules: number }

const cases = JSON.parse(
  readFileSync(new URL('../fixtures/conformance/session-cases.json', import.meta.url), 'utf8'),
) as SessionCases

const HOUR_MS = 3_600_000
const FIRST = Date.UTC(2007, 0, 1)
const LAST = Date.UTC(2100, 0, 1) - 1

const format = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
})

/** The clock on a New York wall at `time`, as if it were UTC, by the time zone database. */
function wallClock(time: number): number {
  const part: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(time)) part[type] = Number(value)
  const { year, month, day, hour, minute, second } = part
  const ms = ((time % 1000) + 1000) % 1000
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) + ms
}

const dayOf = (iso: string): number => Date.parse(`${iso}T00:00:00Z`) / DAY_MS

/** Both changes of each year, found by halving: the rule under test is not asked. */
function changes(): number[] {
  const found: number[] = []
  for (let year = 2007; year <= 2099; year++) {
    for (const [from, to] of [
      [Date.UTC(year, 0, 2), Date.UTC(year, 6, 1)],
      [Date.UTC(year, 6, 1), Date.UTC(year, 11, 30)],
    ] as const) {
      const before = wallClock(from) - from
      let low = from
      let high = to
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2)
        if (wallClock(middle) - middle === before) low = middle
        else high = middle
      }
      found.push(high)
    }
  }
  return found
}

const time = fc.integer({ min: FIRST, max: LAST })

describe('newYorkOffset', () => {
  it.each(cases.utc_offset)('is $offset_hours h at $utc', (c) => {
    expect(newYorkOffset(c.utc_ms)).toBe(c.offset_hours * HOUR_MS)
  })

  it('agrees with the time zone database at 1 ms before, at and after each change', () => {
    const edges = changes()
    expect(edges).toHaveLength(2 * 93)
    for (const edge of edges) {
      for (const at of [edge - 1, edge, edge + 1]) {
        expect(newYorkOffset(at), new Date(at).toISOString()).toBe(wallClock(at) - at)
      }
      expect(newYorkOffset(edge)).not.toBe(newYorkOffset(edge - 1))
    }
  })

  it('agrees with the time zone database at any time of 2007 to 2099', () => {
    fc.assert(
      fc.property(time, (at) => newYorkOffset(at) === wallClock(at) - at),
      { seed: 2007, numRuns: 5000 },
    )
  })
})

describe('newYorkDay', () => {
  it.each(cases.new_york_date)('is $new_york_date at $utc', (c) => {
    expect(newYorkDay(c.utc_ms)).toBe(dayOf(c.new_york_date))
  })

  it('agrees with the time zone database at any time, and around any local midnight', () => {
    fc.assert(
      fc.property(time, fc.constantFrom(-1, 0, 1), (at, beside) => {
        expect(newYorkDay(at)).toBe(Math.floor(wallClock(at) / DAY_MS))
        const midnight = startOfNewYorkDay(newYorkDay(at))
        expect(wallClock(midnight) % DAY_MS).toBe(0)
        expect(newYorkDay(midnight + beside)).toBe(
          Math.floor(wallClock(midnight + beside) / DAY_MS),
        )
      }),
      { seed: 2026, numRuns: 2000 },
    )
  })

  it('gives days of 23, 24 and 25 hours', () => {
    const hours = (iso: string): number =>
      (startOfNewYorkDay(dayOf(iso) + 1) - startOfNewYorkDay(dayOf(iso))) / HOUR_MS
    expect(hours('2026-03-07')).toBe(24)
    expect(hours('2026-03-08')).toBe(23)
    expect(hours('2026-03-09')).toBe(24)
    expect(hours('2026-11-01')).toBe(25)
    expect(hours('2026-11-02')).toBe(24)
  })

  it.each(cases.new_york_to_utc)('starts the day of $new_york at its midnight', (c) => {
    const [date, clock] = c.new_york.split(' ') as [string, string]
    const sinceMidnight = Date.parse(`1970-01-01T${clock}:00Z`)
    expect(startOfNewYorkDay(dayOf(date)) + sinceMidnight).toBe(c.utc_ms)
  })
})

describe('NewYorkCalendar', () => {
  it('gives newYorkDay for times in any order', () => {
    // offsets around one day, so that the remembered day is left on either side and met again
    const near = fc.tuple(
      fc.constantFrom(...changes(), Date.UTC(2026, 7, 24)),
      fc.array(fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }), { minLength: 1, maxLength: 30 }),
    )
    fc.assert(
      fc.property(near, fc.array(time, { maxLength: 5 }), ([base, steps], far) => {
        const calendar = new NewYorkCalendar()
        for (const at of [...steps.map((s) => base + s), ...far, base]) {
          expect(calendar.dayOf(at)).toBe(newYorkDay(at))
          const midnight = startOfNewYorkDay(newYorkDay(at))
          expect(calendar.dayOf(midnight)).toBe(newYorkDay(at))
          expect(calendar.dayOf(midnight - 1)).toBe(newYorkDay(at) - 1)
        }
      }),
      { seed: 31, numRuns: 300 },
    )
  })

  it('gives the epoch its own date before anything was asked', () => {
    expect(new NewYorkCalendar().dayOf(0)).toBe(-1) // 19:00 on 1969-12-31
    expect(new NewYorkCalendar().dayOf(5 * HOUR_MS)).toBe(0)
  })
})

describe('dte', () => {
  it.each([...cases.dte, ...cases.derived])('is $rules at $utc_ms for $expiration', (c) => {
    expect(dte(newYorkDay(c.utc_ms), dayOf(c.expiration))).toBe(c.rules)
  })

  it.each([
    ['the day before', -1, 1],
    ['the day itself', 0, 0],
    ['the day after', 1, 0],
    ['a year after', 365, 0],
    ['a year before', -365, 365],
  ])('%s the expiration', (_, printed, days) => {
    expect(dte(20_000 + printed, 20_000)).toBe(days)
  })
})

describe('daysFromCivil', () => {
  it.each([
    [1970, 1, 1, 0],
    [1970, 1, 2, 1],
    [1969, 12, 31, -1],
    [2000, 2, 29, 11_016],
    [2026, 9, 18, 20_714],
  ])('%i-%i-%i is day %i', (year, month, day, days) => {
    expect(daysFromCivil(year, month, day)).toBe(days)
  })
})
