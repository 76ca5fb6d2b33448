import type { Log } from '../console/log.ts'
import { placeOf } from '../journal/position.ts'
import type { Blame } from './blame.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Engine } from './engine.ts'
import type { FeedGate } from './feed-gate.ts'
import type { LiveJournal } from './live-journal.ts'
import { PartDied } from './part-died.ts'
import { orAborted, reread } from './reread.ts'

export type CatchUpOptions = {
  readonly engine: Engine
  readonly journal: LiveJournal
  /** Place of the last frame to read; Infinity: all that there are. */
  readonly upTo: number
  readonly gate: FeedGate
  readonly deadLetters: DeadLetters
  readonly blame: Blame
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Brings an engine that goes on from a saved state to where the journal ends. False: the signal
 * came first. Throws PartDied when the reader throws on a frame.
 */
export async function catchUp(options: CatchUpOptions): Promise<boolean> {
  const { engine, journal, upTo, gate, deadLetters, blame, log, signal } = options
  const { pipeline, writer } = engine
  const startedAt = performance.now()
  let frames: number | null = null
  let at = Number.NaN
  try {
    frames = await reread({
      dir: journal.dir,
      from: journal.from,
      to: upTo,
      pipeline,
      gate,
      deadLetters,
      suspects: blame.suspects(writer),
      signal,
      onStep: (step) => blame.at(step),
      onFrame: (frame) => {
        at = placeOf(frame.end)
        journal.saw(frame)
      },
      onProblem: (problem) => log.warn(`journal: ${problem}`),
    })
  } catch (error) {
    throw new PartDied('reader', error, at)
  }
  if (frames === null) return false
  pipeline.passTime(journal.clocks)
  // what the time that passed let go comes before anything new
  await orAborted(pipeline.flush(), signal)
  if (signal.aborted) return false
  if (frames > 0 || journal.hasState) {
    const ms = Math.round(performance.now() - startedAt)
    log.info('journal read again', { frames, ms, from_state: journal.hasState })
  }
  return true
}
