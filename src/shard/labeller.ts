import type { ConditionPolicy } from '../domain/conditions.ts'
import { Aggressiveness, Sentiment, Side, TradeType } from '../domain/labels.ts'
import * as opra from '../domain/opra.ts'
import { QuoteHistory } from '../domain/quote-history.ts'
import { isUsable, sideOf } from '../domain/quote-rule.ts'
import * as seed from '../domain/seed.ts'
import { SizeRings } from '../domain/size-rings.ts'
import {
  FLAG_ABOVE_ASK,
  FLAG_BELOW_BID,
  FLAG_BLOCK,
  FLAG_LATE,
  FLAG_MULTI_LEG,
  FLAG_SWEEP,
  FLAG_UNUSUAL,
} from '../slab/row-slab.ts'

/** Prints that an average needs, and over how many it goes (rules.md, average size). */
const AVERAGE_PRINTS_MIN = 16
const CONTRACT_PRINTS = 64
const UNDERLYING_PRINTS = 1024

export type Rules = 'opra' | 'seed'

/**
 * The labels of one print as far as they are known when it arrives, from the quotes and sizes
 * before it. Sweeps and splits come later. The fields hold the answer for the last print.
 */
export class Labeller {
  readonly #rules: Rules
  readonly #quoteMaxAgeMs: number
  readonly #quotes: QuoteHistory
  readonly #contractSizes = new SizeRings(CONTRACT_PRINTS)
  readonly #underlyingSizes = new SizeRings(UNDERLYING_PRINTS)
  #sum = 0
  #count = 0

  /** The usable quote in ticks; NaN without one, and then the sizes and the age say nothing. */
  bid = Number.NaN
  ask = Number.NaN
  bidSize = -1
  askSize = -1
  quoteAge = 0
  side: Side = Side.Unknown
  /** Type as a single print. */
  tradeType: TradeType = TradeType.Regular
  sentiment: Sentiment = Sentiment.Neutral
  aggressiveness: Aggressiveness = Aggressiveness.Normal
  flags = 0

  /** `quoteRowsMax`: quotes kept in all; at least two quote ages back for each contract. */
  constructor(rules: Rules, quoteMaxAgeMs: number, quoteRowsMax: number) {
    this.#rules = rules
    this.#quoteMaxAgeMs = quoteMaxAgeMs
    this.#quotes = new QuoteHistory(2 * quoteMaxAgeMs, quoteRowsMax)
  }

  ensure(contracts: number, underlyings: number): void {
    this.#quotes.ensure(contracts)
    this.#contractSizes.ensure(contracts)
    this.#underlyingSizes.ensure(underlyings)
  }

  quote(
    contract: number,
    time: number,
    bid: number,
    ask: number,
    bidSize: number,
    askSize: number,
  ): void {
    this.#quotes.add(contract, time, bid, ask, bidSize, askSize)
  }

  /**
   * Labels a print, and then lets its size enter the averages. Price in ticks, time in epoch ms.
   */
  print(
    contract: number,
    underlying: number,
    isCall: boolean,
    time: number,
    price: number,
    size: number,
    policy: ConditionPolicy,
  ): void {
    this.#findQuote(contract, time)
    this.#findAverage(contract, underlying)
    const sum = this.#sum
    const count = this.#count
    const hasQuote = !Number.isNaN(this.bid)
    const isAbove = hasQuote && price > this.ask
    const isBelow = hasQuote && price < this.bid
    this.side = hasQuote && policy.hasSide ? sideOf(price, this.bid, this.ask) : Side.Unknown
    let flags = 0
    if (isAbove) flags |= FLAG_ABOVE_ASK
    if (isBelow) flags |= FLAG_BELOW_BID
    if (count > 0 && size * count >= 5 * sum) flags |= FLAG_UNUSUAL
    if (policy.isMultiLeg) flags |= FLAG_MULTI_LEG
    if (policy.isLate) flags |= FLAG_LATE
    if (this.#rules === 'opra') {
      if (opra.isBlock(size, sum, count)) flags |= FLAG_BLOCK
      if (policy.isIso) flags |= FLAG_SWEEP
      this.tradeType = opra.singleType(size, sum, count, policy.isIso)
      this.sentiment = opra.sentimentOf(isCall, this.side)
      this.aggressiveness = opra.aggressivenessOf(
        this.side,
        this.tradeType,
        price,
        this.bid,
        this.ask,
      )
    } else {
      if (seed.isBlock(size, sum, count)) flags |= FLAG_BLOCK
      if (policy.isSeedSweep) flags |= FLAG_SWEEP
      this.tradeType = seed.tradeTypeOf(size, sum, count, policy.isSeedSweep)
      this.sentiment = seed.sentimentOf(isCall, isAbove, isBelow)
      this.aggressiveness = seed.aggressivenessOf(price, this.bid, this.ask)
    }
    this.flags = flags
    this.#contractSizes.push(contract, size)
    this.#underlyingSizes.push(underlying, size)
  }

  #findQuote(contract: number, time: number): void {
    const quotes = this.#quotes
    if (
      quotes.find(contract, time) &&
      time - quotes.time <= this.#quoteMaxAgeMs &&
      isUsable(quotes.bid, quotes.ask)
    ) {
      this.bid = quotes.bid
      this.ask = quotes.ask
      this.bidSize = quotes.bidSize
      this.askSize = quotes.askSize
      this.quoteAge = time - quotes.time
    } else {
      this.bid = Number.NaN
      this.ask = Number.NaN
      this.bidSize = -1
      this.askSize = -1
      this.quoteAge = 0
    }
  }

  #findAverage(contract: number, underlying: number): void {
    let sizes = this.#contractSizes
    let id = contract
    if (sizes.count(id) < AVERAGE_PRINTS_MIN) {
      sizes = this.#underlyingSizes
      id = underlying
    }
    const count = sizes.count(id)
    const isEnough = count >= AVERAGE_PRINTS_MIN
    this.#count = isEnough ? count : 0
    this.#sum = isEnough ? sizes.sum(id) : 0
  }
}
