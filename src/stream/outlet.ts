import type { Message } from './message.ts'

/** The way to one client: a WebSocket or server-sent events. */
export interface Outlet {
  /** Bytes that are sent and that the client has not taken. */
  readonly buffered: number
  send(messages: readonly Message[]): void
  /** Shows that we live. `position`: where an EventSource may go on, epoch ms; null: no news. */
  beat(position: number | null): void
  /** Says goodbye, and hangs up at once or a second later. */
  end(why: EndReason): void
  /** Told once when the connection is gone, whoever ended it. */
  onGone(told: () => void): void
}

export type EndReason = 'stopping' | 'slow'

/** How long a client may take for its goodbye. */
export const GOODBYE_MS = 1000
