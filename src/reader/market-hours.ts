import { DAY_MS, newYorkOffset } from '../domain/new-york.ts'

const MINUTE_MS = 60_000
const OPEN_MS = (9 * 60 + 30) * MINUTE_MS
const CLOSE_MS = 16 * 60 * MINUTE_MS

/**
 * Whether `time` (epoch ms) lies in the hours in which a silent feed is a broken one: 09:30 to
 * 16:00 New York, Monday to Friday, the close excluded. There is no table of holidays and early
 * closes: on those days a silent feed is reconnected now and then, which costs nothing.
 */
export function isMarketHours(time: number): boolean {
  const local = time + newYorkOffset(time)
  const day = Math.floor(local / DAY_MS)
  const weekday = (((day + 4) % 7) + 7) % 7 // 0 is Sunday: 1970-01-01 was a Thursday
  if (weekday === 0 || weekday === 6) return false
  const sinceMidnight = local - day * DAY_MS
  return sinceMidnight >= OPEN_MS && sinceMidnight < CLOSE_MS
}
