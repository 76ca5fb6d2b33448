import { UNKNOWN_KEY } from './decode-counts.ts'
import { TICKER_INVALID } from './dictionary.ts'
import type { EventRows } from './event-rows.ts'
import type { ScanCursor } from './scan-cursor.ts'

// Places of the known keys among the fields, and their bits in a mask.
const EV = 0
const SYM = 1
const T = 2
const Q = 3
const X = 4
const P = 5
const S = 6
const C = 7
const BX = 8
const AX = 9
const BP = 10
const AP = 11
const BS = 12
const AS = 13
const FIELDS = 14
const UNKNOWN = -1

const COMMON = (1 << EV) | (1 << SYM) | (1 << T) | (1 << Q)
const PRINT_FIELDS = COMMON | (1 << X) | (1 << P) | (1 << S) | (1 << C)
const QUOTE_FIELDS = ((1 << FIELDS) - 1) & ~(PRINT_FIELDS & ~COMMON)

/** Unknown keys of one event whose names are compared; more go to JSON.parse. */
const UNKNOWN_KEYS_MAX = 16

const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const CLOSE = 0x7d
const COMMA = 0x2c
const COLON = 0x3a
const QUOTE = 0x22

/**
 * Reads a T or Q event with its keys in any order, whitespace, numbers as text, unknown keys. Other
 * events, nested values, escapes and keys that stand twice are not understood.
 */
export class EventScanner {
  readonly #cursor: ScanCursor
  readonly #rows: EventRows
  /** Numbers by field; NaN for null, for what is no number and for what is absent. */
  readonly #numbers = new Float64Array(FIELDS)
  readonly #unknownStarts = new Int32Array(UNKNOWN_KEYS_MAX)
  readonly #unknownEnds = new Int32Array(UNKNOWN_KEYS_MAX)
  #unknown = 0
  #seen = 0
  #kind = 0
  #tickerStart = 0
  /** 0: the event has no ticker that is a text. */
  #tickerEnd = 0

  constructor(cursor: ScanCursor, rows: EventRows) {
    this.#cursor = cursor
    this.#rows = rows
  }

