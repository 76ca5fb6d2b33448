/**
 * The slab that the reader fills and a shard reads: trades and quotes in the order in which they
 * were read, as columns of one ArrayBuffer that is moved (never copied) between threads.
 *
 *   f64 time | recv | clock | priceA | priceB          8-byte columns first, so all stay aligned
 *   u32 contract   i32 sizeA | sizeB
 *   u16 conditions   u8 kind | connection
 *
 * Prints and quotes come from the vendor; the other kinds are evidence from elsewhere, read in
 * order with them (reader/evidence.ts).
 *
 * | column     | print                                | quote                        |
 * | ---------- | ------------------------------------ | ---------------------------- |
 * | time       | vendor time `t`, epoch ms            | the same                     |
 * | recv       | receive time, epoch ms; NaN: none    | the same                     |
 * | clock      | reading clock, ms; NaN: none         | the same                     |
 * | priceA     | price, 1/10,000 dollar               | bid, 1/10,000 dollar         |
 * | priceB     | sequence `q`; NaN: none              | ask, 1/10,000 dollar         |
 * | contract   | the shard's number of the contract   | the same                     |
 * | sizeA      | contracts, 1 to 2^31 - 1             | bid size; -1: none           |
 * | sizeB      | exchange id; EXCHANGE_NONE: none     | ask size; -1: none           |
 * | conditions | condition-set id; 0: no conditions   | venues of bid and ask        |
 * | kind       | KIND_PRINT                           | KIND_QUOTE                   |
 * | connection | index of the feed connection, 0..63  | the same                     |
 *
 * KIND_ASKED: `time` is that of the print that the row behind it, KIND_NBBO, answers for.
 * KIND_NBBO: as a quote, which was in force until then; priceA NaN: there is no answer.
 * KIND_REFERENCE: `time` is a New York day since 1970, sizeA the open interest and sizeB the shares
 * per contract of that day, -1 where not known.
 * KIND_UNDERLYING: priceA is a price of the underlying, 1/10,000 dollar, sizeA its
 * UnderlyingSource; the contract is any one of that underlying.
 * KIND_VOLUME: `time` is a New York day since 1970, priceA how many contracts more than were read
 * the contract traded that day; below 0: fewer.
 */
export const EVENT_SLAB_ROWS = 4096

export const KIND_PRINT = 1
export const KIND_QUOTE = 2
export const KIND_ASKED = 3
export const KIND_NBBO = 4
export const KIND_REFERENCE = 5
export const KIND_UNDERLYING = 6
export const KIND_VOLUME = 7

/** Exchange ids of the vendor begin here; a quote's venue is kept as 1 + id - this, in 8 bits. */
const FIRST_VENUE = 300
const VENUES = 255

/** Venues of a quote's bid and ask in one number of 16 bits; what is no known id counts as none. */
export function packVenues(bidExchange: number, askExchange: number): number {
  return (venueCode(bidExchange) << 8) | venueCode(askExchange)
}

/** 0 for an exchange id that a quote's venue cannot be. */
export function venueCode(exchange: number): number {
  const code = exchange - FIRST_VENUE + 1
  return code >= 1 && code <= VENUES && Math.floor(code) === code ? code : 0
}

/** The exchange column of a print whose `x` is absent. No vendor id is negative. */
export const EXCHANGE_NONE = -(2 ** 31)

/** Connections that one engine may open; bounds the clocks that travel with each slab. */
export const CONNECTIONS_MAX = 64

const ROW_BYTES = 5 * 8 + 3 * 4 + 2 + 2
export const EVENT_SLAB_BYTES = EVENT_SLAB_ROWS * ROW_BYTES

export class EventSlab {
  readonly buffer: ArrayBuffer
  readonly time: Float64Array
  readonly recv: Float64Array
  readonly clock: Float64Array
  readonly priceA: Float64Array
  readonly priceB: Float64Array
  readonly contract: Uint32Array
  readonly sizeA: Int32Array
  readonly sizeB: Int32Array
  readonly conditions: Uint16Array
  readonly kind: Uint8Array
  readonly connection: Uint8Array

  /** Views over `buffer`, which must hold EVENT_SLAB_BYTES. */
  constructor(buffer: ArrayBuffer) {
    if (buffer.byteLength !== EVENT_SLAB_BYTES) {
      throw new Error(`event slab must be ${EVENT_SLAB_BYTES} bytes, was ${buffer.byteLength}`)
    }
    const n = EVENT_SLAB_ROWS
    this.buffer = buffer
    this.time = new Float64Array(buffer, 0, n)
    this.recv = new Float64Array(buffer, 8 * n, n)
    this.clock = new Float64Array(buffer, 16 * n, n)
    this.priceA = new Float64Array(buffer, 24 * n, n)
    this.priceB = new Float64Array(buffer, 32 * n, n)
    this.contract = new Uint32Array(buffer, 40 * n, n)
    this.sizeA = new Int32Array(buffer, 44 * n, n)
    this.sizeB = new Int32Array(buffer, 48 * n, n)
    this.conditions = new Uint16Array(buffer, 52 * n, n)
    this.kind = new Uint8Array(buffer, 54 * n, n)
    this.connection = new Uint8Array(buffer, 55 * n, n)
  }
}
