/**
 * The slab that a shard fills and the writer stores: one row a print with its final labels, as
 * columns of one ArrayBuffer that is moved between threads.
 *
 *   f64 time | recv | sequence | price | bid | ask | eventTime
 *   f64 underlyingPrice | averageSum | dayVolume
 *   u32 contract | arrival | eventArrival
 *   i32 size | exchange | bidSize | askSize | quoteAge | eventLegs | eventSpan | dte
 *   i32 averageCount | openInterest | multiplier | percentileSample
 *   u16 conditions | flags | sizePercentile | premiumPercentile
 *   u8 tradeType | sentiment | aggressiveness | side
 *   u8 customerSide | customerRule | quoteSource | underlyingSource | averageScope
 *
 * Prices are integers of 1/10,000 dollar. NaN stands for null in recv, sequence, bid and ask, which
 * makes bidSize, askSize and quoteAge null too when bid is NaN. eventLegs 0: no event. The event is
 * named by the contract and its first leg by arrival: that leg's time and arrival number. The
 * average size is averageSum / averageCount, averageCount 0 where there is none. openInterest -1 is
 * unknown; percentiles are hundredths of a percent, PERCENTILE_NONE while they warm up.
 */
export const ROW_SLAB_ROWS = 4096

export const FLAG_SWEEP = 1
export const FLAG_BLOCK = 2
export const FLAG_ABOVE_ASK = 4
export const FLAG_BELOW_BID = 8
export const FLAG_UNUSUAL = 16
export const FLAG_MULTI_LEG = 32
export const FLAG_LATE = 64

const ROW_BYTES = 10 * 8 + 3 * 4 + 12 * 4 + 4 * 2 + 9
export const ROW_SLAB_BYTES = ROW_SLAB_ROWS * ROW_BYTES

export class RowSlab {
  readonly buffer: ArrayBuffer
  readonly time: Float64Array
  readonly recv: Float64Array
  readonly sequence: Float64Array
  readonly price: Float64Array
  readonly bid: Float64Array
  readonly ask: Float64Array
  readonly eventTime: Float64Array
  /** 1/10,000 dollar. */
  readonly underlyingPrice: Float64Array
  /** Contracts, over averageCount prints. */
  readonly averageSum: Float64Array
  /**
   * Contracts that the contract has traded this New York day, this print among them; NaN for a day
   * before the contract's newest.
   */
  readonly dayVolume: Float64Array
  readonly contract: Uint32Array
  /** Counts the prints of the contract from the first of its newest New York day on, from 1. */
  readonly arrival: Uint32Array
  readonly eventArrival: Uint32Array
  readonly size: Int32Array
  readonly exchange: Int32Array
  readonly bidSize: Int32Array
  readonly askSize: Int32Array
  readonly quoteAge: Int32Array
  readonly eventLegs: Int32Array
  readonly eventSpan: Int32Array
  readonly dte: Int32Array
  readonly averageCount: Int32Array
  readonly openInterest: Int32Array
  /** Shares a contract stands for. */
  readonly multiplier: Int32Array
  /** Prints behind the two percentiles. */
  readonly percentileSample: Int32Array
  readonly conditions: Uint16Array
  readonly flags: Uint16Array
  readonly sizePercentile: Uint16Array
  readonly premiumPercentile: Uint16Array
  readonly tradeType: Uint8Array
  readonly sentiment: Uint8Array
  readonly aggressiveness: Uint8Array
  readonly side: Uint8Array
  readonly customerSide: Uint8Array
  readonly customerRule: Uint8Array
  readonly quoteSource: Uint8Array
  readonly underlyingSource: Uint8Array
  readonly averageScope: Uint8Array

  /** Views over `buffer`, which must hold ROW_SLAB_BYTES. */
  constructor(buffer: ArrayBuffer) {
    if (buffer.byteLength !== ROW_SLAB_BYTES) {
      throw new Error(`row slab must be ${ROW_SLAB_BYTES} bytes, was ${buffer.byteLength}`)
    }
    const n = ROW_SLAB_ROWS
    this.buffer = buffer
    let at = 0
    const next = (bytes: number): number => {
      const offset = at
      at += bytes * n
      return offset
    }
    this.time = new Float64Array(buffer, next(8), n)
    this.recv = new Float64Array(buffer, next(8), n)
    this.sequence = new Float64Array(buffer, next(8), n)
    this.price = new Float64Array(buffer, next(8), n)
    this.bid = new Float64Array(buffer, next(8), n)
    this.ask = new Float64Array(buffer, next(8), n)
    this.eventTime = new Float64Array(buffer, next(8), n)
    this.underlyingPrice = new Float64Array(buffer, next(8), n)
    this.averageSum = new Float64Array(buffer, next(8), n)
    this.dayVolume = new Float64Array(buffer, next(8), n)
    this.contract = new Uint32Array(buffer, next(4), n)
    this.arrival = new Uint32Array(buffer, next(4), n)
    this.eventArrival = new Uint32Array(buffer, next(4), n)
    this.size = new Int32Array(buffer, next(4), n)
    this.exchange = new Int32Array(buffer, next(4), n)
    this.bidSize = new Int32Array(buffer, next(4), n)
    this.askSize = new Int32Array(buffer, next(4), n)
    this.quoteAge = new Int32Array(buffer, next(4), n)
    this.eventLegs = new Int32Array(buffer, next(4), n)
    this.eventSpan = new Int32Array(buffer, next(4), n)
    this.dte = new Int32Array(buffer, next(4), n)
    this.averageCount = new Int32Array(buffer, next(4), n)
    this.openInterest = new Int32Array(buffer, next(4), n)
    this.multiplier = new Int32Array(buffer, next(4), n)
    this.percentileSample = new Int32Array(buffer, next(4), n)
    this.conditions = new Uint16Array(buffer, next(2), n)
    this.flags = new Uint16Array(buffer, next(2), n)
    this.sizePercentile = new Uint16Array(buffer, next(2), n)
    this.premiumPercentile = new Uint16Array(buffer, next(2), n)
    this.tradeType = new Uint8Array(buffer, next(1), n)
    this.sentiment = new Uint8Array(buffer, next(1), n)
    this.aggressiveness = new Uint8Array(buffer, next(1), n)
    this.side = new Uint8Array(buffer, next(1), n)
    this.customerSide = new Uint8Array(buffer, next(1), n)
    this.customerRule = new Uint8Array(buffer, next(1), n)
    this.quoteSource = new Uint8Array(buffer, next(1), n)
    this.underlyingSource = new Uint8Array(buffer, next(1), n)
    this.averageScope = new Uint8Array(buffer, next(1), n)
  }
}
