import { grown } from './columns.ts'
import { fell, increment, plant, sumBelow } from './fenwick.ts'
import { binOf } from './log-bins.ts'
import {
  BUCKETS,
  decodeProfiles,
  encodeProfiles,
  PREMIUM_BINS,
  PROFILE_BINS,
  SIZE_BINS,
  sumOf,
} from './profile-bytes.ts'
import type { StateReader, StateWriter } from './state.ts'

/** A percentile that nothing is known of yet, in a u16 column (slab/row-slab.ts has the same). */
export const PERCENTILE_NONE = 0xffff

/** Prints that must stand behind a percentile; below, the profile is warming up. */
export const WARM_UP_PRINTS = 200

/**
 * A print of at least this rank, p99.5 in hundredths of a percent, is an adaptive block: the level
 * and the warm-up of LuxAlgo/whale-options.
 */
export const ADAPTIVE_BLOCK_RANK = 9950

/** Hundredths of a percent in the whole. */
const RANK_MAX = 10_000

/** No New York day: nothing has been pushed. */
const NO_DAY = -(2 ** 31)

/**
 * How a print's size and premium compare with the prints before it in contracts of the same
 * underlying that are about as liquid. One profile for each underlying and liquidity bucket: counts
 * of sizes and of premiums in bins of at most 3.1 % (log-bins.ts), in Fenwick trees, so that a rank
 * and a push cost about 20 steps each.
 *
 * The bucket of a contract: the contracts that it has traded that New York day before the print:
 * below 200, 2,000, 20,000, or more (the levels of LuxAlgo/whale-options, there of a 20-session
 * average, which a live tape has not at hand).
 *
 * Older sessions fade: with the first print of an underlying on a later New York day its counts are
 * halved. It is the running sums that are halved, rounded down, which keeps every second print in
 * order of size; halving each count by itself would drop the rare large prints, each alone in its
 * bin, and every block after that would look larger than it is.
 *
 * Memory: 4 KiB a profile, made at its first print, so at most 16 KiB an underlying, and 53 bytes
 * an underlying besides.
 */
export class SizeProfiles {
  /** SIZE_BINS, then PREMIUM_BINS, of each profile: underlying x BUCKETS + bucket. */
  readonly #trees = new Array<Uint32Array | undefined>(256 * BUCKETS).fill(undefined)
  #prints = new Uint32Array(256 * BUCKETS)
  #day = new Int32Array(256).fill(NO_DAY)
  #isChanged = new Uint8Array(256)

  /**
   * Found by the last `rank`: the share of the profile's prints that lie in a smaller bin, in
   * hundredths of a percent, 0 to 10,000; PERCENTILE_NONE while fewer than WARM_UP_PRINTS are
   * known.
   */
  sizePercentile: number = PERCENTILE_NONE
  premiumPercentile: number = PERCENTILE_NONE
  /** Prints behind it, also during the warm-up. */
  sample = 0

