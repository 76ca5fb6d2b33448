/** A straight line through values over time. */
export type Slope = {
  /** Units of y for each unit of x. */
  readonly slope: number
  /** The 95 % confidence interval of the slope. */
  readonly low: number
  readonly high: number
  readonly points: number
}

/**
 * Quantiles of Student's t at 97.5 % by degrees of freedom, from 1; beyond the table the
 * expansion z + (z^3 + z) / (4 df) is right to 0.001.
 */
const T_975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
const Z_975 = 1.959964

function t975(freedom: number): number {
  return T_975[freedom - 1] ?? Z_975 + (Z_975 ** 3 + Z_975) / (4 * freedom)
}

/** Least squares with the interval of independent errors. Needs three points at two x or more. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length
  if (n < 3) throw new Error(`a slope with an interval needs 3 points, got ${n}`)
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  let [xx, xy, yy] = [0, 0, 0]
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2
    xy += (x - meanX) * (y - meanY)
    yy += (y - meanY) ** 2
  }
  const slope = xy / xx
  const error = Math.sqrt(Math.max(0, yy - slope * xy) / (n - 2) / xx)
  const half = t975(n - 2) * error
  return { slope, low: slope - half, high: slope + half, points: n }
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** How many observations were at most so large, by the upper bound of the bucket, in order. */
export type Buckets = readonly (readonly [le: number, count: number])[]

/** What was observed between two looks at a histogram. */
export function difference(after: Buckets, before: Buckets): Buckets {
  return after.map(([le, count], i) => [le, count - (before[i]?.[1] ?? 0)])
}

/**
 * The value below which a share of the observations lies, as Prometheus reckons it: evenly spread
 * within a bucket, and the last finite bound for what lies above it. NaN without observations.
 */
export function quantileOf(buckets: Buckets, share: number): number {
  const rank = share * (buckets.at(-1)?.[1] ?? 0)
  if (!(rank > 0)) return Number.NaN
  const at = buckets.findIndex(([, count]) => count >= rank)
  const [le, count] = buckets[at]!
  const [from, below] = at === 0 ? [0, 0] : buckets[at - 1]!
  if (le === Number.POSITIVE_INFINITY) return from
  return from + ((le - from) * (rank - below)) / (count - below)
}
