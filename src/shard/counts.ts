import {
  QUOTE_SOURCE_TEXT,
  SENTIMENT_TEXT,
  TRADE_TYPE_TEXT,
  UNDERLYING_SOURCE_TEXT,
} from '../domain/labels.ts'

/**
 * What a shard counts while it works on one slab: plain slots of a Float64Array that goes back with
 * the slab, so that nothing is counted twice and no metric is touched in a shard.
 */
export const COUNT_DUPLICATE = 0
/** Cancel messages, and prints that one removed before they were stored. */
export const COUNT_CANCELLED = 1
export const COUNT_BELOW_MIN_SIZE = 2
export const COUNT_SEQUENCE_REUSED = 3
/** Windows closed before their time because too many prints were held. */
export const COUNT_WINDOWS_FORCED = 4
/** Rows given to the writer. */
export const COUNT_ROWS = 5
/** Longest time that a print of this slab was held, reading clock ms; 0 when none was. */
export const COUNT_HELD_MS_MAX = 6
/** One slot for each trade type and sentiment: COUNT_CLASSIFIED + type x 3 + sentiment. */
export const COUNT_CLASSIFIED = 7
/** Of final prints that may have a side: one slot for each QuoteSource. */
export const COUNT_COVERED_PRINTS =
  COUNT_CLASSIFIED + TRADE_TYPE_TEXT.length * SENTIMENT_TEXT.length
/** Their premium, dollars. */
export const COUNT_COVERED_PREMIUM = COUNT_COVERED_PRINTS + QUOTE_SOURCE_TEXT.length
/** Rows by UnderlyingSource. */
export const COUNT_UNDERLYING = COUNT_COVERED_PREMIUM + QUOTE_SOURCE_TEXT.length
/** Rows without percentiles: their profile is still warming up. */
export const COUNT_WARMING = COUNT_UNDERLYING + UNDERLYING_SOURCE_TEXT.length
export const COUNTS = COUNT_WARMING + 1

/** Slots of one line of a shard's premium report. */
export const PREMIUM_UNDERLYING = 0
/** Dollars; PREMIUM_SENTIMENT + sentiment. */
export const PREMIUM_SENTIMENT = 1
export const PREMIUM_SLOTS = 1 + SENTIMENT_TEXT.length
