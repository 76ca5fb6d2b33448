import { isRealDate } from '../domain/contract.ts'

/** `O:` + root of 1 to 6 + YYMMDD + C|P + 8 strike digits, in bytes (all of it is ASCII). */
export const TICKER_BYTES_MIN = 18
export const TICKER_BYTES_MAX = 23

const OCC_TAIL = 15
const RIGHT_AT = 6 // C or P, counted from the tail's start

/**
 * The root of the contract ticker in bytes[start, end) as a number, or 0 where parseContract would
 * say null. Base 37 (A..Z: 1..26, 0..9: 27..36), so six characters fit in 32 bits and no two roots
 * share a number.
 */
export function rootKeyOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length < TICKER_BYTES_MIN || length > TICKER_BYTES_MAX) return 0
  if (bytes[start] !== 0x4f || bytes[start + 1] !== 0x3a) return 0
  const tail = end - OCC_TAIL
  let key = 0
  for (let i = start + 2; i < tail; i++) {
    const code = rootCode(bytes[i]!)
    if (code === 0 || (key === 0 && code > 26)) return 0
    key = key * 37 + code
  }
  return isOccTail(bytes, tail, end) ? key : 0
}

/** The root of a ticker that rootKeyOf accepts, as text. */
export function rootTextOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start + 2, end - OCC_TAIL))
}

function rootCode(byte: number): number {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x40
  return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 + 27 : 0
}

function isOccTail(bytes: Uint8Array, tail: number, end: number): boolean {
  const right = bytes[tail + RIGHT_AT]
  if (right !== 0x43 && right !== 0x50) return false
  for (let i = tail; i < end; i++) {
    const byte = bytes[i]!
    if ((byte < 0x30 || byte > 0x39) && i !== tail + RIGHT_AT) return false
  }
  return isRealDate(
    2000 + twoDigits(bytes, tail),
    twoDigits(bytes, tail + 2),
    twoDigits(bytes, tail + 4),
  )
}

function twoDigits(bytes: Uint8Array, at: number): number {
  return (bytes[at]! - 0x30) * 10 + bytes[at + 1]! - 0x30
}
