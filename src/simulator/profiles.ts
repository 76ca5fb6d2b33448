/**
 * What the prints of a root look like. Percentiles of SPXW, SPY, QQQ and NDXP: millions of real
 * prints (cobriensr/Options-Strike-Calculator, print-size-percentiles.csv); SPX, NDX and IWM borrow
 * those of their nearest relative. Venue weights and levels of the underlyings are plausible
 * rather than measured.
 */
export type Quantiles = {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export type RootProfile = {
  readonly root: string
  /** How many of all prints, relative to the other roots. */
  readonly weight: number
  readonly size: Quantiles
  /** Dollars. */
  readonly premium: Quantiles
  /** Vendor exchange ids. One venue: no sweeps. */
  readonly venues: readonly (readonly [id: number, weight: number])[]
  /** `daily`: an expiry each weekday, then Fridays; `monthly`: third Fridays. */
  readonly expiries: 'daily' | 'monthly'
  /** Penny: 0.01 throughout; nickel: 0.05 below 3 dollars, 0.10 from there. */
  readonly tick: 'penny' | 'nickel'
  /** Default 100; another number makes it an adjusted series. */
  readonly sharesPerContract?: number
  /** Strikes listed above and below the price. Default 40. */
  readonly strikesEachSide?: number
}

export type UnderlyingProfile = {
  readonly symbol: string
  readonly price: number
  /** Volatility of a year. */
  readonly volatility: number
  readonly strikeStep: number
  readonly roots: readonly RootProfile[]
}

const CBOE_ONLY = [[302, 1]] as const
const NASDAQ_INDEX = [
  [323, 60],
  [308, 25],
  [307, 15],
] as const
const MULTIPLY_LISTED = [
  [302, 14],
  [308, 11],
  [323, 11],
  [313, 10],
  [304, 8],
  [315, 7],
  [316, 7],
  [320, 6],
  [300, 6],
  [325, 5],
  [307, 4],
  [312, 4],
  [301, 3],
  [322, 3],
  [303, 2],
  [309, 1.5],
  [319, 1],
  [318, 0.5],
] as const

const SPXW = {
  size: { p50: 1, p90: 5, p99: 24, p999: 93, max: 5500 },
  premium: { p50: 520, p90: 2840, p99: 15_000, p999: 85_120, max: 20_057_310 },
}
const NDXP = {
  size: { p50: 1, p90: 4, p99: 17, p999: 60, max: 317 },
  premium: { p50: 1168.5, p90: 6900, p99: 42_937.66, p999: 205_336.34, max: 7_290_504 },
}
const SPY = {
  size: { p50: 2, p90: 20, p99: 105, p999: 499, max: 9823 },
  premium: { p50: 158, p90: 1715, p99: 10_000, p999: 39_096.043, max: 2_664_546 },
}
const QQQ = {
  size: { p50: 2, p90: 19, p99: 100, p999: 443.798, max: 11_861 },
  premium: { p50: 179, p90: 1598, p99: 10_248, p999: 45_390, max: 3_370_800 },
}

/** A series as a corporate action leaves it: few strikes, another number of shares. */
const ADJUSTED = { sharesPerContract: 10, strikesEachSide: 8, expiries: 'monthly' } as const

const index = { tick: 'nickel' } as const
const fund = { tick: 'penny', venues: MULTIPLY_LISTED, expiries: 'daily' } as const

const KNOWN: readonly UnderlyingProfile[] = [
  {
    symbol: 'SPX',
    price: 6500,
    volatility: 0.16,
    strikeStep: 5,
    roots: [
      { root: 'SPXW', weight: 81, ...SPXW, ...index, venues: CBOE_ONLY, expiries: 'daily' },
      { root: 'SPX', weight: 6, ...SPXW, ...index, venues: CBOE_ONLY, expiries: 'monthly' },
    ],
  },
  {
    symbol: 'NDX',
    price: 24_000,
    volatility: 0.2,
    strikeStep: 25,
    roots: [
      { root: 'NDXP', weight: 2.9, ...NDXP, ...index, venues: NASDAQ_INDEX, expiries: 'daily' },
      { root: 'NDX', weight: 0.4, ...NDXP, ...index, venues: NASDAQ_INDEX, expiries: 'monthly' },
    ],
  },
  {
    symbol: 'SPY',
    price: 650,
    volatility: 0.16,
    strikeStep: 1,
    roots: [
      { root: 'SPY', weight: 65, ...SPY, ...fund },
      { root: 'SPY1', weight: 0.4, ...SPY, ...fund, ...ADJUSTED },
    ],
  },
  {
    symbol: 'QQQ',
    price: 585,
    volatility: 0.2,
    strikeStep: 1,
    roots: [{ root: 'QQQ', weight: 39, ...QQQ, ...fund }],
  },
  {
    symbol: 'IWM',
    price: 235,
    volatility: 0.22,
    strikeStep: 0.5,
    roots: [{ root: 'IWM', weight: 12, ...QQQ, ...fund }],
  },
]

export const DEFAULT_SYMBOLS: readonly string[] = KNOWN.map((known) => known.symbol)

/** The profile of an underlying; one that is not known looks like a liquid stock. */
export function underlyingProfile(symbol: string): UnderlyingProfile {
  const known = KNOWN.find((profile) => profile.symbol === symbol)
  if (known !== undefined) return known
  let mix = 0
  for (const letter of symbol) mix = (mix * 31 + letter.charCodeAt(0)) % 977
  const price = 40 + (mix % 400)
  return {
    symbol,
    price,
    volatility: 0.35,
    strikeStep: price < 100 ? 1 : price < 250 ? 2.5 : 5,
    roots: [{ root: symbol, weight: 8, ...QQQ, ...fund }],
  }
}

const Z = { p50: 0, p90: 1.2816, p99: 2.3263, p999: 3.0902, max: 5 } as const
const STEPS = ['p50', 'p90', 'p99', 'p999', 'max'] as const

/**
 * The value at `z` standard deviations: log-linear between the known percentiles, below the median
 * as steep as just above it.
 */
export function quantileAt(quantiles: Quantiles, z: number): number {
  if (z <= 0) {
    const slope = Math.log(quantiles.p90 / quantiles.p50) / Z.p90
    return quantiles.p50 * Math.exp(slope * z)
  }
  let step = 1
  while (step < STEPS.length - 1 && z > Z[STEPS[step]!]) step++
  const low = STEPS[step - 1]!
  const high = STEPS[step]!
  const share = Math.min(1, (z - Z[low]) / (Z[high] - Z[low]))
  return quantiles[low] * (quantiles[high] / quantiles[low]) ** share
}
