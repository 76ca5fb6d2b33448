import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordedFrame } from './frame.ts'

export type Speed = 1 | 10 | 'max'

/** Longest sleep at once, so that a stop is noticed. */
const SLEEP_MS_MAX = 200

/**
 * When a frame happened on the tape, ms: its reading clock, its receive time, or the first `"t"` of
 * its text. NaN: it does not say.
 */
export function tapeTime(frame: RecordedFrame): number {
  if (!Number.isNaN(frame.clock)) return frame.clock
  if (!Number.isNaN(frame.recv)) return frame.recv
  const { bytes } = frame
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512))
  const time = /"t":\s*(\d+)/.exec(text.toString('latin1'))?.[1]
  return time === undefined ? NaN : Number(time)
}

/**
 * The frames of a tape when they are due: as they came, ten times as fast, or at once. `isStopped`
 * ends it early.
 */
export async function* paced(
  source: AsyncIterable<readonly RecordedFrame[]>,
  speed: Speed,
  isStopped: () => boolean,
): AsyncGenerator<readonly RecordedFrame[]> {
  let tapeStart = NaN
  let start = 0
  for await (const batch of source) {
    let sent = 0
    for (let at = 0; at < batch.length && speed !== 'max'; at++) {
      const time = tapeTime(batch[at]!)
      if (Number.isNaN(time)) continue
      if (Number.isNaN(tapeStart)) {
        tapeStart = time
        start = performance.now()
      }
      const due = start + (time - tapeStart) / speed
      if (due <= performance.now()) continue
      if (at > sent) yield batch.slice(sent, at)
      sent = at
      for (let wait = due - performance.now(); wait > 0; wait = due - performance.now()) {
        if (isStopped()) return
        await sleep(Math.min(wait, SLEEP_MS_MAX))
      }
    }
    if (isStopped()) return
    if (sent < batch.length) yield batch.slice(sent)
  }
}