  /** The cursor stands at the event's `{`. False: not understood, and nothing was written. */
  event(): boolean {
    const cursor = this.#cursor
    this.#numbers.fill(Number.NaN)
    this.#rows.conditions.clear()
    this.#unknown = 0
    this.#seen = 0
    this.#kind = 0
    this.#tickerEnd = 0
    do {
      cursor.pos++
      if (!this.#member()) return false
    } while (cursor.token() === COMMA)
    if (cursor.bytes[cursor.pos] !== CLOSE) return false
    cursor.pos++
    return this.#emit()
  }

  #member(): boolean {
    const cursor = this.#cursor
    if (cursor.token() !== QUOTE) return false
    const start = ++cursor.pos
    if (!cursor.plainString()) return false
    const end = cursor.pos - 1
    const field = fieldOf(cursor.bytes, start, end)
    if (!(field === UNKNOWN ? this.#isNewUnknown(start, end) : this.#isNewField(field)))
      return false
    if (cursor.token() !== COLON) return false
    cursor.pos++
    return this.#value(field, cursor.token())
  }

  #isNewField(field: number): boolean {
    const isNew = (this.#seen & (1 << field)) === 0
    this.#seen |= 1 << field
    return isNew
  }

  #isNewUnknown(start: number, end: number): boolean {
    if (this.#unknown === UNKNOWN_KEYS_MAX) return false
    const bytes = this.#cursor.bytes
    for (let i = 0; i < this.#unknown; i++) {
      if (isSame(bytes, this.#unknownStarts[i]!, this.#unknownEnds[i]!, start, end)) return false
    }
    this.#unknownStarts[this.#unknown] = start
    this.#unknownEnds[this.#unknown] = end
    this.#unknown++
    return true
  }

  #value(field: number, byte: number): boolean {
    const cursor = this.#cursor
    if (byte === QUOTE) {
      cursor.pos++
      return this.#text(field)
    }
    if (byte === OPEN_LIST) {
      cursor.pos++
      return field === C && this.#conditionList()
    }
    if (field === EV) return false
    if (byte === 0x6e || byte === 0x74 || byte === 0x66) return cursor.word()
    return this.#number(field)
  }

  /** A string value; the cursor stands behind its opening quote. */
  #text(field: number): boolean {
    const cursor = this.#cursor
    if (field > SYM) {
      // A text that is no plain number is JSON.parse's matter.
      return this.#number(field) && cursor.bytes[cursor.pos++] === QUOTE
    }
    const start = cursor.pos
    if (!cursor.plainString()) return false
    if (field === SYM) {
      this.#tickerStart = start
      this.#tickerEnd = cursor.pos - 1
    } else if (field === EV) {
      this.#kind = cursor.pos - 1 - start === 1 ? cursor.bytes[start]! : 0
    }
    return true
  }

  #number(field: number): boolean {
    const value = this.#cursor.number()
    if (Number.isNaN(value)) return false
    if (field === C) this.#rows.conditions.add(value)
    else if (field !== UNKNOWN) this.#numbers[field] = value
    return true
  }

  #conditionList(): boolean {
    const cursor = this.#cursor
    if (cursor.token() === CLOSE_LIST) {
      cursor.pos++
      return true
    }
    for (;;) {
      const byte = cursor.token()
      if (byte === OPEN_LIST || !this.#value(C, byte)) return false
      const next = cursor.token()
      cursor.pos++
      if (next === CLOSE_LIST) return true
      if (next !== COMMA) return false
    }
  }

  #emit(): boolean {
    const isPrint = this.#kind === 0x54
    if (!isPrint && this.#kind !== 0x51) return false
    const rows = this.#rows
    let strangers = this.#seen & ~(isPrint ? PRINT_FIELDS : QUOTE_FIELDS)
    for (; strangers !== 0; strangers &= strangers - 1) rows.tally[UNKNOWN_KEY]!++
    rows.tally[UNKNOWN_KEY]! += this.#unknown
    const contract =
      this.#tickerEnd === 0
        ? TICKER_INVALID
        : rows.dictionary.lookup(this.#cursor.bytes, this.#tickerStart, this.#tickerEnd)
    const n = this.#numbers
    if (isPrint) rows.print(contract, n[X]!, n[P]!, n[S]!, n[T]!, n[Q]!)
    else rows.quote(contract, n[BP]!, n[AP]!, n[BS]!, n[AS]!, n[T]!, n[BX]!, n[AX]!)
    return true
  }
}

function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  const first = bytes[start]
  const second = bytes[start + 1]
  if (length === 1) return oneLetterField(first)
  if (length === 3) {
    return first === 0x73 && second === 0x79 && bytes[start + 2] === 0x6d ? SYM : UNKNOWN
  }
  if (length !== 2) return UNKNOWN
  if (first === 0x65) return second === 0x76 ? EV : UNKNOWN
  const isBid = first === 0x62
  if (!isBid && first !== 0x61) return UNKNOWN
  if (second === 0x78) return isBid ? BX : AX
  if (second === 0x70) return isBid ? BP : AP
  return second === 0x73 ? (isBid ? BS : AS) : UNKNOWN
}

function oneLetterField(letter: number | undefined): number {
  switch (letter) {
    case 0x78:
      return X
    case 0x70:
      return P
    case 0x73:
      return S
    case 0x63:
      return C
    case 0x74:
      return T
    case 0x71:
      return Q
    default:
      return UNKNOWN
  }
}

function isSame(b: Uint8Array, start: number, end: number, from: number, to: number): boolean {
  if (end - start !== to - from) return false
  for (let i = 0; i < end - start; i++) if (b[start + i] !== b[from + i]) return false
  return true
}
