const ZERO = 0x30

/** The whole-number digits that fit in an int32, and the digits after them that a double holds. */
const HEAD_DIGITS = 9
const LOW_SCALE_MAX = 1e6
const FRACTION_SCALE_MAX = 1e9

/** A longer number is not understood. A double has at most 24 characters. */
const NUMBER_CHARS_MAX = 64

/** JSON's own number grammar: Number() alone would also take '', ' 1', '0x10' and 'Infinity'. */
export const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * A place in a frame's bytes. A method that does not understand what stands there says so, and the
 * whole frame then goes to JSON.parse. The frame's last byte must be `]` or `}`: no number, key or
 * word contains one, so a method that stops at the first wrong byte never reads past the end.
 */
export class ScanCursor {
  bytes: Uint8Array = new Uint8Array(0)
  pos = 0

  /**
   * Reads a number and gives what JSON.parse gives for it. NaN: not understood. The digits as a
   * whole number and the power of ten below them are exact in a double, so their quotient is
   * correctly rounded; what is longer, or has an exponent, is read as text. The caller must check
   * the byte that follows: a digit after a leading zero is refused there.
   */
  number(): number {
    const bytes = this.bytes
    let pos = this.pos
    const isNegative = bytes[pos] === 0x2d
    if (isNegative) pos++
    const first = pos
    let head = 0
    let digit = bytes[pos]! - ZERO
    while (digit >= 0 && digit <= 9 && pos - first < HEAD_DIGITS) {
      head = head * 10 + digit
      digit = bytes[++pos]! - ZERO
    }
    const digits = pos - first
    if (digits === 0 || (bytes[first] === ZERO && digits > 1)) return Number.NaN
    let value = head
    if (digit >= 0 && digit <= 9) {
      let low = 0
      let scale = 1
      while (digit >= 0 && digit <= 9 && scale < LOW_SCALE_MAX) {
        low = low * 10 + digit
        scale *= 10
        digit = bytes[++pos]! - ZERO
      }
      value = head * scale + low
      if (digit >= 0 && digit <= 9) return this.#longNumber()
    }
    if (bytes[pos] === 0x2e) {
      let fraction = 0
      let scale = 1
      digit = bytes[++pos]! - ZERO
      while (digit >= 0 && digit <= 9 && scale < FRACTION_SCALE_MAX) {
        fraction = fraction * 10 + digit
        scale *= 10
        digit = bytes[++pos]! - ZERO
      }
      const mantissa = value * scale + fraction
      if (scale === 1) return Number.NaN
      if ((digit >= 0 && digit <= 9) || mantissa > Number.MAX_SAFE_INTEGER)
        return this.#longNumber()
      value = mantissa / scale
    }
    if ((bytes[pos]! | 0x20) === 0x65) return this.#longNumber()
    this.pos = pos
    return isNegative ? -value : value
  }

  /**
   * number(), for an id that mostly has three digits, as conditions do. Reads the first three of a
   * longer number, which the byte that follows then gives away.
   */
  id(): number {
    const { bytes, pos } = this
    const a = bytes[pos]! - ZERO
    if (a < 1 || a > 9) return this.number()
    const b = bytes[pos + 1]! - ZERO
    if (b < 0 || b > 9) return this.number()
    const c = bytes[pos + 2]! - ZERO
    if (c < 0 || c > 9) return this.number()
    this.pos = pos + 3
    return a * 100 + b * 10 + c
  }

  #longNumber(): number {
    const { bytes, pos } = this
    let end = pos
    while (end - pos < NUMBER_CHARS_MAX && isNumberByte(bytes[end]!)) end++
    const text = String.fromCharCode(...bytes.subarray(pos, end))
    if (end - pos === NUMBER_CHARS_MAX || !JSON_NUMBER.test(text)) return Number.NaN
    this.pos = end
    return Number(text)
  }

  /**
   * Reads on to the quote that ends a string of printable ASCII without escapes and past it; pos is
   * behind the opening quote. False: not understood.
   */
  plainString(): boolean {
    const bytes = this.bytes
    const end = bytes.length
    for (let pos = this.pos; pos < end; pos++) {
      const byte = bytes[pos]!
      if (byte === 0x22) {
        this.pos = pos + 1
        return true
      }
      if (byte === 0x5c || byte < 0x20 || byte > 0x7e) return false
    }
    return false
  }

  /** Skips JSON whitespace and gives the byte that follows it. */
  token(): number {
    const bytes = this.bytes
    let pos = this.pos
    let byte = bytes[pos]!
    while (byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
      byte = bytes[++pos]!
    }
    this.pos = pos
    return byte
  }

  /** Reads one of null, true, false. */
  word(): boolean {
    const { bytes, pos } = this
    const text = bytes[pos] === 0x6e ? 'null' : bytes[pos] === 0x74 ? 'true' : 'false'
    for (let i = 0; i < text.length; i++) {
      if (bytes[pos + i] !== text.charCodeAt(i)) return false
    }
    this.pos = pos + text.length
    return true
  }
}

function isNumberByte(byte: number): boolean {
  const isDigit = byte >= ZERO && byte <= 0x39
  return isDigit || byte === 0x2e || byte === 0x2b || byte === 0x2d || (byte | 0x20) === 0x65
}
