import type { LiveEvent, LivePrint } from './live-flow.ts'
import type { Missed } from './live-missed.ts'

/** Shows a WebSocket that the engine is there. */
export type Beat = {
  /** The engine's clock, epoch ms. */
  readonly at: number
}

/** A message of the live stream. */
export type LiveMessage =
  | { readonly type: 'print'; readonly data: LivePrint }
  | { readonly type: 'event'; readonly data: LiveEvent }
  | { readonly type: 'missed'; readonly data: Missed }
  | { readonly type: 'beat'; readonly data: Beat }
