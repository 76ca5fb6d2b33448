import { Side } from './labels.ts'

/**
 * Who crossed the spread (rules.md, side): at the ask or above BUY, at the bid or below SELL, else
 * by the midpoint. Prices in ticks; the quote must be usable (0 <= bid < ask).
 */
export function sideOf(price: number, bid: number, ask: number): Side {
  if (price >= ask) return Side.Buy
  if (price <= bid) return Side.Sell
  const twice = 2 * price // the midpoint may lie half a tick off: compare doubled, in integers
  const sum = bid + ask
  return twice > sum ? Side.Buy : twice < sum ? Side.Sell : Side.Mid
}

/** Bid 0 is a real bid. False for NaN, locked and crossed quotes. */
export function isUsable(bid: number, ask: number): boolean {
  return bid >= 0 && bid < ask
}
