/**
 * PostgreSQL's binary numeric, written by hand: digits of base 10,000, so a price of 1/10,000
 * dollar has its dollars in whole digits and its cents in one more.
 *
 *   i32 length | i16 digits | i16 weight | i16 sign | i16 decimals shown | i16 digit ...
 *
 * The first digit counts 10,000^weight; leading and trailing zero digits are left out, and as many
 * decimals are shown as the value has (45.5, not 45.5000).
 */
const BASE = 10_000
const HEAD_BYTES = 4 + 8

/**
 * Bytes that one numeric may need: 1,000,000 dollars x (2^31 - 1)^2 has 7 digits and a fraction.
 */
export const NUMERIC_BYTES_MAX = HEAD_BYTES + 2 * 8

/** Writes `ticks` (1/10,000 dollar, 0 to 2^53) as dollars and returns the offset behind it. */
export function writeTicks(view: DataView, at: number, ticks: number): number {
  const dollars = Math.floor(ticks / BASE)
  const fraction = ticks - dollars * BASE
  if (dollars < BASE) return writeSmall(view, at, dollars, fraction)
  const high = Math.floor(dollars / BASE)
  const d0 = dollars - high * BASE
  const d2 = Math.floor(high / BASE)
  const d1 = high - d2 * BASE
  let next = at + HEAD_BYTES
  let weight = 1
  if (d2 !== 0) {
    weight = 2
    view.setInt16(next, d2)
    next += 2
  }
  view.setInt16(next, d1)
  next += 2
  if (d0 !== 0 || fraction !== 0) {
    view.setInt16(next, d0)
    next += 2
    if (fraction !== 0) {
      view.setInt16(next, fraction)
      next += 2
    }
  } else if (d1 === 0) next -= 2 // 100,000,000 is one digit of weight 2
  writeHead(view, at, next, weight, fraction)
  return next
}

/** Below 10,000 dollars: most prices, bids and asks. */
function writeSmall(view: DataView, at: number, dollars: number, fraction: number): number {
  let next = at + HEAD_BYTES
  if (dollars !== 0) {
    view.setInt16(next, dollars)
    next += 2
  }
  if (fraction !== 0) {
    view.setInt16(next, fraction)
    next += 2
  }
  const weight = dollars === 0 && fraction !== 0 ? -1 : 0
  writeHead(view, at, next, weight, fraction)
  return next
}

/** writeTicks for values that a double cannot hold. */
export function writeBigTicks(view: DataView, at: number, ticks: bigint): number {
  const base = BigInt(BASE)
  const fraction = Number(ticks % base)
  const digits: number[] = []
  for (let rest = ticks / base; rest > 0n; rest /= base) digits.unshift(Number(rest % base))
  const weight = digits.length - 1
  if (fraction !== 0) digits.push(fraction)
  while (digits.at(-1) === 0) digits.pop()
  let next = at + HEAD_BYTES
  for (const digit of digits) {
    view.setInt16(next, digit)
    next += 2
  }
  writeHead(view, at, next, weight, fraction)
  return next
}

function writeHead(
  view: DataView,
  at: number,
  end: number,
  weight: number,
  fraction: number,
): void {
  view.setInt32(at, end - at - 4)
  view.setInt16(at + 4, (end - at - HEAD_BYTES) >> 1)
  view.setInt16(at + 6, weight)
  view.setInt16(at + 8, 0)
  view.setInt16(at + 10, decimalsOf(fraction))
}

/** Decimals that a fraction of 1/10,000 needs: 5000 needs one. */
function decimalsOf(fraction: number): number {
  if (fraction === 0) return 0
  if (fraction % 1000 === 0) return 1
  if (fraction % 100 === 0) return 2
  return fraction % 10 === 0 ? 3 : 4
}
