import type { LivePrint } from '../domain/live-flow.ts'
import type { AlertRules, SinkKind } from './rules.ts'

export type AlerterData = {
  /** Holds the password: never logged. */
  readonly databaseUrl: string
  /** Hold secrets: never logged. */
  readonly rules: AlertRules
  /** Days, FLOW_RETENTION_DAYS: older rows of the ledger are removed; 0: none. */
  readonly retentionDays: number
}

export type ToAlerter =
  | { readonly kind: 'prints'; readonly prints: readonly LivePrint[] }
  | { readonly kind: 'stop' }

/**
 * What becomes of alerts: told for the first time, told of a newer version, tried again, not taken
 * for good, silent by a rule, too many or too old.
 */
export const ALERT_RESULTS = [
  'sent',
  'corrected',
  'retried',
  'given_up',
  'suppressed',
  'dropped',
] as const
export type AlertResult = (typeof ALERT_RESULTS)[number]

export type FromAlerter =
  | { readonly kind: 'result'; readonly sinkKind: SinkKind; readonly result: AlertResult }
  /** So many prints were taken from the queue. */
  | { readonly kind: 'taken'; readonly prints: number }
  /** Events or prints that came faster than the database could be asked about them. */
  | { readonly kind: 'lost'; readonly subjects: number }
  | { readonly kind: 'log'; readonly isWarning: boolean; readonly line: string }
