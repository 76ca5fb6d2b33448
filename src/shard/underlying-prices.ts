import { grown } from '../domain/columns.ts'
import { UnderlyingSource } from '../domain/labels.ts'
import { ParityPairs } from '../domain/parity.ts'
import type { QuoteHistory } from '../domain/quote-history.ts'
import { isUsable } from '../domain/quote-rule.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'
import type { ContractTable } from './contracts.ts'
import {
  type Expiration,
  loadPairs,
  NO_CONTRACT,
  type QuotedPairs,
  savePairs,
  TICKS_PER_MILL,
} from './quoted-pairs.ts'

/** Older prices of the feed say nothing of a print, ms of event time. */
const FEED_AGE_MS_MAX = 15_000
/** The parity price of an underlying is worked out at most this often, ms of event time. */
const PARITY_MS = 250
/** Pairs kept of one underlying; of more, what is over goes first, then what is furthest away. */
const PAIRS_MAX = 1_024

/**
 * The price of each underlying at the time of a print: that of the vendor's stocks or indices feed
 * when there is a fresh one, else from put-call parity over the quoted pairs of call and put, else
 * none. The fields hold the answer of the last `find`.
 */
export class UnderlyingPrices {
  readonly #contracts: ContractTable
  readonly #quotes: QuoteHistory
  readonly #quoteMaxAgeMs: number
  #feedPrice = new Float64Array(16)
  #feedTime = new Float64Array(16).fill(Number.NEGATIVE_INFINITY)
  #feedSource = new Uint8Array(16)
  readonly #underlyings: (QuotedPairs | undefined)[] = []
  /** 1: the contract is one of its underlying's pairs. */
  #isPaired = new Uint8Array(256)
  readonly #candidates = new ParityPairs()

  /** 1/10,000 dollar; NaN: unknown. */
  price = Number.NaN
  source: UnderlyingSource = UnderlyingSource.None

  constructor(contracts: ContractTable, quotes: QuoteHistory, quoteMaxAgeMs: number) {
    this.#contracts = contracts
    this.#quotes = quotes
    this.#quoteMaxAgeMs = quoteMaxAgeMs
  }

