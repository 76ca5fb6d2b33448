import type { ListedContract } from './chain.ts'
import { Market, type Underlying } from './market.ts'
import { openInterestOf } from './open-interest.ts'
import { DEFAULT_SYMBOLS } from './profiles.ts'
import { prepareQuote, priceOf, requote } from './quotes.ts'
import { Random } from './random.ts'
import { type Intent, Steps, type Truth } from './steps.ts'
import { TimeQueue } from './time-queue.ts'

export type SyntheticOptions = {
  /** Vendor time of the start, epoch ms. */
  readonly start: number
  /** Default 1. */
  readonly seed?: number
  /** Prints a second on average, bursts included. Default 200. */
  readonly rate?: number
  /** Underlyings. Default SPX, NDX, SPY, QQQ, IWM. */
  readonly symbols?: readonly string[]
  /** Quotes for each print on average. Default 2. */
  readonly quotesPerPrint?: number
  /** Share of prints that are sent twice, word for word. Default 0. */
  readonly resends?: number
  /** Share of prints that are cancels; one in ten of them matches no print. Default 0.002. */
  readonly cancels?: number
}

export type SyntheticPrint = {
  readonly kind: 'T'
  readonly contract: ListedContract
  readonly exchange: number
  /** Cents. */
  readonly price: number
  readonly size: number
  /** Vendor condition id; 0: none. */
  readonly condition: number
  /** Epoch ms. */
  readonly time: number
  readonly sequence: number
  readonly truth: Truth
  /** Sequence of the print that this cancel takes back; 0: no cancel, or one without a match. */
  readonly cancels: number
  /** Price of the underlying then, dollars. */
  readonly underlyingPrice: number
}

export type SyntheticQuote = {
  readonly kind: 'Q'
  readonly contract: ListedContract
  /** Cents. */
  readonly bid: number
  readonly ask: number
  readonly bidSize: number
  readonly askSize: number
  /** Vendor exchange ids. */
  readonly bidExchange: number
  readonly askExchange: number
  readonly time: number
  readonly sequence: number
}

export type SyntheticEvent = SyntheticPrint | SyntheticQuote

const BURST_PERIOD_MS = 20_000
const BURST_LENGTH_MS = 200
const BURST_TIMES = [10, 20] as const
/** What the bursts add to the mean: 15 times the rate for 1 % of the time. */
const BURST_SHARE = (15 - 1) * (BURST_LENGTH_MS / BURST_PERIOD_MS)
/** Over all kinds of steps.ts. */
const PRINTS_PER_STEP = 1.27
const RECENT = 256
const CANCELS = [201, 203, 205, 207] as const

/**
 * A seeded tape without an end: quotes and prints in order of time, and with each print why it
 * happened. Looks at no clock: the same options give the same events.
 */
export class SyntheticTape {
  readonly contracts: readonly ListedContract[]
  readonly #options: Required<Omit<SyntheticOptions, 'start' | 'symbols'>>
  readonly #random: Random
  readonly #market: Market
  readonly #steps: Steps
  readonly #queue = new TimeQueue<Intent>()
  readonly #recent: SyntheticPrint[] = []
  #arrival: number
  /** Vendor time of the last events, epoch ms with a fraction. */
  #now: number
  #burstStart: number
  #burstEnd = 0
  #burstTimes = 1
  #quotesOwed = 0

  constructor(options: SyntheticOptions) {
    const { seed = 1, rate = 200, quotesPerPrint = 2, resends = 0, cancels = 0.002 } = options
    this.#options = { seed, rate, quotesPerPrint, resends, cancels }
    this.#random = new Random(seed)
    this.#market = new Market(options.symbols ?? DEFAULT_SYMBOLS, options.start, this.#random)
    this.contracts = this.#market.roots.flatMap((root) => [...root.contracts])
    this.#steps = new Steps(this.#market, this.#random)
    this.#arrival = options.start
    this.#now = options.start
    this.#burstStart = options.start + this.#random.exponential(BURST_PERIOD_MS)
  }

  /** The underlyings with their prices as of the last events. */
  get underlyings(): readonly Underlying[] {
    return this.#market.underlyings
  }

