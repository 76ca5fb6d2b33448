/** Days to expiration up to which a pair counts; see the error of carry below. */
export const PARITY_DAYS_MAX = 45

/** Pairs that the median goes over. */
export const PARITY_PAIRS = 5

/**
 * Both spreads together may be at most this part of the estimate. To buy the call and sell the put,
 * and the reverse, bounds the price of the underlying to half of both spreads on either side of the
 * estimate, so 1/50 keeps each estimate within 1 %. Options near the money fit well: those of a
 * stock at 20 dollars may both be 0.20 wide.
 */
const SPREAD_PART = 50

/**
 * The price of an underlying from put-call parity (Stoll 1969): a call less a put of the same
 * strike and expiration is worth the underlying less the strike. Of the pairs added since `clear`,
 * those of the nearest expiration count, at most PARITY_DAYS_MAX days away; of them the
 * PARITY_PAIRS with the smallest spreads (at equal spreads those nearest to the money, then the
 * lower strikes, so the order in which they come does not matter); of each the estimate strike +
 * mid of the call - mid of the put; of these the median. A pair counts when both quotes have 0 <
 * bid < ask and their spreads add up to at most 1/50 of its estimate. Only the best five are kept,
 * whatever comes.
 *
 * What it leaves out is carry. The estimate is too high by the interest on the strike and too low
 * by the dividends until expiration: at 5 % a year 0.62 % too high at 45 days without a dividend,
 * 0.10 % at 7 days, nothing on the day itself; a dividend of 1 % makes it 1 % too low. Of American
 * options the value of early exercise comes in, little near the money. Of options that settle on a
 * volatility index (VIX) it is the price of the future of that expiration, not of the index.
 */
export class ParityPairs {
  #days = 0
  #count = 0
  /** Of the pairs kept, the tightest first: strike, both spreads, twice call less put. */
  readonly #strike = new Float64Array(PARITY_PAIRS)
  readonly #spread = new Float64Array(PARITY_PAIRS)
  readonly #lead = new Float64Array(PARITY_PAIRS)
  /** Room for `price`: twice the estimates, ascending. */
  readonly #sorted = new Float64Array(PARITY_PAIRS)

  clear(): void {
    this.#count = 0
  }

  /**
   * Prices and strike in ticks of 1/10,000 dollar; NaN: no quote. `days`: calendar days to the
   * expiration, below 0 once it is over. A pair that does not count is left out.
   */
  add(
    days: number,
    strike: number,
    callBid: number,
    callAsk: number,
    putBid: number,
    putAsk: number,
  ): void {
    if (days < 0 || days > PARITY_DAYS_MAX || (this.#count > 0 && days > this.#days)) return
    // false for NaN
    if (!(0 < callBid && callBid < callAsk && 0 < putBid && putBid < putAsk)) return
    const spread = callAsk - callBid + (putAsk - putBid)
    const lead = callBid + callAsk - (putBid + putAsk)
    if (!(2 * SPREAD_PART * spread <= 2 * strike + lead)) return
    if (days < this.#days) this.#count = 0
    this.#days = days
    this.#keep(strike, spread, lead)
  }

  /** In ticks, rounded down; NaN: no pair counts. */
  price(): number {
    const count = this.#count
    if (count === 0) return Number.NaN
    const sorted = this.#sorted
    for (let i = 0; i < count; i++) {
      const doubled = 2 * this.#strike[i]! + this.#lead[i]! // a mid may lie half a tick off
      let at = i
      for (; at > 0 && sorted[at - 1]! > doubled; at--) sorted[at] = sorted[at - 1]!
      sorted[at] = doubled
    }
    return Math.floor((sorted[(count - 1) >> 1]! + sorted[count >> 1]!) / 4)
  }

  /** Puts a pair in its place; the worst of too many goes. */
  #keep(strike: number, spread: number, lead: number): void {
    let at = this.#count
    if (at < PARITY_PAIRS) this.#count++
    else if (!this.#isBetter(strike, spread, lead, --at)) return
    for (; at > 0 && this.#isBetter(strike, spread, lead, at - 1); at--) {
      this.#strike[at] = this.#strike[at - 1]!
      this.#spread[at] = this.#spread[at - 1]!
      this.#lead[at] = this.#lead[at - 1]!
    }
    this.#strike[at] = strike
    this.#spread[at] = spread
    this.#lead[at] = lead
  }

  /** Better than the pair kept at `at`. */
  #isBetter(strike: number, spread: number, lead: number, at: number): boolean {
    if (spread !== this.#spread[at]!) return spread < this.#spread[at]!
    const nearer = Math.abs(lead) - Math.abs(this.#lead[at]!)
    return nearer !== 0 ? nearer < 0 : strike < this.#strike[at]!
  }
}
