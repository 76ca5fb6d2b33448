import { quantileAt, type RootProfile } from './profiles.ts'
import type { Random } from './random.ts'

const PAIRS = 16_384
/** How strongly large sizes go with large premiums; keeps the implied prices on the tick grid. */
const CORRELATION = 0.65
/** Prints of one contract draw their size among this many pairs of a like price. */
const NEIGHBOURS = 150

/**
 * Pairs of price and size of a root, sorted by price. Both the sizes and the premiums of all pairs
 * have exactly the percentiles of the profile; a print draws a pair, and the legs of one event
 * draw sizes from pairs of the same price, so that both distributions stay as they are.
 */
export class PrintSizes {
  readonly #prices = new Float64Array(PAIRS)
  readonly #sizes = new Float64Array(PAIRS)

  constructor(profile: RootProfile, random: Random) {
    const sizeZ = ranked(Array.from({ length: PAIRS }, () => random.normal()))
    const drawn = sizeZ.map(
      (z) => CORRELATION * z + Math.sqrt(1 - CORRELATION ** 2) * random.normal(),
    )
    const premiumZ = ranked(drawn)
    const pairs = sizeZ.map((z, i) => {
      const size = Math.max(1, Math.round(quantileAt(profile.size, z)))
      return { size, price: quantileAt(profile.premium, premiumZ[i]!) / (100 * size) }
    })
    pairs.sort((a, b) => a.price - b.price)
    for (const [i, { price, size }] of pairs.entries()) {
      this.#prices[i] = price
      this.#sizes[i] = size
    }
  }

  /** Any pair: its number names it. */
  draw(random: Random): number {
    return random.int(0, PAIRS - 1)
  }

  /** A pair of nearly the same price. */
  drawLike(pair: number, random: Random): number {
    const least = Math.max(0, pair - NEIGHBOURS)
    return random.int(least, Math.min(PAIRS - 1, pair + NEIGHBOURS))
  }

  /** Dollars a share. */
  price(pair: number): number {
    return this.#prices[pair]!
  }

  /** Contracts. */
  size(pair: number): number {
    return this.#sizes[pair]!
  }
}

/** Replaces each value by the standard normal quantile of its rank: the spread becomes exact. */
function ranked(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const result = new Array<number>(values.length)
  for (const [rank, i] of order.entries()) result[i] = RANK_Z[rank]!
  return result
}

/** Inverse of the normal distribution by bisection. */
function normalQuantile(share: number): number {
  let low = -6
  let high = 6
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2
    if (normalShare(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Share of a normal distribution below z (Abramowitz and Stegun 26.2.17, error below 1e-7). */
export function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return z >= 0 ? 1 - tail : tail
}

/** Standard normal quantile of each rank of PAIRS. */
const RANK_Z = Float64Array.from({ length: PAIRS }, (_, rank) =>
  normalQuantile((rank + 0.5) / PAIRS),
)
