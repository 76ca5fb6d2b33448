import type { FlowContext, Recommendation } from './flow-context.ts'

/** Below this confidence no judgement is given. */
const CONFIDENCE_MIN = 30
/** To follow flow takes this much of each. */
const FOLLOW_CONFIDENCE = 60
const FOLLOW_STRENGTH = 25
const FOLLOW_ABOVE = 70
/** To confirm a signal takes an institutional score above it. */
const CONFIRM_ABOVE = 50
/** A lean this strong with so little of large money behind it is that of a crowd. */
const FADE_STRENGTH = 50
const FADE_BELOW = 30

/**
 * What to do with the flow, the first that holds: WAIT while it is stale or too little is known;
 * NEUTRAL where it does not lean; FOLLOW_FLOW where large money leans clearly; CONFIRM_FLOW where
 * it is large enough to support a signal; FADE_FLOW where small orders lean strongly one way; else
 * NEUTRAL.
 */
export function recommendationOf(
  context: Pick<
    FlowContext,
    'isStale' | 'confidence' | 'sentiment' | 'sentimentStrength' | 'institutionalScore'
  >,
): Recommendation {
  const { isStale, confidence, sentiment, sentimentStrength, institutionalScore } = context
  if (isStale || confidence < CONFIDENCE_MIN) return 'WAIT'
  if (sentiment === 'NEUTRAL') return 'NEUTRAL'
  const isClear = confidence >= FOLLOW_CONFIDENCE && sentimentStrength >= FOLLOW_STRENGTH
  if (institutionalScore > FOLLOW_ABOVE && isClear) return 'FOLLOW_FLOW'
  if (institutionalScore > CONFIRM_ABOVE) return 'CONFIRM_FLOW'
  const isCrowd = sentimentStrength >= FADE_STRENGTH && institutionalScore < FADE_BELOW
  return isCrowd ? 'FADE_FLOW' : 'NEUTRAL'
}
