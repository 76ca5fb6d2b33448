import { evidenceOf } from '../../src/api/evidence.ts'
import type { Evidence, StoredPrint, WindowEvidence } from '../../src/domain/evidence.ts'
import { BOUGHT } from './stored-print.ts'

export type Change = Partial<StoredPrint>

/** Evidence of BOUGHT with changes. */
export function evidence(change: Change, window: WindowEvidence | null = null): Evidence {
  return evidenceOf({ ...BOUGHT, ...change }, window)
}

/** Every label that is explained, with whether it follows. */
export const REASONS = [
  ...['side', 'sentiment', 'aggressiveness', 'customerSide', 'tradeType', 'isSweep', 'isBlock'],
  'unusualVolume',
] as const

/** Labels that do not follow from what the row holds. */
export function unfollowed(found: Evidence): string[] {
  return REASONS.filter((name) => {
    const { follows } = found[name as 'side']
    return follows === false
  })
}

/** Labels of a print that its condition gives no side. */
export const cross = {
  side: 'UNKNOWN',
  sentiment: 'NEUTRAL',
  customer_side: 'UNKNOWN',
  customer_rule: null,
  customer_confidence: null,
} as const
