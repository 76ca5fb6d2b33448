import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RecordedFrame } from '../recording/frame.ts'
import { paced, type Speed } from '../recording/pace.ts'
import type { History } from './history.ts'
import type { Hub } from './hub.ts'

export type Tape = {
  /** The tape from its start, each time that it is called. */
  readonly open: () => AsyncIterable<readonly RecordedFrame[]>
  readonly speed: Speed
  /** Moves the times of its events into the present; not at full speed. */
  readonly shiftToNow?: boolean
}

const FRAMES_PER_TURN = 64
/** As the vendor writes them; a tape that writes them otherwise is played, only not counted. */
const PRINT_MARK = Buffer.from('"ev":"T"')
const QUOTE_MARK = Buffer.from('"ev":"Q"')

/**
 * Plays a recording: the same frames in the same order at any speed. At full speed it goes as fast
 * as the slowest subscriber takes it, so nobody is cut off and nothing is lost.
 */
export async function playTape(
  tape: Tape,
  hub: Hub,
  history: History,
  isStopped: () => boolean,
): Promise<void> {
  const shift = tape.shiftToNow === true ? new Shift(tape.speed) : null
  let frames = 0
  for await (const batch of paced(tape.open(), tape.speed, isStopped)) {
    for (const frame of batch) {
      if (isStatusOnly(frame)) continue
      const bytes = shift === null ? frame.bytes : shift.apply(frame)
      hub.relayCounted(
        bytes,
        countOf(bytes, PRINT_MARK),
        countOf(bytes, QUOTE_MARK),
        frame.isBinary,
      )
      if (!frame.isBinary) history.addFrame(bufferOf(bytes))
      if (++frames % FRAMES_PER_TURN === 0) await nextTurn()
      if (tape.speed === 'max') await hub.room(isStopped)
    }
  }
}

/** Tickers that occur in a tape, in order; reads it all. */
export async function tickersOfTape(tape: Tape): Promise<string[]> {
  const tickers = new Set<string>()
  for await (const batch of tape.open()) {
    for (const { bytes } of batch) {
      const text = bufferOf(bytes).toString('latin1')
      for (const [, ticker] of text.matchAll(/"sym"\s*:\s*"(O:[^"]{1,40})"/g)) tickers.add(ticker!)
    }
    await nextTurn()
  }
  return [...tickers].sort()
}

/** The same memory as a Buffer. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function countOf(bytes: Uint8Array, mark: Buffer): number {
  const text = bufferOf(bytes)
  let count = 0
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) count++
  return count
}

/** The recorded session's own handshake: this session has had another one. */
function isStatusOnly({ bytes }: RecordedFrame): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64))
  if (!start.includes('"status"')) return false
  const text = bufferOf(bytes).toString()
  return !/"ev"\s*:\s*"[TQ]"/.test(text)
}

/** Moves vendor times: the first event happens now, the others as the speed has it. */
class Shift {
  readonly #speed: number
  #tapeStart = NaN
  #start = 0

  constructor(speed: Speed) {
    if (speed === 'max') throw new Error('a tape at full speed cannot be shifted to now')
    this.#speed = speed
  }

  apply(frame: RecordedFrame): Uint8Array {
    let value: unknown
    try {
      value = JSON.parse(Buffer.from(frame.bytes).toString())
    } catch {
      return frame.bytes
    }
    for (const event of Array.isArray(value) ? value : [value]) {
      const dated = event as { t?: unknown } | null
      if (dated === null || typeof dated !== 'object' || typeof dated.t !== 'number') continue
      if (Number.isNaN(this.#tapeStart)) {
        this.#tapeStart = dated.t
        this.#start = Date.now()
      }
      dated.t = Math.max(1, this.#start + Math.round((dated.t - this.#tapeStart) / this.#speed))
    }
    return Buffer.from(JSON.stringify(value))
  }
}
