import { grown } from '../domain/columns.ts'
import { SENTIMENT_TEXT } from '../domain/labels.ts'
import { PREMIUM_SENTIMENT, PREMIUM_SLOTS, PREMIUM_UNDERLYING } from './counts.ts'

/** Premium of the final prints of one slab, in dollars, by underlying and sentiment. */
export class PremiumSums {
  #dollars = new Float64Array(16 * SENTIMENT_TEXT.length)
  #isTouched = new Uint8Array(16)
  #touched: number[] = []

  ensure(underlyings: number): void {
    if (underlyings <= this.#isTouched.length) return
    const n = Math.max(underlyings, this.#isTouched.length * 2)
    this.#dollars = grown(this.#dollars, new Float64Array(n * SENTIMENT_TEXT.length))
    this.#isTouched = grown(this.#isTouched, new Uint8Array(n))
  }

  add(underlying: number, sentiment: number, dollars: number): void {
    if (this.#isTouched[underlying] === 0) {
      this.#isTouched[underlying] = 1
      this.#touched.push(underlying)
    }
    this.#dollars[underlying * SENTIMENT_TEXT.length + sentiment]! += dollars
  }

  /** Whether nothing waits for `take`: then there is nothing to save. */
  get isTaken(): boolean {
    return this.#touched.length === 0
  }

  /** The sums since the last call, PREMIUM_SLOTS numbers an underlying. */
  take(): Float64Array<ArrayBuffer> {
    const lines = new Float64Array(this.#touched.length * PREMIUM_SLOTS)
    this.#touched.forEach((underlying, line) => {
      const at = line * PREMIUM_SLOTS
      lines[at + PREMIUM_UNDERLYING] = underlying
      for (let sentiment = 0; sentiment < SENTIMENT_TEXT.length; sentiment++) {
        const from = underlying * SENTIMENT_TEXT.length + sentiment
        lines[at + PREMIUM_SENTIMENT + sentiment] = this.#dollars[from]!
        this.#dollars[from] = 0
      }
      this.#isTouched[underlying] = 0
    })
    this.#touched = []
    return lines
  }
}
