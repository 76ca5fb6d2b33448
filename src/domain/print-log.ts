import { PrintLogMemory } from './print-log-memory.ts'
import {
  ARRIVAL,
  CONDITIONS,
  CONTRACT,
  DAY,
  EXCHANGE,
  F64,
  HELD,
  IN_BUCKET,
  IN_CONTRACT,
  PRICE,
  QUOTE,
  ROW_BYTES,
  SEQUENCE,
  SIZE,
  STATE,
  TIME,
  TYPE,
  W16,
  W32,
} from './print-log-row.ts'

/** What became of a print, as far as a later cancel needs to know. */
export const PrintState = { Stored: 0, Held: 1, BelowMinSize: 2, Removed: 3, Cancel: 4 } as const
export type PrintState = (typeof PrintState)[keyof typeof PrintState]

export const Seen = { New: 0, Duplicate: 1, SequenceReused: 2 } as const
export type Seen = (typeof Seen)[keyof typeof Seen]

const NONE = 0
/** Prints of one contract that are looked at for a quote that came late. */
const LATE_QUOTE_STEPS = 4_096

/**
 * The last `rows` prints and cancels of a shard, to recognise one that is sent again and to find
 * the one that a cancel means. A ring: the oldest print is forgotten first. Two chains of indexes
 * run through it, newest first: one a bucket of (contract, sequence), one a contract. Both break
 * off where the ring has come round, so nothing is ever taken out of them.
 *
 * An index is the number of the print modulo 2^32, from 1; 0 is none.
 */
