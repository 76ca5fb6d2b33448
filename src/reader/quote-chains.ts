import { grown } from '../domain/columns.ts'

/**
 * For which times the feed has quoted a contract, in two numbers. Its usable quotes form a chain,
 * broken by one that is not usable and by a gap of more than the largest age of a quote; a time
 * within the chain, or up to that age behind its end, has a quote in force. In doubt it has none.
 */
export class QuoteChains {
  readonly #maxAgeMs: number
  // by contract: vendor times of the chain's first quote, NaN while it is broken, and of the newest
  #first = new Float64Array(1024).fill(Number.NaN)
  #last = new Float64Array(1024).fill(Number.NaN)

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs
  }

  /** A quote as it is read. `time`: the vendor's, ms. */
  add(id: number, time: number, isUsable: boolean): void {
    if (id >= this.#first.length) this.#grow(id + 1)
    const first = this.#first
    const last = this.#last
    if (time < last[id]!) {
      // what lies behind does not lengthen the chain, but may cut it off
      if (!isUsable && time >= first[id]!) first[id] = last[id]!
      return
    }
    const isNext = first[id]! <= time && time - last[id]! <= this.#maxAgeMs
    if (!isUsable) first[id] = Number.NaN
    else if (!isNext) first[id] = time
    last[id] = time
  }

  /** A time much older than the newest quote counts as not covered: its own may be forgotten. */
  covers(id: number, time: number): boolean {
    return time >= this.#first[id]! && Math.abs(time - this.#last[id]!) <= this.#maxAgeMs
  }

  #grow(contracts: number): void {
    const from = this.#first.length
    const n = Math.max(contracts, from * 2)
    this.#first = grown(this.#first, new Float64Array(n)).fill(Number.NaN, from)
    this.#last = grown(this.#last, new Float64Array(n)).fill(Number.NaN, from)
  }
}
