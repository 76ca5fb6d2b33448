import type { WebSocket } from 'ws'
import type { Cluster } from './clusters.ts'
import type { Stats } from './stats.ts'
import { Subscriptions } from './subscriptions.ts'
import {
  AUTH_FAILED,
  AUTH_SUCCESS,
  AUTH_TIMEOUT,
  CONNECTED,
  INVALID_JSON,
  MAX_CONNECTIONS,
  NO_PLAN,
  statusFrame,
} from './vendor-texts.ts'

/** What the account says to a key, and what it does with one more session. */
export type Account = {
  readonly cluster: Cluster
  readonly isValid: (key: string) => boolean
  readonly hasPlan: boolean
  /** The auth message is not heard. */
  readonly isDeaf: boolean
  readonly authTimeoutMs: number
  /** A client this many bytes behind is cut off. */
  readonly slowBytesMax: number
  /** The connection has subscribed for the first time. */
  readonly onSubscribed: (connection: Connection) => void
}

/** The server's side of one client: handshake, subscriptions, and frames out. */
export class Connection {
  readonly cluster: Cluster
  readonly subscriptions: Subscriptions
  /** Set with auth_success. */
  key = ''
  readonly #socket: WebSocket
  readonly #account: Account
  readonly #stats: Stats
  readonly #authTimer: NodeJS.Timeout
  #isMuted = false
  #hasSubscribed = false

  constructor(socket: WebSocket, account: Account, stats: Stats) {
    this.cluster = account.cluster
    this.subscriptions = new Subscriptions(account.cluster)
    this.#socket = socket
    this.#account = account
    this.#stats = stats
    socket.on('error', () => stats.socketErrors++)
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? '' : String(data)))
    this.#authTimer = setTimeout(
      () => this.#refuse(statusFrame(AUTH_TIMEOUT)),
      account.authTimeoutMs,
    )
    socket.once('close', () => clearTimeout(this.#authTimer))
    socket.send(statusFrame(CONNECTED))
  }

  /** Frames of data may go out. */
  get isReady(): boolean {
    return this.#hasSubscribed && !this.#isMuted && this.#socket.readyState === this.#socket.OPEN
  }

  /** Bytes that the client has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** Sends a text frame of data; a client that is too far behind is cut off without a word. */
  send(frame: string | Uint8Array, isBinary = false): void {
    if (!this.isReady) return
    this.#socket.send(frame, { binary: isBinary })
    this.#stats.framesSent++
    this.#stats.bytesSent += frame.length
    if (this.#socket.bufferedAmount > this.#account.slowBytesMax) {
      this.#stats.slowKills++
      this.#socket.terminate()
    }
  }

  /** Ends the connection as the vendor ends one too many. */
  evict(): void {
    this.#stats.evictions++
    this.#isMuted = true
    this.#socket.send(statusFrame(MAX_CONNECTIONS))
    this.#socket.close(1008)
  }

  /** Ends the connection without a close frame. */
  drop(): void {
    this.#socket.terminate()
  }

  close(code: number): void {
    this.#isMuted = true
    this.#socket.close(code)
  }

  /** Leaves the connection open and dead: nothing is sent, and nothing is read, so no pong. */
  freeze(): void {
    this.#isMuted = true
    this.#socket.pause()
  }

  #receive(text: string): void {
    const request = parseRequest(text)
    if (request === null) this.#socket.send(statusFrame(INVALID_JSON))
    else if (request.action === 'auth') this.#authenticate(request.params)
    else if (this.key === '')
      return // topics count after auth_success only
    else if (request.action === 'subscribe') this.#subscribe(request.params)
    else if (request.action === 'unsubscribe') {
      this.#answer(this.subscriptions.unsubscribe(request.params))
    }
  }

  #authenticate(key: string): void {
    if (this.#account.isDeaf || this.key !== '') return
    clearTimeout(this.#authTimer)
    if (!this.#account.hasPlan) this.#refuse(statusFrame(NO_PLAN))
    else if (!this.#account.isValid(key)) this.#refuse(statusFrame(AUTH_FAILED))
    else {
      this.key = key
      this.#socket.send(statusFrame(AUTH_SUCCESS))
    }
  }

  #subscribe(params: string): void {
    this.#answer(this.subscriptions.subscribe(params))
    if (this.#hasSubscribed || this.subscriptions.isEmpty) return
    this.#hasSubscribed = true
    this.#account.onSubscribed(this)
  }

  #answer(frame: string | null): void {
    if (frame !== null) this.#socket.send(frame)
  }

  /** The vendor says why and then cuts the connection without a close frame. */
  #refuse(frame: string): void {
    this.#stats.authFailures++
    this.#socket.send(frame, () => this.#socket.terminate())
  }
}

function parseRequest(text: string): { action: string; params: string } | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const { action, params } = (value ?? {}) as { action?: unknown; params?: unknown }
  return { action: String(action), params: typeof params === 'string' ? params : '' }
}
