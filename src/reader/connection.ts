import type { WebSocket } from 'ws'
import { describeError } from './describe-error.ts'
import type { ConnectionState, DisconnectReason } from './session-events.ts'
import { openSocket, reasonOf } from './socket.ts'
import type { Topics } from './topics.ts'
import { authMessage } from './vendor.ts'
import { Watchdog } from './watchdog.ts'

const TICK_MS_MAX = 1_000

/** Limits of one connection, ms. */
export type ConnectionLimits = {
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly silenceMs: number
  readonly connectTimeoutMs: number
  readonly closeTimeoutMs: number
}

export type ConnectionEnd = {
  readonly reason: DisconnectReason
  readonly code: number
  /** In the words of the server or the system; may hold anything. */
  readonly detail: string
  readonly wasReady: boolean
}

export type ConnectionOptions = {
  readonly url: string
  readonly apiKey: string
  readonly limits: ConnectionLimits
  readonly topics: Topics
  /** Whether data would come now if the feed were alive: market hours. */
  readonly isDataDue: () => boolean
  readonly onOpen: (deflate: boolean) => void
  readonly onFrame: (data: Buffer, isBinary: boolean) => void
  readonly onSubscribed: () => void
  /** Exactly once; no callback comes after it. */
  readonly onEnd: (end: ConnectionEnd) => void
}

/**
 * One life of the vendor's socket, from connect to its one end. It never reconnects and never reads
 * a frame; the session tells it what the server said.
 */
export class FeedConnection {
  readonly #options: ConnectionOptions
  readonly #ws: WebSocket
  readonly #watchdog: Watchdog
  readonly #tick: NodeJS.Timeout
  readonly #tickMs: number
  #tickedAt = performance.now()
  #state: ConnectionState = 'connecting'
  /** Time in the present state, ms; pauses left out where they keep the answer from us. */
  #stateMs = 0
  #paused = false
  #sending = false
  #wasReady = false
  /** Why we close, once that is decided. */
  #ending: { readonly reason: DisconnectReason; readonly detail: string } | undefined
  #error: Error | undefined

