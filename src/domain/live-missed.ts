/**
 * Why a client of the live stream was not told of something. reconnect: prints are not kept for who
 * comes again; rate: more than the limits of the stream; look_back: longer ago than what is looked
 * up; database: the log of events could not be read; rebuild: a part of the engine died, and what
 * was in work is stored and not told.
 */
export const MISSED_REASONS = ['reconnect', 'rate', 'look_back', 'database', 'rebuild'] as const
export type MissedReason = (typeof MISSED_REASONS)[number]

/** What a client of the live stream was not told. Times are epoch ms; null: not known. */
export type Missed = {
  readonly kind: 'prints' | 'events'
  readonly reason: MissedReason
  readonly count: number | null
  readonly from: number | null
  readonly to: number
}
