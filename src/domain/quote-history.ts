import { grown } from './columns.ts'

/**
 * The quotes of each contract in the order of their vendor time, so that a print can be held
 * against the NBBO in force at its own time even when a newer quote has been read already.
 *
 * One arena of rows, cut into rings whose capacity is a power of two. A ring grows while its oldest
 * quote is younger than the horizon; so a contract with one quote a second costs a few rows, and a
 * busy one at most one row a millisecond of the horizon, because of equal times the last one
 * counts.
 */
const FIRST_CAPACITY = 4

export class QuoteHistory {
  readonly #horizonMs: number
  readonly #rowsMax: number
  #rows = 1 << 10
  #rowsUsed = 0
  #time = new Float64Array(this.#rows)
  #bid = new Float64Array(this.#rows)
  #ask = new Float64Array(this.#rows)
  #bidSize = new Int32Array(this.#rows)
  #askSize = new Int32Array(this.#rows)
  readonly #free: number[][] = Array.from({ length: 32 }, () => [])

  #block = new Uint32Array(256)
  #capacity = new Uint32Array(256)
  #head = new Uint32Array(256)
  #count = new Uint32Array(256)
  #evicted = 0

  /** Found by the last call of `find`. Prices in ticks, sizes -1 where the quote had none. */
  time = Number.NaN
  bid = Number.NaN
  ask = Number.NaN
  bidSize = -1
  askSize = -1

  /**
   * Keeps at least `horizonMs` behind each contract's newest quote, within `rowsMax` rows in
   * all.
   */
  constructor(horizonMs: number, rowsMax: number) {
    this.#horizonMs = horizonMs
    this.#rowsMax = rowsMax
  }

  /** Quotes that had to go, or could not be kept, because all rows were taken. */
  get evicted(): number {
    return this.#evicted
  }

  ensure(contracts: number): void {
    if (contracts <= this.#block.length) return
    const size = Math.max(contracts, this.#block.length * 2)
    this.#block = grown(this.#block, new Uint32Array(size))
    this.#capacity = grown(this.#capacity, new Uint32Array(size))
    this.#head = grown(this.#head, new Uint32Array(size))
    this.#count = grown(this.#count, new Uint32Array(size))
  }

  /** Adds a quote at its place in time; of equal times the last to arrive stands for all. */
  add(id: number, time: number, bid: number, ask: number, bidSize: number, askSize: number): void {
    let place = this.#placeOf(id, time)
    if (place > 0) {
      const before = this.#rowAt(id, place - 1)
      if (this.#time[before] === time) {
        this.#write(before, time, bid, ask, bidSize, askSize)
        return
      }
    }
    if (this.#count[id] === this.#capacity[id]) {
      if (!this.#makeRoom(id, time, place === 0)) return
      place = this.#placeOf(id, time)
    }
    const count = this.#count[id]!
    for (let i = count; i > place; i--) this.#copy(this.#rowAt(id, i - 1), this.#rowAt(id, i))
    this.#write(this.#rowAt(id, place), time, bid, ask, bidSize, askSize)
    this.#count[id] = count + 1
  }

  /**
   * The quote with the latest vendor time not after `time`, into the public fields. False when
   * there is none; whether it is young enough and usable is for the caller to say.
   */
  find(id: number, time: number): boolean {
    const count = this.#count[id]!
    if (count === 0) return false
    const block = this.#block[id]!
    const mask = this.#capacity[id]! - 1
    const head = this.#head[id]!
    const times = this.#time
    let low = 0
    let high = count - 1
    if (times[block + ((head + high) & mask)]! <= time) low = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (times[block + ((head + middle) & mask)]! <= time) low = middle + 1
      else high = middle
    }
    if (low === 0) return false
    const row = block + ((head + low - 1) & mask)
    this.time = times[row]!
    this.bid = this.#bid[row]!
    this.ask = this.#ask[row]!
    this.bidSize = this.#bidSize[row]!
    this.askSize = this.#askSize[row]!
    return true
  }

  /** Row of the quote at `place` in the order of time. */
  #rowAt(id: number, place: number): number {
    return this.#block[id]! + ((this.#head[id]! + place) & (this.#capacity[id]! - 1))
  }

  /** How many quotes have a time not after `time`: nearly always all of them. */
  #placeOf(id: number, time: number): number {
    let place = this.#count[id]!
    while (place > 0 && this.#time[this.#rowAt(id, place - 1)]! > time) place--
    return place
  }

  /**
   * A full ring drops what is older than the horizon; if nothing is, it grows; if it cannot, the
   * oldest quote goes, and that may be the new one. False: the new one is not kept.
   */
  #makeRoom(id: number, time: number, isOldest: boolean): boolean {
    const capacity = this.#capacity[id]!
    if (capacity > 0) {
      const newest = this.#time[this.#rowAt(id, this.#count[id]! - 1)]!
      const oldestKept = Math.max(newest, time) - this.#horizonMs
      // the newest quote that is not younger than the horizon is still in force at its edge
      while (this.#count[id]! > 1 && this.#time[this.#rowAt(id, 1)]! <= oldestKept) {
        this.#dropOldest(id, capacity)
      }
      if (this.#count[id]! < capacity) return true
    }
    if (this.#grow(id, capacity)) return true
    this.#evicted++
    if (capacity === 0 || isOldest) return false
    this.#dropOldest(id, capacity)
    return true
  }

  #dropOldest(id: number, capacity: number): void {
    this.#head[id] = (this.#head[id]! + 1) & (capacity - 1)
    this.#count[id]!--
  }

  #grow(id: number, capacity: number): boolean {
    const next = capacity === 0 ? FIRST_CAPACITY : capacity * 2
    const to = this.#allocate(next)
    if (to < 0) return false
    const from = this.#block[id]!
    const head = this.#head[id]!
    const count = this.#count[id]!
    for (let i = 0; i < count; i++) this.#copy(from + ((head + i) & (capacity - 1)), to + i)
    if (capacity > 0) this.#free[Math.log2(capacity)]!.push(from)
    this.#block[id] = to
    this.#capacity[id] = next
    this.#head[id] = 0
    return true
  }

  #allocate(capacity: number): number {
    const reused = this.#free[Math.log2(capacity)]!.pop()
    if (reused !== undefined) return reused
    const at = this.#rowsUsed
    if (at + capacity > this.#rowsMax) return -1
    this.#rowsUsed += capacity
    if (this.#rowsUsed > this.#rows) this.#growArena()
    return at
  }

  #growArena(): void {
    this.#rows = Math.min(Math.max(this.#rowsUsed, this.#rows * 2), this.#rowsMax)
    this.#time = grown(this.#time, new Float64Array(this.#rows))
    this.#bid = grown(this.#bid, new Float64Array(this.#rows))
    this.#ask = grown(this.#ask, new Float64Array(this.#rows))
    this.#bidSize = grown(this.#bidSize, new Int32Array(this.#rows))
    this.#askSize = grown(this.#askSize, new Int32Array(this.#rows))
  }

  #copy(from: number, to: number): void {
    this.#time[to] = this.#time[from]!
    this.#bid[to] = this.#bid[from]!
    this.#ask[to] = this.#ask[from]!
    this.#bidSize[to] = this.#bidSize[from]!
    this.#askSize[to] = this.#askSize[from]!
  }

  #write(
    row: number,
    time: number,
    bid: number,
    ask: number,
    bidSize: number,
    askSize: number,
  ): void {
    this.#time[row] = time
    this.#bid[row] = bid
    this.#ask[row] = ask
    this.#bidSize[row] = bidSize
    this.#askSize[row] = askSize
  }
}
