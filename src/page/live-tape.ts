import type { LiveEvent, LivePrint } from '../domain/live-flow.ts'
import type { Missed } from '../domain/live-missed.ts'
import { type Api, ApiError } from './api.ts'
import { backoffMs } from './backoff.ts'
import { type Filter, matches, serverQuery } from './filter.ts'
import { storedPrints } from './stored-prints.ts'
import { TapeRows } from './tape-rows.ts'

const ROWS_MAX = 5000
/** Messages that wait for the next frame; with more they go to the rows at once. */
const PENDING_MAX = 2000
const HIDDEN_MS = 250
/** How a tape begins: with so many prints, at most those since a long weekend. */
const FIRST_ROWS = 1000
const FIRST_MS = 4 * 24 * 3_600_000
/** A handshake that takes longer leads nowhere. */
const CONNECT_MS = 10_000
/** Prints are told before they are committed: the store is asked once more. */
const COMMITTED_MS = 3000
const OVERLAP_MS = 30_000
const MISSED_MAX = 20
const REVISIONS_MAX = 5000

type Told =
  | { readonly type: 'print'; readonly data: LivePrint }
  | { readonly type: 'event'; readonly data: LiveEvent }
  | { readonly type: 'missed'; readonly data: Missed }

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
  #fill: ReturnType<typeof setTimeout> | undefined
  /** From when on the next fill asks, epoch ms. */
  #fillSince = Number.POSITIVE_INFINITY
  /** When something was last heard of the stream, epoch ms. */
  #heardAt = Date.now()

  constructor(api: Api, filter: Filter) {
    this.#api = api
    this.#filter = filter
  }

  /** Begins, or begins again with another filter or token. */
  follow(filter: Filter): void {
    this.#filter = filter
    this.#pending = []
    this.rows.clear()
    this.#attempt = 0
    this.#leave()
    this.#connect()
    this.onFrame()
  }

  stop(): void {
    clearTimeout(this.#fill)
    this.#fill = undefined
    this.#leave()
  }

  /** The engine does not answer: the connection is taken for dead, and made again. */
  renew(): void {
    const socket = this.#socket
    if (socket === null || this.awaySince !== null) return
    this.#lose()
    socket.close()
  }

  #leave(): void {
    clearTimeout(this.#retry)
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  #connect(): void {
    this.nextTryAt = null
    const socket = this.#api.stream(serverQuery(this.#filter))
    this.#socket = socket
    const openedAt = this.awaySince
    this.#retry = setTimeout(() => {
      if (socket !== this.#socket) return
      this.#lose()
      socket.close()
    }, CONNECT_MS)
    socket.onopen = () => {
      if (socket !== this.#socket) return
      clearTimeout(this.#retry)
      this.awaySince = null
      this.#heardAt = Date.now()
      this.#attempt = 0
      this.onState()
      if (this.rows.rows.length === 0 || openedAt === null) {
        void this.#fillFrom(Date.now() - FIRST_MS, FIRST_ROWS)
      } else void this.#fillFrom(openedAt - OVERLAP_MS)
      this.#fillSoon(Date.now() - OVERLAP_MS)
    }
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return
      this.#heardAt = Date.now()
      this.#take(JSON.parse(data as string) as Told)
    }
    socket.onclose = () => {
      if (socket === this.#socket) this.#lose()
    }
  }

  /** What came since something was last heard is asked of the store. */
  #lose(): void {
    clearTimeout(this.#retry)
    this.#socket = null
    this.awaySince ??= this.#heardAt
    const delay = backoffMs(this.#attempt++, Math.random())
    this.nextTryAt = Date.now() + delay
    this.#retry = setTimeout(() => this.#connect(), delay)
    this.onState()
  }

  #take(told: Told): void {
    if (told.type === 'print') {
      if (!matches(this.#filter, told.data)) return
      this.#pending.push(told.data)
      if (this.#pending.length >= PENDING_MAX) this.#flush()
      else this.#schedule()
    } else if (told.type === 'event') {
      this.#note(told.data)
    } else {
      this.missed.push(told.data)
      if (this.missed.length > MISSED_MAX) this.missed.shift()
      if (told.data.kind === 'prints') this.#fillSoon((told.data.from ?? Date.now()) - OVERLAP_MS)
      this.onState()
    }
  }

  #note({ event_id, revision, reason, is_void }: LiveEvent): void {
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

  /** Once for all that is asked for until then. */
  #fillSoon(since: number): void {
    this.#fillSince = Math.min(this.#fillSince, since)
    this.#fill ??= setTimeout(() => {
      const from = this.#fillSince
      this.#fill = undefined
      this.#fillSince = Number.POSITIVE_INFINITY
      void this.#fillFrom(from)
    }, COMMITTED_MS)
  }

  /** Puts in what the store has from `since` on, epoch ms; an engine that cannot is asked again. */
  async #fillFrom(since: number, max = ROWS_MAX): Promise<void> {
    const filter = this.#filter
    try {
      const prints = await storedPrints((path) => this.#api.get(path), filter, since, max)
      if (filter === this.#filter && this.rows.merge(prints) > 0) this.onFrame()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const isAway = error.status === 0 || error.status >= 500
      if (filter === this.#filter && isAway) this.#fillSoon(since)
    }
  }
}
