import { MinuteSums } from '../rollup/minute-sums.ts'

const START_BYTES = 1 << 20

/** `PGCOPY`, its magic bytes, no flags, no extension: what every binary COPY starts with. */
export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
export const COPY_TRAILER = Buffer.from([0xff, 0xff])

/**
 * Rows of one batch as COPY bytes, in one buffer that grows to the largest batch and is used again.
 * `bytes` and `view` change when it grows: take them anew after each `reserve`.
 */
export class CopyBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(START_BYTES)
  view: DataView = new DataView(this.bytes.buffer)
  length = 0
  rows = 0
  /** UTC days since 1970-01-01 that the rows fall on. */
  readonly days = new Set<number>()
  /** Smallest and largest vendor time of the rows, epoch ms. */
  timeMin = Number.POSITIVE_INFINITY
  timeMax = Number.NEGATIVE_INFINITY
  /** What the rows add to the rollups. */
  readonly sums = new MinuteSums()

  /** Makes room for `need` more bytes. */
  reserve(need: number): void {
    if (this.length + need <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + need))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  clear(): void {
    this.length = 0
    this.rows = 0
    this.days.clear()
    this.sums.clear()
    this.timeMin = Number.POSITIVE_INFINITY
    this.timeMax = Number.NEGATIVE_INFINITY
  }
}

/** Where each row of `bytes` starts, and the end behind the last: read from the field lengths. */
export function rowOffsets(bytes: Buffer): number[] {
  const offsets = [0]
  let at = 0
  while (at < bytes.length) {
    const fields = bytes.readInt16BE(at)
    at += 2
    for (let field = 0; field < fields; field++) at += 4 + Math.max(0, bytes.readInt32BE(at))
    offsets.push(at)
  }
  return offsets
}
