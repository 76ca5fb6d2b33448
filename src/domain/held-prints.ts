import { grown } from './columns.ts'
import type { Column, StateReader, StateWriter } from './state.ts'

const FIRST_ROWS = 1024

/** End of a list of held prints. */
export const NO_PRINT = -1

/**
 * Prints that wait for their final labels, as columns with a free list. A print is named by its
 * slot; `next` links the legs of one window in the order of their arrival, or the rows that are
 * final and wait for room.
 */
export class HeldPrints {
  readonly rowsMax: number
  #rows = FIRST_ROWS
  #used = 0
  #count = 0
  #free = NO_PRINT
  time = new Float64Array(FIRST_ROWS)
  recv = new Float64Array(FIRST_ROWS)
  clock = new Float64Array(FIRST_ROWS)
  sequence = new Float64Array(FIRST_ROWS)
  price = new Float64Array(FIRST_ROWS)
  bid = new Float64Array(FIRST_ROWS)
  ask = new Float64Array(FIRST_ROWS)
  eventTime = new Float64Array(FIRST_ROWS)
  contract = new Uint32Array(FIRST_ROWS)
  arrival = new Uint32Array(FIRST_ROWS)
  eventArrival = new Uint32Array(FIRST_ROWS)
  /** Index in the print log. */
  log = new Uint32Array(FIRST_ROWS)
  window = new Int32Array(FIRST_ROWS)
  next = new Int32Array(FIRST_ROWS)
  size = new Int32Array(FIRST_ROWS)
  exchange = new Int32Array(FIRST_ROWS)
  bidSize = new Int32Array(FIRST_ROWS)
  askSize = new Int32Array(FIRST_ROWS)
  quoteAge = new Int32Array(FIRST_ROWS)
  eventLegs = new Int32Array(FIRST_ROWS)
  eventSpan = new Int32Array(FIRST_ROWS)
  dte = new Int32Array(FIRST_ROWS)
  conditions = new Uint16Array(FIRST_ROWS)
  flags = new Uint16Array(FIRST_ROWS)
  /** While held: the type it has as a single print; then its final type. */
  tradeType = new Uint8Array(FIRST_ROWS)
  sentiment = new Uint8Array(FIRST_ROWS)
  aggressiveness = new Uint8Array(FIRST_ROWS)
  side = new Uint8Array(FIRST_ROWS)
  underlyingPrice = new Float64Array(FIRST_ROWS)
  averageSum = new Float64Array(FIRST_ROWS)
  dayVolume = new Float64Array(FIRST_ROWS)
  averageCount = new Int32Array(FIRST_ROWS)
  openInterest = new Int32Array(FIRST_ROWS)
  multiplier = new Int32Array(FIRST_ROWS)
  percentileSample = new Int32Array(FIRST_ROWS)
  sizePercentile = new Uint16Array(FIRST_ROWS)
  premiumPercentile = new Uint16Array(FIRST_ROWS)
  customerSide = new Uint8Array(FIRST_ROWS)
  customerRule = new Uint8Array(FIRST_ROWS)
  quoteSource = new Uint8Array(FIRST_ROWS)
  underlyingSource = new Uint8Array(FIRST_ROWS)
  averageScope = new Uint8Array(FIRST_ROWS)

  constructor(rowsMax: number) {
    this.rowsMax = rowsMax
  }

