import { grown } from '../domain/columns.ts'
import { CONTRACT_MULTIPLIER } from '../domain/contract.ts'
import { HeldPrints, NO_PRINT } from '../domain/held-prints.ts'
import { SENTIMENT_TEXT, Side, type TradeType } from '../domain/labels.ts'
import { dte, NewYorkCalendar } from '../domain/new-york.ts'
import { aggressivenessOf, legType } from '../domain/opra.ts'
import { PrintLog, PrintState, Seen } from '../domain/print-log.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import { NO_WINDOW, Windows } from '../domain/windows.ts'
import type { ShardDefinitions } from '../slab/definitions.ts'
import { type EventSlab, KIND_QUOTE } from '../slab/event-slab.ts'
import { FLAG_SWEEP } from '../slab/row-slab.ts'
import type { Cancel, RemovedPrint } from './cancel.ts'
import { ContractTable } from './contracts.ts'
import {
  COUNT_BELOW_MIN_SIZE,
  COUNT_CANCELLED,
  COUNT_CLASSIFIED,
  COUNT_DUPLICATE,
  COUNT_HELD_MS_MAX,
  COUNT_ROWS,
  COUNT_SEQUENCE_REUSED,
  COUNT_WINDOWS_FORCED,
  COUNTS,
} from './counts.ts'
import { EventTime } from './event-time.ts'
import { Labeller, type Rules } from './labeller.ts'
import { PremiumSums } from './premium-sums.ts'
import { RowSink } from './row-sink.ts'

export type ClassifierOptions = {
  readonly rules: Rules
  /** Contracts; smaller prints are stored only as legs. */
  readonly minSize: number
  /** W of rules.md, ms. */
  readonly windowMs: number
  readonly quoteMaxAgeMs: number
  /** Prints that may be held at once. */
  readonly heldMax: number
  /** Prints remembered for duplicates and cancels; a power of two. */
  readonly printLogRows: number
  readonly quoteRowsMax: number
}

/** One shard's rules and state: event slabs in, final rows and cancels out, in the order read. */
export class Classifier {
  readonly #options: ClassifierOptions
  readonly #isOpra: boolean
  readonly #contracts = new ContractTable()
  readonly #calendar = new NewYorkCalendar()
  readonly #eventTime: EventTime
  readonly #labeller: Labeller
  readonly #log: PrintLog
  readonly #held: HeldPrints
  readonly #windows: Windows
  readonly #premium = new PremiumSums()
  /** Day of each contract's newest print, and how many prints it has had that day. */
  #day = new Uint16Array(256)
  #arrivals = new Uint32Array(256)
  #cancels: Cancel[] = []
  #counts = new Float64Array(COUNTS)
  /** Reading clock of the row at hand, or of the slab's end; NaN: none. */
  #clock = Number.NaN
  readonly sink: RowSink

