import { Aggressiveness, Sentiment, Side, TradeType } from './labels.ts'

/**
 * The `opra` rule set (rules.md, section 2), a print at a time. `sum` and `count` are the average
 * size A as a fraction: A = sum / count, count 0 where there is no average. Sizes are contracts.
 */

/** size >= 500, or size >= 5A and >= 100. */
export function isBlock(size: number, sum: number, count: number): boolean {
  return size >= 500 || (count > 0 && size >= 100 && size * count >= 5 * sum)
}

/** size >= 2A and >= 50. */
function isLarge(size: number, sum: number, count: number): boolean {
  return count > 0 && size >= 50 && size * count >= 2 * sum
}

/** The type of a print that is no leg of a sweep or split. */
export function singleType(size: number, sum: number, count: number, isIso: boolean): TradeType {
  if (isIso) return TradeType.Sweep
  if (isBlock(size, sum, count)) return TradeType.Block
  return isLarge(size, sum, count) ? TradeType.Large : TradeType.Regular
}

/** The type of a leg, given the type that it would have as a single print. */
export function legType(single: TradeType, isSweep: boolean): TradeType {
  if (isSweep || single === TradeType.Sweep) return TradeType.Sweep
  return single === TradeType.Block ? TradeType.Block : TradeType.Split
}

/** Call bought or put sold: bullish; call sold or put bought: bearish; no side: neutral. */
export function sentimentOf(isCall: boolean, side: Side): Sentiment {
  if (side === Side.Buy) return isCall ? Sentiment.Bullish : Sentiment.Bearish
  if (side === Side.Sell) return isCall ? Sentiment.Bearish : Sentiment.Bullish
  return Sentiment.Neutral
}

/** `bid`, `ask`: the usable quote; not looked at when the side is unknown. */
export function aggressivenessOf(
  side: Side,
  type: TradeType,
  price: number,
  bid: number,
  ask: number,
): Aggressiveness {
  if (side === Side.Unknown) return Aggressiveness.Normal
  if (price > ask || price < bid) return Aggressiveness.Aggressive
  if (price < ask && price > bid) return Aggressiveness.Passive
  return type === TradeType.Sweep ? Aggressiveness.Aggressive : Aggressiveness.Normal
}
