import { grown } from './columns.ts'

/** What became of a print, as far as a later cancel needs to know. */
export const PrintState = { Stored: 0, Held: 1, BelowMinSize: 2, Removed: 3, Cancel: 4 } as const
export type PrintState = (typeof PrintState)[keyof typeof PrintState]

export const Seen = { New: 0, Duplicate: 1, SequenceReused: 2 } as const
export type Seen = (typeof Seen)[keyof typeof Seen]

const NONE = 0

/**
 * The last `rows` prints and cancels of a shard, to recognise one that is sent again and to find
 * the one that a cancel means. A ring: the oldest print is forgotten first. Two chains of indexes
 * run through it, newest first: one a bucket of (contract, sequence), one a contract. Both break
 * off where the ring has come round, so nothing is ever taken out of them.
 *
 * An index is the number of the print modulo 2^32, from 1; 0 is none.
 */
export class PrintLog {
  readonly #rows: number
  readonly #mask: number
  readonly #bucketMask: number
  #next = 1
  readonly #time: Float64Array
  readonly #sequence: Float64Array
  readonly #price: Float64Array
  readonly #contract: Uint32Array
  readonly #size: Int32Array
  readonly #exchange: Int32Array
  readonly #arrival: Uint32Array
  readonly #inBucket: Uint32Array
  readonly #inContract: Uint32Array
  readonly #held: Uint32Array
  readonly #conditions: Uint16Array
  readonly #day: Uint16Array
  readonly #state: Uint8Array
  readonly #buckets: Uint32Array
  #newest = new Uint32Array(256)
  /** Of each contract: its newest day, and the largest sequence of that day. */
  #topDay = new Uint16Array(256)
  #topSequence = new Float64Array(256)

  /**
   * `rows`: a power of two. Memory is reserved at once and touched as prints come: 56 bytes a
   * row.
   */
  constructor(rows: number) {
    if (!Number.isInteger(Math.log2(rows)) || rows < 2) {
      throw new Error(`print log rows must be a power of two, were ${rows}`)
    }
    this.#rows = rows
    this.#mask = rows - 1
    this.#bucketMask = rows / 2 - 1
    this.#time = new Float64Array(rows)
    this.#sequence = new Float64Array(rows)
    this.#price = new Float64Array(rows)
    this.#contract = new Uint32Array(rows)
    this.#size = new Int32Array(rows)
    this.#exchange = new Int32Array(rows)
    this.#arrival = new Uint32Array(rows)
    this.#inBucket = new Uint32Array(rows)
    this.#inContract = new Uint32Array(rows)
    this.#held = new Uint32Array(rows)
    this.#conditions = new Uint16Array(rows)
    this.#day = new Uint16Array(rows)
    this.#state = new Uint8Array(rows)
    this.#buckets = new Uint32Array(rows / 2)
  }

