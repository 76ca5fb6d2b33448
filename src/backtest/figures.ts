/** Of the standard normal distribution: 95 % lie within so many deviations of its mean. */
const Z_95 = 1.959963984540054

/** Lower and upper end; an upper end of null has no bound. */
export type Interval = readonly [low: number, high: number | null]

/** What trades came to. A trade with pnl above 0 is won; one with 0 is a tie, and not won. */
export type Totals = {
  readonly trades: number
  readonly wins: number
  readonly ties: number
  /** Sum of the pnl of the won trades. */
  readonly gain: number
  /** Sum of what the others lost, 0 or more. */
  readonly loss: number
}

export function totalsOf(pnls: readonly number[]): Totals {
  let wins = 0
  let ties = 0
  let gain = 0
  let loss = 0
  for (const pnl of pnls) {
    if (pnl > 0) {
      wins++
      gain += pnl
    } else if (pnl < 0) loss -= pnl
    else ties++
  }
  return { trades: pnls.length, wins, ties, gain, loss }
}

/** Share of trades that were won, ties among those that were not. NaN without trades. */
export function winRateOf({ wins, trades }: Pick<Totals, 'wins' | 'trades'>): number {
  return wins / trades
}

/** Gains over losses: Infinity where nothing was lost, NaN where nothing was won either. */
export function profitFactorOf({ gain, loss }: Pick<Totals, 'gain' | 'loss'>): number {
  return gain / loss
}

/** Mean pnl of a trade. NaN without trades. */
export function expectancyOf({ gain, loss, trades }: Omit<Totals, 'wins' | 'ties'>): number {
  return (gain - loss) / trades
}

/**
 * 95 % interval of a share, by Wilson's score (E. B. Wilson, Probable inference, the law of
 * succession, and statistical inference, JASA 22 (1927) 209). It takes the trades as independent:
 * too narrow for trades that hang together. Null without trades.
 */
export function wilsonInterval(wins: number, trades: number): readonly [number, number] | null {
  if (trades === 0) return null
  const share = wins / trades
  const square = Z_95 ** 2
  const centre = (share + square / (2 * trades)) / (1 + square / trades)
  const half =
    (Z_95 * Math.sqrt((share * (1 - share)) / trades + square / (4 * trades ** 2))) /
    (1 + square / trades)
  return [Math.max(0, centre - half), Math.min(1, centre + half)]
}
