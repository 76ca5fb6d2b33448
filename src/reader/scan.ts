import type { EventRows } from './event-rows.ts'
import { ScanCursor } from './scan-cursor.ts'
import { EventScanner } from './scan-event.ts'
import { scanVendorEvent } from './scan-vendor.ts'

const NOTHING = new Uint8Array(0)

/**
 * Reads frames of T and Q events straight from their bytes: no object, string or closure a print.
 * Whatever it accepts, JSON.parse accepts with the same result; it gives up at the first doubt.
 */
export class FrameScanner {
  readonly #cursor = new ScanCursor()
  readonly #rows: EventRows
  readonly #events: EventScanner

  constructor(rows: EventRows) {
    this.#rows = rows
    this.#events = new EventScanner(this.#cursor, rows)
  }

  /** False: not understood, and what was written so far must be forgotten. */
  scan(frame: Uint8Array): boolean {
    this.#cursor.bytes = frame
    this.#cursor.pos = 0
    const isUnderstood = this.#frame(frame)
    this.#cursor.bytes = NOTHING // a frame may have 16 MiB
    return isUnderstood
  }

  #frame(frame: Uint8Array): boolean {
    let end = frame.length
    while (end > 0 && isSpace(frame[end - 1]!)) end--
    // The last byte stops every loop of the scanners, so all their reads stay inside.
    const last = end === 0 ? 0 : frame[end - 1]!
    if (last !== 0x5d && last !== 0x7d) return false
    const cursor = this.#cursor
    const open = cursor.token()
    if (last === 0x7d) return open === 0x7b && this.#event() && cursor.pos === end
    if (open !== 0x5b) return false
    cursor.pos++
    if (cursor.token() === 0x5d) return cursor.pos + 1 === end
    for (;;) {
      if (frame[cursor.pos] !== 0x7b || !this.#event()) return false
      const next = cursor.token()
      cursor.pos++
      if (next === 0x5d) return cursor.pos === end
      if (next !== 0x2c) return false
      cursor.token()
    }
  }

  #event(): boolean {
    const cursor = this.#cursor
    const start = cursor.pos
    if (scanVendorEvent(cursor, this.#rows)) return true
    cursor.pos = start
    return this.#events.event()
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
