import { grown } from '../domain/columns.ts'
import { CONTRACT_MULTIPLIER } from '../domain/contract.ts'

/**
 * What is known of each contract's day, a row of 24 bytes a contract, because each print touches
 * all of it:
 *
 *   f64 volume   u32 arrivals | openInterest + 1   u16 day | referenceDay | multiplier
 *
 * Open interest and multiplier are those known before the day's first print (rules.md,
 * is_unusual_volume): what comes later is kept for the next day.
 */
const ROW_BYTES = 24
const F64 = ROW_BYTES / 8
const W32 = ROW_BYTES / 4
const W16 = ROW_BYTES / 2
const ARRIVALS = 2
const OPEN_INTEREST = 3
const DAY = 8
const REFERENCE_DAY = 9
const MULTIPLIER = 10

const UNKNOWN = -1

export class ContractDays {
  #rows = 256
  #f64 = new Float64Array(this.#rows * F64)
  #u32 = new Uint32Array(this.#f64.buffer)
  #u16 = new Uint16Array(this.#f64.buffer)
  /** Multipliers that came after the day's first print: few contracts have another than before. */
  readonly #later = new Map<number, number>()

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

  /** Takes a cancelled print out of its day's volume. */
  cancel(contract: number, day: number, size: number): void {
    if (day === this.#u16[contract * W16 + DAY]) this.#f64[contract * F64]! -= size
  }

  /** Open interest (-1: unknown) and multiplier (-1: unknown) of a New York day. */
  refer(contract: number, day: number, openInterest: number, multiplier: number): void {
    const isLate = day <= this.#u16[contract * W16 + DAY]!
    if (isLate) {
      if (multiplier > 0 && multiplier !== this.multiplier(contract)) {
        this.#later.set(contract, multiplier)
      }
      return
    }
    this.#u16[contract * W16 + REFERENCE_DAY] = day
    this.#u32[contract * W32 + OPEN_INTEREST] = openInterest + 1
    if (multiplier > 0) this.#u16[contract * W16 + MULTIPLIER] = multiplier
  }

  /** Contracts traded on `day` so far; NaN: a day before the contract's newest, long counted. */
  volume(contract: number, day: number): number {
    return day === this.#u16[contract * W16 + DAY] ? this.#f64[contract * F64]! : Number.NaN
  }

  /** Open interest that counts for `day`; -1: unknown, also for a day before the newest. */
  openInterest(contract: number, day: number): number {
    const at = contract * W16
    const isKnown = day === this.#u16[at + DAY] && day === this.#u16[at + REFERENCE_DAY]
    if (!isKnown) return UNKNOWN
    return this.#u32[contract * W32 + OPEN_INTEREST]! - 1
  }

  /** Shares a contract stands for; 100 until a source says otherwise. */
  multiplier(contract: number): number {
    return this.#u16[contract * W16 + MULTIPLIER]! || CONTRACT_MULTIPLIER
  }

  #begin(contract: number, day: number): void {
    this.#u16[contract * W16 + DAY] = day
    this.#u32[contract * W32 + ARRIVALS] = 0
    this.#f64[contract * F64] = 0
    const multiplier = this.#later.size > 0 ? this.#later.get(contract) : undefined
    if (multiplier === undefined) return
    this.#u16[contract * W16 + MULTIPLIER] = multiplier
    this.#later.delete(contract)
  }
}
