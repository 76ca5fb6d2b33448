import type { FrameDecoder } from './decode.ts'
import type { FrameStamp, Router } from './router.ts'

type WaitingFrame = {
  readonly bytes: Uint8Array
  readonly isBinary: boolean
  readonly stamp: FrameStamp
}

export type IntakeEvents = {
  /** A status event in a frame of this connection. */
  onStatus(connection: number, status: string, message: string): void
  /** A frame of this connection held at least one trade or quote, of whatever symbol. */
  onData(connection: number): void
  /** No slab is free: stop reading. What is delivered all the same waits here. */
  onBlocked(): void
  onUnblocked(): void
}

/**
 * Frames in, one after the other, through the decoder into the router. When the router has no slab
 * the frame at hand stays half routed, and the few that a socket still delivers wait in order.
 */
export class Intake {
  readonly #decoder: FrameDecoder
  readonly #router: Router
  readonly #events: IntakeEvents
  #waiting: WaitingFrame[] = []
  #current: FrameStamp | null = null
  #nextRow = 0

  constructor(decoder: FrameDecoder, router: Router, events: IntakeEvents) {
    this.#decoder = decoder
    this.#router = router
    this.#events = events
  }

  get isBlocked(): boolean {
    return this.#current !== null
  }

  /** When the frame was read that waits for a slab, epoch ms; Infinity: none waits. */
  get oldestReadAt(): number {
    return this.#current?.readAt ?? Number.POSITIVE_INFINITY
  }

  /** FrameStamp.place of the frame that waits for a slab; Infinity: none waits. */
  get oldestPlace(): number {
    return this.#current === null ? Number.POSITIVE_INFINITY : (this.#current.place ?? Number.NaN)
  }

  push(bytes: Uint8Array, isBinary: boolean, stamp: FrameStamp): void {
    if (this.#current !== null) {
      this.#waiting.push({ bytes, isBinary, stamp })
      return
    }
    this.#read(bytes, isBinary, stamp)
    if (this.#current !== null) this.#events.onBlocked()
  }

  /** A slab is free again: goes on where it stopped. */
  resume(): void {
    if (this.#current === null) return
    this.#route(this.#current)
    let read = 0
    while (this.#current === null && read < this.#waiting.length) {
      const { bytes, isBinary, stamp } = this.#waiting[read++]!
      this.#read(bytes, isBinary, stamp)
    }
    if (read > 0) this.#waiting = this.#waiting.slice(read)
    if (this.#current === null) this.#events.onUnblocked()
  }

  #read(bytes: Uint8Array, isBinary: boolean, stamp: FrameStamp): void {
    const { connection } = stamp
    const { counts } = this.#decoder
    const before = counts.received + counts.quotesReceived
    if (!this.#decoder.decode(bytes, isBinary, stamp.recv)) return
    for (const { status, message } of this.#decoder.statuses) {
      this.#events.onStatus(connection, status, message)
    }
    if (counts.received + counts.quotesReceived > before) this.#events.onData(connection)
    this.#nextRow = 0
    this.#route(stamp)
  }

  #route(stamp: FrameStamp): void {
    const { columns } = this.#decoder
    this.#nextRow = this.#router.route(columns, this.#nextRow, stamp)
    this.#current = this.#nextRow < columns.rows ? stamp : null
  }
}
