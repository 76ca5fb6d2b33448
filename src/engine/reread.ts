import { type Position, placeOf } from '../journal/position.ts'
import { readJournal } from '../journal/read-journal.ts'
import type { JournaledFrame } from '../journal/segment-scan.ts'
import { DRAIN_FRAME } from '../reader/evidence.ts'
import type { FrameStamp } from '../reader/router.ts'
import { splitFrame } from '../reader/split-frame.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { FeedGate } from './feed-gate.ts'
import type { Pipeline } from './pipeline.ts'

/** So long events are looked at one by one, while the feed is paused; the rest goes as usual. */
const STEPS_MS_MAX = 10_000

/** Frames between two places of which one has killed a part, and how to know that one has not. */
export type Suspects = {
  readonly from: number
  readonly to: number
  /** Besides classifying: resolves when the rows are stored, where the writer died. */
  readonly settled: (() => Promise<unknown>) | null
}

/** The event that is being looked at. */
export type Step = {
  readonly frame: JournaledFrame
  readonly place: number
  readonly event: number
}

export type RereadOptions = {
  readonly dir: string
  /** Null: from the first frame there is. */
  readonly from: Position | null
  /** Place of the last frame; Infinity: all that there are. */
  readonly to: number
  readonly pipeline: Pipeline
  readonly gate: FeedGate
  readonly deadLetters: DeadLetters
  readonly suspects: Suspects | null
  readonly signal: AbortSignal
  /** Told ahead of each event of a suspect frame, and null behind its last. */
  readonly onStep: (step: Step | null) => void
  readonly onFrame: (frame: JournaledFrame) => void
  readonly onProblem: (problem: string) => void
}

/**
 * Puts frames of the journal through the pipeline again; gives how many, or null when the signal
 * ended it on the way. Suspects go one event at a time, and what was set aside is left out.
 */
export async function reread(options: RereadOptions): Promise<number | null> {
  const { dir, from, to, pipeline, deadLetters, suspects, signal, onFrame } = options
  let frames = 0
  let steppedMs = 0
  for await (const batch of readJournal(dir, from, options.onProblem)) {
    for (const frame of batch) {
      const place = placeOf(frame.end)
      if (place > to) break
      onFrame(frame)
      if (frame.bytes.length === 0) continue // time that passed
      await whenFree(options)
      if (signal.aborted) return null
      frames++
      if (DRAIN_FRAME.equals(frame.bytes)) {
        await orAborted(pipeline.drain(), signal)
        continue
      }
      const isSuspect =
        suspects !== null &&
        place >= suspects.from &&
        place <= suspects.to &&
        steppedMs < STEPS_MS_MAX
      const leftOut = deadLetters.of(frame.bytes, place)
      const startedAt = performance.now()
      if (isSuspect) await step(frame, place, leftOut, options)
      else push(frame, place, leftOut, pipeline)
      if (isSuspect) steppedMs += performance.now() - startedAt
      if (signal.aborted) return null
    }
    if (placeOf(batch.at(-1)!.end) >= to) break
    await new Promise((resolve) => setImmediate(resolve)) // the shards' answers
  }
  await whenFree(options)
  return signal.aborted ? null : frames
}

function push(
  frame: JournaledFrame,
  place: number,
  leftOut: ReadonlySet<number> | undefined,
  pipeline: Pipeline,
): void {
  if (leftOut === undefined) {
    pipeline.push(frame.bytes, frame.isBinary, stampOf(frame, place))
    return
  }
  eventsOf(frame).forEach((event, i) => {
    if (leftOut.has(i)) pipeline.decoder.leaveOut(event)
    else pipeline.push(event, frame.isBinary, stampOf(frame, place))
  })
}

async function step(
  frame: JournaledFrame,
  place: number,
  leftOut: ReadonlySet<number> | undefined,
  { pipeline, suspects, signal, onStep, gate }: RereadOptions,
): Promise<void> {
  const events = eventsOf(frame)
  for (const [i, event] of events.entries()) {
    if (leftOut?.has(i) === true) {
      pipeline.decoder.leaveOut(event)
      continue
    }
    onStep({ frame, place, event: i })
    pipeline.push(event, frame.isBinary, stampOf(frame, place))
    await orAborted(pipeline.flush(), signal)
    if (suspects?.settled) await orAborted(suspects.settled(), signal)
    await whenFree({ pipeline, gate, signal })
    if (signal.aborted) return
  }
  onStep(null)
}

function eventsOf({ bytes, isBinary }: JournaledFrame): readonly Uint8Array[] {
  return (isBinary ? null : splitFrame(bytes)) ?? [bytes]
}

function stampOf({ recv, clock, connection }: JournaledFrame, place: number): FrameStamp {
  return { recv, clock, connection, readAt: Date.now(), place }
}

async function whenFree({
  pipeline,
  gate,
  signal,
}: Pick<RereadOptions, 'pipeline' | 'gate' | 'signal'>): Promise<void> {
  while (pipeline.isBlocked && !signal.aborted) await orAborted(gate.released, signal)
}

/** Resolves when `work` or the signal ends, whichever is first. */
export async function orAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = (): void => resolve()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
