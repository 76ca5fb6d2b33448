import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordedFrame } from '../recording/frame.ts'

export type Speed = '1' | '10' | 'max'

/** A vendor time in a frame of a source without receive times. */
const VENDOR_TIME = /"t":"?(\d+)/

/** Spreads the frames of a file over time as they were received, or ten times as fast. */
export class Pace {
  readonly #factor: number
  readonly #signal: AbortSignal
  #firstFrame = Number.NaN
  #startedAt = 0

  constructor(speed: Speed, signal: AbortSignal) {
    this.#factor = speed === 'max' ? Number.POSITIVE_INFINITY : Number(speed)
    this.#signal = signal
  }

  /** When it is this frame's turn: a promise, or null for now. Ends early when told to stop. */
  until(frame: RecordedFrame): Promise<void> | null {
    if (this.#factor === Number.POSITIVE_INFINITY) return null
    const at = Number.isNaN(frame.recv) ? vendorTime(frame.bytes) : frame.recv
    if (Number.isNaN(at)) return null
    if (Number.isNaN(this.#firstFrame)) {
      this.#firstFrame = at
      this.#startedAt = performance.now()
    }
    const due = this.#startedAt + (at - this.#firstFrame) / this.#factor
    const waitMs = due - performance.now()
    if (waitMs < 1) return null
    return sleep(waitMs, undefined, { signal: this.#signal }).catch(() => {})
  }
}

function vendorTime(bytes: Uint8Array): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString()
  return Number(VENDOR_TIME.exec(text)?.[1] ?? Number.NaN)
}
