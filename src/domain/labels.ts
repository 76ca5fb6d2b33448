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
