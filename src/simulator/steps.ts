import type { ListedContract } from './chain.ts'
import type { ListedRoot, Market } from './market.ts'
import type { Side } from './quotes.ts'
import type { Random } from './random.ts'

/** Why a print happens, known to the generator only. 0: not part of one. */
export type Truth = {
  readonly sweepId: number
  readonly splitId: number
  readonly packageId: number
  readonly side: Side
}

/** A print that is to happen at `time`; its price is that of the quote then. */
export type Intent = {
  readonly time: number
  readonly contract: ListedContract
  readonly size: number
  readonly exchange: number
  /** Vendor condition id; 0: none. */
  readonly condition: number
  readonly truth: Truth
  /** How much older than its place in the tape its time is: a late report. */
  readonly lateMs: number
}

const AUTO = 209
const ISO = 219
const SWEEP_LEGS_MEAN = 3.5
const SPLIT_LEGS_MEAN = 3
const PACKAGE_LEGS_MEAN = 2.5

type Kind =
  | { readonly shape: 'sweep' | 'split' | 'package' | 'single'; readonly condition: number }
  | { readonly shape: 'late'; readonly condition: number }

/**
 * Kinds of events and their share of all prints: the mix of 133 M real prints (AUTO 50 %, SLAN 23,
 * MLET 12, MLAT 11, the rest small). A kind with several legs is drawn that much more seldom.
 */
const KINDS: readonly (readonly [kind: Kind, weight: number])[] = [
  [{ shape: 'single', condition: AUTO }, 42.3],
  [{ shape: 'sweep', condition: AUTO }, 3.7 / SWEEP_LEGS_MEAN],
  [{ shape: 'split', condition: AUTO }, 4 / SPLIT_LEGS_MEAN],
  [{ shape: 'single', condition: 227 }, 23],
  [{ shape: 'package', condition: 232 }, 12 / PACKAGE_LEGS_MEAN],
  [{ shape: 'package', condition: 233 }, 11 / PACKAGE_LEGS_MEAN],
  [{ shape: 'sweep', condition: ISO }, 1.2 / SWEEP_LEGS_MEAN],
  [{ shape: 'single', condition: ISO }, 0.6],
  [{ shape: 'package', condition: 235 }, 0.3 / PACKAGE_LEGS_MEAN],
  [{ shape: 'package', condition: 236 }, 0.3 / PACKAGE_LEGS_MEAN],
  [{ shape: 'package', condition: 240 }, 0.1 / PACKAGE_LEGS_MEAN],
  [{ shape: 'single', condition: 0 }, 0.3],
  [{ shape: 'single', condition: 229 }, 0.2],
  [{ shape: 'single', condition: 230 }, 0.1],
  [{ shape: 'single', condition: 231 }, 0.2],
  [{ shape: 'single', condition: 228 }, 0.1],
  [{ shape: 'single', condition: 248 }, 0.1],
  [{ shape: 'late', condition: 202 }, 0.2],
  [{ shape: 'late', condition: 204 }, 0.1],
  [{ shape: 'late', condition: 206 }, 0.05],
  [{ shape: 'late', condition: 208 }, 0.05],
]

/**
 * By the midpoint, of all prints: bid 45.9 %, ask 42.5 %, mid 11.6 %. Sweeps and splits always take
 * a side, so the midpoint is a little more frequent among the rest.
 */
const SIDES: readonly (readonly [side: Side, weight: number])[] = [
  ['SELL', 45.3],
  ['BUY', 41.95],
  ['MID', 12.75],
]
const TAKER_SIDES = SIDES.filter(([side]) => side !== 'MID')
const NO_EVENT = { sweepId: 0, splitId: 0, packageId: 0 } as const

/** Draws what happens next: one print, or all the prints of a sweep, split or package. */
export class Steps {
  readonly #market: Market
  readonly #random: Random
  readonly #roots: readonly (readonly [root: ListedRoot, weight: number])[]
  #events = 0

  constructor(market: Market, random: Random) {
    this.#market = market
    this.#random = random
    this.#roots = market.roots.map((root) => [root, root.profile.weight])
  }

