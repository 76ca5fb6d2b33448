import { CONTRACT_MULTIPLIER } from '../domain/contract.ts'
import { HeldPrints, NO_PRINT } from '../domain/held-prints.ts'
import {
  AverageScope,
  CustomerRule,
  QuoteSource,
  SENTIMENT_TEXT,
  Side,
  type TradeType,
  UnderlyingSource,
} from '../domain/labels.ts'
import { dte } from '../domain/new-york.ts'
import { aggressivenessOf, legType } from '../domain/opra.ts'
import { type PrintLog, PrintState } from '../domain/print-log.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import { NO_WINDOW, Windows } from '../domain/windows.ts'
import type { EventSlab } from '../slab/event-slab.ts'
import { FLAG_SWEEP, PERCENTILE_NONE } from '../slab/row-slab.ts'
import type { ContractTable } from './contracts.ts'
import {
  COUNT_BELOW_MIN_SIZE,
  COUNT_CANCELLED,
  COUNT_CLASSIFIED,
  COUNT_HELD_MS_MAX,
  COUNT_ROWS,
  COUNT_WINDOWS_FORCED,
  COUNTS,
} from './counts.ts'
import type { Labeller } from './labeller.ts'
import { PremiumSums } from './premium-sums.ts'
import { RowSink } from './row-sink.ts'

export type AssemblerOptions = {
  /** Contracts; smaller prints are stored only as legs. */
  readonly minSize: number
  /** W of rules.md, ms. */
  readonly windowMs: number
  /** Prints that may be held at once. */
  readonly heldMax: number
}

/**
 * From labelled prints to final rows: holds what may still become the leg of a sweep or split, puts
 * windows together and lets their legs go with their final labels.
 */
export class Assembler {
  readonly #minSize: number
  readonly #contracts: ContractTable
  readonly #log: PrintLog
  readonly #held: HeldPrints
  readonly #windows: Windows
  readonly #premium = new PremiumSums()
  #counts = new Float64Array(COUNTS)
  readonly sink: RowSink
  /** Reading clock of the event at hand, for how long prints were held; NaN: none. */
  clock = Number.NaN

