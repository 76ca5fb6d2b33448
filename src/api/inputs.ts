import { type ConditionPolicy, conditionOf, policyOf } from '../domain/conditions.ts'
import type { StoredPrint, WindowEvidence } from '../domain/evidence.ts'
import { isUsable } from '../domain/quote-rule.ts'
import { ticksOf } from '../domain/ticks.ts'

/** What the rules work on, from a stored row: prices in ticks, NaN for null. */
export type Inputs = {
  readonly row: StoredPrint
  readonly isCall: boolean
  readonly price: number
  readonly bid: number
  readonly ask: number
  readonly hasQuote: boolean
  /** The average size is sum / count; count 0: none. */
  readonly sum: number
  readonly count: number
  readonly policy: ConditionPolicy
  /** The print is a leg of a sweep or split, and of a sweep. */
  readonly isLeg: boolean
  readonly isSweepLeg: boolean
  readonly window: WindowEvidence | null
}

/** Sums of sizes up to 2^23 come back exactly from a mean of 7 digits and its count. */
export function inputsOf(row: StoredPrint, window: WindowEvidence | null): Inputs {
  const policy = policyOf(row.conditions.map(conditionOf))
  const bid = row.bid === null ? Number.NaN : ticksOf(row.bid)
  const ask = row.ask === null ? Number.NaN : ticksOf(row.ask)
  const count = row.average_size === null ? 0 : (row.average_prints ?? 0)
  const isLeg = row.event_legs !== null
  // an ISO print is a sweep by itself: then only the venues of the legs tell a sweep from a split
  const venues = venuesAtClose(window)?.length ?? window?.exchanges.length ?? 0
  return {
    row,
    isCall: row.option_type === 'call',
    price: ticksOf(row.price),
    bid,
    ask,
    hasQuote: isUsable(bid, ask),
    sum: Math.round((row.average_size ?? 0) * count),
    count,
    policy,
    isLeg,
    isSweepLeg: isLeg && row.is_sweep && (!policy.isIso || venues >= 2),
    window,
  }
}

/**
 * Venues of the legs when the window closed: of all the legs if none is gone, else those of the
 * event's first version. Null where only the legs that are left are known.
 */
export function venuesAtClose(window: WindowEvidence | null): readonly string[] | null {
  if (window === null) return null
  if (window.legs.length === window.legsAtClose) return window.exchanges
  return (window.earlier[0] ?? window.event)?.exchanges ?? null
}