  ensure(contracts: number): void {
    if (contracts <= this.#newest.length) return
    const size = Math.max(contracts, this.#newest.length * 2)
    this.#newest = grown(this.#newest, new Uint32Array(size))
    this.#topDay = grown(this.#topDay, new Uint16Array(size))
    this.#topSequence = grown(this.#topSequence, new Float64Array(size))
  }

  /**
   * Whether this print has been read already: same contract, day and sequence, and the same time,
   * price, size, exchange and conditions. A print without a sequence above 0 is always new.
   */
  seen(
    contract: number,
    day: number,
    sequence: number,
    time: number,
    price: number,
    size: number,
    exchange: number,
    conditions: number,
  ): Seen {
    if (!(sequence > 0)) return Seen.New
    // nearly every print: a sequence above all of its contract and day cannot have been seen
    const topDay = this.#topDay[contract]!
    if (day > topDay || (day === topDay && sequence > this.#topSequence[contract]!)) return Seen.New
    let answer: Seen = Seen.New
    let index = this.#buckets[this.#bucketOf(contract, sequence)]!
    while (this.#holds(index)) {
      const at = index & this.#mask
      if (
        this.#sequence[at] === sequence &&
        this.#contract[at] === contract &&
        this.#day[at] === day
      ) {
        if (
          this.#time[at] === time &&
          this.#price[at] === price &&
          this.#size[at] === size &&
          this.#exchange[at] === exchange &&
          this.#conditions[at] === conditions
        ) {
          return Seen.Duplicate
        }
        answer = Seen.SequenceReused
      }
      index = this.#inBucket[at]!
    }
    return answer
  }

  /** Adds a print; gives its index. `day`: days since 1970-01-01, 0 to 65,535. */
  add(
    contract: number,
    day: number,
    sequence: number,
    time: number,
    price: number,
    size: number,
    exchange: number,
    conditions: number,
    arrival: number,
    state: PrintState,
  ): number {
    const index = this.#next
    this.#next = (index + 1) >>> 0 || 1
    const at = index & this.#mask
    this.#time[at] = time
    this.#sequence[at] = sequence
    this.#price[at] = price
    this.#contract[at] = contract
    this.#size[at] = size
    this.#exchange[at] = exchange
    this.#arrival[at] = arrival
    this.#conditions[at] = conditions
    this.#day[at] = day
    this.#state[at] = state
    this.#held[at] = 0
    this.#inContract[at] = this.#newest[contract]!
    this.#newest[contract] = index
    if (sequence > 0) {
      if (day > this.#topDay[contract]!) {
        this.#topDay[contract] = day
        this.#topSequence[contract] = sequence
      } else if (day === this.#topDay[contract] && sequence > this.#topSequence[contract]!) {
        this.#topSequence[contract] = sequence
      }
      const bucket = this.#bucketOf(contract, sequence)
      this.#inBucket[at] = this.#buckets[bucket]!
      this.#buckets[bucket] = index
    } else {
      this.#inBucket[at] = NONE
    }
    return index
  }

  /**
   * The newest print by arrival of this contract, day, exchange, price and size that is no cancel
   * and has not been removed; 0 when there is none.
   */
  findForCancel(
    contract: number,
    day: number,
    exchange: number,
    price: number,
    size: number,
  ): number {
    let index = this.#newest[contract]!
    while (this.#holds(index)) {
      const at = index & this.#mask
      if (
        this.#contract[at] === contract &&
        this.#price[at] === price &&
        this.#size[at] === size &&
        this.#exchange[at] === exchange &&
        this.#day[at] === day &&
        this.#state[at]! < PrintState.Removed
      ) {
        return index
      }
      index = this.#inContract[at]!
    }
    return NONE
  }

  timeOf(index: number): number {
    return this.#time[index & this.#mask]!
  }

  sequenceOf(index: number): number {
    return this.#sequence[index & this.#mask]!
  }

  arrivalOf(index: number): number {
    return this.#arrival[index & this.#mask]!
  }

  stateOf(index: number): PrintState {
    return this.#state[index & this.#mask] as PrintState
  }

  /** The held slot of a print in state Held. */
  heldOf(index: number): number {
    return this.#held[index & this.#mask]!
  }

  hold(index: number, held: number): void {
    this.#state[index & this.#mask] = PrintState.Held
    this.#held[index & this.#mask] = held
  }

  /** A print that the ring has forgotten has no state to set. */
  setState(index: number, state: PrintState): void {
    if (this.#holds(index)) this.#state[index & this.#mask] = state
  }

  #holds(index: number): boolean {
    return index !== NONE && (this.#next - index) >>> 0 <= this.#rows
  }

  #bucketOf(contract: number, sequence: number): number {
    const low = sequence | 0
    const high = (sequence / 4_294_967_296) | 0
    let h = Math.imul(contract ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(low, 0xc2b2ae35)
    h = Math.imul(h ^ (h >>> 15) ^ high, 0x27d4eb2f)
    return (h ^ (h >>> 13)) & this.#bucketMask
  }
}
