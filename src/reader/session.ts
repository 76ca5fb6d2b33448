import { Backoff } from './backoff.ts'
import { type ConnectionEnd, FeedConnection } from './connection.ts'
import { isMarketHours } from './market-hours.ts'
import { ReadingClock } from './reading-clock.ts'
import { displayUrl, redact } from './redact.ts'
import type { ConnectionState, EventBody, SessionOptions, SessionState } from './session-events.ts'
import { assertFeedUrl } from './socket.ts'
import { Topics } from './topics.ts'
import { statusMeaning } from './vendor.ts'

const PING_INTERVAL_MS = 20_000
const PONG_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 15_000
const CLOSE_TIMEOUT_MS = 2_000
/** Warnings of one connection; a server that repeats itself must not flood the log. */
const WARNINGS_MAX = 20
/** A server that does nothing but warn fills a log at this pace: 20 lines in 10 minutes. */
const WARNINGS_MS = 600_000

/**
 * The feed over one connection, and the only reconnect loop. Frames are handed on unread; the owner
 * decodes them and tells what they held: handleStatus for each status event, noteData when there
 * was a print or a quote. An attempt waits while reading is paused, because a handshake that is not
 * read only runs into its timeout.
 */
export class FeedSession {
  readonly #options: SessionOptions
  readonly #now: () => number
  readonly #backoff: Backoff
  readonly #clock: ReadingClock
  readonly #topics: Topics
  #resting: 'idle' | 'waiting' | 'stopped' | 'failed' = 'idle'
  #connection: FeedConnection | undefined
  #paused = false
  /** The one pending attempt; `due`: its time has come. */
  #attempt:
    | { readonly timer: NodeJS.Timeout; due: boolean; readonly isEvicted: boolean }
    | undefined
  /** Set once there is no next attempt. */
  #final: 'stopped' | 'failed' | undefined
  #warnings = 0
  #warningsSince = 0
  #lastFrameAt: number | null = null
  #lastDataAt: number | null = null
  readonly #stopped = Promise.withResolvers<void>()

  constructor(options: SessionOptions) {
    assertFeedUrl(options.url)
    this.#options = options
    this.#clock = new ReadingClock(() => performance.now(), options.clockFrom ?? 0)
    this.#now = options.now ?? Date.now
    this.#backoff = new Backoff(options.reconnectMinMs, options.random ?? Math.random)
    this.#topics = new Topics(options.topics)
  }

  get state(): SessionState {
    const state: ConnectionState = this.#connection?.state ?? 'ended'
    return state === 'ended' ? this.#resting : state
  }

  /** Every topic has been asked for since the last connect. */
  get isReady(): boolean {
    return this.#connection?.state === 'ready'
  }

  /** The reading clock of this connection, ms. */
  clock(): number {
    return this.#clock.now()
  }

  start(): void {
    if (this.#resting !== 'idle' || this.#connection !== undefined) {
      throw new Error(`a feed session starts once, is ${this.state}`)
    }
    this.#schedule(0, false)
  }

