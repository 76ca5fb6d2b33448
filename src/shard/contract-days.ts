import { grown } from '../domain/columns.ts'
import { CONTRACT_MULTIPLIER } from '../domain/contract.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'

/**
 * What is known of each contract's day, a row of 32 bytes a contract, because each print touches
 * all of it:
 *
 *   f64 volume   u32 arrivals | openInterest + 1 | nextOpenInterest + 1
 *   u16 day | nextDay | multiplier | nextMultiplier
 *
 * Open interest and multiplier are those known before the day's first print (rules.md,
 * is_unusual_volume): what comes is kept as next until the first print of a later day. Of days that
 * are yet to come the one referred to last is kept.
 */
const ROW_BYTES = 32
const F64 = ROW_BYTES / 8
const W32 = ROW_BYTES / 4
const W16 = ROW_BYTES / 2
const ARRIVALS = 2
const OPEN_INTEREST = 3
const NEXT_OPEN_INTEREST = 4
const DAY = 10
const NEXT_DAY = 11
const MULTIPLIER = 12
const NEXT_MULTIPLIER = 13

const UNKNOWN = -1

export class ContractDays {
  #rows = 256
  #f64 = new Float64Array(this.#rows * F64)
  #u32 = new Uint32Array(this.#f64.buffer)
  #u16 = new Uint16Array(this.#f64.buffer)

  ensure(contracts: number): void {
    if (contracts <= this.#rows) return
    this.#rows = Math.max(contracts, this.#rows * 2)
    this.#f64 = grown(this.#f64, new Float64Array(this.#rows * F64))
    this.#u32 = new Uint32Array(this.#f64.buffer)
    this.#u16 = new Uint16Array(this.#f64.buffer)
  }

  /**
   * Counts a print of a New York day; gives its number among the contract's prints from the first
   * of its newest day on, from 1.
   */
  print(contract: number, day: number, size: number): number {
    if (day > this.#u16[contract * W16 + DAY]!) this.#begin(contract, day)
    if (day === this.#u16[contract * W16 + DAY]) this.#f64[contract * F64]! += size
    return ++this.#u32[contract * W32 + ARRIVALS]!
  }

  /**
   * Adds what was traded on a day and not read, below 0 to take it out. It may be the first of that
   * day; a day before the contract's newest is counted no more.
   */
  fill(contract: number, day: number, volume: number): void {
    if (day > this.#u16[contract * W16 + DAY]!) this.#begin(contract, day)
    if (day !== this.#u16[contract * W16 + DAY]) return
    this.#f64[contract * F64] = Math.max(0, this.#f64[contract * F64]! + volume)
  }

  /** Takes a cancelled print out of its day's volume. */
  cancel(contract: number, day: number, size: number): void {
    if (day === this.#u16[contract * W16 + DAY]) this.#f64[contract * F64]! -= size
  }

  /**
   * Open interest and multiplier of a New York day, -1 where unknown: that takes back nothing which
   * is known already. The open interest counts from the contract's first print of that day on, the
   * multiplier from the first of any later day.
   */
  refer(contract: number, day: number, openInterest: number, multiplier: number): void {
    const at = contract * W16
    if (multiplier > 0) this.#u16[at + NEXT_MULTIPLIER] = multiplier
    if (day <= this.#u16[at + DAY]!) return
    if (openInterest < 0 && day === this.#u16[at + NEXT_DAY]) return
    this.#u16[at + NEXT_DAY] = day
    this.#u32[contract * W32 + NEXT_OPEN_INTEREST] = openInterest + 1
  }

  /** Contracts traded on `day` so far; NaN: a day before the contract's newest, long counted. */
  volume(contract: number, day: number): number {
    return day === this.#u16[contract * W16 + DAY] ? this.#f64[contract * F64]! : Number.NaN
  }

  /** Open interest that counts for `day`; -1: unknown, also for a day before the newest. */
  openInterest(contract: number, day: number): number {
    if (day !== this.#u16[contract * W16 + DAY]) return UNKNOWN
    return this.#u32[contract * W32 + OPEN_INTEREST]! - 1
  }

  /** Shares a contract stands for; 100 until a source says otherwise. */
  multiplier(contract: number): number {
    return this.#u16[contract * W16 + MULTIPLIER]! || CONTRACT_MULTIPLIER
  }

  save(out: StateWriter, contracts: number): void {
    out.part('contract days', 1)
    out.column(this.#u32, contracts * W32)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, contracts: number): void {
    this.ensure(contracts)
    from.part('contract days', 1)
    from.into(this.#u32, contracts * W32)
  }

  #begin(contract: number, day: number): void {
    const at = contract * W16
    const words = contract * W32
    this.#f64[contract * F64] = 0
    this.#u32[words + ARRIVALS] = 0
    const isReferred = day === this.#u16[at + NEXT_DAY]
    this.#u32[words + OPEN_INTEREST] = isReferred ? this.#u32[words + NEXT_OPEN_INTEREST]! : 0
    this.#u16[at + DAY] = day
    this.#u16[at + MULTIPLIER] = this.#u16[at + NEXT_MULTIPLIER]!
  }
}
