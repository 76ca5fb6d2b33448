import type { LiveFilter } from '../domain/live-filter.ts'
import type { LiveEvent } from '../domain/live-flow.ts'
import type { Missed } from '../domain/live-missed.ts'
import type { StreamDropReason, StreamLimits } from './limits.ts'
import { Message } from './message.ts'
import type { Outlet } from './outlet.ts'

/** What all clients together may still be told in this second. */
export type Budget = { left: number }

export type ClientOptions = {
  readonly filter: LiveFilter
  readonly outlet: Outlet
  readonly limits: StreamLimits
  readonly budget: Budget
  /** Events recorded before are not for this client, epoch ms. */
  readonly eventsFrom: number
  readonly onDropped: (reason: StreamDropReason, messages: number) => void
}

const COUNTED_LATER = ['client_rate', 'total_rate', 'held_full'] as const
type CountedLater = (typeof COUNTED_LATER)[number]

/** Messages of one kind that were left out for one reason, the first of them at `from`, epoch ms. */
type Left = Pick<Missed, 'kind' | 'reason'> & { count: number; readonly from: number }

/** An event and its message, which waits until those before it were looked up. */
type Held = { readonly name: string; readonly message: Message }

/** A client of the stream with what it may still be told, and what it was not. */
export class Client {
  readonly filter: LiveFilter
  readonly outlet: Outlet
  readonly eventsFrom: number
  readonly #options: ClientOptions
  #left: number
  #queue: Message[] = []
  /** What it is to be told of at the next tick. */
  readonly #missed: Record<Missed['kind'] | 'held', Left | null> = {
    prints: null,
    events: null,
    held: null,
  }
  /** What is not counted in the metrics yet. */
  readonly #uncounted: Record<CountedLater, number> = {
    client_rate: 0,
    total_rate: 0,
    held_full: 0,
  }
  /** Messages since nothing was buffered: at most as many has it not taken. */
  #untaken = 0
  #stalledFrom: number | null = null
  #stalledBytes = 0
  /** Null: events go out as they come. */
  #held: Held[] | null = null
  /** Versions that were looked up for it: they may come from the follower too. */
  #lookedUp: ReadonlySet<string> | null = null
  #isGone = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.filter = options.filter
    this.outlet = options.outlet
    this.eventsFrom = options.eventsFrom
    this.#left = options.limits.clientPerSecond
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** No more is sent. */
  leave(): void {
    this.#isGone = true
    this.#queue = []
    this.#held = null
  }

  /** Whether one more print or event may go out now; counts the one that may not. */
  mayTake(kind: Missed['kind']): boolean {
    const { budget } = this.#options
    if (this.#left > 0 && budget.left > 0) {
      this.#left--
      budget.left--
      return true
    }
    this.#leaveOut(kind, this.#left > 0 ? 'total_rate' : 'client_rate')
    return false
  }

  add(message: Message): void {
    if (!this.#isGone) this.#queue.push(message)
  }

  /** An event of the follower. */
  addEvent(event: LiveEvent, message: Message): void {
    const name = nameOf(event)
    if (this.#lookedUp?.has(name) === true) return
    if (this.#held === null) {
      if (this.mayTake('events')) this.add(message)
    } else if (this.#held.length < this.#options.limits.heldEvents) {
      this.#held.push({ name, message })
    } else {
      this.#leaveOut('events', 'held_full')
    }
  }

  /** From here on events wait. */
  hold(): void {
    this.#held = []
  }

  /** Sends the events that waited, but for those that were looked up meanwhile. */
  release(lookedUp: ReadonlySet<string>): void {
    const held = this.#held ?? []
    this.#held = null
    this.#lookedUp = lookedUp
    for (const { name, message } of held) if (!lookedUp.has(name)) this.add(message)
    this.flush()
  }

  /** The follower looks back no further than to what came after. */
  forgetLookedUp(): void {
    this.#lookedUp = null
  }

  /** Sends what was added. Says whether the client takes it fast enough. */
  flush(): boolean {
    const { outlet } = this
    this.#count()
    if (this.#queue.length > 0) {
      if (outlet.buffered === 0) this.#untaken = 0
      this.#untaken += this.#queue.length
      outlet.send(this.#queue)
      this.#queue = []
    }
    return outlet.buffered <= this.#options.limits.bufferedBytes
  }

  /** A new second has begun. Says whether the client still takes what waits for it. */
  tick(now: number): boolean {
    this.#left = this.#options.limits.clientPerSecond
    for (const key of ['prints', 'events', 'held'] as const) {
      const left = this.#missed[key]
      if (left !== null) this.add(new Message({ type: 'missed', data: { ...left, to: now } }))
      this.#missed[key] = null
    }
    return this.flush() && !this.#isStalled(now)
  }

  /** `position`: events committed before were told, epoch ms; not yet to one who looks back. */
  beat(position: number): void {
    this.outlet.beat(this.#held === null ? position : null)
  }

  /** Ends the connection of a client that does not take what it is sent. */
  cut(): void {
    this.#count()
    this.#options.onDropped('slow_client', this.#untaken)
    this.leave()
    this.outlet.end('slow')
  }

  /** Beyond its share this is done for every row: metrics and messages wait for a flush. */
  #leaveOut(kind: Missed['kind'], dropped: CountedLater): void {
    this.#uncounted[dropped]++
    const key = dropped === 'held_full' ? 'held' : kind
    const left = this.#missed[key]
    if (left !== null) {
      left.count++
      return
    }
    const reason = key === 'held' ? 'look_back' : 'rate'
    this.#missed[key] = { kind, reason, count: 1, from: Date.now() }
  }

  #count(): void {
    for (const reason of COUNTED_LATER) {
      const messages = this.#uncounted[reason]
      if (messages > 0) this.#options.onDropped(reason, messages)
      this.#uncounted[reason] = 0
    }
  }

  #isStalled(now: number): boolean {
    const { buffered } = this.outlet
    if (buffered === 0 || buffered < this.#stalledBytes) this.#stalledFrom = null
    this.#stalledBytes = buffered
    if (buffered === 0) return false
    this.#stalledFrom ??= now
    return now - this.#stalledFrom > this.#options.limits.stalledMs
  }
}

/** Name of a version. */
export function nameOf({ event_id, revision }: LiveEvent): string {
  return `${event_id} ${revision}`
}
