import { crc32 } from 'node:zlib'

/** One WebSocket message as it was received, or a frame of evidence that we made ourselves. */
export type JournalFrame = {
  /** Receive time, epoch ms; NaN: none. */
  readonly recv: number
  /** Reading clock, monotonic ms; NaN: none. */
  readonly clock: number
  /** Index of the feed connection, 0 to 65,535. */
  readonly connection: number
  readonly bytes: Uint8Array
  readonly isBinary: boolean
}

/**
 * magic u32 | crc u32 | length u32 | connection u16 | flags u8 | 0 u8 | recv f64 | clock f64 |
 * `length` bytes of the frame. Little-endian. The crc is over all that follows it.
 */
export const HEADER_BYTES = 32
export const MAGIC = Buffer.from('OFJ1') // the last one is the version of this layout
export const CONNECTION_MAX = 0xff_ff
const CRC_AT = 4
const LENGTH_AT = 8
const CONNECTION_AT = 12
const FLAGS_AT = 14
const RECV_AT = 16
const CLOCK_AT = 24
const BINARY = 1
const MAGIC_NUMBER = MAGIC.readUInt32LE(0)
const STAR = 0x2a

/** Bytes of a record whose frame has `length` bytes. */
export function recordBytes(length: number): number {
  return HEADER_BYTES + length
}

/**
 * Writes the record of `frame` at `at`, where there must be room for it. Each occurrence of a
 * secret in it is overwritten by as many `*`.
 */
export function writeRecord(
  out: Buffer,
  at: number,
  frame: JournalFrame,
  secrets: readonly Buffer[],
): void {
  const { length } = frame.bytes
  const end = at + HEADER_BYTES + length
  out.set(frame.bytes, at + HEADER_BYTES)
  for (const secret of secrets) hide(out.subarray(at + HEADER_BYTES, end), secret)
  out.writeUInt32LE(MAGIC_NUMBER, at)
  out.writeUInt32LE(length, at + LENGTH_AT)
  out.writeUInt16LE(frame.connection, at + CONNECTION_AT)
  out[at + FLAGS_AT] = frame.isBinary ? BINARY : 0
  out[at + FLAGS_AT + 1] = 0
  out.writeDoubleLE(frame.recv, at + RECV_AT)
  out.writeDoubleLE(frame.clock, at + CLOCK_AT)
  out.writeUInt32LE(crc32(out.subarray(at + LENGTH_AT, end)), at + CRC_AT)
}

function hide(bytes: Buffer, secret: Buffer): void {
  for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, at + secret.length)) {
    bytes.fill(STAR, at, at + secret.length)
  }
}

/**
 * Bytes that the record at `at` takes by its header: 0 when no record begins there. Give at least
 * HEADER_BYTES.
 */
export function recordBytesAt(bytes: Buffer, at: number): number {
  if (bytes.readUInt32LE(at) !== MAGIC_NUMBER) return 0
  return HEADER_BYTES + bytes.readUInt32LE(at + LENGTH_AT)
}

/** The frame of the whole record in bytes `at` to `end`, a view into them; null: it is damaged. */
export function readRecord(bytes: Buffer, at: number, end: number): JournalFrame | null {
  const crc = crc32(bytes.subarray(at + LENGTH_AT, end))
  if (crc !== bytes.readUInt32LE(at + CRC_AT)) return null
  return {
    recv: bytes.readDoubleLE(at + RECV_AT),
    clock: bytes.readDoubleLE(at + CLOCK_AT),
    connection: bytes.readUInt16LE(at + CONNECTION_AT),
    bytes: bytes.subarray(at + HEADER_BYTES, end),
    isBinary: (bytes[at + FLAGS_AT]! & BINARY) !== 0,
  }
}
