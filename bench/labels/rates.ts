/** How many of `total` are `hits`: prints, events, or dollars of premium. */
export type Rate = { readonly hits: number; readonly total: number }

/** The same question asked of prints, each counting once, and of their premium in dollars. */
export type Weighed = { readonly prints: Rate; readonly premium: Rate }

/** 97.5 % of a normal distribution lie below it: two sides of 2.5 % leave 95 %. */
const Z = 1.959963984540054

/**
 * The Wilson score interval, 95 %, of a share: 0 to 1, where the true share lies if the cases are
 * independent. It holds for small counts and for shares of 0 and 1. Null: there are no cases.
 * Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
 */
export function wilson({ hits, total }: Rate): { low: number; high: number } | null {
  if (total === 0) return null
  const share = hits / total
  const square = Z * Z
  const middle = share + square / (2 * total)
  const half = Z * Math.sqrt((share * (1 - share)) / total + square / (4 * total * total))
  const scale = 1 + square / total
  return {
    low: Math.max(0, (middle - half) / scale),
    high: Math.min(1, (middle + half) / scale),
  }
}

/** Counts those of `items` that are asked about (`isAsked`) and, of these, those that hold. */
export function rateOf<T>(
  items: readonly T[],
  isAsked: (item: T) => boolean,
  isHit: (item: T) => boolean,
): Rate {
  const asked = items.filter(isAsked)
  return { hits: asked.filter(isHit).length, total: asked.length }
}

/** The same by prints and by premium. */
export function weighedOf<T extends { readonly premium: number }>(
  items: readonly T[],
  isAsked: (item: T) => boolean,
  isHit: (item: T) => boolean,
): Weighed {
  const asked = items.filter(isAsked)
  const hits = asked.filter(isHit)
  return {
    prints: { hits: hits.length, total: asked.length },
    premium: { hits: premiumOf(hits), total: premiumOf(asked) },
  }
}

/** Dollars. */
function premiumOf(items: readonly { readonly premium: number }[]): number {
  return items.reduce((sum, { premium }) => sum + premium, 0)
}