  constructor(options: AssemblerOptions, contracts: ContractTable, log: PrintLog) {
    this.#minSize = options.minSize
    this.#contracts = contracts
    this.#log = log
    this.#held = new HeldPrints(options.heldMax)
    this.#windows = new Windows(this.#held, options.windowMs)
    this.sink = new RowSink(this.#held)
  }

  /** Prints held in open windows or waiting for room. */
  get held(): number {
    return this.#held.count
  }

  /** Underlyings with an open window. */
  get active(): ReadonlySet<number> {
    return this.#windows.active
  }

  ensure(contracts: number, underlyings: number): void {
    this.#windows.ensure(contracts)
    this.#premium.ensure(underlyings)
  }

  /** Whether one more print can be taken: a held slot, and room for the row that it may be. */
  isReady(): boolean {
    if (!this.sink.hasRoom) return false
    while (this.#held.isFull) {
      // too many held: give up the window of some underlying rather than memory without bound
      const [underlying] = this.#windows.active
      if (underlying === undefined || !this.sink.hasRoom) return false
      this.#counts[COUNT_WINDOWS_FORCED]!++
      this.#closeWindow(this.#windows.any(underlying))
    }
    return this.sink.hasRoom
  }

  /** Copies the print at hand with the labels that the labeller has for it. */
  hold(
    slab: EventSlab,
    row: number,
    id: number,
    day: number,
    arrival: number,
    index: number,
    labels: Labeller,
  ): number {
    const held = this.#held
    const slot = held.take()
    held.time[slot] = slab.time[row]!
    held.recv[slot] = slab.recv[row]!
    held.clock[slot] = slab.clock[row]!
    held.sequence[slot] = slab.priceB[row]!
    held.price[slot] = slab.priceA[row]!
    held.size[slot] = slab.sizeA[row]!
    held.exchange[slot] = slab.sizeB[row]!
    held.conditions[slot] = slab.conditions[row]!
    held.contract[slot] = id
    held.arrival[slot] = arrival
    held.log[slot] = index
    held.window[slot] = NO_WINDOW
    held.bid[slot] = labels.bid
    held.ask[slot] = labels.ask
    held.bidSize[slot] = labels.bidSize
    held.askSize[slot] = labels.askSize
    held.quoteAge[slot] = labels.quoteAge
    held.eventTime[slot] = 0
    held.eventArrival[slot] = 0
    held.eventLegs[slot] = 0
    held.eventSpan[slot] = 0
    held.dte[slot] = dte(day, this.#contracts.expirationDay[id]!)
    held.flags[slot] = labels.flags
    held.tradeType[slot] = labels.tradeType
    held.sentiment[slot] = labels.sentiment
    held.aggressiveness[slot] = labels.aggressiveness
    held.side[slot] = labels.side
    held.underlyingPrice[slot] = Number.NaN
    held.averageSum[slot] = 0
    held.averageCount[slot] = 0
    held.averageScope[slot] = AverageScope.None
    held.dayVolume[slot] = 0
    held.openInterest[slot] = -1
    held.multiplier[slot] = CONTRACT_MULTIPLIER
    held.sizePercentile[slot] = PERCENTILE_NONE
    held.premiumPercentile[slot] = PERCENTILE_NONE
    held.percentileSample[slot] = 0
    held.customerSide[slot] = Side.Unknown
    held.customerRule[slot] = CustomerRule.None
    held.quoteSource[slot] = QuoteSource.None
    held.underlyingSource[slot] = UnderlyingSource.None
    return slot
  }

  /** Puts a held print into its window, or opens one with it. `now`: event time. */
  join(slot: number, index: number, id: number, underlying: number, now: number): void {
    const windows = this.#windows
    const isSell = this.#held.side[slot] === Side.Sell
    this.#log.hold(index, slot)
    let window = windows.of(id, isSell)
    if (window !== NO_WINDOW && windows.accepts(window, this.#held.time[slot]!)) {
      windows.join(window, slot)
      return
    }
    if (window !== NO_WINDOW) this.#closeWindow(window)
    window = windows.open(id, isSell, underlying, slot)
    if (windows.isPast(window, now)) this.#closeWindow(window)
  }

  /** Closes the windows that event time has left behind. */
  closePast(underlying: number, now: number): void {
    let window = this.#windows.expired(underlying, now)
    while (window !== NO_WINDOW) {
      this.#closeWindow(window)
      window = this.#windows.expired(underlying, now)
    }
  }

  closeAll(underlying: number): void {
    let window = this.#windows.any(underlying)
    while (window !== NO_WINDOW) {
      this.#closeWindow(window)
      window = this.#windows.any(underlying)
    }
  }

  /** Gives the legs their final labels and lets them go. */
  #closeWindow(window: number): void {
    const held = this.#held
    const windows = this.#windows
    const legs = windows.legs[window]!
    const isEvent = legs >= 2 && windows.size[window]! >= this.#minSize
    const isSweep = isEvent && windows.isSwept(window)
    const span = windows.last[window]! - windows.first[window]!
    let slot = windows.head[window]!
    const eventTime = held.time[slot]!
    const eventArrival = held.arrival[slot]!
    const heldMs = this.clock - held.clock[slot]!
    if (heldMs > this.#counts[COUNT_HELD_MS_MAX]!) this.#counts[COUNT_HELD_MS_MAX] = heldMs
    windows.close(window)
    while (slot !== NO_PRINT) {
      const following = held.next[slot]!
      if (isEvent) {
        held.eventTime[slot] = eventTime
        held.eventArrival[slot] = eventArrival
        held.eventLegs[slot] = legs
        held.eventSpan[slot] = span
        this.#labelLeg(slot, isSweep)
      }
      this.finish(slot)
      slot = following
    }
  }

  #labelLeg(slot: number, isSweep: boolean): void {
    const held = this.#held
    const type = legType(held.tradeType[slot] as TradeType, isSweep)
    held.tradeType[slot] = type
    if (isSweep) held.flags[slot]! |= FLAG_SWEEP
    held.aggressiveness[slot] = aggressivenessOf(
      held.side[slot] as Side,
      type,
      held.price[slot]!,
      held.bid[slot]!,
      held.ask[slot]!,
    )
  }

  /** The labels of a held print are final: it is stored, or it is counted and forgotten. */
  finish(slot: number): void {
    const held = this.#held
    const id = held.contract[slot]!
    const size = held.size[slot]!
    this.countFinal(
      this.#contracts.underlying[id]!,
      held.tradeType[slot]!,
      held.sentiment[slot]!,
      held.price[slot]!,
      size,
    )
    if (size < this.#minSize && held.eventLegs[slot] === 0) {
      this.#counts[COUNT_BELOW_MIN_SIZE]!++
      this.#log.setState(held.log[slot]!, PrintState.BelowMinSize)
      held.give(slot)
      return
    }
    this.#counts[COUNT_ROWS]!++
    this.#log.setState(held.log[slot]!, PrintState.Stored)
    held.contract[slot] = this.#contracts.id[id]! // the writer knows the engine's ids
    this.sink.put(slot)
  }

  /** Takes a print that is not stored yet out of its open window. */
  removeLeg(slot: number, now: number): void {
    const windows = this.#windows
    const window = this.#held.window[slot]!
    this.#counts[COUNT_CANCELLED]!++
    windows.removeLeg(window, slot)
    this.#held.give(slot)
    if (windows.legs[window] === 0) windows.close(window)
    else if (windows.isPast(window, now)) this.#closeWindow(window)
  }

  /** Counts a print whose labels are final. Price in ticks. */
  countFinal(
    underlying: number,
    type: number,
    sentiment: number,
    price: number,
    size: number,
  ): void {
    this.#counts[COUNT_CLASSIFIED + type * SENTIMENT_TEXT.length + sentiment]!++
    const dollars = (price * size * CONTRACT_MULTIPLIER) / TICKS_PER_DOLLAR
    this.#premium.add(underlying, sentiment, dollars)
  }

  /** Counts since the last call (counts.ts). */
  takeCounts(): Float64Array<ArrayBuffer> {
    const counts = this.#counts
    this.#counts = new Float64Array(COUNTS)
    return counts
  }

  /** Premium by underlying and sentiment since the last call, PREMIUM_SLOTS numbers a line. */
  takePremium(): Float64Array<ArrayBuffer> {
    return this.#premium.take()
  }

  count(slot: number): void {
    this.#counts[slot]!++
  }
}
