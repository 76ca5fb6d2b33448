import { type LiveFilter, unionOfPrints, wantsEvent, wantsPrint } from '../domain/live-filter.ts'
import type { LiveEvent } from '../domain/live-flow.ts'
import type { Missed } from '../domain/live-missed.ts'
import { EventFollower, type MissedVersions } from '../follow/event-follower.ts'
import type { Query } from '../follow/event-rows.ts'
import { RequestError } from '../metrics/routes.ts'
import { RowSlab } from '../slab/row-slab.ts'
import { Client } from './client.ts'
import type { StreamDropReason, StreamLimits } from './limits.ts'
import { livePrint, premiumOf } from './live-print.ts'
import { lookBack } from './look-back.ts'
import { Message } from './message.ts'
import type { Outlet } from './outlet.ts'

const SECOND_MS = 1000
/** The follower looks back this far; who came again may have been told that already. */
const OVERLAP_MS = 10_000

/** What the ids in a row slab stand for. */
export type RowNames = {
  ticker(contract: number): string
  underlyingId(contract: number): number
  readonly underlyings: readonly string[]
  conditionsOf(set: number): readonly (number | string)[]
}

export type LiveStreamOptions = {
  readonly limits: StreamLimits
  /** Rejects while there is no database: events wait until there is. */
  readonly query: Query
  readonly onDropped: (reason: StreamDropReason, messages: number) => void
  readonly onClients: (clients: number) => void
  readonly onProblem: (message: string) => void
}

