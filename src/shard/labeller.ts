import type { ConditionPolicy } from '../domain/conditions.ts'
import {
  customerRuleIn,
  customerSideIn,
  customerSideOf,
  NO_CUSTOMER_SIDE,
} from '../domain/customer-side.ts'
import {
  Aggressiveness,
  AverageScope,
  CustomerRule,
  QuoteSource,
  Sentiment,
  Side,
  TradeType,
} from '../domain/labels.ts'
import { LastPrices } from '../domain/last-prices.ts'
import * as opra from '../domain/opra.ts'
import type { QuoteHistory } from '../domain/quote-history.ts'
import { isUsable, sideOf } from '../domain/quote-rule.ts'
import * as seed from '../domain/seed.ts'
import { SizeRings } from '../domain/size-rings.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'
import { venueCode } from '../slab/event-slab.ts'
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

/** An NBBO as it is held against a print: ticks, contracts (-1: none), venues packed. */
export type Nbbo = {
  /** Vendor time, epoch ms. */
  time: number
  bid: number
  ask: number
  bidSize: number
  askSize: number
  venues: number
}

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
  readonly #lastPrices = new LastPrices()

  /** The usable quote in ticks; NaN without one, and then the sizes and the age say nothing. */
  bid = Number.NaN
  ask = Number.NaN
  bidSize = -1
  askSize = -1
  quoteAge = 0
  #venues = 0
  quoteSource: QuoteSource = QuoteSource.None
  /** Average size A as a fraction; averageCount 0 where there is none. */
  averageSum = 0
  averageCount = 0
  averageScope: AverageScope = AverageScope.None
  side: Side = Side.Unknown
  /** Type as a single print. */
  tradeType: TradeType = TradeType.Regular
  sentiment: Sentiment = Sentiment.Neutral
  aggressiveness: Aggressiveness = Aggressiveness.Normal
  flags = 0
  customerSide: Side = Side.Unknown
  customerRule: CustomerRule = CustomerRule.None

  constructor(rules: Rules, quotes: QuoteHistory, quoteMaxAgeMs: number) {
    this.#rules = rules
    this.#quotes = quotes
    this.#quoteMaxAgeMs = quoteMaxAgeMs
  }

  ensure(contracts: number, underlyings: number): void {
    this.#contractSizes.ensure(contracts)
    this.#underlyingSizes.ensure(underlyings)
    this.#lastPrices.ensure(contracts)
  }

  /**
   * Labels a print, and then lets its size enter the averages. Price in ticks, time in epoch ms;
   * `dayVolume` with this print, `openInterest` -1 where unknown.
   */
  print(
    contract: number,
    underlying: number,
    isCall: boolean,
    time: number,
    price: number,
    size: number,
    exchange: number,
    policy: ConditionPolicy,
    dayVolume: number,
    openInterest: number,
  ): void {
    this.#findQuote(contract, time)
    this.#findAverage(contract, underlying)
    const sum = this.averageSum
    const count = this.averageCount
    let flags = 0
    const isUnusual =
      openInterest >= 0 ? dayVolume > openInterest : count > 0 && size * count >= 5 * sum
    if (isUnusual) flags |= FLAG_UNUSUAL
    if (policy.isMultiLeg) flags |= FLAG_MULTI_LEG
    if (policy.isLate) flags |= FLAG_LATE
    if (this.#rules === 'opra') {
      if (opra.isBlock(size, sum, count)) flags |= FLAG_BLOCK
      if (policy.isIso) flags |= FLAG_SWEEP
      this.tradeType = opra.singleType(size, sum, count, policy.isIso)
    } else {
      if (seed.isBlock(size, sum, count)) flags |= FLAG_BLOCK
      if (policy.isSeedSweep) flags |= FLAG_SWEEP
      this.tradeType = seed.tradeTypeOf(size, sum, count, policy.isSeedSweep)
    }
    this.flags = flags
    this.#contractSizes.push(contract, size)
    this.#underlyingSizes.push(underlying, size)
    const lastPrices = this.#lastPrices
    if (policy.hasSide) {
      const previous = lastPrices.previousDifferent(contract, price)
      this.#byQuote(isCall, price, size, exchange, true, previous)
      lastPrices.push(contract, price)
    } else {
      this.#byQuote(isCall, price, size, exchange, false, Number.NaN)
    }
  }

  /**
   * Whether `nbbo`, in force at `time`, may sign a print of that time: usable and not too old.
   */
  isNbboUsable({ time, bid, ask }: Nbbo, printTime: number): boolean {
    return time <= printTime && printTime - time <= this.#quoteMaxAgeMs && isUsable(bid, ask)
  }

  /**
   * What a print is by an NBBO that came after it: the fields of quote, side, sentiment,
   * aggressiveness, customer side and the two flags that depend on a quote; the others say nothing.
   * `type`: what the print is so far.
   */
  requote(
    isCall: boolean,
    printTime: number,
    price: number,
    size: number,
    exchange: number,
    type: TradeType,
    nbbo: Nbbo,
  ): void {
    this.bid = nbbo.bid
    this.ask = nbbo.ask
    this.bidSize = nbbo.bidSize
    this.askSize = nbbo.askSize
    this.quoteAge = printTime - nbbo.time
    this.#venues = nbbo.venues
    this.quoteSource = QuoteSource.Rest
    this.tradeType = type
    this.flags = 0
    this.#byQuote(isCall, price, size, exchange, true, Number.NaN)
  }

  /** The fields are not part of it: each print and each quote sets its own. */
  save(out: StateWriter, contracts: number, underlyings: number): void {
    this.#contractSizes.save(out, contracts)
    this.#underlyingSizes.save(out, underlyings)
    this.#lastPrices.save(out, contracts)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, contracts: number, underlyings: number): void {
    this.#contractSizes.load(from, contracts)
    this.#underlyingSizes.load(from, underlyings)
    this.#lastPrices.load(from, contracts)
  }

  /** All that follows from the quote at hand; the type is known. */
  #byQuote(
    isCall: boolean,
    price: number,
    size: number,
    exchange: number,
    hasSide: boolean,
    previousDifferent: number,
  ): void {
    const { bid, ask } = this
    const hasQuote = !Number.isNaN(bid)
    const isAbove = hasQuote && price > ask
    const isBelow = hasQuote && price < bid
    if (isAbove) this.flags |= FLAG_ABOVE_ASK
    if (isBelow) this.flags |= FLAG_BELOW_BID
    this.side = hasQuote && hasSide ? sideOf(price, bid, ask) : Side.Unknown
    if (this.#rules === 'opra') {
      this.sentiment = opra.sentimentOf(isCall, this.side)
      this.aggressiveness = opra.aggressivenessOf(this.side, this.tradeType, price, bid, ask)
    } else {
      this.sentiment = seed.sentimentOf(isCall, isAbove, isBelow)
      this.aggressiveness = seed.aggressivenessOf(price, bid, ask)
    }
    const customer = hasSide
      ? customerSideOf(
          price,
          size,
          venueCode(exchange),
          bid,
          ask,
          this.bidSize,
          this.askSize,
          this.#venues >>> 8,
          this.#venues & 0xff,
          previousDifferent,
        )
      : NO_CUSTOMER_SIDE
    this.customerSide = customerSideIn(customer)
    this.customerRule = customerRuleIn(customer)
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
      this.#venues = quotes.venues
      this.quoteAge = time - quotes.time
      this.quoteSource = QuoteSource.Feed
    } else {
      this.bid = Number.NaN
      this.ask = Number.NaN
      this.bidSize = -1
      this.askSize = -1
      this.#venues = 0
      this.quoteAge = 0
      this.quoteSource = QuoteSource.None
    }
  }

  #findAverage(contract: number, underlying: number): void {
    let sizes = this.#contractSizes
    let id = contract
    let scope: AverageScope = AverageScope.Contract
    if (sizes.count(id) < AVERAGE_PRINTS_MIN) {
      sizes = this.#underlyingSizes
      id = underlying
      scope = AverageScope.Underlying
    }
    const count = sizes.count(id)
    const isEnough = count >= AVERAGE_PRINTS_MIN
    this.averageCount = isEnough ? count : 0
    this.averageSum = isEnough ? sizes.sum(id) : 0
    this.averageScope = isEnough ? scope : AverageScope.None
  }
}
