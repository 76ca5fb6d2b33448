/**
 * What a decoder has counted since it was made. Every number only grows, and a frame counts as a
 * whole or not at all: a malformed one adds to framesMalformed and to nothing else.
 */
export type DecodeCounts = {
  /** Every T event. */
  received: number
  /** T events of a valid contract whose underlying is not watched. */
  filtered: number
  readonly dropped: Record<DropReason, number>
  framesMalformed: number
  /** Every Q event. */
  quotesReceived: number
  readonly quotesIgnored: Record<QuoteReason, number>
  readonly unknown: Record<UnknownKind, number>
}

const DROP_REASONS = [
  'ticker',
  'price',
  'size',
  'time',
  'future',
  'contracts_full',
  'conditions_full',
  'set_aside',
] as const
export type DropReason = (typeof DROP_REASONS)[number]

const QUOTE_REASONS = [
  'ticker',
  'not_watched',
  'price',
  'time',
  'future',
  'contracts_full',
] as const
export type QuoteReason = (typeof QUOTE_REASONS)[number]

const UNKNOWN_KINDS = ['exchange', 'condition', 'event', 'key'] as const
export type UnknownKind = (typeof UNKNOWN_KINDS)[number]

/** Places of the tally: the counts of the frame at hand, until it is known to be whole. */
export const RECEIVED = 0
export const FILTERED = 1
export const QUOTES_RECEIVED = 2
const DROPPED = 3
const IGNORED = DROPPED + DROP_REASONS.length
const UNKNOWN = IGNORED + QUOTE_REASONS.length
const TALLY_SIZE = UNKNOWN + UNKNOWN_KINDS.length

export const DROPPED_TICKER = DROPPED
export const DROPPED_PRICE = DROPPED + 1
export const DROPPED_SIZE = DROPPED + 2
export const DROPPED_TIME = DROPPED + 3
export const DROPPED_FUTURE = DROPPED + 4
export const DROPPED_CONTRACTS_FULL = DROPPED + 5
export const DROPPED_CONDITIONS_FULL = DROPPED + 6
export const IGNORED_TICKER = IGNORED
export const IGNORED_NOT_WATCHED = IGNORED + 1
export const IGNORED_PRICE = IGNORED + 2
export const IGNORED_TIME = IGNORED + 3
export const IGNORED_FUTURE = IGNORED + 4
export const IGNORED_CONTRACTS_FULL = IGNORED + 5
export const UNKNOWN_EXCHANGE = UNKNOWN
export const UNKNOWN_CONDITION = UNKNOWN + 1
export const UNKNOWN_EVENT = UNKNOWN + 2
export const UNKNOWN_KEY = UNKNOWN + 3

export function newTally(): Uint32Array {
  return new Uint32Array(TALLY_SIZE)
}

export function newCounts(): DecodeCounts {
  return {
    received: 0,
    filtered: 0,
    dropped: {
      ticker: 0,
      price: 0,
      size: 0,
      time: 0,
      future: 0,
      contracts_full: 0,
      conditions_full: 0,
      set_aside: 0,
    },
    framesMalformed: 0,
    quotesReceived: 0,
    quotesIgnored: { ticker: 0, not_watched: 0, price: 0, time: 0, future: 0, contracts_full: 0 },
    unknown: { exchange: 0, condition: 0, event: 0, key: 0 },
  }
}

/** Adds the tally of a whole frame to the counts. */
export function applyTally(counts: DecodeCounts, tally: Uint32Array): void {
  counts.received += tally[RECEIVED]!
  counts.filtered += tally[FILTERED]!
  counts.quotesReceived += tally[QUOTES_RECEIVED]!
  for (let i = DROPPED; i < TALLY_SIZE; i++) {
    const count = tally[i]!
    if (count !== 0) applyOne(counts, i, count)
  }
}

function applyOne(counts: DecodeCounts, place: number, count: number): void {
  if (place < IGNORED) counts.dropped[DROP_REASONS[place - DROPPED]!] += count
  else if (place < UNKNOWN) counts.quotesIgnored[QUOTE_REASONS[place - IGNORED]!] += count
  else counts.unknown[UNKNOWN_KINDS[place - UNKNOWN]!] += count
}
