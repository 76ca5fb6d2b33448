import { HeldPrints, NO_PRINT } from '../domain/held-prints.ts'
import { SENTIMENT_TEXT, Side, type TradeType } from '../domain/labels.ts'
import { aggressivenessOf, legType } from '../domain/opra.ts'
import { type PrintLog, PrintState } from '../domain/print-log.ts'
import { PERCENTILE_NONE } from '../domain/size-profiles.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import { NO_WINDOW, Windows } from '../domain/windows.ts'
import { FLAG_SWEEP } from '../slab/row-slab.ts'
import type { ContractTable } from './contracts.ts'
import {
  COUNT_BELOW_MIN_SIZE,
  COUNT_CANCELLED,
  COUNT_CLASSIFIED,
  COUNT_COVERED_PREMIUM,
  COUNT_COVERED_PRINTS,
  COUNT_HELD_MS_MAX,
  COUNT_ROWS,
  COUNT_UNDERLYING,
  COUNT_WARMING,
  COUNT_WINDOWS_FORCED,
  COUNTS,
} from './counts.ts'
import { PendingPrints } from './pending.ts'
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
  readonly held: HeldPrints
  /** Held prints that wait for an NBBO over REST. */
  readonly pending: PendingPrints
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
    this.held = new HeldPrints(options.heldMax)
    this.pending = new PendingPrints(this.held)
    this.#windows = new Windows(this.held, options.windowMs)
    this.sink = new RowSink(this.held)
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
    while (this.held.isFull) {
      // too many held: give up the window of some underlying rather than memory without bound
      const [underlying] = this.#windows.active
      const [contract] = this.pending.contracts
      if (!this.sink.hasRoom) return false
      if (underlying !== undefined) {
        this.#counts[COUNT_WINDOWS_FORCED]!++
        this.#closeWindow(this.#windows.any(underlying))
      } else if (contract !== undefined) this.letGo(this.pending.takeAll(contract))
      else return false
    }
    return this.sink.hasRoom
  }

  /** A free slot of a held print; there must be room (isReady). */
  take(): number {
    return this.held.take()
  }

  /** Puts a held print into its window, or opens one with it. `now`: event time. */
  join(slot: number, index: number, id: number, underlying: number, now: number): void {
    const windows = this.#windows
    const isSell = this.held.side[slot] === Side.Sell
    this.#log.hold(index, slot)
    let window = windows.of(id, isSell)
    if (window !== NO_WINDOW && windows.accepts(window, this.held.time[slot]!)) {
      windows.join(window, slot)
      return
    }
    if (window !== NO_WINDOW) this.#closeWindow(window)
    window = windows.open(id, isSell, underlying, slot)
    if (windows.isPast(window, now)) this.#closeWindow(window)
  }

  /** Lets a held print wait for the NBBO that has been asked for. */
  wait(slot: number, index: number, id: number): void {
    this.letGo(this.pending.takeExcess(id))
    this.#log.hold(index, slot)
    this.pending.add(id, slot)
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
    const held = this.held
    const windows = this.#windows
    const legs = windows.legs[window]!
    const isEvent = legs >= 2 && windows.size[window]! >= this.#minSize
    const isSweep = isEvent && windows.isSwept(window)
    const span = windows.last[window]! - windows.first[window]!
    let slot = windows.head[window]!
    const eventTime = held.time[slot]!
    const eventArrival = held.arrival[slot]!
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
    const held = this.held
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

  /** Held prints that the NBBO came too late for: they are final as they are. */
  letGo(slots: readonly number[]): void {
    for (const slot of slots) {
      const index = this.held.log[slot]!
      const type = this.held.tradeType[slot]!
      this.finish(slot)
      this.#log.awaitQuote(index, type)
    }
  }

  /** The labels of a held print are final: it is stored, or it is counted and forgotten. */
  finish(slot: number): void {
    const held = this.held
    const heldMs = this.clock - held.clock[slot]!
    if (heldMs > this.#counts[COUNT_HELD_MS_MAX]!) this.#counts[COUNT_HELD_MS_MAX] = heldMs
    const id = held.contract[slot]!
    const size = held.size[slot]!
    this.countFinal(
      this.#contracts.underlying[id]!,
      held.tradeType[slot]!,
      held.sentiment[slot]!,
      held.price[slot]! * size * held.multiplier[slot]!,
    )
    if (this.#contracts.policies[held.conditions[slot]!]!.hasSide) {
      const premium = held.price[slot]! * size * held.multiplier[slot]!
      this.countCovered(held.quoteSource[slot]!, premium)
    }
    if (size < this.#minSize && held.eventLegs[slot] === 0) {
      this.#counts[COUNT_BELOW_MIN_SIZE]!++
      this.#log.setState(held.log[slot]!, PrintState.BelowMinSize)
      held.give(slot)
      return
    }
    this.#counts[COUNT_ROWS]!++
    this.#counts[COUNT_UNDERLYING + held.underlyingSource[slot]!]!++
    if (held.sizePercentile[slot] === PERCENTILE_NONE) this.#counts[COUNT_WARMING]!++
    this.#log.setState(held.log[slot]!, PrintState.Stored)
    held.contract[slot] = this.#contracts.id[id]! // the writer knows the engine's ids
    this.sink.put(slot)
  }

  /** Takes a print that is not stored yet out of its open window, or ends its wait. */
  removeHeld(slot: number, now: number): void {
    const windows = this.#windows
    const window = this.held.window[slot]!
    this.#counts[COUNT_CANCELLED]!++
    if (window === NO_WINDOW) {
      this.pending.remove(this.held.contract[slot]!, slot)
      this.held.give(slot)
      return
    }
    windows.removeLeg(window, slot)
    this.held.give(slot)
    if (windows.legs[window] === 0) windows.close(window)
    else if (windows.isPast(window, now)) this.#closeWindow(window)
  }

  /** Counts a print whose labels are final. `premium`: ticks x contracts x multiplier. */
  countFinal(underlying: number, type: number, sentiment: number, premium: number): void {
    this.#counts[COUNT_CLASSIFIED + type * SENTIMENT_TEXT.length + sentiment]!++
    this.#premium.add(underlying, sentiment, premium / TICKS_PER_DOLLAR)
  }

  /** Counts a final print that may have a side, by the source of its quote. */
  countCovered(quoteSource: number, premium: number): void {
    this.#counts[COUNT_COVERED_PRINTS + quoteSource]!++
    this.#counts[COUNT_COVERED_PREMIUM + quoteSource]! += premium / TICKS_PER_DOLLAR
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

  /** Whether nothing waits to be taken: rows, counts, premium. */
  get isTaken(): boolean {
    return this.sink.isTaken && this.#premium.isTaken && this.#counts.every((n) => n === 0)
  }

  save(out: StateWriter, contracts: number): void {
    out.part('assembler', 1)
    out.number(this.clock)
    this.held.save(out)
    this.pending.save(out)
    this.#windows.save(out, contracts)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, contracts: number): void {
    from.part('assembler', 1)
    this.clock = from.number()
    this.held.load(from)
    this.pending.load(from)
    this.#windows.load(from, contracts)
  }

  count(slot: number): void {
    this.#counts[slot]!++
  }
}
