import type { SENTIMENT_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'

/** A print worth a line. */
export type NotablePrint = {
  readonly symbol: string
  readonly contractTicker: string
  /** 1/1,000 dollar. */
  readonly strikeMills: number
  readonly isCall: boolean
  readonly size: number
  /** 1/10,000 dollar. */
  readonly priceTicks: number
  readonly premiumDollars: number
  readonly tradeType: (typeof TRADE_TYPE_TEXT)[number]
  readonly sentiment: (typeof SENTIMENT_TEXT)[number]
}

/** What one second of notable prints comes to. */
export type NotableDigest = {
  /** Those of the largest premium, in the order in which they came. */
  readonly prints: readonly NotablePrint[]
  readonly restCount: number
  readonly restPremiumDollars: number
}

/** Keeps the `max` prints of the largest premium, the earlier of equals, and counts the rest. */
export class NotablePrints {
  readonly max: number
  #kept: NotablePrint[] = []
  #restCount = 0
  #restPremiumDollars = 0

  constructor(max: number) {
    this.max = max
  }

  /** The premium that a print must exceed to be kept: lets a caller skip building one. */
  get premiumFloor(): number {
    if (this.#kept.length < this.max) return -1
    return Math.min(...this.#kept.map((print) => print.premiumDollars))
  }

  add(print: NotablePrint): void {
    const floor = this.premiumFloor
    if (this.#kept.length < this.max) {
      this.#kept.push(print)
      return
    }
    if (print.premiumDollars <= floor) {
      this.skip(1, print.premiumDollars)
      return
    }
    const at = this.#kept.findLastIndex((kept) => kept.premiumDollars === floor)
    this.skip(1, floor)
    this.#kept.splice(at, 1)
    this.#kept.push(print)
  }

  /** Counts prints that are told of in sum only. */
  skip(prints: number, premiumDollars: number): void {
    this.#restCount += prints
    this.#restPremiumDollars += premiumDollars
  }

  /** Gives what came since the last call and begins again. Call it once a second. */
  take(): NotableDigest {
    const digest = {
      prints: this.#kept,
      restCount: this.#restCount,
      restPremiumDollars: this.#restPremiumDollars,
    }
    this.#kept = []
    this.#restCount = 0
    this.#restPremiumDollars = 0
    return digest
  }
}
