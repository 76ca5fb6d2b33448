import { FOLLOW_LIMITS, type FollowLimits } from '../follow/limits.ts'

/** What the clients of the live stream may take of the engine. */
export type StreamLimits = {
  readonly clients: number
  /** Messages of prints and events a second: of one client, and of all together. */
  readonly clientPerSecond: number
  readonly totalPerSecond: number
  /** Bytes that a client has not taken; with more it is cut off. */
  readonly bufferedBytes: number
  /** How long a client may take nothing of what waits for it. */
  readonly stalledMs: number
  readonly beatMs: number
  /** How far back events are looked up for who comes again, and how many. */
  readonly lookBackMs: number
  readonly lookBackEvents: number
  /** Events that wait for one client while those before are looked up. */
  readonly heldEvents: number
  readonly follow: FollowLimits
}

export const STREAM_LIMITS: StreamLimits = {
  clients: 32,
  clientPerSecond: 2_000,
  totalPerSecond: 10_000,
  bufferedBytes: 6 * 1024 * 1024, // the end of one second and the begin of the next: 4,000 messages
  stalledMs: 40_000,
  beatMs: 15_000,
  lookBackMs: 5 * 60_000,
  lookBackEvents: 10_000,
  heldEvents: 1_000,
  follow: FOLLOW_LIMITS,
}

/** Why messages were left out; slow_client: those that a client had not taken as it was cut off. */
export const STREAM_DROP_REASONS = [
  'client_rate',
  'total_rate',
  'held_full',
  'slow_client',
] as const
export type StreamDropReason = (typeof STREAM_DROP_REASONS)[number]
