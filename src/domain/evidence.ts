/**
 * A stored print and what each of its labels rests on, as the API answers it and the terminal tells
 * it. Times are epoch ms, prices dollars, sizes contracts.
 */

/** A row of options_flow_history, numbers as numbers. */
export type StoredPrint = {
  readonly symbol: string
  readonly contract_ticker: string
  readonly timestamp: number
  readonly sequence: number | null
  readonly arrival: number
  readonly price: number
  readonly size: number
  readonly premium: number
  readonly trade_type: string
  readonly sentiment: string
  readonly aggressiveness: string
  readonly side: string
  readonly customer_side: string
  readonly customer_rule: string | null
  readonly customer_confidence: number | null
  readonly strike: number
  /** `2025-12-19`. */
  readonly expiration: string
  readonly option_type: 'call' | 'put'
  readonly dte: number
  readonly underlying_price: number | null
  readonly underlying_source: string | null
  readonly is_sweep: boolean
  readonly is_block: boolean
  readonly is_above_ask: boolean
  readonly is_below_bid: boolean
  readonly is_unusual_volume: boolean
  readonly is_multi_leg: boolean
  readonly is_late: boolean
  readonly exchange: string | null
  readonly conditions: readonly string[]
  readonly bid: number | null
  readonly ask: number | null
  readonly bid_size: number | null
  readonly ask_size: number | null
  readonly quote_age_ms: number | null
  readonly quote_source: string | null
  readonly event_id: string | null
  readonly event_legs: number | null
  readonly event_span_ms: number | null
  readonly received_at: number | null
  readonly multiplier: number
  readonly open_interest: number | null
  /** Null in a row of an engine that did not keep evidence yet, as `rules` is. */
  readonly day_volume: number | null
  readonly average_size: number | null
  readonly average_prints: number | null
  readonly average_scope: string | null
  readonly size_percentile: number | null
  readonly premium_percentile: number | null
  readonly percentile_sample: number | null
  readonly rules: 'opra' | 'seed' | null
  /** Late quotes and fills of gaps that the row was revised by. */
  readonly revision: number
  /** When the last of them was heard or done, epoch ms. */
  readonly revised_at: number | null
}

/** A label, the rule that gave it, and that rule in words. */
export type Reason = {
  readonly label: string | boolean
  readonly rule: string
  readonly because: string
  /**
   * Whether the rule, applied once more to what the row holds, gives the stored label. Null: the
   * row is of an engine that did not keep the evidence.
   */
  readonly follows: boolean | null
}

export type QuoteEvidence =
  | {
      readonly usable: true
      readonly bid: number
      readonly ask: number
      readonly bidSize: number | null
      readonly askSize: number | null
      readonly ageMs: number | null
      readonly source: string | null
      readonly mid: number
      readonly spread: number
      readonly isAboveAsk: boolean
      readonly isBelowBid: boolean
    }
  | { readonly usable: false; readonly because: string }

export type AverageEvidence = {
  /** Contracts; null: too few prints before this one. */
  readonly size: number | null
  readonly prints: number
  readonly scope: string | null
  /** Sizes from which the rule holds by the average: 2A and 5A, with the rule set's floors. */
  readonly largeFrom: number | null
  readonly blockFrom: number | null
  readonly because: string
}

export type ConditionEvidence = {
  readonly text: string
  readonly id: number | null
  readonly name: string | null
  readonly group: string
}

export type ConditionsEvidence = {
  readonly conditions: readonly ConditionEvidence[]
  /** The group that decided, lowest in the policy table. */
  readonly group: string
  readonly side: 'from quote' | 'UNKNOWN'
  readonly mayBeLeg: boolean
  readonly isMultiLeg: boolean
  readonly isLate: boolean
  readonly because: string
}

export type LegEvidence = {
  readonly sequence: number | null
  readonly timestamp: number
  readonly arrival: number
  readonly price: number
  readonly size: number
  readonly exchange: string | null
  readonly isThis: boolean
}

/** A version of an event in flow_events or flow_event_revisions. */
export type EventVersion = {
  readonly revision: number
  readonly reason: string
  readonly why: string | null
  readonly kind: string
  readonly side: string
  readonly sentiment: string
  readonly startedAt: number
  readonly endedAt: number
  readonly spanMs: number
  readonly legCount: number
  readonly totalSize: number
  readonly totalPremium: number
  readonly vwap: number | null
  readonly exchanges: readonly string[]
  readonly sweepWindowsMs: readonly number[]
  readonly isVoid: boolean
  readonly recordedAt: number
}

export type WindowEvidence = {
  readonly eventId: string
  /** Legs and span when the window closed; null: the print is the only leg. */
  readonly legsAtClose: number | null
  readonly spanMsAtClose: number | null
  /** Legs that are there now, in order of arrival: fewer than at the close after a cancel. */
  readonly legs: readonly LegEvidence[]
  /** Venues of these legs. */
  readonly exchanges: readonly string[]
  /** Current version of the event; null where flow_events does not have it. */
  readonly event: EventVersion | null
  /** Versions before, oldest first. */
  readonly earlier: readonly EventVersion[]
}

export type PercentilesEvidence = {
  readonly size: number | null
  readonly premium: number | null
  readonly sample: number | null
  readonly because: string
}

export type Evidence = {
  readonly rules: {
    readonly set: 'opra' | 'seed' | null
    readonly revision: number
    readonly because: string
  }
  readonly quote: QuoteEvidence
  readonly side: Reason
  readonly sentiment: Reason
  readonly aggressiveness: Reason
  readonly customerSide: Reason & { readonly confidence: number | null; readonly note: string }
  readonly average: AverageEvidence
  readonly percentiles: PercentilesEvidence
  readonly conditions: ConditionsEvidence
  readonly tradeType: Reason
  readonly isSweep: Reason
  readonly isBlock: Reason
  readonly window: WindowEvidence | null
  readonly unusualVolume: Reason & {
    readonly dayVolume: number | null
    readonly openInterest: number | null
  }
  readonly premium: {
    readonly dollars: number
    readonly multiplier: number
    readonly because: string
    readonly follows: boolean
  }
  readonly underlying: {
    readonly price: number | null
    readonly source: string | null
    readonly because: string
  }
  readonly dte: { readonly days: number; readonly because: string; readonly follows: boolean }
  readonly latency: { readonly ms: number | null; readonly because: string }
}

/** A cancel message and the print that it took away. */
export type CancelFacts = {
  readonly timestamp: number
  readonly sequence: number | null
  readonly receivedAt: number | null
  readonly price: number
  readonly size: number
  readonly exchange: string | null
  /** Null: it matched no print. */
  readonly removed: { readonly timestamp: number; readonly sequence: number | null } | null
  readonly wasStored: boolean
  readonly because: string
}

/** Another print of the same contract, day and sequence. */
export type OtherPrint = {
  readonly timestamp: number
  readonly arrival: number
  readonly price: number
  readonly size: number
  readonly exchange: string | null
}

export type Explained =
  | {
      readonly status: 'stored'
      readonly trade: StoredPrint
      readonly evidence: Evidence
      readonly others: readonly OtherPrint[]
      /** Cancels of prints of the same contract, day and sequence. */
      readonly cancels: readonly CancelFacts[]
    }
  | { readonly status: 'cancelled'; readonly cancels: readonly CancelFacts[] }
