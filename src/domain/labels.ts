/** Label codes as they cross threads (u8 columns), and the text that each has in the database. */

export const TradeType = { Sweep: 0, Block: 1, Split: 2, Large: 3, Regular: 4 } as const
export type TradeType = (typeof TradeType)[keyof typeof TradeType]
export const TRADE_TYPE_TEXT = ['SWEEP', 'BLOCK', 'SPLIT', 'LARGE', 'REGULAR'] as const

export const Sentiment = { Bullish: 0, Bearish: 1, Neutral: 2 } as const
export type Sentiment = (typeof Sentiment)[keyof typeof Sentiment]
export const SENTIMENT_TEXT = ['BULLISH', 'BEARISH', 'NEUTRAL'] as const

export const Aggressiveness = { Passive: 0, Normal: 1, Aggressive: 2 } as const
export type Aggressiveness = (typeof Aggressiveness)[keyof typeof Aggressiveness]
export const AGGRESSIVENESS_TEXT = ['PASSIVE', 'NORMAL', 'AGGRESSIVE'] as const

/** Who crossed the spread. Unknown: no usable quote, or the condition policy abstains. */
export const Side = { Buy: 0, Sell: 1, Mid: 2, Unknown: 3 } as const
export type Side = (typeof Side)[keyof typeof Side]
export const SIDE_TEXT = ['BUY', 'SELL', 'MID', 'UNKNOWN'] as const

/**
 * The rule of the published stack that gave the customer side (customer-side.ts); None: no rule
 * could tell.
 */
export const CustomerRule = {
  None: 0,
  TradeSizeEx: 1,
  QuoteBest: 2,
  QuoteEx: 3,
  DepthBest: 4,
  DepthEx: 5,
  TickAll: 6,
} as const
export type CustomerRule = (typeof CustomerRule)[keyof typeof CustomerRule]
export const CUSTOMER_RULE_TEXT = [
  null,
  'trade_size_ex',
  'quote_best',
  'quote_ex',
  'depth_best',
  'depth_ex',
  'tick_all',
] as const

/** Where the usable quote of a print came from. */
export const QuoteSource = { None: 0, Feed: 1, Rest: 2 } as const
export type QuoteSource = (typeof QuoteSource)[keyof typeof QuoteSource]
export const QUOTE_SOURCE_TEXT = [null, 'feed', 'rest'] as const

/** Where the price of the underlying came from. */
export const UnderlyingSource = { None: 0, Stocks: 1, Indices: 2, Parity: 3 } as const
export type UnderlyingSource = (typeof UnderlyingSource)[keyof typeof UnderlyingSource]
export const UNDERLYING_SOURCE_TEXT = [null, 'stocks', 'indices', 'parity'] as const

/** Whose prints the average size goes over. */
export const AverageScope = { None: 0, Contract: 1, Underlying: 2 } as const
export type AverageScope = (typeof AverageScope)[keyof typeof AverageScope]
export const AVERAGE_SCOPE_TEXT = [null, 'contract', 'underlying'] as const
