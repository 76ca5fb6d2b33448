import {
  expectancyOf,
  type Interval,
  profitFactorOf,
  totalsOf,
  wilsonInterval,
  winRateOf,
} from './figures.ts'

/** The original's keys first. A figure is null where it is not defined (docs/backtest.md). */
export type Figures = {
  readonly detector: string
  /** 0 to 1. */
  readonly winRate: number | null
  readonly profitFactor: number | null
  readonly totalTrades: number
  readonly winRateInterval: readonly [number, number] | null
  readonly profitFactorInterval: Interval | null
  /** Mean pnl. */
  readonly expectancy: number | null
  readonly expectancyInterval: Interval | null
  readonly wins: number
  readonly ties: number
  readonly grossProfit: number
  readonly grossLoss: number
}

/** The figures of the trades that are in, with the intervals that were made for them. */
export function figuresOf(
  detector: string,
  pnls: readonly number[],
  isIn: readonly boolean[],
  intervals: { readonly profitFactor: Interval | null; readonly expectancy: Interval | null },
): Figures {
  const totals = totalsOf(pnls.filter((_, at) => isIn[at]))
  return {
    detector,
    winRate: finite(winRateOf(totals)),
    profitFactor: finite(profitFactorOf(totals)),
    totalTrades: totals.trades,
    winRateInterval: wilsonInterval(totals.wins, totals.trades),
    profitFactorInterval: intervals.profitFactor,
    expectancy: finite(expectancyOf(totals)),
    expectancyInterval: intervals.expectancy,
    wins: totals.wins,
    ties: totals.ties,
    grossProfit: totals.gain,
    grossLoss: totals.loss,
  }
}

/** JSON has neither NaN nor Infinity. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
