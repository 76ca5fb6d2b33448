import type { Random } from '../../src/simulator/random.ts'

const INPUT_BYTES_MAX = 16 * 1024
/** Once in so many inputs one may be this large. */
const HUGE_ONE_IN = 5000
const HUGE_BYTES_MAX = 1024 * 1024
const STEPS_MAX = 4

/** Numbers at the limits of the types, and texts that some parsers take for numbers. */
const NUMBERS = [
  ...['0', '-0', '1', '-1', '1.5', '0.00005', '1e400', '-1e400', '1e-400', '1e308', '12.0', '01'],
  ...['127', '128', '255', '256', '32767', '32768', '65535', '65536', '16777216', '300', '554'],
  ...['2147483647', '2147483648', '-2147483648', '4294967295', '4294967296', '1000000'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '18446744073709551616'],
  ...[
    '8640000000000000',
    '8640000000000001',
    '1000000.00001',
    '0x10',
    'NaN',
    'Infinity',
    '1.',
    '.5',
  ],
  ...['1765800000000', '1765800060000', '1765800060001', '123456789012345678901234567890'],
]

/** Bytes that mean something to JSON, CSV, URLs, UTF-8, msgpack or a shell. */
const BYTES = [
  ...Buffer.from('{}[]",:\\\n\r\t \'#=%&?;+-.0eE/$`_*\0'),
  0x7f,
  0x80,
  0xc0,
  0xc3,
  0xed,
  0xef,
  0xf0,
  0xff,
]

const TEXTS = [
  ...['null', 'true', 'false', '""', '[]', '{}', '"\\u0000"', '"\\ud800"', '"__proto__"', '\ufeff'],
  ...['é', '\u2028', '%00', '%zz', '%F0%9F', '../', '\r\n', "'", '\\', '\\"'],
]

/** One to four changes of `input`, or none of it left. `other` gives another input for splices. */
export function mutate(input: Buffer, words: Words, random: Random, other: () => Buffer): Buffer {
  let bytes = input
  for (let steps = random.int(1, STEPS_MAX); steps > 0; steps--) {
    bytes = CHANGES[random.int(0, CHANGES.length - 1)]!(bytes, random, words, other)
  }
  const max = random.int(1, HUGE_ONE_IN) === 1 ? HUGE_BYTES_MAX : INPUT_BYTES_MAX
  return bytes.length > max ? bytes.subarray(0, max) : bytes
}

type Words = readonly (string | Buffer)[]
type Change = (bytes: Buffer, random: Random, words: Words, other: () => Buffer) => Buffer

const CHANGES: readonly Change[] = [
  flipBit,
  setByte,
  insertByte,
  removePart,
  removePart,
  repeatPart,
  copyPart,
  truncate,
  splice,
  insertWord,
  insertWord,
  changeNumber,
  changeNumber,
  changeDigit,
  changeDigit,
  swapToken,
  growPart,
]

function place(bytes: Buffer, random: Random): number {
  return bytes.length === 0 ? 0 : random.int(0, bytes.length - 1)
}

/** Mostly a short part, sometimes a long one. */
function part(bytes: Buffer, random: Random): readonly [start: number, end: number] {
  const start = place(bytes, random)
  const most = random.chance(0.8) ? 16 : bytes.length
  return [start, Math.min(bytes.length, start + random.int(1, Math.max(1, most)))]
}

function replaced(bytes: Buffer, start: number, end: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)])
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length > 0) copy[place(bytes, random)]! ^= 1 << random.int(0, 7)
  return copy
}

function setByte(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length > 0) copy[place(bytes, random)] = someByte(random)
  return copy
}

function insertByte(bytes: Buffer, random: Random): Buffer {
  const at = place(bytes, random)
  return replaced(bytes, at, at, Uint8Array.of(someByte(random)))
}

function someByte(random: Random): number {
  return random.chance(0.7) ? random.pick(BYTES) : random.int(0, 255)
}

