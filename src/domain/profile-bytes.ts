import { binCount } from './log-bins.ts'

/**
 * A size profile as counts, and the stored form of all profiles of one underlying:
 *
 *   u8 version | i32 day, little endian | counts of bucket 0 | 1 | 2 | 3 | u32 FNV-1a of all before
 *
 * Counts come in order of their bins as varints (LEB128); 0 stands for a run of empty bins and is
 * followed by their number, across buckets too. An underlying that trades all day takes a few
 * thousand bytes, most take a few hundred.
 */

/** To be raised when the meaning of a byte changes, or of a bin. */
const VERSION = 1

/** Liquidity buckets of an underlying, each with a profile of its own. */
export const BUCKETS = 4

/** Sizes of 64,512 contracts, premiums of 16,515,072 dollars and more share the last bin. */
export const SIZE_BINS = binCount(16)
export const PREMIUM_BINS = binCount(24)
/** Of one profile: the bins of sizes, then those of premiums. */
export const PROFILE_BINS = SIZE_BINS + PREMIUM_BINS

const HEADER_BYTES = 5
const CHECK_BYTES = 4
const VARINT_BYTES_MAX = 5
const BYTES_MAX = HEADER_BYTES + BUCKETS * PROFILE_BINS * VARINT_BYTES_MAX + CHECK_BYTES

export type ProfileCounts = {
  /** New York day of the newest print in them, days since 1970. */
  readonly day: number
  /** PROFILE_BINS plain counts of each bucket. */
  readonly counts: Uint32Array
}

export function encodeProfiles(profiles: ProfileCounts): Uint8Array {
  const { day, counts } = profiles
  const bytes = new Uint8Array(BYTES_MAX)
  const view = new DataView(bytes.buffer)
  bytes[0] = VERSION
  view.setInt32(1, day, true)
  let end = HEADER_BYTES
  for (let bin = 0; bin < counts.length; bin++) {
    end = putVarint(bytes, end, counts[bin]!)
    if (counts[bin] !== 0) continue
    const first = bin
    while (counts[bin + 1] === 0) bin++
    end = putVarint(bytes, end, bin + 1 - first)
  }
  view.setUint32(end, checkOf(bytes, end), true)
  return bytes.slice(0, end + CHECK_BYTES)
}

/** Null for bytes of another version and for damaged ones. */
export function decodeProfiles(bytes: Uint8Array): ProfileCounts | null {
  const end = bytes.length - CHECK_BYTES
  if (end < HEADER_BYTES || bytes[0] !== VERSION) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(end, true) !== checkOf(bytes, end)) return null
  const counts = countsOf(varints(bytes, HEADER_BYTES, end))
  if (counts === null) return null
  for (let base = 0; base < counts.length; base += PROFILE_BINS) {
    const sizes = sumOf(counts, base, SIZE_BINS)
    if (sizes >= 2 ** 32 || sizes !== sumOf(counts, base + SIZE_BINS, PREMIUM_BINS)) return null
  }
  return { day: view.getInt32(1, true), counts }
}

/** Sum of `length` counts from `base` on. */
export function sumOf(counts: Uint32Array, base: number, length: number): number {
  let sum = 0
  for (let i = base; i < base + length; i++) sum += counts[i]!
  return sum
}

/** Null unless the numbers fill all bins exactly. */
function countsOf(numbers: readonly number[]): Uint32Array | null {
  const counts = new Uint32Array(BUCKETS * PROFILE_BINS)
  let bin = 0
  for (let i = 0; i < numbers.length; i++) {
    const count = numbers[i]!
    if (count >= 2 ** 32) return null
    if (count !== 0) counts[bin++] = count
    else bin += numbers[++i] ?? counts.length + 1 // a run that ends before its length is no run
  }
  return bin === counts.length ? counts : null
}

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let next = at
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[next++] = rest
  return next
}

/** All varints from `start` to `end`; one without an end is left out. */
function varints(bytes: Uint8Array, start: number, end: number): number[] {
  const numbers: number[] = []
  let value = 0
  let scale = 1
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte > 0x7f) continue
    numbers.push(value)
    value = 0
    scale = 1
  }
  return numbers
}

/** FNV-1a, 32 bits: any one byte changed changes it. */
function checkOf(bytes: Uint8Array, end: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash >>> 0
}