  /** Connects at once. */
  constructor(options: ConnectionOptions) {
    const { limits } = options
    this.#options = options
    this.#watchdog = new Watchdog(limits)
    this.#tickMs = Math.max(1, Math.min(TICK_MS_MAX, Math.min(...Object.values(limits)) / 5))
    this.#tick = setInterval(() => this.#onTick(), this.#tickMs)
    options.topics.forgetServer()
    this.#ws = openSocket(options.url, limits.connectTimeoutMs)
    this.#listen()
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** The server greeted us: sends the key. */
  sendKey(): void {
    if (this.#state !== 'greeting') return
    this.#enter('authenticating')
    this.#ws.send(authMessage(this.#options.apiKey), { compress: false })
  }

  /** The server accepted the key. False when no answer to a key was due. */
  keyAccepted(): boolean {
    if (this.#state !== 'authenticating') return false
    this.#enter('subscribing')
    this.tellTopics()
    return true
  }

  /** Sends what the server has not been told of the topics, once this stretch of code is done. */
  tellTopics(): void {
    if (this.#sending || (this.#state !== 'subscribing' && this.#state !== 'ready')) return
    this.#sending = true
    queueMicrotask(() => this.#sendNextTopics())
  }

  noteData(): void {
    this.#watchdog.data()
  }

  pause(): void {
    this.#paused = true
    this.#ws.pause()
  }

  resume(): void {
    this.#paused = false
    this.#ws.resume()
  }

  /** Ends with a closing handshake, which lets the vendor forget the session at once. */
  close(reason: DisconnectReason, detail: string): void {
    if (this.#state === 'ended') return
    this.#ending ??= { reason, detail }
    if (this.#state !== 'closing') this.#enter('closing')
    this.#ws.close(1000)
  }

  /** Says goodbye and does not wait: nobody may be there. */
  #drop(reason: DisconnectReason, detail: string): void {
    this.close(reason, detail)
    this.#ws.terminate()
  }

  #listen(): void {
    const ws = this.#ws
    ws.on('open', () => {
      if (this.#state !== 'connecting') return
      if (this.#paused) ws.pause()
      this.#enter('greeting')
      this.#options.onOpen(ws.extensions.includes('permessage-deflate'))
    })
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.#state !== 'ended') this.#options.onFrame(data, isBinary)
    })
    ws.on('pong', () => this.#watchdog.pong())
    ws.on('unexpected-response', (_request, response) => {
      const detail = `HTTP ${response.statusCode ?? 'answer'} instead of a WebSocket`
      this.#drop('upgrade_refused', detail)
    })
    ws.on('error', (error: Error) => {
      this.#error ??= error
      ws.terminate() // `ws` would wait for a close frame from the other side
    })
    ws.on('close', (code, text) => this.#end(code, text.toString()))
  }

  #end(code: number, text: string): void {
    if (this.#state === 'ended') return
    const wasOpen = this.#state !== 'connecting'
    this.#enter('ended')
    clearInterval(this.#tick)
    const detail = this.#error === undefined ? text : describeError(this.#error)
    const ending = this.#ending ?? { reason: reasonOf(this.#error, wasOpen), detail }
    this.#options.onEnd({ ...ending, code, wasReady: this.#wasReady })
  }

  #enter(state: ConnectionState): void {
    this.#state = state
    this.#stateMs = 0
  }

  #sendNextTopics(): void {
    if (this.#state !== 'subscribing' && this.#state !== 'ready') return
    const message = this.#options.topics.nextMessage()
    if (message !== undefined) {
      // one message at a time, so that a slow network holds one message in memory and not all
      this.#ws.send(message, { compress: false }, (error) => {
        if (!error) this.#sendNextTopics()
      })
      return
    }
    this.#sending = false
    if (this.#state === 'ready') return
    this.#enter('ready')
    this.#wasReady = true
    this.#options.onSubscribed()
  }

  #onTick(): void {
    const now = performance.now()
    // a blocked thread or a sleeping machine has read nothing either: it counts as two ticks at
    // most
    const passedMs = Math.min(now - this.#tickedAt, 2 * this.#tickMs)
    this.#tickedAt = now
    const { connectTimeoutMs, closeTimeoutMs } = this.#options.limits
    const isOurs = this.#state === 'connecting' || this.#state === 'closing'
    const readMs = this.#paused ? 0 : passedMs
    this.#stateMs += isOurs ? passedMs : readMs
    if (this.#state === 'closing') {
      if (this.#stateMs >= closeTimeoutMs) this.#ws.terminate()
      // the close event follows from that; should it ever not, the reconnect loop goes on all the
      // same
      if (this.#stateMs >= 2 * closeTimeoutMs) this.#end(1006, '')
      return
    }
    if (this.#stateMs >= connectTimeoutMs && this.#timedOut()) return
    if (this.#state !== 'connecting') this.#watch(readMs)
  }

  /** Drops the connection if its present state may not last for ever. */
  #timedOut(): boolean {
    const waited = `after ${this.#options.limits.connectTimeoutMs} ms`
    if (this.#state === 'connecting') this.#drop('connect_failed', `no connection ${waited}`)
    else if (this.#state === 'greeting') this.#drop('handshake_timeout', `no greeting ${waited}`)
    else if (this.#state === 'authenticating') {
      this.#drop('auth_timeout', `no answer to the API key ${waited}`)
    } else return false
    return true
  }

  #watch(readMs: number): void {
    const isSubscribed = this.#state === 'ready' && this.#options.topics.size > 0
    const alarm = this.#watchdog.pass(readMs, isSubscribed && this.#options.isDataDue())
    const { pongTimeoutMs, silenceMs } = this.#options.limits
    if (alarm === 'ping') this.#drop('ping', `no pong for ${pongTimeoutMs} ms`)
    else if (alarm === 'silence') this.#drop('silence', `no data for ${silenceMs} ms`)
    else if (this.#watchdog.takePing()) this.#ws.ping()
  }
}
