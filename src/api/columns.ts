/**
 * The columns of options_flow_history as the API answers them. Money as numbers: what a price or
 * premium needs fits a double exactly as far as it is printed.
 */
export const COLUMNS = `symbol, contract_ticker, timestamp::float8 AS timestamp,
  sequence::float8 AS sequence, arrival, price::float8 AS price, size, premium::float8 AS premium,
  trade_type, sentiment, aggressiveness, side, customer_side, customer_rule, customer_confidence,
  strike::float8 AS strike, expiration::text AS expiration, option_type, dte,
  underlying_price::float8 AS underlying_price, underlying_source, is_sweep, is_block,
  is_above_ask, is_below_bid, is_unusual_volume, is_multi_leg, is_late, exchange, conditions,
  bid::float8 AS bid, ask::float8 AS ask, bid_size, ask_size, quote_age_ms, quote_source,
  event_id, event_legs, event_span_ms, received_at::float8 AS received_at, multiplier,
  open_interest, day_volume::float8 AS day_volume, average_size, average_prints, average_scope,
  size_percentile, premium_percentile, percentile_sample, rules, revision,
  revised_at::float8 AS revised_at`
