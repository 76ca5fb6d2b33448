import type { ShardDefinitions, ShardKnowledge } from '../slab/definitions.ts'
import { EVENT_SLAB_ROWS, EventSlab } from '../slab/event-slab.ts'
import type { SlabPool } from '../slab/slab-pool.ts'
import type { Dictionary } from './dictionary.ts'
import type { EventColumns } from './event-columns.ts'
import { ShardMap } from './shard-map.ts'
import type { UnusedProfiles } from './unused-profiles.ts'

/** A slab that no row is added to any more, on its way to its shard. */
export type SealedSlab = {
  readonly definitions: ShardDefinitions | null
  /** Null: a tick, which only passes time. */
  readonly slab: ArrayBuffer | null
  readonly rows: number
  /** Reading clock of each connection when it was sealed. */
  readonly clocks: Float64Array
  /** When its oldest row was read, epoch ms. */
  readonly readAt: number
  /** FrameStamp.place of its oldest row; NaN: a tick, or not given. */
  readonly place: number
}

/** What came with a frame besides its bytes. */
export type FrameStamp = {
  readonly recv: number
  readonly clock: number
  readonly connection: number
  /** When the engine read it, epoch ms: differs from `recv` in a replay. */
  readonly readAt: number
  /** Where it stands in the journal: grows from frame to frame; left out where there is none. */
  readonly place?: number
}

/**
 * Copies the rows of a decoded frame into the open slab of their shard, in order, and seals slabs:
 * when full, when asked to (age, drain), and empty as ticks.
 */
export class Router {
  readonly #map: ShardMap
  readonly #pool: SlabPool
  readonly #send: (shard: number, sealed: SealedSlab) => void
  readonly #open: (EventSlab | null)[]
  readonly #rows: Uint32Array
  readonly #readAt: Float64Array
  readonly #place: Float64Array
  readonly #clocks: Float64Array

  constructor(
    dictionary: Dictionary,
    pool: SlabPool,
    shards: number,
    connections: number,
    send: (shard: number, sealed: SealedSlab) => void,
    profiles?: UnusedProfiles,
  ) {
    this.#map = new ShardMap(dictionary, shards, profiles)
    this.#pool = pool
    this.#send = send
    this.#open = new Array<EventSlab | null>(shards).fill(null)
    this.#rows = new Uint32Array(shards)
    this.#readAt = new Float64Array(shards)
    this.#place = new Float64Array(shards)
    this.#clocks = new Float64Array(connections).fill(Number.NaN)
  }

  /** A restored shard is not told again what it knows (ShardMap.skipKnown). */
  skipKnown(shard: number, known: ShardKnowledge): void {
    this.#map.skipKnown(shard, known)
  }

  /** Takes the frame's rows from `from` on; gives the first that found no free slab, or `rows`. */
  route(columns: EventColumns, from: number, stamp: FrameStamp): number {
    this.#map.learn()
    const { shard, local } = this.#map
    const { rows, time, priceA, priceB, contract, sizeA, sizeB, conditions, kind } = columns
    const { recv, clock, connection } = stamp
    for (let row = from; row < rows; row++) {
      const id = contract[row]!
      const to = shard[id]!
      const slab = this.#open[to] ?? this.#openSlab(to, stamp)
      if (slab === null) return row
      const at = this.#rows[to]!
      slab.time[at] = time[row]!
      slab.recv[at] = recv
      slab.clock[at] = clock
      slab.priceA[at] = priceA[row]!
      slab.priceB[at] = priceB[row]!
      slab.contract[at] = local[id]!
      slab.sizeA[at] = sizeA[row]!
      slab.sizeB[at] = sizeB[row]!
      slab.conditions[at] = conditions[row]!
      slab.kind[at] = kind[row]!
      slab.connection[at] = connection
      this.#rows[to] = at + 1
      if (at + 1 === EVENT_SLAB_ROWS) this.seal(to)
    }
    this.#clocks[connection] = clock
    return rows
  }

  /**
   * Moves the reading clocks on where no frame does. Only when every frame read has been routed.
   */
  passTime(clocks: ArrayLike<number>): void {
    this.#clocks.set(clocks)
  }

  /** The reading clock of each connection as far as it has been routed, ms; NaN: none. */
  get clocks(): Float64Array<ArrayBuffer> {
    return this.#clocks.slice()
  }

  hasRows(shard: number): boolean {
    return this.#open[shard] !== null
  }

  /** When the oldest row was read that no slab has gone off with, epoch ms; Infinity: none. */
  get oldestReadAt(): number {
    let oldest = Number.POSITIVE_INFINITY
    this.#open.forEach((slab, shard) => {
      if (slab !== null) oldest = Math.min(oldest, this.#readAt[shard]!)
    })
    return oldest
  }

  /** FrameStamp.place of the oldest row that no slab has gone off with; Infinity: none. */
  get oldestPlace(): number {
    let oldest = Number.POSITIVE_INFINITY
    this.#open.forEach((slab, shard) => {
      if (slab !== null) oldest = Math.min(oldest, this.#place[shard]!)
    })
    return oldest
  }

  /** Sends the shard's open slab, or an empty one as a tick. */
  seal(shard: number): void {
    const open = this.#open[shard]!
    this.#send(shard, {
      definitions: this.#map.takeDefinitions(shard),
      slab: open?.buffer ?? null,
      rows: open === null ? 0 : this.#rows[shard]!,
      clocks: this.#clocks.slice(),
      readAt: open === null ? Number.NaN : this.#readAt[shard]!,
      place: open === null ? Number.NaN : this.#place[shard]!,
    })
    this.#open[shard] = null
    this.#rows[shard] = 0
  }

  #openSlab(shard: number, { readAt, place }: FrameStamp): EventSlab | null {
    const buffer = this.#pool.acquire()
    if (buffer === undefined) return null
    const slab = new EventSlab(buffer)
    this.#open[shard] = slab
    this.#readAt[shard] = readAt
    this.#place[shard] = place ?? Number.NaN
    return slab
  }
}
