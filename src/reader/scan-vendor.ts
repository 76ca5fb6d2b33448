import { TICKER_INVALID } from './dictionary.ts'
import type { EventRows } from './event-rows.ts'
import type { ScanCursor } from './scan-cursor.ts'
import { TICKER_BYTES_MAX, TICKER_BYTES_MIN } from './ticker-bytes.ts'

/**
 * The two event shapes that the vendor writes, byte for byte:
 *
 *   {"ev":"T","sym":"O:..","x":302,"p":1.54,"s":1,"c":[233],"t":1629820676333,"q":651921857}
 *   {"ev":"Q","sym":"O:..","bx":302,"ax":302,"bp":9.71,"ap":9.81,"bs":17,"as":24,"t":..,"q":..}
 *
 * False: it is another shape, nothing was written, and the cursor stands anywhere. In the second
 * half of a shape all comparisons stop at the first wrong byte (see ScanCursor).
 */
export function scanVendorEvent(cursor: ScanCursor, rows: EventRows): boolean {
  const { bytes, pos } = cursor
  // A ticker's bytes are read before they are known to be one, so they must exist.
  if (pos + HEAD_BYTES + TICKER_BYTES_MAX >= bytes.length || !isHead(bytes, pos)) return false
  const start = pos + HEAD_BYTES
  let end = start + TICKER_BYTES_MIN
  const last = start + TICKER_BYTES_MAX
  while (end < last && bytes[end] !== QUOTE) end++
  if (bytes[end] !== QUOTE) return false
  const contract = rows.dictionary.lookup(bytes, start, end)
  // Any other answer proves the bytes to be a ticker, so no escape and no second quote among them.
  if (contract === TICKER_INVALID) return false
  cursor.pos = end + 1
  return bytes[pos + KIND_AT] === LETTER_T
    ? scanPrint(cursor, rows, contract)
    : bytes[pos + KIND_AT] === LETTER_Q && scanQuote(cursor, rows, contract)
}

const QUOTE = 0x22
const COLON = 0x3a
const COMMA = 0x2c
const CLOSE = 0x7d
const LETTER_T = 0x54
const LETTER_Q = 0x51
const KIND_AT = 7 // {"ev":"T
const HEAD_BYTES = 17 // {"ev":"T","sym":"

function isHead(b: Uint8Array, at: number): boolean {
  return (
    b[at] === 0x7b &&
    b[at + 1] === QUOTE &&
    b[at + 2] === 0x65 &&
    b[at + 3] === 0x76 &&
    b[at + 4] === QUOTE &&
    b[at + 5] === COLON &&
    b[at + 6] === QUOTE &&
    b[at + 8] === QUOTE &&
    b[at + 9] === COMMA &&
    b[at + 10] === QUOTE &&
    b[at + 11] === 0x73 &&
    b[at + 12] === 0x79 &&
    b[at + 13] === 0x6d &&
    b[at + 14] === QUOTE &&
    b[at + 15] === COLON &&
    b[at + 16] === QUOTE
  )
}

function scanPrint(cursor: ScanCursor, rows: EventRows, contract: number): boolean {
  const exchange = keyed(cursor, 0x78)
  const price = keyed(cursor, 0x70)
  const size = keyed(cursor, 0x73)
  // NaN in a sum stays NaN: one test for all three, before the conditions are touched
  if (Number.isNaN(exchange + price + size)) return false
  if (!conditionList(cursor, rows)) return false
  const time = keyed(cursor, 0x74)
  const sequence = keyed(cursor, 0x71)
  if (Number.isNaN(time + sequence) || cursor.bytes[cursor.pos] !== CLOSE) return false
  cursor.pos++
  rows.print(contract, exchange, price, size, time, sequence)
  return true
}

function scanQuote(cursor: ScanCursor, rows: EventRows, contract: number): boolean {
  const bidExchange = keyedPair(cursor, 0x62, 0x78)
  const askExchange = keyedPair(cursor, 0x61, 0x78)
  const bid = keyedPair(cursor, 0x62, 0x70)
  const ask = keyedPair(cursor, 0x61, 0x70)
  const bidSize = keyedPair(cursor, 0x62, 0x73)
  const askSize = keyedPair(cursor, 0x61, 0x73)
  const time = keyed(cursor, 0x74)
  const sequence = keyed(cursor, 0x71)
  const venues = bidExchange + askExchange
  if (Number.isNaN(venues + bid + ask + bidSize + askSize + time + sequence)) return false
  if (cursor.bytes[cursor.pos] !== CLOSE) return false
  cursor.pos++
  rows.quote(contract, bid, ask, bidSize, askSize, time, bidExchange, askExchange)
  return true
}

/** The number after `,"k":`; NaN, and the cursor unmoved, where something else stands. */
function keyed(cursor: ScanCursor, key: number): number {
  const { bytes, pos } = cursor
  if (
    bytes[pos] === COMMA &&
    bytes[pos + 1] === QUOTE &&
    bytes[pos + 2] === key &&
    bytes[pos + 3] === QUOTE &&
    bytes[pos + 4] === COLON
  ) {
    cursor.pos = pos + 5
    return cursor.number()
  }
  return Number.NaN
}

/** The number after `,"kl":`. */
function keyedPair(cursor: ScanCursor, key: number, letter: number): number {
  const { bytes, pos } = cursor
  if (
    bytes[pos] === COMMA &&
    bytes[pos + 1] === QUOTE &&
    bytes[pos + 2] === key &&
    bytes[pos + 3] === letter &&
    bytes[pos + 4] === QUOTE &&
    bytes[pos + 5] === COLON
  ) {
    cursor.pos = pos + 6
    return cursor.number()
  }
  return Number.NaN
}

/** Reads `,"c":[..]` of numbers, or nothing where the next key is another: `c` may be absent. */
function conditionList(cursor: ScanCursor, rows: EventRows): boolean {
  const { bytes, pos } = cursor
  const conditions = rows.conditions
  conditions.clear()
  if (bytes[pos] !== COMMA || bytes[pos + 1] !== QUOTE || bytes[pos + 2] !== 0x63) return true
  if (bytes[pos + 3] !== QUOTE || bytes[pos + 4] !== COLON || bytes[pos + 5] !== 0x5b) return false
  cursor.pos = pos + 6
  if (bytes[cursor.pos] === 0x5d) {
    cursor.pos++
    return true
  }
  for (;;) {
    const id = cursor.id()
    if (Number.isNaN(id)) return false
    conditions.add(id)
    const byte = bytes[cursor.pos++]
    if (byte === 0x5d) return true
    if (byte !== COMMA) return false
  }
}