export class PrintLog extends PrintLogMemory {
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
    const topDay = this.topDay[contract]!
    if (day > topDay || (day === topDay && sequence > this.topSequence[contract]!)) return Seen.New
    let answer: Seen = Seen.New
    let index = this.buckets[this.bucketOf(contract, sequence)]!
    while (this.#holds(index)) {
      const at = index & this.mask
      if (
        this.f64[at * F64 + SEQUENCE] === sequence &&
        this.u32[at * W32 + CONTRACT] === contract &&
        this.u16[at * W16 + DAY] === day
      ) {
        if (
          this.f64[at * F64 + TIME] === time &&
          this.f64[at * F64 + PRICE] === price &&
          this.i32[at * W32 + SIZE] === size &&
          this.i32[at * W32 + EXCHANGE] === exchange &&
          this.u16[at * W16 + CONDITIONS] === conditions
        ) {
          return Seen.Duplicate
        }
        answer = Seen.SequenceReused
      }
      index = this.u32[at * W32 + IN_BUCKET]!
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
    const index = this.next
    this.next = (index + 1) >>> 0 || 1
    const at = index & this.mask
    // one that the ring forgets awaits nothing any more
    if (this.u8[at * ROW_BYTES + QUOTE] === 1) this.await(this.u32[at * W32 + CONTRACT]!, -1)
    this.f64[at * F64 + TIME] = time
    this.f64[at * F64 + SEQUENCE] = sequence
    this.f64[at * F64 + PRICE] = price
    this.u32[at * W32 + CONTRACT] = contract
    this.i32[at * W32 + SIZE] = size
    this.i32[at * W32 + EXCHANGE] = exchange
    this.u32[at * W32 + ARRIVAL] = arrival
    this.u16[at * W16 + CONDITIONS] = conditions
    this.u16[at * W16 + DAY] = day
    this.u8[at * ROW_BYTES + STATE] = state
    this.u8[at * ROW_BYTES + QUOTE] = 0
    this.u32[at * W32 + HELD] = 0
    // a cancel looks for prints only: a storm of cancels must not have to look through itself
    if (state !== PrintState.Cancel) {
      this.u32[at * W32 + IN_CONTRACT] = this.newest[contract]!
      this.newest[contract] = index
    }
    if (sequence > 0) {
      if (day > this.topDay[contract]!) {
        this.topDay[contract] = day
        this.topSequence[contract] = sequence
      } else if (day === this.topDay[contract] && sequence > this.topSequence[contract]!) {
        this.topSequence[contract] = sequence
      }
      const bucket = this.bucketOf(contract, sequence)
      this.u32[at * W32 + IN_BUCKET] = this.buckets[bucket]!
      this.buckets[bucket] = index
    } else {
      this.u32[at * W32 + IN_BUCKET] = NONE
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
    let index = this.newest[contract]!
    while (this.#holds(index)) {
      const at = index & this.mask
      if (
        this.u32[at * W32 + CONTRACT] === contract &&
        this.f64[at * F64 + PRICE] === price &&
        this.i32[at * W32 + SIZE] === size &&
        this.i32[at * W32 + EXCHANGE] === exchange &&
        this.u16[at * W16 + DAY] === day &&
        this.u8[at * ROW_BYTES + STATE]! < PrintState.Removed
      ) {
        return index
      }
      index = this.u32[at * W32 + IN_CONTRACT]!
    }
    return NONE
  }

  /** A print was let go without the quote that was asked for; `type`: its trade type. */
  awaitQuote(index: number, type: number): void {
    if (!this.#holds(index)) return
    const at = index & this.mask
    this.u8[at * ROW_BYTES + QUOTE] = 1
    this.u8[at * ROW_BYTES + TYPE] = type
    this.await(this.u32[at * W32 + CONTRACT]!, 1)
  }

  /**
   * The newest stored print of the contract that awaits a quote (`awaitQuote`) and whose time lies
   * in [from, to]; it awaits none from then on. 0: there is none.
   */
  takeAwaiting(contract: number, from: number, to: number): number {
    if (!this.awaiting.has(contract)) return NONE // nearly always
    let index = this.newest[contract]!
    for (let step = 0; step < LATE_QUOTE_STEPS && this.#holds(index); step++) {
      const at = index & this.mask
      const time = this.f64[at * F64 + TIME]!
      if (
        this.u8[at * ROW_BYTES + QUOTE] === 1 &&
        this.u8[at * ROW_BYTES + STATE] === PrintState.Stored &&
        time >= from &&
        time <= to
      ) {
        this.u8[at * ROW_BYTES + QUOTE] = 0
        this.await(contract, -1)
        return index
      }
      index = this.u32[at * W32 + IN_CONTRACT]!
    }
    return NONE
  }

  priceOf(index: number): number {
    return this.f64[(index & this.mask) * F64 + PRICE]!
  }

  sizeOf(index: number): number {
    return this.i32[(index & this.mask) * W32 + SIZE]!
  }

  exchangeOf(index: number): number {
    return this.i32[(index & this.mask) * W32 + EXCHANGE]!
  }

  /** As awaitQuote was told. */
  typeOf(index: number): number {
    return this.u8[(index & this.mask) * ROW_BYTES + TYPE]!
  }

  timeOf(index: number): number {
    return this.f64[(index & this.mask) * F64 + TIME]!
  }

  sequenceOf(index: number): number {
    return this.f64[(index & this.mask) * F64 + SEQUENCE]!
  }

  arrivalOf(index: number): number {
    return this.u32[(index & this.mask) * W32 + ARRIVAL]!
  }

  stateOf(index: number): PrintState {
    return this.u8[(index & this.mask) * ROW_BYTES + STATE] as PrintState
  }

  /** The held slot of a print in state Held. */
  heldOf(index: number): number {
    return this.u32[(index & this.mask) * W32 + HELD]!
  }

  /** A print that the ring has forgotten cannot be held; the held print goes on without it. */
  hold(index: number, held: number): void {
    if (!this.#holds(index)) return
    this.u8[(index & this.mask) * ROW_BYTES + STATE] = PrintState.Held
    this.u32[(index & this.mask) * W32 + HELD] = held
  }

  /** A print that the ring has forgotten has no state to set. */
  setState(index: number, state: PrintState): void {
    if (this.#holds(index)) this.u8[(index & this.mask) * ROW_BYTES + STATE] = state
  }

  #holds(index: number): boolean {
    return index !== NONE && (this.next - index) >>> 0 <= this.rows
  }
}
