import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import type { History } from './history.ts'
import type { Stats } from './stats.ts'
import { type WireEvent, wireEventsOf } from './wire-events.ts'

/** A lossless source waits while a client has more than this to take. */
const AHEAD_BYTES_MAX = 1024 * 1024

/** Shares events out among the connections that asked for them. */
export class Hub {
  readonly connections = new Set<Connection>()
  readonly #history: History
  readonly #stats: Stats
  readonly #eventsPerFrame: number
  #silentUntil = 0

  constructor(history: History, stats: Stats, eventsPerFrame: number) {
    this.#history = history
    this.#stats = stats
    this.#eventsPerFrame = eventsPerFrame
  }

  /** Events from now on reach nobody; they are in the history all the same. */
  silence(ms: number): void {
    this.#silentUntil = performance.now() + ms
  }

  get isSilent(): boolean {
    return performance.now() < this.#silentUntil
  }

  /** Sends each connection the events that it asked for, several in a frame. */
  publish(events: readonly WireEvent[]): void {
    if (events.length === 0) return
    for (const { kind } of events) this.#stats[kind === 'T' ? 'prints' : 'quotes']++
    this.#history.addEvents(events)
    if (this.isSilent) return
    for (const connection of this.connections) {
      if (!connection.isReady) continue
      const { subscriptions } = connection
      const wanted = events.filter(({ kind, ticker }) =>
        kind === 'T' ? subscriptions.wantsTrade(ticker) : subscriptions.wantsQuote(ticker),
      )
      for (let at = 0; at < wanted.length; at += this.#eventsPerFrame) {
        const part = wanted.slice(at, at + this.#eventsPerFrame)
        connection.send(`[${part.map((event) => event.json).join(',')}]`)
      }
    }
  }

  /**
   * Sends a whole frame as it is to connections with `T.*`, and to the others the events of it
   * that they asked for.
   */
  relay(frame: Uint8Array, isBinary: boolean): void {
    if (this.isSilent) return
    let events: readonly WireEvent[] | null = null
    for (const connection of this.connections) {
      if (!connection.isReady) continue
      if (connection.subscriptions.hasAllTrades) {
        connection.send(frame, isBinary)
        continue
      }
      events ??= isBinary ? [] : wireEventsOf(Buffer.from(frame).toString())
      const { subscriptions } = connection
      const wanted = events.filter(({ kind, ticker }) =>
        kind === 'T' ? subscriptions.wantsTrade(ticker) : subscriptions.wantsQuote(ticker),
      )
      if (wanted.length > 0) connection.send(`[${wanted.map((event) => event.json).join(',')}]`)
    }
  }

  /** relay() of a frame that holds so many events. */
  relayCounted(frame: Uint8Array, prints: number, quotes: number, isBinary = false): void {
    this.#stats.prints += prints
    this.#stats.quotes += quotes
    this.relay(frame, isBinary)
  }

  /**
   * Waits until there is a reader and every reader has taken nearly all: a lossless source goes at
   * the pace of the slowest.
   */
  async room(isStopped: () => boolean): Promise<void> {
    while (!isStopped() && !this.#hasRoom()) await sleep(1)
  }

  #hasRoom(): boolean {
    let readers = 0
    for (const connection of this.connections) {
      if (!connection.isReady) continue
      if (connection.bufferedBytes > AHEAD_BYTES_MAX) return false
      readers++
    }
    return readers > 0
  }
}
