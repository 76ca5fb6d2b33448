import { applyFlowBoost, type BoostSettings } from '../flow/boost.ts'
import type { SignalInFlow } from './signal.ts'

/**
 * Which trades are taken. `opposed`: all but those that the flow opposes; `aligned`: only those that
 * it supports; `score`: those whose score is at least minScore, before it is boosted and after.
 */
export type Filter =
  | { readonly kind: 'opposed' }
  | { readonly kind: 'aligned' }
  | { readonly kind: 'score'; readonly minScore: number }

/** A score that no boost of up to 100 % takes to nought or all the way to 100 by clamping alone. */
const MIDDLE = 50

/** What the flow says to a signal: 1 supports, -1 opposes, 0 leaves it as it is. */
export function stanceOf({ signal, context }: SignalInFlow, boost: BoostSettings): -1 | 0 | 1 {
  const boosted = applyFlowBoost(MIDDLE, context, signal.direction, boost)
  return boosted > MIDDLE ? 1 : boosted < MIDDLE ? -1 : 0
}

/** Whether the trade is taken without looking at the flow. */
export function isTakenBefore({ signal }: SignalInFlow, filter: Filter): boolean {
  return filter.kind === 'score' ? signal.score >= filter.minScore : true
}

/** Whether the trade is taken when the flow has its say. */
export function isTakenAfter(item: SignalInFlow, filter: Filter, boost: BoostSettings): boolean {
  if (filter.kind === 'opposed') return stanceOf(item, boost) >= 0
  if (filter.kind === 'aligned') return stanceOf(item, boost) > 0
  const { signal, context } = item
  return applyFlowBoost(signal.score, context, signal.direction, boost) >= filter.minScore
}

/** How much of the signals the flow could say anything about. */
export type Coverage = {
  readonly signals: number
  /** No flow is stored for their time, or they are later than now: unchanged. */
  readonly withoutContext: number
  /** The newest print was too old: unchanged. */
  readonly stale: number
  /** Prints of the window may be missing; the boost does not look at that. */
  readonly withGaps: number
  readonly supported: number
  readonly opposed: number
  /** The flow was there and said nothing: neutral, or of a low score. */
  readonly neutral: number
}

export function coverageOf(items: readonly SignalInFlow[], boost: BoostSettings): Coverage {
  const count = (is: (item: SignalInFlow) => boolean): number => items.filter(is).length
  const withoutContext = count(({ context }) => context === null)
  const stale = count(({ context }) => context?.isStale === true)
  const supported = count((item) => stanceOf(item, boost) === 1)
  const opposed = count((item) => stanceOf(item, boost) === -1)
  return {
    signals: items.length,
    withoutContext,
    stale,
    withGaps: count(({ context }) => context?.hasGaps === true),
    supported,
    opposed,
    neutral: items.length - withoutContext - stale - supported - opposed,
  }
}
