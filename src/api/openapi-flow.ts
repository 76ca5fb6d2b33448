import type { ContextGap, ContextScores, FlowContext, ScorePart } from '../flow/flow-context.ts'
import {
  between,
  type Described,
  dollars,
  flag,
  list,
  number,
  object,
  oneOf,
  orNull,
  ref,
  text,
  time,
  whole,
} from './openapi-schema.ts'

const PART: Described<ScorePart> = {
  name: text('what was measured'),
  value: orNull(number('its value; null: not known, and left out of the score')),
  weight: between(0, 1, 'share of the score that it decides'),
  points: number('what it brings to the score'),
}

const SCORES: Described<ContextScores> = {
  sentimentStrength: list(ref('ScorePart')),
  aggressiveness: list(ref('ScorePart')),
  institutionalScore: list(ref('ScorePart')),
  confidence: list(ref('ScorePart')),
}

const GAP: Described<ContextGap> = {
  startedAt: time('since when prints may have been missed'),
  endedAt: orNull(time('until when; null: it was open')),
  reason: text('why'),
  status: text('what a fill has made of it'),
}

const CONTEXT: Described<FlowContext> = {
  symbol: text('underlying'),
  timestamp: time('the moment that the context is of'),
  window: oneOf(['1h', '4h', '24h'], 'how far back it looks'),
  totalVolume: whole('contracts'),
  totalPremium: dollars('premium'),
  tradeCount: whole('prints'),
  callVolume: whole('contracts'),
  putVolume: whole('contracts'),
  callPremium: dollars('premium of calls'),
  putPremium: dollars('premium of puts'),
  putCallVolumeRatio: orNull(number('null without calls')),
  putCallPremiumRatio: orNull(number('null without calls')),
  buyVolume: whole('contracts bought'),
  sellVolume: whole('contracts sold'),
  buyPremium: dollars('premium bought'),
  sellPremium: dollars('premium sold'),
  sweepCount: whole('prints of type SWEEP'),
  blockCount: whole('prints of type BLOCK'),
  splitCount: whole('prints of type SPLIT'),
  largeCount: whole('prints of type LARGE'),
  avgTradeSize: number('contracts a print'),
  largeTradePercentage: between(0, 100, 'prints of type LARGE or BLOCK, percent'),
  netPremium: dollars('bullish less bearish premium'),
  netPremiumLow: dollars('the same if all premium without a side were bearish'),
  netPremiumHigh: dollars('the same if it were bullish'),
  unsidedPremiumShare: between(0, 1, 'share of the premium without a side'),
  sentiment: oneOf(['BULLISH', 'BEARISH', 'NEUTRAL'], 'which way it leans'),
  sentimentStrength: between(0, 100, 'how far'),
  aggressiveness: oneOf(['PASSIVE', 'NORMAL', 'AGGRESSIVE'], 'where it trades in the quote'),
  institutionalScore: between(0, 100, 'how much it looks like institutions'),
  recommendation: oneOf(
    ['FOLLOW_FLOW', 'CONFIRM_FLOW', 'NEUTRAL', 'FADE_FLOW', 'WAIT'],
    'what follows from it',
  ),
  confidence: between(0, 100, 'how far the data carries'),
  dataAge: number('age of the newest print, ms'),
  isStale: flag('older than FLOW_STALE_MS'),
  gaps: list(ref('ContextGap'), 'in which prints of the window may have been missed'),
  scores: ref('ContextScores'),
}

export const FLOW_SCHEMAS = {
  ScorePart: object<ScorePart>(PART, 'one of the numbers that a score is made of'),
  ContextScores: object<ContextScores>(SCORES),
  ContextGap: object<ContextGap>(GAP),
  FlowContext: object<FlowContext>(CONTEXT, 'what the flow of an underlying says'),
} as const