function removePart(bytes: Buffer, random: Random): Buffer {
  const [start, end] = part(bytes, random)
  return replaced(bytes, start, end, new Uint8Array(0))
}

function repeatPart(bytes: Buffer, random: Random): Buffer {
  const [start, end] = part(bytes, random)
  return replaced(bytes, end, end, bytes.subarray(start, end))
}

function copyPart(bytes: Buffer, random: Random): Buffer {
  const [start, end] = part(bytes, random)
  const at = place(bytes, random)
  return replaced(bytes, at, at, bytes.subarray(start, end))
}

/** The same part so often that whatever grows with its square, or recurses, shows. */
function growPart(bytes: Buffer, random: Random): Buffer {
  const [start, end] = part(bytes, random)
  if (end === start || random.chance(0.8)) return bytes
  const length = random.chance(0.02) ? HUGE_BYTES_MAX : random.int(1, 4096)
  const grown = Buffer.alloc(length, bytes.subarray(start, end))
  return replaced(bytes, end, end, grown)
}

function truncate(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(0, place(bytes, random))
}

function splice(bytes: Buffer, random: Random, _: Words, other: () => Buffer): Buffer {
  const second = other()
  const [start, end] = part(second, random)
  const at = place(bytes, random)
  if (random.chance(0.5)) return replaced(bytes, at, at, second.subarray(start, end))
  return Buffer.concat([bytes.subarray(0, at), second.subarray(start)])
}

function insertWord(bytes: Buffer, random: Random, words: Words): Buffer {
  const at = place(bytes, random)
  const all: Words = words.length > 0 && random.chance(0.8) ? words : TEXTS
  const word = random.pick(all)
  return replaced(bytes, at, at, typeof word === 'string' ? Buffer.from(word) : word)
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x30 && byte <= 0x39

/** Where the next number at or behind a random place begins and ends; null: there is none. */
function someNumber(bytes: Buffer, random: Random): readonly [number, number] | null {
  let start = place(bytes, random)
  while (start < bytes.length && !isDigit(bytes[start])) start++
  if (start === bytes.length) return null
  while (isDigit(bytes[start - 1]) || bytes[start - 1] === 0x2e) start--
  let end = start
  while (isDigit(bytes[end]) || bytes[end] === 0x2e) end++
  return [start, end]
}

function changeNumber(bytes: Buffer, random: Random): Buffer {
  const found = someNumber(bytes, random)
  if (found === null) return bytes
  const [start, end] = found
  const text = bytes.toString('latin1', start, end)
  const near = String(Number(text) + random.pick([-1, 1, 0.5, 1e6, -1e6]))
  const by = random.chance(0.3) ? near : random.chance(0.1) ? `"${text}"` : random.pick(NUMBERS)
  return replaced(bytes, start, end, Buffer.from(by))
}

function changeDigit(bytes: Buffer, random: Random): Buffer {
  const found = someNumber(bytes, random)
  if (found === null) return bytes
  const copy = Buffer.from(bytes)
  copy[random.int(found[0], found[1] - 1)] = 0x30 + random.int(0, 9)
  return copy
}

/** A token of JSON, CSV or a query (what lies between two separators) by another of the input. */
function swapToken(bytes: Buffer, random: Random): Buffer {
  const [start, end] = token(bytes, random)
  const [from, to] = token(bytes, random)
  const by = random.chance(0.3) ? Buffer.from(random.pick(TEXTS)) : bytes.subarray(from, to)
  return replaced(bytes, start, end, by)
}

const SEPARATORS = new Set(Buffer.from(',:[]{}&=?/\n;| '))

function token(bytes: Buffer, random: Random): readonly [number, number] {
  let start = place(bytes, random)
  while (start > 0 && !SEPARATORS.has(bytes[start - 1]!)) start--
  let end = start
  while (end < bytes.length && !SEPARATORS.has(bytes[end]!)) end++
  return [start, end]
}