  draw(time: number): Intent[] {
    const random = this.#random
    const kind = random.weighted(KINDS)
    const root = random.weighted(this.#roots)
    switch (kind.shape) {
      case 'sweep':
        if (root.profile.venues.length < 2) return this.#split(root, kind.condition, time)
        return this.#sweep(root, kind.condition, time)
      case 'split':
        return this.#split(root, kind.condition, time)
      case 'package':
        return this.#package(root, kind.condition, time)
      case 'late':
        return [this.#single(root, kind.condition, time, random.int(2_000, 90_000))]
      case 'single':
        return [this.#single(root, kind.condition, time, 0)]
    }
  }

  #single(root: ListedRoot, condition: number, time: number, lateMs: number): Intent {
    const random = this.#random
    const pair = root.sizes.draw(random)
    return {
      time,
      contract: this.#market.contractNear(root, root.sizes.price(pair), time),
      size: root.sizes.size(pair),
      exchange: random.weighted(root.profile.venues),
      condition,
      truth: { ...NO_EVENT, side: random.weighted(SIDES) },
      lateMs,
    }
  }

  /** Two to eight venues within 1 to 50 ms, one contract, one side. */
  #sweep(root: ListedRoot, condition: number, time: number): Intent[] {
    const random = this.#random
    const legs = random.weighted([
      [2, 30],
      [3, 28],
      [4, 20],
      [5, 12],
      [6, 6],
      [7, 3],
      [8, 1],
    ])
    const span = random.int(1, 50)
    const venues = new Set<number>([random.weighted(root.profile.venues)])
    const truth = {
      ...NO_EVENT,
      sweepId: ++this.#events,
      side: random.weighted(TAKER_SIDES),
    }
    return this.#legs(root, legs, time, span).map((leg, i) => {
      let exchange = random.weighted(root.profile.venues)
      // the second leg is what makes it a sweep: another venue than the first
      while (i === 1 && venues.has(exchange)) exchange = random.weighted(root.profile.venues)
      if (i === 0) exchange = [...venues][0]!
      venues.add(exchange)
      return { ...leg, exchange, condition, truth }
    })
  }

  #split(root: ListedRoot, condition: number, time: number): Intent[] {
    const random = this.#random
    const legs = random.weighted([
      [2, 45],
      [3, 25],
      [4, 15],
      [5, 10],
      [6, 5],
    ])
    const truth = {
      ...NO_EVENT,
      splitId: ++this.#events,
      side: random.weighted(TAKER_SIDES),
    }
    const exchange = random.weighted(root.profile.venues)
    return this.#legs(root, legs, time, random.int(1, 200)).map((leg) => ({
      ...leg,
      exchange,
      condition,
      truth,
    }))
  }

  /** Several contracts, one venue, one millisecond. */
  #package(root: ListedRoot, condition: number, time: number): Intent[] {
    const random = this.#random
    const legs = random.weighted([
      [2, 62],
      [3, 26],
      [4, 12],
    ])
    const packageId = ++this.#events
    const exchange = random.weighted(root.profile.venues)
    const contracts = new Set<ListedContract>()
    return Array.from({ length: legs }, () => {
      let leg = this.#single(root, condition, time, 0)
      for (let tries = 0; contracts.has(leg.contract) && tries < 10; tries++) {
        leg = this.#single(root, condition, time, 0)
      }
      contracts.add(leg.contract)
      return { ...leg, exchange, truth: { ...leg.truth, packageId } }
    })
  }

  #legs(root: ListedRoot, legs: number, time: number, span: number) {
    const random = this.#random
    const pair = root.sizes.draw(random)
    const contract = this.#market.contractNear(root, root.sizes.price(pair), time)
    return Array.from({ length: legs }, (_, i) => ({
      time: i === 0 ? time : time + Math.round(((i - random.next()) / (legs - 1)) * span),
      contract,
      size: root.sizes.size(i === 0 ? pair : root.sizes.drawLike(pair, random)),
      lateMs: 0,
    }))
  }
}
