import { blockOf } from './sampling.ts'
import type { Signal } from './signal.ts'

export type FoldOptions = {
  /** Test folds, 1 or more; the signals before the first are only learnt from. */
  readonly folds: number
  /** How far back a context looks, ms. */
  readonly windowMs: number
  /** How long a trade lasts at most where the file has no exit, ms. */
  readonly horizonMs: number
  /** What is left out more, ms. */
  readonly embargoMs: number
  readonly blockDays: number
}

/** Indexes of signals. */
export type Fold = {
  readonly train: readonly number[]
  readonly test: readonly number[]
  /** Earlier than the test fold, and too near to it to learn from. */
  readonly purged: number
}

/**
 * Walk-forward folds of signals in order of time: each is tested on what comes after all that it
 * has learnt from. A trade is learnt from only if it was over, by the embargo and the window of a
 * context, before the test fold begins: else outcome or flow would be in both (purging and
 * embargo: M. Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 7). A day is
 * never divided. There are fewer folds where there are fewer days.
 */
export function walkForward(signals: readonly Signal[], options: FoldOptions): Fold[] {
  const { folds, windowMs, horizonMs, embargoMs, blockDays } = options
  const starts = segmentStarts(signals, folds + 1, blockDays)
  return starts.slice(1).map((start, at) => {
    const end = starts[at + 2] ?? signals.length
    const learntUntil = signals[start]!.timestamp - windowMs - embargoMs
    const train = indexes(0, start).filter((index) => {
      const { timestamp, exitTimestamp } = signals[index]!
      return (exitTimestamp ?? timestamp + horizonMs) <= learntUntil
    })
    return { train, test: indexes(start, end), purged: start - train.length }
  })
}

/** Where each of about equal segments begins, always with the first signal of a day. */
function segmentStarts(signals: readonly Signal[], segments: number, blockDays: number): number[] {
  const days = signals.map((signal) => blockOf(signal, blockDays))
  const starts = [0]
  for (let segment = 1; segment < segments; segment++) {
    let at = Math.round((segment * signals.length) / segments)
    while (at < signals.length && at > 0 && days[at] === days[at - 1]) at++
    if (at < signals.length && at > starts.at(-1)!) starts.push(at)
  }
  return starts
}

function indexes(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}
