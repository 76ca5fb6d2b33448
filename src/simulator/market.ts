import { DAY_MS, newYorkDay } from '../domain/new-york.ts'
import { type ListedContract, listContracts } from './chain.ts'
import { normalShare, PrintSizes } from './print-sizes.ts'
import { type RootProfile, type UnderlyingProfile, underlyingProfile } from './profiles.ts'
import type { Random } from './random.ts'

const MOVE_PERIOD_MS = 1000
const YEAR_MS = 365 * DAY_MS
const SESSION_YEAR_MS = 252 * 6.5 * 3_600_000
const CANDIDATES_EACH_SIDE = 8

/** A root with its contracts in order of their value, so that one of a given price is found. */
export type ListedRoot = {
  readonly profile: RootProfile
  readonly sizes: PrintSizes
  readonly contracts: ListedContract[]
  readonly underlying: Underlying
}

export type Underlying = { readonly profile: UnderlyingProfile; price: number }

/** Underlyings that walk at random, and contracts that are worth what a simple model says. */
export class Market {
  readonly roots: readonly ListedRoot[]
  /** With their present prices, dollars. */
  readonly underlyings: readonly Underlying[]
  readonly #byName: ReadonlyMap<string, Underlying>
  readonly #random: Random
  #movedAt: number

  constructor(symbols: readonly string[], time: number, random: Random) {
    this.#random = random
    this.#movedAt = time
    this.underlyings = symbols.map((symbol) => {
      const profile = underlyingProfile(symbol)
      return { profile, price: profile.price }
    })
    this.#byName = new Map(this.underlyings.map((known) => [known.profile.symbol, known]))
    this.roots = this.underlyings.flatMap((underlying) =>
      underlying.profile.roots.map((profile) => ({
        profile,
        sizes: new PrintSizes(profile, random),
        contracts: listContracts(underlying.profile, profile, time),
        underlying,
      })),
    )
    for (const root of this.roots) {
      for (const contract of root.contracts) contract.sequence = random.int(1, 5_000_000)
      revalue(root, time)
      root.contracts.sort((a, b) => a.value - b.value)
    }
  }

  /** Lets the underlyings walk up to `time`, in steps of a second. */
  moveTo(time: number): void {
    const elapsed = time - this.#movedAt
    if (elapsed < MOVE_PERIOD_MS) return
    this.#movedAt = time
    for (const underlying of this.underlyings) {
      const deviation = underlying.profile.volatility * Math.sqrt(elapsed / SESSION_YEAR_MS)
      underlying.price *= Math.exp(
        Math.max(-0.02, Math.min(0.02, deviation * this.#random.normal())),
      )
    }
    for (const root of this.roots) {
      revalue(root, time)
      sortAlmostSorted(root.contracts)
    }
  }

  /** Present price of the underlying of a contract, dollars. */
  priceOf(contract: ListedContract): number {
    return this.#byName.get(contract.underlying)!.price
  }

  /** A contract worth about `price` dollars, rather one that expires soon. */
  contractNear(root: ListedRoot, price: number, time: number): ListedContract {
    const { contracts } = root
    const day = newYorkDay(time)
    // a contract worth less than this has no bid to sell at
    const least = root.profile.tick === 'penny' ? 0.02 : 0.08
    const wanted = Math.max(price, least)
    const at = firstWorth(contracts, wanted)
    const from = Math.max(firstWorth(contracts, least), at - CANDIDATES_EACH_SIDE)
    const near = contracts
      .slice(Math.min(from, contracts.length - 1), at + CANDIDATES_EACH_SIDE)
      .filter((contract) => Math.abs(contract.value - wanted) < 0.06 * wanted)
    if (near.length === 0) return contracts[Math.min(at, contracts.length - 1)]!
    return this.#random.weighted(near.map((c) => [c, 1 / (1 + Math.max(0, c.expirationDay - day))]))
  }
}

/** Index of the first contract, in order of value, that is worth at least `value`. */
function firstWorth(contracts: readonly ListedContract[], value: number): number {
  let low = 0
  let high = contracts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (contracts[middle]!.value < value) low = middle + 1
    else high = middle
  }
  return low
}

function revalue(root: ListedRoot, time: number): void {
  const { price, profile } = root.underlying
  for (const contract of root.contracts) {
    // 16:00 in New York is about 20:30 UTC, either side of the clock change
    const left = Math.max(contract.expirationDay * DAY_MS + 20.5 * 3_600_000 - time, 1_800_000)
    const deviation = price * profile.volatility * Math.sqrt(left / YEAR_MS)
    const distance = (contract.isCall ? 1 : -1) * (price - contract.strike)
    contract.value = bachelier(distance, deviation)
    contract.timeValue = contract.value - Math.max(0, distance)
  }
}

/** Value of an option on a normally distributed price (Bachelier 1900), without interest. */
function bachelier(distance: number, deviation: number): number {
  const d = distance / deviation
  const density = Math.exp((-d * d) / 2) / Math.sqrt(2 * Math.PI)
  return Math.max(0, distance * normalShare(d) + deviation * density)
}

/** Insertion sort: a second's move changes the order of few contracts. */
function sortAlmostSorted(contracts: ListedContract[]): void {
  for (let i = 1; i < contracts.length; i++) {
    const contract = contracts[i]!
    let at = i - 1
    while (at >= 0 && contracts[at]!.value > contract.value) {
      contracts[at + 1] = contracts[at]!
      at--
    }
    contracts[at + 1] = contract
  }
}
