/** What a sum is told to as it grows: a metric, most often. */
export type Teller = (increase: number) => void

/** Sums of one part as they were at some moment. */
export type Sums = ReadonlyMap<Teller, number>

/**
 * Sums by part (the reader, each shard), told by difference: `add` tells what a total has grown by.
 * Put back to an earlier moment, because the same input is about to be counted again, a sum stays
 * silent until it has come to where it was: so no counter goes back and nothing is told twice.
 */
export class Tally {
  #parts: Map<Teller, number>[] = []
  #totals = new Map<Teller, number>()
  readonly #told = new Map<Teller, number>()

  add(part: number, teller: Teller, increase: number): void {
    if (increase === 0) return
    while (this.#parts.length <= part) this.#parts.push(new Map())
    grow(this.#parts[part]!, teller, increase)
    const total = grow(this.#totals, teller, increase)
    const told = this.#told.get(teller) ?? 0
    if (total <= told) return
    this.#told.set(teller, total)
    teller(total - told)
  }

  /** The sums of a part as they are now. */
  sumsOf(part: number): Sums {
    return new Map(this.#parts[part] ?? [])
  }

  /** Goes on from these sums, one map a part. */
  putBack(parts: readonly Sums[]): void {
    this.#parts = parts.map((sums) => new Map(sums))
    this.#totals = new Map()
    for (const sums of parts) for (const [teller, sum] of sums) grow(this.#totals, teller, sum)
  }
}

function grow(sums: Map<Teller, number>, teller: Teller, increase: number): number {
  const sum = (sums.get(teller) ?? 0) + increase
  sums.set(teller, sum)
  return sum
}
