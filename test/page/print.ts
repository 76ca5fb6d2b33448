import type { LivePrint } from '../../src/domain/live-flow.ts'

/** A leg of a sweep at the ask, on 21 November 2025 at 09:31:05.120 in New York. */
export const PRINT: LivePrint = {
  ...{ symbol: 'SPX', contract_ticker: 'O:SPXW251219C06475000', sequence: 7, arrival: 3 },
  ...{ timestamp: Date.UTC(2025, 10, 21, 14, 31, 5, 120), price: 4.5, size: 2156 },
  ...{ premium: 970_200, trade_type: 'SWEEP', sentiment: 'BULLISH', aggressiveness: 'NORMAL' },
  ...{ side: 'BUY', strike: 6475, expiration: '2025-12-19', option_type: 'call', dte: 28 },
  ...{ underlying_price: null, is_sweep: true, is_block: false, is_above_ask: false },
  ...{ is_below_bid: false, is_unusual_volume: false, is_multi_leg: false, is_late: false },
  ...{ exchange: 'CBOE', conditions: ['ISOI'], bid: 4.4, ask: 4.5, event_id: 'x', event_legs: 3 },
  ...{ event_span_ms: 12, received_at: null, open_interest: null, day_volume: null },
}
