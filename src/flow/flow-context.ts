/** Signal and flow point up or down. */
export type Direction = 'LONG' | 'SHORT'

/** How far back a context looks: an hour, four hours, a day. */
export type FlowWindow = 'short' | 'medium' | 'long'

export type FlowSentiment = 'BULLISH' | 'BEARISH' | 'NEUTRAL'

export type Recommendation = 'FOLLOW_FLOW' | 'CONFIRM_FLOW' | 'NEUTRAL' | 'FADE_FLOW' | 'WAIT'

/** An interval of the window in which prints may have been missed, as it was known. */
export type ContextGap = {
  /** Epoch ms. */
  readonly startedAt: number
  /** Epoch ms; null: it was still open. */
  readonly endedAt: number | null
  readonly reason: string
  readonly status: string
}

/** One of the numbers that a score is made of. */
export type ScorePart = {
  readonly name: string
  /** What was measured; null: not known, and worth 0 points. */
  readonly value: number | null
  /** Share of the score that it decides, 0 to 1. */
  readonly weight: number
  /** What it brings to the score, points. */
  readonly points: number
}

export type ContextScores = {
  readonly sentimentStrength: readonly ScorePart[]
  readonly aggressiveness: readonly ScorePart[]
  readonly institutionalScore: readonly ScorePart[]
  readonly confidence: readonly ScorePart[]
}

/**
 * What the flow of one underlying says as of one moment. Volumes are contracts, premiums dollars,
 * counts prints.
 */
export type FlowContext = {
  readonly symbol: string
  /** The moment, epoch ms. */
  readonly timestamp: number
  readonly window: '1h' | '4h' | '24h'
  readonly totalVolume: number
  readonly totalPremium: number
  readonly tradeCount: number
  readonly callVolume: number
  readonly putVolume: number
  readonly callPremium: number
  readonly putPremium: number
  /** Null without calls. */
  readonly putCallVolumeRatio: number | null
  readonly putCallPremiumRatio: number | null
  readonly buyVolume: number
  readonly sellVolume: number
  readonly buyPremium: number
  readonly sellPremium: number
  /** Prints by trade_type: each counts once. */
  readonly sweepCount: number
  readonly blockCount: number
  readonly splitCount: number
  readonly largeCount: number
  readonly avgTradeSize: number
  /** Prints of type LARGE or BLOCK, percent of all. */
  readonly largeTradePercentage: number
  /** Bullish less bearish premium, dollars; prints without a side are in neither. */
  readonly netPremium: number
  /** What it would be if all premium without a side had been bearish. */
  readonly netPremiumLow: number
  /** And if all of it had been bullish. */
  readonly netPremiumHigh: number
  /** Share of the premium that has no side (MID or UNKNOWN), 0 to 1. */
  readonly unsidedPremiumShare: number
  readonly sentiment: FlowSentiment
  /** 0 to 100. */
  readonly sentimentStrength: number
  readonly aggressiveness: 'PASSIVE' | 'NORMAL' | 'AGGRESSIVE'
  /** 0 to 100. */
  readonly institutionalScore: number
  readonly recommendation: Recommendation
  /** 0 to 100. */
  readonly confidence: number
  /** Of the newest print, ms. */
  readonly dataAge: number
  readonly isStale: boolean
  readonly gaps: readonly ContextGap[]
  readonly scores: ContextScores
}

/** What a boost looks at. */
export type BoostContext = Pick<FlowContext, 'sentiment' | 'institutionalScore'> &
  Partial<Pick<FlowContext, 'isStale' | 'recommendation'>>
