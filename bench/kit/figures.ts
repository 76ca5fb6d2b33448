/** The median of the runs, and the smallest and largest of them. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number }

/** One line of the table. All figures of a line were measured in the same interleaved rounds. */
export type Figure = {
  readonly name: string
  readonly unit: string
  readonly engine: Spread
  /** What a competent engineer writes in an afternoon; null where there is none to compare with. */
  readonly naive: Spread | null
  /** What the layer below gives when nothing is done with it; null where there is none. */
  readonly limit: Spread | null
  /** `higher` for rates, `lower` for times and bytes. */
  readonly better: 'higher' | 'lower'
}

/** What one benchmark hands to the runner. */
export type Report = {
  readonly title: string
  readonly figures: readonly Figure[]
  /** Where the time goes, what was checked: lines below the table. */
  readonly notes: readonly string[]
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('a spread needs at least one run')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median =
    sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/** The value below which a share of them lies, 0 to 1 (nearest rank). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!
}

/** How many times better than `other`, whichever way better is. */
export function timesBetter({ engine, better }: Figure, other: Spread): number {
  return better === 'higher' ? engine.median / other.median : other.median / engine.median
}

export function text(value: number): string {
  if (value === 0) return '0'
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  if (value >= 10_000) return `${(value / 1e3).toFixed(0)} k`
  if (value >= 1000) return `${(value / 1e3).toFixed(1)} k`
  return value.toPrecision(3)
}

export function spreadText({ median, min, max }: Spread): string {
  return `${text(median)} (${text(min)}..${text(max)})`
}