  /** Closes for good; frames that arrive before the close are handed on. Ends within seconds. */
  stop(): Promise<void> {
    this.#final ??= 'stopped'
    if (this.#connection !== undefined) this.#connection.close('stopped', '')
    else this.#rest()
    return this.#stopped.promise
  }

  /** Stops reading from the network; what `ws` has read already is still handed on. */
  pause(): void {
    this.#paused = true
    this.#clock.stop('paused')
    this.#connection?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#clock.go('paused')
    this.#connection?.resume()
    this.#connectWhenDue()
  }

  /** Asks for topics, now or once authenticated, and again after every reconnect. */
  subscribe(topics: readonly string[]): void {
    this.#topics.add(topics)
    this.#connection?.tellTopics()
  }

  unsubscribe(topics: readonly string[]): void {
    this.#topics.remove(topics)
    this.#connection?.tellTopics()
  }

  /** A frame held a print or a quote. Nothing else resets the reconnect delays. */
  noteData(): void {
    this.#backoff.reset()
    this.#connection?.noteData()
    this.#lastDataAt = this.#lastFrameAt
  }

  /** Each status event of a frame, in order. */
  handleStatus(status: string, message: string): void {
    if (this.#final !== undefined) return
    const meaning = statusMeaning(status, message)
    if (meaning === 'acknowledged') return // one a topic: thousands of them
    const text = this.#redact(message)
    if (meaning === 'connected') this.#connection?.sendKey()
    else if (meaning === 'authenticated') this.#keyAccepted()
    else if (meaning === 'refused') this.#refused(text)
    else if (meaning === 'auth_timeout') this.#connection?.close('auth_timeout', text)
    else if (meaning === 'connection_limit') this.#evicted(text)
    else if (meaning === 'not_authorized') {
      this.#warn(`the feed refuses a topic ("${text}"): it is not in this key's plan`)
    } else if (meaning === 'error') this.#warn(`the feed answers with an error: "${text}"`)
    else if (meaning === 'unknown') {
      this.#warn(`the feed sent an unknown status ${this.#redact(status)}: "${text}"`)
    }
  }

  #keyAccepted(): void {
    if (this.#connection?.keyAccepted() !== true) return
    this.#clock.go('disconnected')
    this.#emit({ type: 'authenticated' })
  }

  #schedule(delayMs: number, isEvicted: boolean): void {
    this.#resting = 'waiting'
    clearTimeout(this.#attempt?.timer)
    const timer = setTimeout(() => {
      if (this.#attempt !== undefined) this.#attempt.due = true
      this.#connectWhenDue()
    }, delayMs)
    this.#attempt = { timer, due: false, isEvicted }
  }

  #connectWhenDue(): void {
    if (this.#paused || this.#attempt?.due !== true) return
    this.#attempt = undefined
    const { url, apiKey, connection } = this.#options
    this.#connection = new FeedConnection({
      url,
      apiKey,
      limits: limitsOf(this.#options),
      topics: this.#topics,
      isDataDue: () => isMarketHours(this.#now()),
      onOpen: (deflate) => this.#emit({ type: 'connected', deflate }),
      onSubscribed: () => this.#emit({ type: 'subscribed', topics: this.#topics.size }),
      onFrame: (data, isBinary) => {
        const recv = this.#now()
        this.#lastFrameAt = recv
        this.#options.onFrame(connection, data, isBinary, recv, this.#clock.now())
      },
      onEnd: (end) => this.#ended(end),
    })
    this.#emit({ type: 'connecting', url: displayUrl(url, apiKey) })
  }

  #ended(end: ConnectionEnd): void {
    this.#connection = undefined
    this.#clock.stop('disconnected')
    let delayMs: number | null = null
    if (this.#final !== undefined) this.#rest()
    else {
      const isEvicted = end.reason === 'evicted'
      delayMs = isEvicted ? this.#backoff.nextEvicted() : this.#backoff.next()
      this.#schedule(delayMs, isEvicted)
    }
    this.#emit({
      type: 'disconnected',
      ...end,
      detail: this.#redact(end.detail),
      delayMs,
      lastFrameAt: this.#lastFrameAt,
      lastDataAt: this.#lastDataAt,
    })
  }

  /** No connection and no next attempt: nothing of this session is left running. */
  #rest(): void {
    clearTimeout(this.#attempt?.timer)
    this.#attempt = undefined
    this.#resting = this.#final ?? 'stopped'
    this.#stopped.resolve()
  }

  /** The key or the plan is not accepted. Asking again could only lock the account. */
  #refused(text: string): void {
    this.#final = 'failed'
    this.#connection?.close('refused', text)
    if (this.#connection === undefined) this.#rest()
    const from = displayUrl(this.#options.url, this.#options.apiKey)
    this.#emit({
      type: 'fatal',
      message: `${from} refuses the API key: "${text}". Check MASSIVE_API_KEY and its plan`,
    })
  }

  /** The status comes before the close; read late, after a pause, it comes when all is over. */
  #evicted(text: string): void {
    if (this.#connection !== undefined) {
      this.#connection.close('evicted', text)
      this.#emit({ type: 'evicted', message: text, delayMs: null })
    } else if (this.#attempt !== undefined && !this.#attempt.isEvicted) {
      const delayMs = this.#backoff.nextEvicted()
      this.#schedule(delayMs, true)
      this.#emit({ type: 'evicted', message: text, delayMs })
    }
  }

  #warn(message: string): void {
    const now = this.#now()
    if (now - this.#warningsSince > WARNINGS_MS) {
      this.#warnings = 0
      this.#warningsSince = now
    }
    this.#warnings++
    if (this.#warnings > WARNINGS_MAX) return
    const isLast = this.#warnings === WARNINGS_MAX
    const end = isLast ? ' (further warnings of this connection are not shown for a while)' : ''
    this.#emit({ type: 'warning', message: message + end })
  }

  #redact(text: string): string {
    return redact(text, this.#options.apiKey)
  }

  #emit(body: EventBody): void {
    this.#options.onEvent({ connection: this.#options.connection, ...body })
  }
}

function limitsOf(options: SessionOptions) {
  return {
    pingIntervalMs: options.pingIntervalMs ?? PING_INTERVAL_MS,
    pongTimeoutMs: options.pongTimeoutMs ?? PONG_TIMEOUT_MS,
    silenceMs: options.silenceMs,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    closeTimeoutMs: options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS,
  }
}
