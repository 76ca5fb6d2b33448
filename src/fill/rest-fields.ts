/** Digits of the nanoseconds in a millisecond. */
const NS_DIGITS = 6

/**
 * Nanoseconds in digits as epoch ms, floored as the feed's own times are, and the nanoseconds
 * within it. Null: no such time.
 */
export function timeOf(nanoseconds: unknown): { readonly t: number; readonly ns: number } | null {
  if (typeof nanoseconds !== 'string' || !/^\d{16,20}$/.test(nanoseconds)) return null
  return {
    t: Number(nanoseconds.slice(0, -NS_DIGITS)),
    ns: Number(nanoseconds.slice(-NS_DIGITS)),
  }
}

/** A number, also one that is written as a text; NaN for anything else. */
export function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : Number.NaN
}

/** An id or a sequence above 0; null for anything else. */
export function idOf(value: unknown): number | null {
  const number = numberOf(value)
  return Number.isSafeInteger(number) && number > 0 ? number : null
}

/** A vendor exchange id, 0 or more as in the feed; null for anything else. */
export function exchangeOf(value: unknown): number | null {
  const number = numberOf(value)
  return Number.isSafeInteger(number) && number >= 0 ? number : null
}
