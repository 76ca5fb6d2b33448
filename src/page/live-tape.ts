import type { LiveEvent, LivePrint } from '../domain/live-flow.ts'
import type { LiveMessage } from '../domain/live-message.ts'
import type { Missed } from '../domain/live-missed.ts'
import type { Api } from './api.ts'
import { backoffMs } from './backoff.ts'
import { type Filter, matches, serverQuery } from './filter.ts'
import { TapeFill } from './tape-fill.ts'
import { TapeRows } from './tape-rows.ts'

const ROWS_MAX = 5000
/** Messages that wait for the next frame; with more they go to the rows at once. */
const PENDING_MAX = 2000
const HIDDEN_MS = 250
/** A stream that takes longer to begin leads nowhere. */
const CONNECT_MS = 10_000
/** The engine sends a beat every 15 s: a stream that is silent for longer is dead. */
const SILENT_MS = 40_000
const WATCH_MS = 5000
/** One that does not answer other questions either. */
const DOUBTED_MS = 14_000
/** A print may be told so long after it was received: it waits for its quote and its window. */
const HELD_MS = 60_000
const MISSED_MAX = 20
const REVISIONS_MAX = 5000

/** What has become of an event after its first version. */
export type Revised = Pick<LiveEvent, 'revision' | 'reason' | 'is_void'>

/**
 * The rows of the tape as the live stream tells them, filled up from the store. It connects again
 * for ever, ever more slowly. `onFrame` is told at most once a frame, `onState` when the connection
 * comes and goes.
 */
export class LiveTape {
  readonly rows = new TapeRows(ROWS_MAX)
  /** By event_id, those that were revised. */
  readonly revised = new Map<string, Revised>()
  readonly missed: Missed[] = []
  /** Since when there is no stream, epoch ms; null: there is one. */
  awaySince: number | null = Date.now()
  /** When the next try to connect begins, epoch ms; null: it is under way or there is no need. */
  nextTryAt: number | null = null
  onFrame: () => void = () => {}
  onState: () => void = () => {}
  readonly #api: Api
  #filter: Filter
  #socket: WebSocket | null = null
  #pending: LivePrint[] = []
  #frame = 0
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setInterval> | undefined
  #fill: TapeFill
  /** When something was last heard of the stream, epoch ms. */
  #heardAt = Date.now()
  /** Up to when the engine has told us what it received, epoch ms by its clock; null: never. */
  #toldTo: number | null = null

  constructor(api: Api, filter: Filter) {
    this.#api = api
    this.#filter = filter
    this.#fill = this.#newFill()
  }

  /** Begins, or begins again with another filter or token. */
  follow(filter: Filter): void {
    this.#filter = filter
    this.#pending = []
    this.rows.clear()
    this.#attempt = 0
    this.#fill.stop()
    this.#fill = this.#newFill()
    this.#leave()
    this.#connect()
    this.onFrame()
  }

  stop(): void {
    this.#fill.stop()
    this.#leave()
  }

  /** The engine does not answer: a connection that is silent too is taken for dead. */
  doubt(): void {
    this.#renewAfter(DOUBTED_MS)
  }

  /** Prints of the store by their own time, epoch ms. Throws what the engine says. */
  bring(since: number, until: number): Promise<void> {
    return this.#fill.bring(since, until)
  }

  /** Makes the connection again where nothing was heard for so long. */
  #renewAfter(silentMs: number): void {
    const socket = this.#socket
    if (socket === null || this.awaySince !== null) return
    if (Date.now() - this.#heardAt < silentMs) return
    this.#lose()
    socket.close()
  }

  #leave(): void {
    clearTimeout(this.#retry)
    clearInterval(this.#watch)
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  #connect(): void {
    this.nextTryAt = null
    const socket = this.#api.stream(serverQuery(this.#filter))
    this.#socket = socket
    this.#retry = setTimeout(() => {
      if (socket !== this.#socket) return
      this.#lose()
      socket.close()
    }, CONNECT_MS)
    let isLive = false
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return
      const message = JSON.parse(data as string) as LiveMessage
      if (message.type === 'beat') {
        // with the first one it begins
        if (!isLive) this.#begin(message.data.at)
        isLive = true
        this.#moveTo(message.data.at)
      } else this.#take(message)
      this.#heardAt = Date.now()
    }
    socket.onclose = () => {
      if (socket === this.#socket) this.#lose()
    }
  }

  /** All that comes is told from now on; what came since something was last heard was not. */
  #begin(at: number): void {
    clearTimeout(this.#retry)
    this.#fill.note(Math.min(this.#toldTo ?? at, at) - HELD_MS, at)
    this.awaySince = null
    this.#attempt = 0
    this.#watch = setInterval(() => this.#renewAfter(SILENT_MS), WATCH_MS)
    this.onState()
  }

  #lose(): void {
    clearTimeout(this.#retry)
    clearInterval(this.#watch)
    this.#socket = null
    this.awaySince ??= this.#heardAt
    const delay = backoffMs(this.#attempt++, Math.random())
    this.nextTryAt = Date.now() + delay
    this.#retry = setTimeout(() => this.#connect(), delay)
    this.onState()
  }

  #take(told: Exclude<LiveMessage, { type: 'beat' }>): void {
    if (told.type === 'print') {
      if (told.data.received_at !== null) this.#moveTo(told.data.received_at)
      if (!matches(this.#filter, told.data)) return
      this.#pending.push(told.data)
      if (this.#pending.length >= PENDING_MAX) this.#flush()
      else this.#schedule()
    } else if (told.type === 'event') {
      this.#revise(told.data)
    } else {
      this.missed.push(told.data)
      if (this.missed.length > MISSED_MAX) this.missed.shift()
      const { kind, from, to } = told.data
      if (kind === 'prints') this.#fill.note((from ?? to) - HELD_MS, to)
      this.onState()
    }
  }

  /** A tab that was frozen takes late what was told long ago: our own clock would not do. */
  #moveTo(at: number): void {
    this.#toldTo = Math.max(this.#toldTo ?? at, at)
  }

  #revise({ event_id, revision, reason, is_void }: LiveEvent): void {
    if (revision === 1) return
    this.revised.delete(event_id)
    this.revised.set(event_id, { revision, reason, is_void })
    if (this.revised.size > REVISIONS_MAX) {
      for (const oldest of this.revised.keys()) {
        this.revised.delete(oldest)
        break
      }
    }
    this.#schedule()
  }

  /** A tab that nobody sees gets no frames. */
  #schedule(): void {
    if (this.#frame !== 0) return
    const flush = (): void => {
      this.#frame = 0
      this.#flush()
    }
    this.#frame = document.hidden
      ? (setTimeout(flush, HIDDEN_MS) as unknown as number)
      : requestAnimationFrame(flush)
  }

  #flush(): void {
    const prints = this.#pending
    this.#pending = []
    this.rows.append(prints)
    this.onFrame()
  }

  #newFill(): TapeFill {
    return new TapeFill({
      get: (path) => this.#api.get(path),
      filter: this.#filter,
      max: ROWS_MAX,
      onPrints: (prints) => {
        if (this.rows.merge(prints) > 0) this.onFrame()
      },
    })
  }
}
