import { grown } from '../domain/columns.ts'
import { Side } from '../domain/labels.ts'
import { NewYorkCalendar } from '../domain/new-york.ts'
import { PrintLog, PrintState, Seen } from '../domain/print-log.ts'
import type { Cancel, RemovedPrint } from '../slab/cancel.ts'
import type { ShardDefinitions } from '../slab/definitions.ts'
import { type EventSlab, KIND_QUOTE } from '../slab/event-slab.ts'
import { Assembler, type AssemblerOptions } from './assembler.ts'
import { ContractTable } from './contracts.ts'
import {
  COUNT_BELOW_MIN_SIZE,
  COUNT_CANCELLED,
  COUNT_DUPLICATE,
  COUNT_SEQUENCE_REUSED,
} from './counts.ts'
import { EventTime } from './event-time.ts'
import { Labeller, type Rules } from './labeller.ts'
import type { RowSink } from './row-sink.ts'

export type ClassifierOptions = AssemblerOptions & {
  readonly rules: Rules
  readonly quoteMaxAgeMs: number
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
  readonly #assembler: Assembler
  /** Day of each contract's newest print, and how many prints it has had that day. */
  #day = new Uint16Array(256)
  #arrivals = new Uint32Array(256)
  #cancels: Cancel[] = []

  constructor(options: ClassifierOptions) {
    this.#options = options
    this.#isOpra = options.rules === 'opra'
    this.#eventTime = new EventTime(options.windowMs)
    this.#labeller = new Labeller(options.rules, options.quoteMaxAgeMs, options.quoteRowsMax)
    this.#log = new PrintLog(options.printLogRows)
    this.#assembler = new Assembler(options, this.#contracts, this.#log)
  }

  /** Where the final rows go. */
  get sink(): RowSink {
    return this.#assembler.sink
  }

  /** Prints held in open windows or waiting for room. */
  get held(): number {
    return this.#assembler.held
  }

  define(definitions: ShardDefinitions): void {
    this.#contracts.define(definitions)
    const contracts = this.#contracts.count
    const underlyings = this.#contracts.underlyings
    this.#labeller.ensure(contracts, underlyings)
    this.#log.ensure(contracts)
    this.#assembler.ensure(contracts, underlyings)
    this.#eventTime.ensure(underlyings)
    if (contracts > this.#day.length) {
      const n = Math.max(contracts, this.#day.length * 2)
      this.#day = grown(this.#day, new Uint16Array(n))
      this.#arrivals = grown(this.#arrivals, new Uint32Array(n))
    }
  }

  /**
   * Reads the slab's rows from `from` on. Gives the row to go on from: `rows` when all are read,
   * less when there is no room for what became final; then the same call again, once there is.
   */
  read(slab: EventSlab, from: number, rows: number): number {
    const { kind, contract, time, clock, connection } = slab
    const assembler = this.#assembler
    assembler.sink.flush()
    for (let row = from; row < rows; row++) {
      if (!assembler.isReady()) return row
      const id = contract[row]!
      const underlying = this.#contracts.underlying[id]!
      assembler.clock = clock[row]!
      const now = this.#eventTime.advance(underlying, time[row]!, clock[row]!, connection[row]!)
      assembler.closePast(underlying, now)
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
    for (const underlying of this.#assembler.active) {
      if (!this.#eventTime.isQuiet(underlying, clocks)) continue
      this.#assembler.clock = this.#eventTime.clockNow(underlying, clocks)
      this.#assembler.closeAll(underlying)
    }
  }

  /** Closes every window: nothing more will come. */
  closeEverything(): void {
    this.#assembler.clock = Number.NaN
    for (const underlying of this.#assembler.active) this.#assembler.closeAll(underlying)
    this.sink.flush()
  }

  /** Counts since the last call (counts.ts). */
  takeCounts(): Float64Array<ArrayBuffer> {
    return this.#assembler.takeCounts()
  }

  /** Premium by underlying and sentiment since the last call, PREMIUM_SLOTS numbers a line. */
  takePremium(): Float64Array<ArrayBuffer> {
    return this.#assembler.takePremium()
  }

  /**
   * Cancels so far; none while a row still waits, so that no cancel overtakes the row it
   * removes.
   */
  takeCancels(): Cancel[] {
    if (this.sink.isWaiting) return []
    const cancels = this.#cancels
    this.#cancels = []
    return cancels
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
      this.#assembler.count(COUNT_DUPLICATE)
      return
    }
    if (seen === Seen.SequenceReused) this.#assembler.count(COUNT_SEQUENCE_REUSED)
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
    const assembler = this.#assembler
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
      const slot = assembler.hold(slab, row, id, day, arrival, index, labels)
      if (isHeld) assembler.join(slot, index, id, underlying, now)
      else assembler.finish(slot)
    } else {
      assembler.countFinal(underlying, labels.tradeType, labels.sentiment, price, size)
      this.#assembler.count(COUNT_BELOW_MIN_SIZE)
    }
  }

  #cancel(slab: EventSlab, row: number, id: number, day: number, now: number): void {
    const time = slab.time[row]!
    const price = slab.priceA[row]!
    const sequence = slab.priceB[row]!
    const size = slab.sizeA[row]!
    const exchange = slab.sizeB[row]!
    this.#assembler.count(COUNT_CANCELLED)
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
      if (state === PrintState.Held) this.#assembler.removeLeg(log.heldOf(index), now)
      log.setState(index, PrintState.Removed)
    }
    const conditions = slab.conditions[row]!
    log.add(id, day, sequence, time, price, size, exchange, conditions, 0, PrintState.Cancel)
    const contract = this.#contracts.id[id]!
    const recv = slab.recv[row]!
    this.#cancels.push({ contract, time, sequence, recv, price, size, exchange, removed })
  }
}
