/** New York dates without a time zone library: the United States rule since 2007. */

export const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Days since 1970-01-01 of a proleptic Gregorian date. Month 1 to 12. */
export function daysFromCivil(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / DAY_MS
}

/** First instant of summer time and of the following winter time in `year`, epoch ms. */
function summerTime(year: number): readonly [start: number, end: number] {
  const march1 = daysFromCivil(year, 3, 1)
  const november1 = daysFromCivil(year, 11, 1)
  // 1970-01-01 was a Thursday: (day + 4) % 7 is 0 on a Sunday
  const secondSunday = march1 + ((7 - ((march1 + 4) % 7)) % 7) + 7
  const firstSunday = november1 + ((7 - ((november1 + 4) % 7)) % 7)
  // 02:00 local: 07:00 UTC in winter time, 06:00 UTC in summer time
  return [secondSunday * DAY_MS + 7 * HOUR_MS, firstSunday * DAY_MS + 6 * HOUR_MS]
}

/**
 * Offset of New York from UTC at `time` (epoch ms), in ms: -4 h or -5 h. Exact from 2007 on; before
 * that year the rule was another, and an hour around midnight may fall on the wrong date.
 */
export function newYorkOffset(time: number): number {
  const year = new Date(time).getUTCFullYear()
  const [start, end] = summerTime(year)
  return (time >= start && time < end ? -4 : -5) * HOUR_MS
}

/** The New York date of `time` (epoch ms) as days since 1970-01-01. */
export function newYorkDay(time: number): number {
  return Math.floor((time + newYorkOffset(time)) / DAY_MS)
}

/**
 * newYorkDay with a memory of the last day asked for: a tape asks for the same one a million times.
 * Dates change at local midnight, and the offset never changes there, so a day is one interval.
 */
export class NewYorkCalendar {
  #day = 0
  #start = 0
  #end = 0

  dayOf(time: number): number {
    if (time >= this.#start && time < this.#end) return this.#day
    const day = newYorkDay(time)
    this.#day = day
    this.#start = startOfNewYorkDay(day)
    this.#end = startOfNewYorkDay(day + 1)
    return day
  }
}

/** First instant (epoch ms) of a New York date given as days since 1970-01-01. */
export function startOfNewYorkDay(day: number): number {
  // the offset at 05:00 UTC is the one at local midnight: changes happen at 02:00 local
  const utcMidnight = day * DAY_MS
  return utcMidnight - newYorkOffset(utcMidnight + 5 * HOUR_MS)
}

/** Calendar days from the print's New York date to the expiration, never below 0. */
export function dte(printDay: number, expirationDay: number): number {
  return expirationDay > printDay ? expirationDay - printDay : 0
}