/**
 * Tells clients of prints as their labels are final, which is before they are committed, and of
 * events once they are. Nobody waits for a client: it is told what fits its share, and one that
 * does not take that is cut off. A row is looked at only while somebody wants prints, and made into
 * a message once for all who want it.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions
  readonly #clients = new Set<Client>()
  readonly #budget = { left: 0 }
  /** Clients that want prints, and what one of them may want; null: none does. */
  #printClients: readonly Client[] = []
  #prints: LiveFilter | null = null
  #follower: EventFollower | null = null
  #timer: NodeJS.Timeout | null = null
  #beatAt = 0
  /** When rows were last seen, epoch ms. */
  #seenAt = 0
  #isClosed = false

  constructor(options: LiveStreamOptions) {
    this.#options = options
  }

  /** Throws a RequestError 503 while there is no room for another client. */
  checkRoom(): void {
    if (this.#isClosed) throw new RequestError(503, 'the engine stops')
    const { clients } = this.#options.limits
    if (this.#clients.size < clients) return
    throw new RequestError(503, `expected at most ${clients} clients of the stream; try again`, 5)
  }

  /** A client; `since`: events from then on (epoch ms) are told first, null: from now on. */
  join(filter: LiveFilter, since: number | null, outlet: Outlet): void {
    const { limits, onDropped, query } = this.#options
    const now = Date.now()
    const client = new Client({
      filter,
      outlet,
      limits,
      budget: this.#budget,
      eventsFrom: since === null ? now : Math.min(since, now),
      onDropped,
    })
    this.#clients.add(client)
    outlet.onGone(() => this.#leave(client))
    this.#changed()
    if (since === null) return
    client.hold()
    void lookBack(client, since, query, limits).finally(() => {
      setTimeout(() => client.forgetLookedUp(), 2 * OVERLAP_MS).unref()
    })
  }

  /** Where a client that comes now may go on later, epoch ms. */
  get position(): number {
    return this.#follower?.upTo ?? Date.now()
  }

  /** Rows on their way to the writer; `buffer` is not kept. */
  see({ buffer, rows }: { readonly buffer: ArrayBuffer; readonly rows: number }, names: RowNames) {
    if (this.#prints === null) return
    this.#seenAt = Date.now()
    const wanted = this.#prints
    const slab = new RowSlab(buffer)
    const { contract, tradeType, side, sentiment } = slab
    for (let row = 0; row < rows; row++) {
      const symbol = names.underlyings[names.underlyingId(contract[row]!)]!
      const [type, aggressor, lean] = [tradeType[row]!, side[row]!, sentiment[row]!]
      const premium = premiumOf(slab, row)
      if (!wantsPrint(wanted, symbol, type, aggressor, lean, premium)) continue
      let message: Message | null = null
      for (const client of this.#printClients) {
        if (!wantsPrint(client.filter, symbol, type, aggressor, lean, premium)) continue
        if (!client.mayTake('prints')) continue
        message ??= messageOf(slab, row, names)
        client.add(message)
      }
    }
    for (const client of this.#printClients) this.#flush(client)
  }

  /** A part of the engine died and is there again: what was in work is not told. */
  noteRebuilt(): void {
    const from = this.#seenAt === 0 ? null : this.#seenAt
    const data: Missed = { kind: 'prints', reason: 'rebuild', count: null, from, to: Date.now() }
    const message = new Message({ type: 'missed', data })
    for (const client of this.#printClients) {
      client.add(message)
      this.#flush(client)
    }
  }

  /** Says goodbye to all; nobody is let in any more. */
  close(): void {
    this.#isClosed = true
    for (const client of [...this.#clients]) {
      client.flush()
      client.outlet.end('stopping')
      this.#leave(client)
    }
  }

  #leave(client: Client): void {
    client.leave()
    if (this.#clients.delete(client)) this.#changed()
  }

  /** Who is there has changed. */
  #changed(): void {
    const clients = [...this.#clients]
    this.#printClients = clients.filter(({ filter }) => filter.hasPrints)
    this.#prints = unionOfPrints(clients.map(({ filter }) => filter))
    this.#options.onClients(clients.length)
    if (clients.some(({ filter }) => filter.hasEvents)) this.#follow()
    else this.#unfollow()
    if (clients.length > 0) {
      if (this.#timer !== null) return
      this.#budget.left = this.#options.limits.totalPerSecond
      this.#beatAt = performance.now()
      this.#timer = setInterval(() => this.#tick(), SECOND_MS).unref()
    } else if (this.#timer !== null) {
      clearInterval(this.#timer)
      this.#timer = null
      this.#seenAt = 0
    }
  }

  #follow(): void {
    const { limits, query, onProblem } = this.#options
    this.#follower ??= new EventFollower({
      query,
      since: Date.now() - OVERLAP_MS,
      onEvents: (events) => this.#tell(events),
      onMissed: (missed) => this.#tellMissed(missed),
      onProblem,
      limits: limits.follow,
    })
  }

  #unfollow(): void {
    void this.#follower?.stop()
    this.#follower = null
  }

  #tell(events: readonly LiveEvent[]): void {
    const told = new Set<Client>()
    for (const event of events) {
      let message: Message | null = null
      for (const client of this.#clients) {
        if (event.recorded_at < client.eventsFrom || !wantsEvent(client.filter, event)) continue
        message ??= new Message({ type: 'event', data: event }, event.recorded_at)
        client.addEvent(event, message)
        told.add(client)
      }
    }
    for (const client of told) this.#flush(client)
  }

  /** Events that came too late to be told. Which of them a client wanted is not known. */
  #tellMissed({ from, to }: MissedVersions): void {
    const data: Missed = { kind: 'events', reason: 'look_back', count: null, from, to }
    const message = new Message({ type: 'missed', data })
    for (const client of this.#clients) {
      if (!client.filter.hasEvents || client.eventsFrom > to) continue
      client.add(message)
      this.#flush(client)
    }
  }

  #flush(client: Client): void {
    if (!client.flush()) this.#cut(client)
  }

  #cut(client: Client): void {
    if (client.isGone) return
    client.cut()
    this.#leave(client)
  }

  #tick(): void {
    this.#budget.left = this.#options.limits.totalPerSecond
    const now = Date.now()
    for (const client of [...this.#clients]) if (!client.tick(now)) this.#cut(client)
    if (performance.now() - this.#beatAt < this.#options.limits.beatMs) return
    this.#beatAt = performance.now()
    const { position } = this
    for (const client of [...this.#clients]) client.beat(position)
  }
}

function messageOf(slab: RowSlab, row: number, names: RowNames): Message {
  const ticker = names.ticker(slab.contract[row]!)
  const conditions = names.conditionsOf(slab.conditions[row]!)
  return new Message({ type: 'print', data: livePrint(slab, row, ticker, conditions) })
}