  /** Makes room for ids of underlyings below `underlyings`. */
  ensure(underlyings: number): void {
    const had = this.#day.length
    if (underlyings <= had) return
    const size = Math.max(underlyings, had * 2)
    while (this.#trees.length < size * BUCKETS) this.#trees.push(undefined)
    this.#prints = grown(this.#prints, new Uint32Array(size * BUCKETS))
    this.#day = grown(this.#day, new Int32Array(size)).fill(NO_DAY, had)
    this.#isChanged = grown(this.#isChanged, new Uint8Array(size))
  }

  /**
   * Asked before the print is pushed, so it does not count itself. `bucketVolume`: contracts that
   * the contract has traded this day before the print. `premium` in dollars; its cents do not
   * count.
   */
  rank(underlying: number, bucketVolume: number, size: number, premium: number): void {
    const at = underlying * BUCKETS + bucketOf(bucketVolume)
    const sample = this.#prints[at]!
    this.sample = sample
    if (sample < WARM_UP_PRINTS) {
      this.sizePercentile = PERCENTILE_NONE
      this.premiumPercentile = PERCENTILE_NONE
      return
    }
    const tree = this.#trees[at]!
    const smaller = sumBelow(tree, 0, binOf(size, SIZE_BINS))
    const cheaper = sumBelow(tree, SIZE_BINS, binOf(premium, PREMIUM_BINS))
    this.sizePercentile = Math.floor((smaller * RANK_MAX) / sample)
    this.premiumPercentile = Math.floor((cheaper * RANK_MAX) / sample)
  }

  /** `day`: the print's New York day since 1970. One before the latest fades nothing. */
  push(underlying: number, day: number, bucketVolume: number, size: number, premium: number): void {
    if (day > this.#day[underlying]!) {
      if (this.#day[underlying] !== NO_DAY) this.#fade(underlying)
      this.#day[underlying] = day
    }
    this.#isChanged[underlying] = 1
    const at = underlying * BUCKETS + bucketOf(bucketVolume)
    this.#trees[at] ??= new Uint32Array(PROFILE_BINS)
    const tree = this.#trees[at]
    increment(tree, 0, SIZE_BINS, binOf(size, SIZE_BINS))
    increment(tree, SIZE_BINS, PREMIUM_BINS, binOf(premium, PREMIUM_BINS))
    this.#prints[at]!++
  }

  /** Underlyings that have learnt something since their last snapshot, ascending. */
  changed(): number[] {
    const found: number[] = []
    for (let id = 0; id < this.#isChanged.length; id++)
      if (this.#isChanged[id] === 1) found.push(id)
    return found
  }

  /** What `restore` takes; null where nothing is learnt. */
  snapshot(underlying: number): Uint8Array | null {
    this.#isChanged[underlying] = 0
    const day = this.#day[underlying]!
    if (day === NO_DAY) return null
    const counts = new Uint32Array(BUCKETS * PROFILE_BINS)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const tree = this.#trees[underlying * BUCKETS + bucket]?.slice()
      if (tree === undefined) continue
      forEachTree(tree, fell)
      counts.set(tree, bucket * PROFILE_BINS)
    }
    return encodeProfiles({ day, counts })
  }

  /**
   * Puts a snapshot in the place of what is known of the underlying. False, and nothing changes,
   * for bytes of another version and for damaged ones.
   */
  restore(underlying: number, bytes: Uint8Array): boolean {
    const restored = decodeProfiles(bytes)
    if (restored === null) return false
    this.#day[underlying] = restored.day
    this.#isChanged[underlying] = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const at = underlying * BUCKETS + bucket
      const tree = restored.counts.slice(bucket * PROFILE_BINS, (bucket + 1) * PROFILE_BINS)
      const prints = sumOf(tree, 0, SIZE_BINS)
      forEachTree(tree, plant)
      this.#prints[at] = prints
      this.#trees[at] = prints === 0 ? undefined : tree
    }
    return true
  }

  /** All of it as it is; `snapshot` keeps one underlying for other versions of the engine. */
  save(out: StateWriter, underlyings: number): void {
    out.part('size profiles', 1)
    out.column(this.#prints, underlyings * BUCKETS)
    out.column(this.#day, underlyings)
    out.column(this.#isChanged, underlyings)
    const trees = this.#trees.slice(0, underlyings * BUCKETS)
    out.column(Uint8Array.from(trees, (tree) => (tree === undefined ? 0 : 1)))
    for (const tree of trees) if (tree !== undefined) out.column(tree)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, underlyings: number): void {
    this.ensure(underlyings)
    from.part('size profiles', 1)
    from.into(this.#prints, underlyings * BUCKETS)
    from.into(this.#day, underlyings)
    from.into(this.#isChanged, underlyings)
    const isThere = new Uint8Array(underlyings * BUCKETS)
    from.into(isThere, isThere.length)
    isThere.forEach((is, at) => {
      if (is === 0) return
      const tree = new Uint32Array(PROFILE_BINS)
      from.into(tree, PROFILE_BINS)
      this.#trees[at] = tree
    })
  }

  #fade(underlying: number): void {
    const first = underlying * BUCKETS
    for (let at = first; at < first + BUCKETS; at++) {
      const tree = this.#trees[at]
      if (tree === undefined) continue
      forEachTree(tree, halve)
      this.#prints[at] = Math.floor(this.#prints[at]! / 2)
    }
  }
}

function bucketOf(volume: number): number {
  if (volume < 2000) return volume < 200 ? 0 : 1
  return volume < 20_000 ? 2 : 3
}

/** Does it to the sizes and to the premiums of a profile. */
function forEachTree(
  profile: Uint32Array,
  change: (tree: Uint32Array, base: number, length: number) => void,
): void {
  change(profile, 0, SIZE_BINS)
  change(profile, SIZE_BINS, PREMIUM_BINS)
}

/** Halves the running sums of a tree: the total is exactly halved, rounded down. */
function halve(tree: Uint32Array, base: number, length: number): void {
  fell(tree, base, length)
  let sum = 0
  let kept = 0
  for (let i = base; i < base + length; i++) {
    sum += tree[i]!
    const half = Math.floor(sum / 2)
    tree[i] = half - kept
    kept = half
  }
  plant(tree, base, length)
}