  /** Open interest of one of the contracts, the same all the tape long. */
  openInterest(contract: ListedContract): number {
    return openInterestOf(this.#options.seed, contract)
  }

  /** Vendor time of the next events, epoch ms. */
  get time(): number {
    return Math.floor(Math.min(this.#arrival, this.#queue.time))
  }

  /** Leaves out the time up to `time`: the tape of a machine that slept goes on in the present. */
  skipTo(time: number): void {
    while (this.#queue.time < time) this.#queue.take()
    this.#arrival = Math.max(this.#arrival, time)
  }

  /** Appends the next print and the quotes around it, in the order in which they are sent. */
  take(into: SyntheticEvent[]): void {
    while (this.#queue.time > this.#arrival) this.#arrive()
    const intent = this.#queue.take()
    this.#now = intent.time
    this.#market.moveTo(intent.time)
    this.#print(intent, into)
    const { resends, cancels, quotesPerPrint } = this.#options
    if (resends > 0 && this.#random.chance(resends)) into.push(into.at(-1)!)
    if (this.#recent.length > 0 && this.#random.chance(cancels)) this.#cancel(intent.time, into)
    this.#quotesOwed = Math.min(this.#quotesOwed + quotesPerPrint, 100)
    while (this.#quotesOwed >= 1) {
      const { contract } = this.#random.pick(this.#recent)
      this.#requote(contract, into)
      // a market maker who moves a call moves the put of the same strike
      if (this.#quotesOwed >= 1) this.#requote(contract.twin!, into)
    }
  }

  #requote(contract: ListedContract, into: SyntheticEvent[]): void {
    const now = Math.floor(this.#now)
    // a ms in which it printed has one quote, so that the quote in force then is not in doubt
    if (contract.printedAt === now) this.#quotesOwed--
    else {
      requote(contract, now, this.#random)
      into.push(this.#quote(contract))
    }
  }

  #arrive(): void {
    const now = this.#arrival
    for (const intent of this.#steps.draw(now)) this.#queue.push(intent)
    if (now >= this.#burstStart) {
      this.#burstEnd = now + this.#random.exponential(BURST_LENGTH_MS)
      this.#burstStart = this.#burstEnd + this.#random.exponential(BURST_PERIOD_MS)
      this.#burstTimes = this.#random.int(...BURST_TIMES)
    }
    const calm = (PRINTS_PER_STEP * 1000 * (1 + BURST_SHARE)) / this.#options.rate
    this.#arrival += this.#random.exponential(now < this.#burstEnd ? calm / this.#burstTimes : calm)
  }

  #print(intent: Intent, into: SyntheticEvent[]): void {
    const random = this.#random
    const { contract, size, exchange, condition, truth } = intent
    const now = Math.floor(intent.time)
    if (prepareQuote(contract, truth.side, now, random)) into.push(this.#quote(contract))
    const print: SyntheticPrint = {
      kind: 'T',
      contract,
      exchange,
      price: priceOf(contract, truth.side, random),
      size,
      condition,
      time: now - intent.lateMs,
      sequence: this.#nextSequence(contract),
      truth,
      cancels: 0,
      underlyingPrice: this.#market.priceOf(contract),
    }
    contract.printedAt = now
    into.push(print)
    if (this.#recent.length < RECENT) this.#recent.push(print)
    else this.#recent[random.int(0, RECENT - 1)] = print
  }

  #cancel(time: number, into: SyntheticEvent[]): void {
    const at = this.#random.int(0, this.#recent.length - 1)
    const print = this.#recent[at]!
    const isMatch = this.#random.chance(0.9)
    into.push({
      ...print,
      size: isMatch ? print.size : print.size + 9999,
      condition: this.#random.pick(CANCELS),
      time: Math.floor(time),
      sequence: this.#nextSequence(print.contract),
      cancels: isMatch ? print.sequence : 0,
    })
    // cancelled once; a print of the same contract stays known for requotes
    if (isMatch && this.#recent.length > 1) this.#recent.splice(at, 1)
  }

  #quote(contract: ListedContract): SyntheticQuote {
    this.#quotesOwed--
    const { bid, ask, bidSize, askSize, bidExchange, askExchange, quoteTime } = contract
    return {
      kind: 'Q',
      contract,
      bid,
      ask,
      bidSize,
      askSize,
      bidExchange,
      askExchange,
      time: quoteTime,
      sequence: this.#nextSequence(contract),
    }
  }

  #nextSequence(contract: ListedContract): number {
    contract.sequence += this.#random.int(1, 9)
    return contract.sequence
  }
}
