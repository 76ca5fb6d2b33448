/**
 * Fields of a COPY row: the length as i32 and the bytes, length -1 for null. Each writes at `at`
 * and returns the offset behind it; whoever calls has made room.
 */
const TWO_POW_32 = 2 ** 32
const DIGIT_0 = 48

/** The digits of a whole number of 0 to 2^53, without a length. */
export function writeDecimal(bytes: Buffer, at: number, value: number): number {
  let digits = 1
  for (let bound = 10; value >= bound; bound *= 10) digits++
  let rest = value
  for (let place = at + digits - 1; place >= at; place--) {
    const next = Math.floor(rest / 10)
    bytes[place] = DIGIT_0 + (rest - next * 10)
    rest = next
  }
  return at + digits
}

/** Null of any type. */
export function writeNull(view: DataView, at: number): number {
  view.setInt32(at, -1)
  return at + 4
}

/** A whole number of 32 bits. */
export function writeInteger(view: DataView, at: number, value: number): number {
  view.setInt32(at, 4)
  view.setInt32(at + 4, value)
  return at + 8
}

/** A count of 0 or more; below is null. */
export function writeCountOrNull(view: DataView, at: number, count: number): number {
  return count < 0 ? writeNull(view, at) : writeInteger(view, at, count)
}

/** A whole number that a double holds. */
export function writeBigint(view: DataView, at: number, value: number): number {
  view.setInt32(at, 8)
  view.setInt32(at + 4, Math.floor(value / TWO_POW_32))
  view.setUint32(at + 8, value) // the low 32 bits of a double that holds a whole number
  return at + 12
}

/** The same; NaN is null. */
export function writeBigintOrNull(view: DataView, at: number, value: number): number {
  return Number.isNaN(value) ? writeNull(view, at) : writeBigint(view, at, value)
}

/** The nearest number of 32 bits. */
export function writeReal(view: DataView, at: number, value: number): number {
  view.setInt32(at, 4)
  view.setFloat32(at + 4, value)
  return at + 8
}