  ensure(contracts: number, underlyings: number): void {
    if (contracts > this.#isPaired.length) {
      const n = Math.max(contracts, this.#isPaired.length * 2)
      this.#isPaired = grown(this.#isPaired, new Uint8Array(n))
    }
    const before = this.#feedPrice.length
    if (underlyings <= before) return
    const n = Math.max(underlyings, before * 2)
    this.#feedPrice = grown(this.#feedPrice, new Float64Array(n))
    this.#feedTime = grown(this.#feedTime, new Float64Array(n).fill(Number.NEGATIVE_INFINITY))
    this.#feedSource = grown(this.#feedSource, new Uint8Array(n))
  }

  /** A price of the vendor's feed; one that is older than the last is left out. */
  set(underlying: number, time: number, price: number, source: number): void {
    if (time < this.#feedTime[underlying]!) return
    this.#feedTime[underlying] = time
    this.#feedPrice[underlying] = price
    this.#feedSource[underlying] = source
  }

  /** A quote of the contract came: it may be half of a pair. */
  quoted(contract: number): void {
    if (this.#isPaired[contract] === 1) return
    this.#isPaired[contract] = 1
    const contracts = this.#contracts
    if (contracts.isAdjusted[contract] === 1) return // another deliverable has no parity with it
    const underlying = contracts.underlying[contract]!
    this.#underlyings[underlying] ??= {
      expirations: [],
      pairs: 0,
      day: 0,
      parity: NaN,
      parityAt: -Infinity,
    }
    const state = this.#underlyings[underlying]
    const { pairs } = expirationOf(state, contracts.expirationDay[contract]!)
    const strike = contracts.strikeMills[contract]!
    const known = pairs.get(strike)
    const empty = { strike: strike * TICKS_PER_MILL, call: NO_CONTRACT, put: NO_CONTRACT }
    const pair = known ?? empty
    if (contracts.isCall[contract] === 1) pair.call = contract
    else pair.put = contract
    if (known !== undefined) return
    pairs.set(strike, pair)
    if (++state.pairs > PAIRS_MAX) this.#forgetOne(state)
  }

  /** The price at `time`, a print's; `day` its New York date, `now` event time. */
  find(underlying: number, time: number, day: number, now: number): void {
    if (Math.abs(time - this.#feedTime[underlying]!) <= FEED_AGE_MS_MAX) {
      this.price = this.#feedPrice[underlying]!
      this.source = this.#feedSource[underlying] as UnderlyingSource
      return
    }
    const state = this.#underlyings[underlying]
    // a late print would take the present for the past
    if (state === undefined || now - time > FEED_AGE_MS_MAX) {
      this.price = Number.NaN
      this.source = UnderlyingSource.None
      return
    }
    if (day > state.day) state.day = day
    if (now - state.parityAt >= PARITY_MS) {
      state.parity = this.#parity(state, day, now)
      state.parityAt = now
    }
    this.price = state.parity
    this.source = Number.isNaN(state.parity) ? UnderlyingSource.None : UnderlyingSource.Parity
  }

  save(out: StateWriter, contracts: number, underlyings: number): void {
    out.part('underlying prices', 1)
    out.column(this.#feedPrice, underlyings)
    out.column(this.#feedTime, underlyings)
    out.column(this.#feedSource, underlyings)
    out.column(this.#isPaired, contracts)
    savePairs(out, this.#underlyings)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, contracts: number, underlyings: number): void {
    this.ensure(contracts, underlyings)
    from.part('underlying prices', 1)
    from.into(this.#feedPrice, underlyings)
    from.into(this.#feedTime, underlyings)
    from.into(this.#feedSource, underlyings)
    from.into(this.#isPaired, contracts)
    loadPairs(from, this.#underlyings)
  }

  /** Of the nearest expiration that has fresh pairs. */
  #parity({ expirations }: QuotedPairs, day: number, now: number): number {
    const candidates = this.#candidates
    const quotes = this.#quotes
    for (const expiration of expirations) {
      if (expiration.day < day) continue
      candidates.clear()
      for (const { strike, call, put } of expiration.pairs.values()) {
        if (call === NO_CONTRACT || put === NO_CONTRACT) continue
        if (!this.#isFresh(call, now)) continue
        const { bid, ask } = quotes
        if (!this.#isFresh(put, now)) continue
        candidates.add(expiration.day - day, strike, bid, ask, quotes.bid, quotes.ask)
      }
      const price = candidates.price()
      if (!Number.isNaN(price)) return price
    }
    return Number.NaN
  }

  #isFresh(contract: number, now: number): boolean {
    const quotes = this.#quotes
    return (
      quotes.find(contract, now) &&
      now - quotes.time <= this.#quoteMaxAgeMs &&
      isUsable(quotes.bid, quotes.ask)
    )
  }

  /** The pair quoted first of an expiration that is over, else of the one furthest away. */
  #forgetOne(state: QuotedPairs): void {
    const { expirations } = state
    const at = expirations[0]!.day < state.day ? 0 : expirations.length - 1
    const { pairs } = expirations[at]!
    const [first] = pairs
    const [strike, { call, put }] = first!
    pairs.delete(strike)
    if (pairs.size === 0) expirations.splice(at, 1)
    state.pairs--
    if (call !== NO_CONTRACT) this.#isPaired[call] = 0
    if (put !== NO_CONTRACT) this.#isPaired[put] = 0
  }
}

function expirationOf({ expirations }: QuotedPairs, day: number): Expiration {
  const at = expirations.findIndex((expiration) => expiration.day >= day)
  const found = expirations[at]
  if (found?.day === day) return found
  const made: Expiration = { day, pairs: new Map() }
  expirations.splice(at < 0 ? expirations.length : at, 0, made)
  return made
}