  constructor(options: ClassifierOptions) {
    this.#options = options
    this.#isOpra = options.rules === 'opra'
    this.#eventTime = new EventTime(options.windowMs)
    this.#labeller = new Labeller(options.rules, options.quoteMaxAgeMs, options.quoteRowsMax)
    this.#log = new PrintLog(options.printLogRows)
    this.#held = new HeldPrints(options.heldMax)
    this.#windows = new Windows(this.#held, options.windowMs)
    this.sink = new RowSink(this.#held)
  }

  /** Prints held in open windows or waiting for room. */
  get held(): number {
    return this.#held.count
  }

  define(definitions: ShardDefinitions): void {
    this.#contracts.define(definitions)
    const contracts = this.#contracts.count
    const underlyings = this.#contracts.underlyings
    this.#labeller.ensure(contracts, underlyings)
    this.#log.ensure(contracts)
    this.#windows.ensure(contracts)
    this.#eventTime.ensure(underlyings)
    this.#premium.ensure(underlyings)
    if (contracts > this.#day.length) {
      const n = Math.max(contracts, this.#day.length * 2)
      this.#day = grown(this.#day, new Uint16Array(n))
      this.#arrivals = grown(this.#arrivals, new Uint32Array(n))
    }
  }

  /**
   * Reads the slab's rows from `from` on. Gives the row to go on from: `rows` when all are read, less
   * when there is no room for what became final; then the same call again, once there is.
   */
  read(slab: EventSlab, from: number, rows: number): number {
    const { kind, contract, time, clock, connection } = slab
    this.sink.flush()
    for (let row = from; row < rows; row++) {
      if (!this.#isReady()) return row
      const id = contract[row]!
      const underlying = this.#contracts.underlying[id]!
      this.#clock = clock[row]!
      const now = this.#eventTime.advance(underlying, time[row]!, clock[row]!, connection[row]!)
      this.#closePast(underlying, now)
      if (kind[row] === KIND_QUOTE) {
        this.#labeller.quote(
          id,
          time[row]!,
          slab.priceA[row]!,
          slab.priceB[row]!,
          slab.sizeA[row]!,
          slab.sizeB[row]!,
        )
      } else {
        this.#print(slab, row, id, underlying, now)
      }
    }
    return rows
  }

  /** Closes the windows of underlyings that have been quiet on the reading clock. */
  closeQuiet(clocks: ArrayLike<number>): void {
    for (const underlying of this.#windows.active) {
      if (!this.#eventTime.isQuiet(underlying, clocks)) continue
      this.#clock = this.#eventTime.clockNow(underlying, clocks)
      this.#closeAll(underlying)
    }
  }

  /** Closes every window: nothing more will come. */
  closeEverything(): void {
    this.#clock = Number.NaN
    for (const underlying of this.#windows.active) this.#closeAll(underlying)
    this.sink.flush()
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

  /** Cancels so far; none while a row still waits, so that no cancel overtakes the row it removes. */
  takeCancels(): Cancel[] {
    if (this.sink.isWaiting) return []
    const cancels = this.#cancels
    this.#cancels = []
    return cancels
  }

  /** Whether one more event can be read: its row, and a held slot, will find room. */
  #isReady(): boolean {
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

  #print(slab: EventSlab, row: number, id: number, underlying: number, now: number): void {
    const time = slab.time[row]!
    const price = slab.priceA[row]!
    const sequence = slab.priceB[row]!
    const size = slab.sizeA[row]!
    const exchange = slab.sizeB[row]!
    const conditions = slab.conditions[row]!
    const day = Math.max(0, this.#calendar.dayOf(time))
    const log = this.#log
    const seen = log.seen(id, day, sequence, time, price, size, exchange, conditions)
    if (seen === Seen.Duplicate) {
      this.#counts[COUNT_DUPLICATE]!++
      return
    }
    if (seen === Seen.SequenceReused) this.#counts[COUNT_SEQUENCE_REUSED]!++
    const policy = this.#contracts.policies[conditions]!
    if (policy.isCancel) {
      this.#cancel(slab, row, id, day, now)
      return
    }
    if (day > this.#day[id]!) {
      this.#day[id] = day
      this.#arrivals[id] = 0
    }
    const arrival = ++this.#arrivals[id]!
    const labels = this.#labeller
    labels.print(id, underlying, this.#contracts.isCall[id] === 1, time, price, size, policy)
    const isHeld = this.#isOpra && policy.mayBeLeg && labels.side <= Side.Sell
    const isStored = size >= this.#options.minSize
    const index = log.add(
      id,
      day,
      sequence,
      time,
      price,
      size,
      exchange,
      conditions,
      arrival,
      isStored ? PrintState.Stored : PrintState.BelowMinSize,
    )
    if (isHeld || isStored) {
      const slot = this.#hold(slab, row, id, day, arrival, index)
      if (isHeld) this.#join(slot, index, id, underlying, now)
      else this.#finish(slot)
    } else {
      this.#countFinal(underlying, labels.tradeType, labels.sentiment, price, size)
      this.#counts[COUNT_BELOW_MIN_SIZE]!++
    }
  }

  /** Copies the print at hand with the labels that the labeller has for it. */
  #hold(
    slab: EventSlab,
    row: number,
    id: number,
    day: number,
    arrival: number,
    index: number,
  ): number {
    const held = this.#held
    const labels = this.#labeller
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
    return slot
  }

  #join(slot: number, index: number, id: number, underlying: number, now: number): void {
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

  #closePast(underlying: number, now: number): void {
    let window = this.#windows.expired(underlying, now)
    while (window !== NO_WINDOW) {
      this.#closeWindow(window)
      window = this.#windows.expired(underlying, now)
    }
  }

  #closeAll(underlying: number): void {
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
    const isEvent = legs >= 2 && windows.size[window]! >= this.#options.minSize
    const isSweep = isEvent && windows.isSwept(window)
    const span = windows.last[window]! - windows.first[window]!
    let slot = windows.head[window]!
    const eventTime = held.time[slot]!
    const eventArrival = held.arrival[slot]!
    const heldMs = this.#clock - held.clock[slot]!
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
      this.#finish(slot)
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
  #finish(slot: number): void {
    const held = this.#held
    const id = held.contract[slot]!
    const size = held.size[slot]!
    this.#countFinal(
      this.#contracts.underlying[id]!,
      held.tradeType[slot]!,
      held.sentiment[slot]!,
      held.price[slot]!,
      size,
    )
    if (size < this.#options.minSize && held.eventLegs[slot] === 0) {
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

  #cancel(slab: EventSlab, row: number, id: number, day: number, now: number): void {
    const time = slab.time[row]!
    const price = slab.priceA[row]!
    const sequence = slab.priceB[row]!
    const size = slab.sizeA[row]!
    const exchange = slab.sizeB[row]!
    this.#counts[COUNT_CANCELLED]!++
    const log = this.#log
    const index = log.findForCancel(id, day, exchange, price, size)
    let removed: RemovedPrint | null = null
    if (index !== 0) {
      const state = log.stateOf(index)
      removed = {
        time: log.timeOf(index),
        sequence: log.sequenceOf(index),
        arrival: log.arrivalOf(index),
        wasStored: state === PrintState.Stored,
      }
      if (state === PrintState.Held) this.#removeLeg(log.heldOf(index), now)
      log.setState(index, PrintState.Removed)
    }
    const conditions = slab.conditions[row]!
    log.add(id, day, sequence, time, price, size, exchange, conditions, 0, PrintState.Cancel)
    const contract = this.#contracts.id[id]!
    const recv = slab.recv[row]!
    this.#cancels.push({ contract, time, sequence, recv, price, size, exchange, removed })
  }

  /** Takes a print that is not stored yet out of its open window. */
  #removeLeg(slot: number, now: number): void {
    const windows = this.#windows
    const window = this.#held.window[slot]!
    this.#counts[COUNT_CANCELLED]!++
    windows.removeLeg(window, slot)
    this.#held.give(slot)
    if (windows.legs[window] === 0) windows.close(window)
    else if (windows.isPast(window, now)) this.#closeWindow(window)
  }

  #countFinal(
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
}
