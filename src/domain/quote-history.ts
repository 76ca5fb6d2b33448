import { grown } from './columns.ts'
import type { StateReader, StateWriter } from './state.ts'

/**
 * The quotes of each contract in the order of their vendor time, so that a print can be held
 * against the NBBO in force at its own time even when a newer quote has been read already.
 *
 * One arena of rows, cut into rings whose capacity is a power of two. A ring grows while its oldest
 * quote is younger than the horizon; so a contract with one quote a second costs a few rows, and a
 * busy one at most one row a millisecond of the horizon, because of equal times the last one
 * counts. A row is half a cache line, and so is what is known of a ring:
 *
 *   row:   f64 time | bid | ask   i32 bidSize | askSize     a price is ticks x 256 + its venue
 *   ring:  u32 block | capacity | head | count
 */
const FIRST_CAPACITY = 4

const ROW_BYTES = 32
const F64 = ROW_BYTES / 8
const I32 = ROW_BYTES / 4
const TIME = 0
const BID = 1
const ASK = 2
const BID_SIZE = 6
const ASK_SIZE = 7

/** A venue's code has 8 bits; beside a price that is too large for an exact sum it is left out. */
const VENUE_BASE = 256
const TICKS_MAX = 2 ** 44

const RING = 4
const BLOCK = 0
const CAPACITY = 1
const HEAD = 2
const COUNT = 3

export class QuoteHistory {
  readonly #horizonMs: number
  readonly #rowsMax: number
  #rowsUsed = 0
  #f64 = new Float64Array((1 << 10) * F64)
  #i32 = new Int32Array(this.#f64.buffer)
  #rings = new Uint32Array(256 * RING)
  readonly #free: number[][] = Array.from({ length: 32 }, () => [])
  #evicted = 0

  /** Found by the last call of `find`. Prices in ticks, sizes -1 where the quote had none. */
  time = Number.NaN
  bid = Number.NaN
  ask = Number.NaN
  bidSize = -1
  askSize = -1
  /** Codes of the venues of bid and ask: 256 x bid's + ask's; 0 where not known. */
  venues = 0

  /** Keeps at least `horizonMs` behind each contract's newest quote, within `rowsMax` rows. */
  constructor(horizonMs: number, rowsMax: number) {
    this.#horizonMs = horizonMs
    this.#rowsMax = rowsMax
  }

  /** Quotes that had to go, or could not be kept, because all rows were taken. */
  get evicted(): number {
    return this.#evicted
  }

