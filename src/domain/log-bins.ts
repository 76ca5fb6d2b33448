/**
 * Bins for counts of numbers that span many powers of two: below 64 each whole number has its own;
 * above, each power of two is cut into 32 equal bins, so a bin is at most 1/32 (3.1 %) of its
 * smallest number wide.
 *
 *   0 1 2 .. 63 | 64 66 68 .. 126 | 128 132 .. 252 | 256 264 ..        smallest number of each bin
 */
const EXACT = 64
const PARTS_BITS = 5
const PARTS = 1 << PARTS_BITS
const EXACT_BITS = PARTS_BITS + 1

/** Bins that numbers below 2^bits take, `bits` 6 to 31. Whatever is larger shares the last one. */
export function binCount(bits: number): number {
  return EXACT + (bits - EXACT_BITS) * PARTS
}

/** The bin of a number of at least 0 (its whole part counts), of `bins` = binCount(..) bins. */
export function binOf(value: number, bins: number): number {
  if (value < EXACT) return Math.floor(value)
  if (value >= 2 ** 31) return bins - 1
  const power = 31 - Math.clz32(value) // 2^power is the largest power of two in it
  const part = (value >>> (power - PARTS_BITS)) - PARTS
  const bin = EXACT + (power - EXACT_BITS) * PARTS + part
  return bin < bins ? bin : bins - 1
}
