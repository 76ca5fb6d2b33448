import type { Interval } from './figures.ts'

/** What stands for a figure that is not defined. */
export const NONE = '-'

/** 1248 as `1,248`. */
export function whole(value: number): string {
  return value.toLocaleString('en-US')
}

/** Three digits that count, and all that stand before the point: 0.123, 12.3, 1,235. */
export function figure(value: number | null): string {
  if (value === null) return NONE
  const isLarge = Math.abs(value) >= 100
  return value.toLocaleString(
    'en-US',
    isLarge ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  )
}

/** The same with its sign. */
export function signed(value: number | null): string {
  return value === null ? NONE : `${value < 0 ? '' : '+'}${figure(value)}`
}

/** A share as percent: 0.5833 is 58.3 %. */
export function percent(share: number | null): string {
  return share === null ? NONE : `${(share * 100).toFixed(1)} %`
}

/** A difference of shares: 0.06 is +6.0 points. */
export function percentPoints(share: number | null): string {
  if (share === null) return NONE
  return `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} points`
}

/** `low to high`, with `unit` telling how one end is written. */
export function range(interval: Interval | null, unit: (value: number) => string = figure): string {
  if (interval === null) return NONE
  const [low, high] = interval
  return `${unit(low)} to ${high === null ? 'inf' : unit(high)}`
}

/** Gains over losses: inf where nothing was lost. */
export function profitFactorText({
  profitFactor,
  grossProfit,
}: {
  readonly profitFactor: number | null
  readonly grossProfit: number
}): string {
  return profitFactor === null && grossProfit > 0 ? 'inf' : figure(profitFactor)
}

/** p with the digits that it has. */
export function pText(p: number): string {
  return p < 0.001 ? p.toFixed(4) : p < 0.1 ? p.toFixed(3) : p.toFixed(2)
}
