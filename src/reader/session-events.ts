export type ConnectionState =
  | 'connecting'
  | 'greeting' // open; the server has yet to say that we are connected
  | 'authenticating'
  | 'subscribing'
  | 'ready'
  | 'closing'
  | 'ended'

/** Why a connection ended: a bounded set, fit for a metric label. */
export type DisconnectReason =
  | 'closed' // by the server or the network, with or without a close frame
  | 'evicted' // the vendor's limit of connections per account
  | 'silence' // no data in market hours
  | 'ping' // a ping stayed unanswered
  | 'connect_failed' // DNS, TCP, TLS or no answer in time
  | 'upgrade_refused' // an HTTP answer that opens no WebSocket
  | 'handshake_timeout' // open, but the server never greeted
  | 'auth_timeout' // the key was sent late or never answered
  | 'frame_too_large'
  | 'protocol_error' // bytes that are no WebSocket frames
  | 'refused' // the key or the plan; final
  | 'stopped' // by us; final

/** What the owner of a session learns. Texts never hold the API key. */
export type SessionEvent = { readonly connection: number } & (
  | { readonly type: 'connecting'; readonly url: string }
  | { readonly type: 'connected'; readonly deflate: boolean }
  | { readonly type: 'authenticated' }
  /** Every topic has been asked for; from here on prints are not missed. */
  | { readonly type: 'subscribed'; readonly topics: number }
  | {
      readonly type: 'disconnected'
      readonly reason: DisconnectReason
      /** WebSocket close code; 1006 without a close frame. */
      readonly code: number
      readonly detail: string
      /** Until the next attempt; null: there is none. */
      readonly delayMs: number | null
      /**
       * Receive times, epoch ms, of this connection's last frame and last data; null: none came.
       */
      readonly lastFrameAt: number | null
      readonly lastDataAt: number | null
      /** Whether every topic had been asked for, so that prints are missed from now on. */
      readonly wasReady: boolean
    }
  /**
   * The vendor's connection limit. The disconnect follows, unless `delayMs` is a number: then the
   * connection is gone already, and this is the new delay until the next attempt.
   */
  | { readonly type: 'evicted'; readonly message: string; readonly delayMs: number | null }
  /** The session is over for good; `message` says why and what to do. */
  | { readonly type: 'fatal'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string }
)

/** SessionEvent without the connection, which the session adds. */
export type EventBody = SessionEvent extends infer E
  ? E extends { readonly connection: number }
    ? Omit<E, 'connection'>
    : never
  : never

export type SessionState =
  | 'idle'
  | 'waiting' // for the next attempt
  | Exclude<ConnectionState, 'ended'>
  | 'stopped'
  | 'failed'

export type SessionOptions = {
  /** ws:// or wss://. */
  readonly url: string
  readonly apiKey: string
  /** Index of the connection, 0 to CONNECTIONS_MAX - 1. */
  readonly connection: number
  readonly topics: readonly string[]
  /** What the reading clock starts from, ms; 0 unless given. */
  readonly clockFrom?: number
  readonly reconnectMinMs: number
  readonly silenceMs: number
  readonly pingIntervalMs?: number
  readonly pongTimeoutMs?: number
  /** For the connection, for the greeting and for the answer to the key, each. */
  readonly connectTimeoutMs?: number
  /** Longest wait for the closing handshake before the socket is destroyed. */
  readonly closeTimeoutMs?: number
  /** 0 to 1, for jitter. */
  readonly random?: () => number
  /** Epoch ms, for receive times and market hours. */
  readonly now?: () => number
  /** Each message, in order, also those that come while paused; `clock`: the reading clock. */
  readonly onFrame: (
    connection: number,
    data: Buffer,
    isBinary: boolean,
    recv: number,
    clock: number,
  ) => void
  readonly onEvent: (event: SessionEvent) => void
}
