/**
 * State as bytes, for a later process of the same machine: parts, each with a name and a version,
 * made of numbers, texts and columns. Each item begins at a multiple of 8 bytes:
 *
 *   u32 kind | u32 length | payload, filled up with zeros to a multiple of 8
 *
 * `length` counts elements: bytes, UTF-16 units of a text, numbers of a column. Floating point is
 * kept bit by bit, NaN too. Bytes are little-endian, as they are in the memory of all machines that
 * Node.js is built for but one, which is refused.
 */
export type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array

type ColumnKind<T extends Column> = {
  new (length: number): T
  readonly BYTES_PER_ELEMENT: number
  readonly name: string
}

const HEADER_BYTES = 8
const ALIGNMENT = 8

const PART = 1
const TEXT = 2
const NUMBER = 3
const LIST = 4

/** Kinds of column, by the name of their constructor. */
const COLUMN: Readonly<Record<string, number>> = {
  Float64Array: 16,
  Uint32Array: 17,
  Int32Array: 18,
  Uint16Array: 19,
  Uint8Array: 20,
}

const NAMES = new Map<number, string>([
  [PART, 'a part'],
  [TEXT, 'a text'],
  [NUMBER, 'a number'],
  [LIST, 'a list'],
  ...Object.entries(COLUMN).map(([name, kind]): [number, string] => [kind, `a ${name}`]),
])

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function refuseBigEndian(): void {
  if (!isLittleEndian) throw new Error('state is kept on little-endian machines only')
}

const padded = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

/**
 * Collects the state. Columns are not copied before `bytes`, so nothing of what was written may
 * change until then.
 */
export class StateWriter {
  readonly #pieces: Uint8Array[] = []
  #size = 0

  constructor() {
    refuseBigEndian()
  }

  /** Begins a part. `version` is to be raised when what follows changes its meaning. */
  part(name: string, version: number): void {
    this.#item(PART, version, new Uint8Array(0))
    this.text(name)
  }

  number(value: number): void {
    this.#item(NUMBER, 1, Float64Array.of(value))
  }

  /** Any text, kept unit by unit: halves of a surrogate pair too. */
  text(value: string): void {
    const units = new Uint16Array(value.length)
    for (let i = 0; i < value.length; i++) units[i] = value.charCodeAt(i)
    this.#item(TEXT, units.length, units)
  }

  /** Numbers and texts, each kept as what it is. */
  list(values: readonly (number | string)[]): void {
    this.#item(LIST, values.length, new Uint8Array(0))
    for (const value of values) {
      if (typeof value === 'number') this.number(value)
      else this.text(value)
    }
  }

  /** The first `length` elements of a column. */
  column(column: Column, length = column.length): void {
    if (length > column.length) {
      throw new RangeError(`${length} elements of a column that has ${column.length}`)
    }
    this.#item(COLUMN[column.constructor.name]!, length, column.subarray(0, length))
  }

  /** All that was written, in a buffer of its own. */
  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#size)
    let at = 0
    for (const piece of this.#pieces) {
      all.set(piece, at)
      at += padded(piece.length)
    }
    return all
  }

  #item(kind: number, length: number, payload: Column): void {
    const header = Uint32Array.of(kind, length)
    this.#pieces.push(new Uint8Array(header.buffer))
    this.#pieces.push(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength))
    this.#size += HEADER_BYTES + padded(payload.byteLength)
  }
}

/**
 * Reads what a StateWriter has written, in the same order. Each method throws an Error when
 * something else comes, or nothing: what has been loaded by then is of no use.
 */
export class StateReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  #part = 'the beginning'

  /** `bytes` may lie anywhere in its buffer. */
  constructor(bytes: Uint8Array) {
    refuseBigEndian()
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Begins a part, which must have this name and version. */
  part(name: string, version: number): void {
    const found = this.#header(PART, 0)
    const foundName = this.text()
    if (foundName !== name || found !== version) {
      const came = `came ${foundName} of version ${found}`
      throw new Error(`saved state: expected ${name} of version ${version}, ${came}`)
    }
    this.#part = name
  }

  number(): number {
    const length = this.#header(NUMBER, 8)
    if (length !== 1) this.#fail(`expected one number, came ${length}`)
    return this.#view.getFloat64(this.#skip(8), true)
  }

  text(): string {
    const length = this.#header(TEXT, 2)
    const units = new Uint16Array(length)
    this.#copy(units, length)
    let text = ''
    for (const unit of units) text += String.fromCharCode(unit)
    return text
  }

  list(): (number | string)[] {
    const length = this.#header(LIST, 0)
    const values: (number | string)[] = []
    for (let i = 0; i < length; i++) {
      const isThere = this.#at + HEADER_BYTES <= this.#bytes.length
      const kind = isThere ? this.#view.getUint32(this.#at, true) : NUMBER
      values.push(kind === TEXT ? this.text() : this.number())
    }
    return values
  }

  /** A column of any length, in an array of its own. */
  column<T extends Column>(kind: ColumnKind<T>): T {
    const length = this.#header(COLUMN[kind.name]!, kind.BYTES_PER_ELEMENT)
    const column = new kind(length)
    this.#copy(column, length)
    return column
  }

  /** A column into the beginning of `target`: of exactly `length` elements, if that is given. */
  into(target: Column, length?: number): void {
    const { name } = target.constructor
    const found = this.#header(COLUMN[name]!, target.BYTES_PER_ELEMENT)
    if (found !== (length ?? found) || found > target.length) {
      const expected = length ?? `at most ${target.length}`
      this.#fail(`expected ${expected} elements of a ${name}, came ${found}`)
    }
    this.#copy(target, found)
  }

  /** Nothing may be left. */
  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) this.#fail(`expected its end, came ${left} more bytes`)
  }

  /** Length of the next item, whose payload is known to be there. */
  #header(kind: number, bytesPerElement: number): number {
    if (this.#at + HEADER_BYTES > this.#bytes.length) {
      this.#fail(`expected ${NAMES.get(kind)}, came the end of the bytes`)
    }
    const found = this.#view.getUint32(this.#at, true)
    const length = this.#view.getUint32(this.#at + 4, true)
    if (found !== kind) {
      this.#fail(`expected ${NAMES.get(kind)}, came ${NAMES.get(found) ?? `kind ${found}`}`)
    }
    this.#at += HEADER_BYTES
    const left = this.#bytes.length - this.#at
    if (padded(length * bytesPerElement) > left) {
      this.#fail(`expected ${length * bytesPerElement} bytes, came ${left}`)
    }
    return length
  }

  #copy(target: Column, length: number): void {
    const bytes = length * target.BYTES_PER_ELEMENT
    const from = this.#skip(bytes)
    new Uint8Array(target.buffer, target.byteOffset, bytes).set(
      this.#bytes.subarray(from, from + bytes),
    )
  }

  /** Steps over a payload; gives where it began. */
  #skip(bytes: number): number {
    const from = this.#at
    this.#at += padded(bytes)
    return from
  }

  #fail(what: string): never {
    throw new Error(`saved state, ${this.#part}: ${what}`)
  }
}