  /** Prints held now. */
  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count === this.rowsMax
  }

  /** A free slot; there must be one (`isFull`). */
  take(): number {
    this.#count++
    if (this.#free !== NO_PRINT) {
      const slot = this.#free
      this.#free = this.next[slot]!
      return slot
    }
    if (this.#used === this.#rows) this.#grow()
    return this.#used++
  }

  give(slot: number): void {
    this.next[slot] = this.#free
    this.#free = slot
    this.#count--
  }

  save(out: StateWriter): void {
    out.part('held prints', 1)
    out.number(this.#used)
    out.number(this.#count)
    out.number(this.#free)
    for (const [name, column] of this.#columns()) {
      out.text(name)
      out.column(column, this.#used)
    }
  }

  /** Into a fresh instance. */
  load(from: StateReader): void {
    from.part('held prints', 1)
    this.#used = from.number()
    this.#count = from.number()
    this.#free = from.number()
    while (this.#rows < this.#used) this.#grow()
    for (const [name, column] of this.#columns()) {
      const found = from.text()
      if (found !== name) throw new Error(`saved prints: expected column ${name}, came ${found}`)
      from.into(column, this.#used)
    }
  }

  /** All columns by their names, in the order of their declaration. */
  #columns(): [string, Column][] {
    return Object.entries(this).filter((field): field is [string, Column] =>
      ArrayBuffer.isView(field[1]),
    )
  }

  #grow(): void {
    const n = Math.min(this.#rows * 2, this.rowsMax)
    if (n === this.#rows) throw new Error(`more than ${this.rowsMax} prints held`)
    this.#rows = n
    this.time = grown(this.time, new Float64Array(n))
    this.recv = grown(this.recv, new Float64Array(n))
    this.clock = grown(this.clock, new Float64Array(n))
    this.sequence = grown(this.sequence, new Float64Array(n))
    this.price = grown(this.price, new Float64Array(n))
    this.bid = grown(this.bid, new Float64Array(n))
    this.ask = grown(this.ask, new Float64Array(n))
    this.eventTime = grown(this.eventTime, new Float64Array(n))
    this.contract = grown(this.contract, new Uint32Array(n))
    this.arrival = grown(this.arrival, new Uint32Array(n))
    this.eventArrival = grown(this.eventArrival, new Uint32Array(n))
    this.log = grown(this.log, new Uint32Array(n))
    this.window = grown(this.window, new Int32Array(n))
    this.next = grown(this.next, new Int32Array(n))
    this.size = grown(this.size, new Int32Array(n))
    this.exchange = grown(this.exchange, new Int32Array(n))
    this.bidSize = grown(this.bidSize, new Int32Array(n))
    this.askSize = grown(this.askSize, new Int32Array(n))
    this.quoteAge = grown(this.quoteAge, new Int32Array(n))
    this.eventLegs = grown(this.eventLegs, new Int32Array(n))
    this.eventSpan = grown(this.eventSpan, new Int32Array(n))
    this.dte = grown(this.dte, new Int32Array(n))
    this.conditions = grown(this.conditions, new Uint16Array(n))
    this.flags = grown(this.flags, new Uint16Array(n))
    this.tradeType = grown(this.tradeType, new Uint8Array(n))
    this.sentiment = grown(this.sentiment, new Uint8Array(n))
    this.aggressiveness = grown(this.aggressiveness, new Uint8Array(n))
    this.side = grown(this.side, new Uint8Array(n))
    this.underlyingPrice = grown(this.underlyingPrice, new Float64Array(n))
    this.averageSum = grown(this.averageSum, new Float64Array(n))
    this.dayVolume = grown(this.dayVolume, new Float64Array(n))
    this.averageCount = grown(this.averageCount, new Int32Array(n))
    this.openInterest = grown(this.openInterest, new Int32Array(n))
    this.multiplier = grown(this.multiplier, new Int32Array(n))
    this.percentileSample = grown(this.percentileSample, new Int32Array(n))
    this.sizePercentile = grown(this.sizePercentile, new Uint16Array(n))
    this.premiumPercentile = grown(this.premiumPercentile, new Uint16Array(n))
    this.customerSide = grown(this.customerSide, new Uint8Array(n))
    this.customerRule = grown(this.customerRule, new Uint8Array(n))
    this.quoteSource = grown(this.quoteSource, new Uint8Array(n))
    this.underlyingSource = grown(this.underlyingSource, new Uint8Array(n))
    this.averageScope = grown(this.averageScope, new Uint8Array(n))
  }
}
