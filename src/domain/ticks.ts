/**
 * Prices are integers of 1/10,000 dollar from the decoder to the database, so they compare
 * exactly.
 */
export const TICKS_PER_DOLLAR = 10_000

/** The largest price of a valid print, in dollars (rules.md, dropped). */
export const PRICE_DOLLARS_MAX = 1_000_000

/**
 * Dollars to ticks, rounded to the nearest; ties away from zero for prices. NaN and infinities
 * stay.
 */
export function ticksOf(dollars: number): number {
  return Math.round(dollars * TICKS_PER_DOLLAR)
}