  ensure(contracts: number): void {
    if (contracts * RING <= this.#rings.length) return
    const size = Math.max(contracts * RING, this.#rings.length * 2)
    this.#rings = grown(this.#rings, new Uint32Array(size))
  }

  /** Adds a quote at its place in time; of equal times the last to arrive stands for all. */
  add(
    id: number,
    time: number,
    bid: number,
    ask: number,
    bidSize: number,
    askSize: number,
    venues: number,
  ): void {
    const ring = id * RING
    let place = this.#placeOf(ring, time)
    if (place > 0) {
      const before = this.#rowAt(ring, place - 1)
      if (this.#f64[before * F64 + TIME] === time) {
        this.#write(before, time, bid, ask, bidSize, askSize, venues)
        return
      }
    }
    if (this.#rings[ring + COUNT] === this.#rings[ring + CAPACITY]) {
      if (!this.#makeRoom(ring, time, place === 0)) return
      place = this.#placeOf(ring, time)
    }
    const count = this.#rings[ring + COUNT]!
    for (let i = count; i > place; i--) this.#copy(this.#rowAt(ring, i - 1), this.#rowAt(ring, i))
    this.#write(this.#rowAt(ring, place), time, bid, ask, bidSize, askSize, venues)
    this.#rings[ring + COUNT] = count + 1
  }

  /**
   * The quote with the latest vendor time not after `time`, into the public fields. False when
   * there is none; whether it is young enough and usable is for the caller to say.
   */
  find(id: number, time: number): boolean {
    const ring = id * RING
    const count = this.#rings[ring + COUNT]!
    if (count === 0) return false
    const times = this.#f64
    let low = 0
    let high = count - 1
    if (times[this.#rowAt(ring, high) * F64 + TIME]! <= time) low = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (times[this.#rowAt(ring, middle) * F64 + TIME]! <= time) low = middle + 1
      else high = middle
    }
    if (low === 0) return false
    const row = this.#rowAt(ring, low - 1)
    this.time = this.#f64[row * F64 + TIME]!
    const bid = this.#f64[row * F64 + BID]!
    const ask = this.#f64[row * F64 + ASK]!
    this.bid = Math.floor(bid / VENUE_BASE)
    this.ask = Math.floor(ask / VENUE_BASE)
    this.bidSize = this.#i32[row * I32 + BID_SIZE]!
    this.askSize = this.#i32[row * I32 + ASK_SIZE]!
    this.venues = (bid - this.bid * VENUE_BASE) * VENUE_BASE + (ask - this.ask * VENUE_BASE)
    return true
  }

  save(out: StateWriter, contracts: number): void {
    out.part('quotes', 1)
    out.number(this.#horizonMs)
    out.number(this.#rowsUsed)
    out.number(this.#evicted)
    out.column(this.#f64, this.#rowsUsed * F64)
    out.column(this.#rings, contracts * RING)
    for (const blocks of this.#free) out.column(Uint32Array.from(blocks))
  }

  /** Into a fresh instance of the same horizon, as `save` was told. */
  load(from: StateReader, contracts: number): void {
    this.ensure(contracts)
    from.part('quotes', 1)
    const horizonMs = from.number()
    const used = from.number()
    if (horizonMs !== this.#horizonMs || used > this.#rowsMax) {
      const expected = `${this.#horizonMs} ms and at most ${this.#rowsMax} quotes`
      throw new Error(`saved quotes: expected ${expected}, came ${horizonMs} ms and ${used}`)
    }
    this.#rowsUsed = used
    this.#evicted = from.number()
    this.#f64 = new Float64Array(Math.max(used * F64, this.#f64.length))
    this.#i32 = new Int32Array(this.#f64.buffer)
    from.into(this.#f64, used * F64)
    from.into(this.#rings, contracts * RING)
    for (const blocks of this.#free) {
      for (const block of from.column(Uint32Array)) blocks.push(block)
    }
  }

  /** Row of the quote at `place` in the order of time. */
  #rowAt(ring: number, place: number): number {
    const rings = this.#rings
    const mask = rings[ring + CAPACITY]! - 1
    return rings[ring + BLOCK]! + ((rings[ring + HEAD]! + place) & mask)
  }

  /** How many quotes have a time not after `time`: nearly always all of them. */
  #placeOf(ring: number, time: number): number {
    let place = this.#rings[ring + COUNT]!
    while (place > 0 && this.#f64[this.#rowAt(ring, place - 1) * F64 + TIME]! > time) place--
    return place
  }

  /**
   * A full ring drops what is older than the horizon; if nothing is, it grows; if it cannot, the
   * oldest quote goes, and that may be the new one. False: the new one is not kept.
   */
  #makeRoom(ring: number, time: number, isOldest: boolean): boolean {
    const rings = this.#rings
    const capacity = rings[ring + CAPACITY]!
    if (capacity > 0) {
      const newest = this.#f64[this.#rowAt(ring, rings[ring + COUNT]! - 1) * F64 + TIME]!
      const oldestKept = Math.max(newest, time) - this.#horizonMs
      // the newest quote that is not younger than the horizon is still in force at its edge
      while (
        rings[ring + COUNT]! > 1 &&
        this.#f64[this.#rowAt(ring, 1) * F64 + TIME]! <= oldestKept
      ) {
        this.#dropOldest(ring)
      }
      if (rings[ring + COUNT]! < capacity) return true
    }
    if (this.#grow(ring, capacity)) return true
    this.#evicted++
    if (capacity === 0 || isOldest) return false
    this.#dropOldest(ring)
    return true
  }

  #dropOldest(ring: number): void {
    const rings = this.#rings
    rings[ring + HEAD] = (rings[ring + HEAD]! + 1) & (rings[ring + CAPACITY]! - 1)
    rings[ring + COUNT]!--
  }

  #grow(ring: number, capacity: number): boolean {
    const next = capacity === 0 ? FIRST_CAPACITY : capacity * 2
    const to = this.#allocate(next)
    if (to < 0) return false
    const rings = this.#rings
    const count = rings[ring + COUNT]!
    for (let i = 0; i < count; i++) this.#copy(this.#rowAt(ring, i), to + i)
    if (capacity > 0) this.#free[Math.log2(capacity)]!.push(rings[ring + BLOCK]!)
    rings[ring + BLOCK] = to
    rings[ring + CAPACITY] = next
    rings[ring + HEAD] = 0
    return true
  }

  #allocate(capacity: number): number {
    const reused = this.#free[Math.log2(capacity)]!.pop()
    if (reused !== undefined) return reused
    const at = this.#rowsUsed
    if (at + capacity > this.#rowsMax) return -1
    this.#rowsUsed += capacity
    if (this.#rowsUsed * F64 > this.#f64.length) {
      const rows = Math.min(Math.max(this.#rowsUsed, (this.#f64.length / F64) * 2), this.#rowsMax)
      this.#f64 = grown(this.#f64, new Float64Array(rows * F64))
      this.#i32 = new Int32Array(this.#f64.buffer)
    }
    return at
  }

  #copy(from: number, to: number): void {
    const f64 = this.#f64
    const source = from * F64
    const target = to * F64
    for (let i = 0; i < F64; i++) f64[target + i] = f64[source + i]!
  }

  #write(
    row: number,
    time: number,
    bid: number,
    ask: number,
    bidSize: number,
    askSize: number,
    venues: number,
  ): void {
    this.#f64[row * F64 + TIME] = time
    this.#f64[row * F64 + BID] = withVenue(bid, venues >>> 8)
    this.#f64[row * F64 + ASK] = withVenue(ask, venues & 0xff)
    this.#i32[row * I32 + BID_SIZE] = bidSize
    this.#i32[row * I32 + ASK_SIZE] = askSize
  }
}

function withVenue(ticks: number, venue: number): number {
  const isExact = ticks > -TICKS_MAX && ticks < TICKS_MAX
  return ticks * VENUE_BASE + (isExact ? venue : 0)
}
