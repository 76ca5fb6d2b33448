import { grown } from './columns.ts'
import type { StateReader, StateWriter } from './state.ts'

const WORDS = 2
const LAST = 0
const DIFFERENT = 1

/**
 * For the tick test: the last price of each contract, and the last one before it that differs from
 * it. Two f64 side by side, 16 bytes a contract: a price of up to 10^10 ticks does not fit 32 bits.
 */
export class LastPrices {
  #prices = new Float64Array(256 * WORDS).fill(Number.NaN)

  /** Makes room for ids below `contracts`. */
  ensure(contracts: number): void {
    const had = this.#prices.length
    if (contracts * WORDS <= had) return
    const length = Math.max(contracts * WORDS, had * 2)
    this.#prices = grown(this.#prices, new Float64Array(length)).fill(Number.NaN, had)
  }

  /** The last price pushed (ticks) that differs from `price`; NaN: none does. */
  previousDifferent(id: number, price: number): number {
    const last = this.#prices[id * WORDS + LAST]!
    return last === price ? this.#prices[id * WORDS + DIFFERENT]! : last
  }

  push(id: number, price: number): void {
    const prices = this.#prices
    const at = id * WORDS
    const last = prices[at + LAST]!
    if (last === price) return
    prices[at + DIFFERENT] = last
    prices[at + LAST] = price
  }

  save(out: StateWriter, contracts: number): void {
    out.part('last prices', 1)
    out.column(this.#prices, contracts * WORDS)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, contracts: number): void {
    this.ensure(contracts)
    from.part('last prices', 1)
    from.into(this.#prices, contracts * WORDS)
  }
}
