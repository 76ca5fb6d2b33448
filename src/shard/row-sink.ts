import { type HeldPrints, NO_PRINT } from '../domain/held-prints.ts'
import { ROW_SLAB_ROWS, RowSlab } from '../slab/row-slab.ts'

/** A row slab on its way to the writer. */
export type FilledRows = { readonly buffer: ArrayBuffer; readonly rows: number }

/**
 * Where final rows go: into the row slabs that the shard has been given, in the order in which they
 * became final; while there is no room, into a list of held prints that waits for it.
 */
export class RowSink {
  readonly #held: HeldPrints
  readonly #empty: ArrayBuffer[] = []
  #filled: FilledRows[] = []
  #slab: RowSlab | null = null
  #rows = 0
  #firstWaiting = NO_PRINT
  #lastWaiting = NO_PRINT

  constructor(held: HeldPrints) {
    this.#held = held
  }

  /** Gives the shard an empty row slab. */
  offer(buffer: ArrayBuffer): void {
    this.#empty.push(buffer)
  }

  /** Slabs that the shard holds unfilled. */
  get empties(): number {
    return this.#empty.length
  }

  get isWaiting(): boolean {
    return this.#firstWaiting !== NO_PRINT
  }

  /** Whether nothing waits for `take`, or for room: then there is nothing to save. */
  get isTaken(): boolean {
    return this.#rows === 0 && this.#filled.length === 0 && !this.isWaiting
  }

  /** Whether one more row can be written at once. */
  get hasRoom(): boolean {
    return !this.isWaiting && (this.#slab !== null || this.#empty.length > 0)
  }

  /** Takes over a held print whose labels are final. */
  put(slot: number): void {
    if (this.hasRoom) this.#write(slot)
    else this.#wait(slot)
  }

  /** Writes waiting rows while there is room. */
  flush(): void {
    while (this.isWaiting && (this.#slab !== null || this.#empty.length > 0)) {
      const slot = this.#firstWaiting
      this.#firstWaiting = this.#held.next[slot]!
      if (!this.isWaiting) this.#lastWaiting = NO_PRINT
      this.#write(slot)
    }
  }

  /** The rows so far, for the writer; the slab in filling goes too. */
  take(): FilledRows[] {
    if (this.#rows > 0) this.#seal()
    const filled = this.#filled
    this.#filled = []
    return filled
  }

  #wait(slot: number): void {
    this.#held.next[slot] = NO_PRINT
    if (this.#lastWaiting === NO_PRINT) this.#firstWaiting = slot
    else this.#held.next[this.#lastWaiting] = slot
    this.#lastWaiting = slot
  }

  #seal(): void {
    this.#filled.push({ buffer: this.#slab!.buffer, rows: this.#rows })
    this.#slab = null
    this.#rows = 0
  }

  #write(slot: number): void {
    this.#slab ??= new RowSlab(this.#empty.pop()!)
    copyRow(this.#held, slot, this.#slab, this.#rows)
    this.#held.give(slot)
    if (++this.#rows === ROW_SLAB_ROWS) this.#seal()
  }
}

function copyRow(held: HeldPrints, slot: number, slab: RowSlab, row: number): void {
  slab.time[row] = held.time[slot]!
  slab.recv[row] = held.recv[slot]!
  slab.sequence[row] = held.sequence[slot]!
  slab.price[row] = held.price[slot]!
  slab.bid[row] = held.bid[slot]!
  slab.ask[row] = held.ask[slot]!
  slab.eventTime[row] = held.eventTime[slot]!
  slab.contract[row] = held.contract[slot]!
  slab.arrival[row] = held.arrival[slot]!
  slab.eventArrival[row] = held.eventArrival[slot]!
  slab.size[row] = held.size[slot]!
  slab.exchange[row] = held.exchange[slot]!
  slab.bidSize[row] = held.bidSize[slot]!
  slab.askSize[row] = held.askSize[slot]!
  slab.quoteAge[row] = held.quoteAge[slot]!
  slab.eventLegs[row] = held.eventLegs[slot]!
  slab.eventSpan[row] = held.eventSpan[slot]!
  slab.dte[row] = held.dte[slot]!
  slab.conditions[row] = held.conditions[slot]!
  slab.flags[row] = held.flags[slot]!
  slab.tradeType[row] = held.tradeType[slot]!
  slab.sentiment[row] = held.sentiment[slot]!
  slab.aggressiveness[row] = held.aggressiveness[slot]!
  slab.side[row] = held.side[slot]!
  slab.underlyingPrice[row] = held.underlyingPrice[slot]!
  slab.averageSum[row] = held.averageSum[slot]!
  slab.dayVolume[row] = held.dayVolume[slot]!
  slab.averageCount[row] = held.averageCount[slot]!
  slab.openInterest[row] = held.openInterest[slot]!
  slab.multiplier[row] = held.multiplier[slot]!
  slab.percentileSample[row] = held.percentileSample[slot]!
  slab.sizePercentile[row] = held.sizePercentile[slot]!
  slab.premiumPercentile[row] = held.premiumPercentile[slot]!
  slab.customerSide[row] = held.customerSide[slot]!
  slab.customerRule[row] = held.customerRule[slot]!
  slab.quoteSource[row] = held.quoteSource[slot]!
  slab.underlyingSource[row] = held.underlyingSource[slot]!
  slab.averageScope[row] = held.averageScope[slot]!
}
