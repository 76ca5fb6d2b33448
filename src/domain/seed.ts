import { Aggressiveness, Sentiment, TradeType } from './labels.ts'

/**
 * The `seed` rule set (rules.md, section 1): the original specification word for word. `sum` and
 * `count` are the average size A as a fraction, count 0 where there is none. Prices in ticks.
 */

/** size >= 500 or size >= 5A. */
export function isBlock(size: number, sum: number, count: number): boolean {
  return size >= 500 || (count > 0 && size * count >= 5 * sum)
}

export function tradeTypeOf(
  size: number,
  sum: number,
  count: number,
  isSeedSweep: boolean,
): TradeType {
  if (isSeedSweep) return TradeType.Sweep
  if (isBlock(size, sum, count)) return TradeType.Block
  return count > 0 && size * count >= 2 * sum ? TradeType.Large : TradeType.Regular
}

/** Only a print outside the quote has a sentiment. */
export function sentimentOf(isCall: boolean, isAboveAsk: boolean, isBelowBid: boolean): Sentiment {
  if (isAboveAsk) return isCall ? Sentiment.Bullish : Sentiment.Bearish
  if (isBelowBid) return isCall ? Sentiment.Bearish : Sentiment.Bullish
  return Sentiment.Neutral
}

/** NaN in bid and ask (no usable quote) gives NORMAL. */
export function aggressivenessOf(price: number, bid: number, ask: number): Aggressiveness {
  const spread = ask - bid
  if (10 * (price - ask) > spread || 10 * (bid - price) > spread) return Aggressiveness.Aggressive
  return price <= bid || price >= ask ? Aggressiveness.Passive : Aggressiveness.Normal
}
