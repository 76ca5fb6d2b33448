/**
 * The published rules that sign a print (Lee and Ready 1991; Ellis, Michaely and O'Hara 2000;
 * Chakrabarty, Li, Nguyen and Van Ness 2007; Grauer, Schuster and Uhrig-Homburg 2023), as
 * KarelZe/tclf has them, but on integers: no tolerance is needed, because prices are ticks of
 * 1/10,000 dollar and sizes are contracts.
 *
 * 1: buy. -1: sell. 0: the rule abstains. What is missing is NaN, and every comparison with NaN is
 * false, so a rule that misses an input abstains by itself. As 0 abstains, a stack of rules, of
 * which the first that does not abstain wins, is written `a || b || c`.
 *
 * The engine's labels come from the tick test, the quote rule, the trade size rule and the depth
 * rule (customer-side.ts). Lee-Ready, EMO and CLNV are the mixtures of the first two that those are
 * measured against; the published rows check them all.
 */
export type TradeSign = 1 | 0 | -1

/**
 * Tick test: above the last trade price that differs from this one, buy; below it, sell. The
 * reverse tick test is the same with the next price that differs: it looks ahead, so it is of no
 * use on a live tape.
 */
export function tickRule(price: number, differing: number): TradeSign {
  return price > differing ? 1 : price < differing ? -1 : 0
}

/** Quote rule: above the midpoint buy, below it sell. A crossed quote has no midpoint. */
export function quoteRule(price: number, bid: number, ask: number): TradeSign {
  if (!(bid <= ask)) return 0
  return tickRule(2 * price, bid + ask) // doubled: a midpoint may lie half a tick off
}

/** Lee-Ready: the quote rule, at the midpoint the tick test. Reverse with the next price. */
export function leeReadyRule(
  price: number,
  bid: number,
  ask: number,
  differing: number,
): TradeSign {
  return quoteRule(price, bid, ask) || tickRule(price, differing)
}

/** EMO: the quote rule at the bid or at the ask (not where both are equal), else the tick test. */
export function emoRule(price: number, bid: number, ask: number, differing: number): TradeSign {
  const isAtOne = (price === bid) !== (price === ask)
  return isAtOne ? quoteRule(price, bid, ask) : tickRule(price, differing)
}

/**
 * CLNV: the quote rule in the three tenths of the spread next to the bid and next to the ask, band
 * ends included as in tclf's code; the tick test between and outside.
 */
export function clnvRule(price: number, bid: number, ask: number, differing: number): TradeSign {
  const isInLower = bid <= price && 10 * price <= 7 * bid + 3 * ask
  const isInUpper = price <= ask && 10 * price >= 3 * bid + 7 * ask
  return isInLower !== isInUpper ? quoteRule(price, bid, ask) : tickRule(price, differing)
}

/**
 * Trade size rule (Grauer et al.): a print of exactly the size that one side of the venue's quote
 * shows has most likely filled a customer's resting limit order there: of the bid size alone, the
 * customer bought; of the ask size alone, sold.
 */
export function tradeSizeRule(size: number, bidSize: number, askSize: number): TradeSign {
  const isBidSize = size === bidSize
  if (isBidSize === (size === askSize)) return 0
  return isBidSize ? 1 : -1
}

/** Depth rule (Grauer et al.): at the midpoint only, the side that shows less was taken from. */
export function depthRule(
  price: number,
  bid: number,
  ask: number,
  bidSize: number,
  askSize: number,
): TradeSign {
  return bid <= ask && 2 * price === bid + ask ? tickRule(askSize, bidSize) : 0
}
