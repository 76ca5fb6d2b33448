import type { Cancel } from '../slab/cancel.ts'
import type { Requote } from '../slab/requote.ts'
import type { CopyBuffer } from './copy-buffer.ts'
import type { FlowEvent } from './events.ts'
import type { Gap, PostedSlab } from './messages.ts'

/** Limits of one transaction. A row is about 470 bytes, so rows come first. */
export const BATCH_ROWS_MAX = 32_768
export const BATCH_BYTES_MAX = 16 << 20
/** Each is a statement of its own. */
export const BATCH_EXTRAS_MAX = 1_000
/** How long the first row of an idle writer waits for company. */
export const BATCH_AGE_MS = 2
/** An idle writer commits an empty batch this often: a sign of life, and a check of the line. */
export const HEARTBEAT_MS = 60_000

/** What is committed together, in this order: rows, events, requotes, cancels, gaps. */
export type Batch = {
  readonly copy: CopyBuffer
  /** Those whose last leg is in `copy`, so no more than it has rows. */
  readonly events: FlowEvent[]
  readonly requotes: Requote[]
  readonly cancels: Cancel[]
  readonly gaps: Gap[]
  /** Slabs whose last row is in `copy`. */
  readonly slabs: PostedSlab[]
  /** When the first of it came, ms of the monotonic clock; NaN while it is empty. */
  firstAt: number
  encodeMs: number
  /**
   * Everything received before this, epoch ms, was posted before the batch's end; NaN: not told.
   */
  receivedTo: number
  /** Everything posted before this call of Writer.settled is in it or stored; 0: none. */
  settles: number
}

export function newBatch(copy: CopyBuffer): Batch {
  return {
    copy,
    events: [],
    requotes: [],
    cancels: [],
    gaps: [],
    slabs: [],
    firstAt: Number.NaN,
    encodeMs: 0,
    receivedTo: Number.NaN,
    settles: 0,
  }
}

export function clearBatch(batch: Batch): void {
  batch.copy.clear()
  batch.events.length = 0
  batch.requotes.length = 0
  batch.cancels.length = 0
  batch.gaps.length = 0
  batch.slabs.length = 0
  batch.firstAt = Number.NaN
  batch.encodeMs = 0
  batch.receivedTo = Number.NaN
  batch.settles = 0
}

/** Whether it brings nothing to the tables but its mark. */
export function isEmpty({ copy, requotes, cancels, gaps }: Measured): boolean {
  return copy.rows + requotes.length + cancels.length + gaps.length === 0
}

export type FlushState = {
  readonly now: number
  /** End of the last commit, or the start. */
  readonly lastCommitAt: number
  readonly draining: boolean
}

export function isFull(batch: Measured): boolean {
  const { copy, requotes, cancels, gaps } = batch
  return (
    copy.rows >= BATCH_ROWS_MAX ||
    copy.length >= BATCH_BYTES_MAX ||
    requotes.length + cancels.length + gaps.length >= BATCH_EXTRAS_MAX
  )
}

/** What the limits of a batch look at. */
type Measured = Pick<Batch, 'requotes' | 'cancels' | 'gaps'> & {
  readonly copy: { readonly rows: number; readonly length: number }
}

/**
 * Ms until the batch is due, 0 for at once. What came while the last commit was under way goes with
 * the next one at once, so batches grow with the load; what comes to an idle writer waits for
 * BATCH_AGE_MS.
 */
export function flushDelayMs(
  batch: Measured & Pick<Batch, 'firstAt'>,
  { now, lastCommitAt, draining }: FlushState,
): number {
  if (Number.isNaN(batch.firstAt)) return Math.max(0, lastCommitAt + HEARTBEAT_MS - now)
  if (draining || batch.firstAt <= lastCommitAt || isFull(batch)) return 0
  return Math.max(0, batch.firstAt + BATCH_AGE_MS - now)
}
