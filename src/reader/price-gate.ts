import type { UnderlyingPrice } from './evidence.ts'

/** Underlyings whose prices wait at the same time; some 6,000 have options. */
const WAITING_MAX = 20_000

/**
 * Lets at most one price of an underlying pass in `gateMs`: the first at once, of those that follow
 * in that time the one with the latest vendor time (of equals the last to come), when it is over.
 */
export class PriceGate {
  readonly #gateMs: number
  readonly #onPrices: (prices: readonly UnderlyingPrice[]) => void
  readonly #waiting = new Map<string, UnderlyingPrice>()
  #timer: NodeJS.Timeout | undefined
  #isHeld = false
  #isClosed = false

  constructor(gateMs: number, onPrices: (prices: readonly UnderlyingPrice[]) => void) {
    this.#gateMs = gateMs
    this.#onPrices = onPrices
  }

  pass(prices: readonly UnderlyingPrice[]): void {
    if (this.#isClosed) return
    for (const price of prices) {
      const waiting = this.#waiting.get(price.symbol)
      if (waiting === undefined && this.#waiting.size >= WAITING_MAX) continue
      if (waiting === undefined || price.time >= waiting.time)
        this.#waiting.set(price.symbol, price)
    }
    if (this.#timer === undefined) this.#open()
  }

  /** Nothing passes until release. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    if (this.#timer === undefined) this.#open()
  }

  /** Nothing passes any more. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }

  #open(): void {
    if (this.#isHeld || this.#isClosed || this.#waiting.size === 0) return
    const prices = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#open()
    }, this.#gateMs)
    this.#onPrices(prices)
  }
}
