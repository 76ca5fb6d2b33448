/** A print as the API answers it and the stream sends it: the columns of options_flow_history. */
export type LivePrint = {
  readonly symbol: string
  readonly contract_ticker: string
  /** Epoch ms. */
  readonly timestamp: number
  readonly sequence: number | null
  readonly arrival: number
  /** Dollars. */
  readonly price: number
  readonly size: number
  /** Dollars. */
  readonly premium: number
  readonly trade_type: string
  readonly sentiment: string
  readonly aggressiveness: string
  readonly side: string
  readonly strike: number
  readonly expiration: string
  readonly option_type: 'call' | 'put'
  readonly dte: number
  readonly underlying_price: number | null
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
  readonly event_id: string | null
  readonly event_legs: number | null
  readonly event_span_ms: number | null
  readonly received_at: number | null
  readonly open_interest: number | null
  readonly day_volume: number | null
}

/** A version of a sweep, split or block: a row of flow_events. */
export type LiveEvent = {
  readonly event_id: string
  /** 1 for the first version. */
  readonly revision: number
  /** Why there is this version. */
  readonly reason: string
  /** No print is left of it. */
  readonly is_void: boolean
  readonly kind: 'SWEEP' | 'SPLIT' | 'BLOCK'
  readonly symbol: string
  readonly contract_ticker: string
  readonly side: string
  readonly sentiment: string
  /** Epoch ms. */
  readonly started_at: number
  readonly ended_at: number
  readonly span_ms: number
  readonly leg_count: number
  readonly total_size: number
  /** Dollars. */
  readonly total_premium: number
  readonly vwap: number | null
  readonly exchanges: readonly string[]
  readonly why: string | null
  /** When this version was written, epoch ms. */
  readonly recorded_at: number
}
