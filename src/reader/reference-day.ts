import { DAY_MS, newYorkDay, newYorkOffset, startOfNewYorkDay } from '../domain/new-york.ts'

/**
 * New York time of day from which the open interest of a day is asked for. OPRA publishes it at
 * about 06:30; before that the vendor still gives the number of the day before.
 */
const MORNING_MS = (6 * 60 + 45) * 60_000

/** The New York day that may be asked about at `time` (epoch ms); null: its morning is to come. */
export function openDay(time: number): number | null {
  const day = newYorkDay(time)
  return time >= morningOf(day) ? day : null
}

/** The first morning after `time`, both epoch ms. */
export function nextMorning(time: number): number {
  const day = newYorkDay(time)
  return time < morningOf(day) ? morningOf(day) : morningOf(day + 1)
}

/** Whether no session of a New York day (days since 1970-01-01) would use the answers. */
export function isWeekend(day: number): boolean {
  const weekday = (day + 4) % 7 // 0 is Sunday: 1970-01-01 was a Thursday
  return weekday === 0 || weekday === 6
}

/** `2026-11-22` of days since 1970-01-01. */
export function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** 06:45 New York of a day, epoch ms. Clocks change at 02:00, so the offset is that of noon. */
function morningOf(day: number): number {
  return day * DAY_MS + MORNING_MS - newYorkOffset(startOfNewYorkDay(day) + DAY_MS / 2)
}
