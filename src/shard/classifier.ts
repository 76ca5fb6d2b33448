import { QuoteSource, Side } from '../domain/labels.ts'
import { dte, NewYorkCalendar } from '../domain/new-york.ts'
import { PrintLog, PrintState, Seen } from '../domain/print-log.ts'
import { QuoteHistory } from '../domain/quote-history.ts'
import { SizeProfiles } from '../domain/size-profiles.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import type { Cancel } from '../slab/cancel.ts'
import type { ShardDefinitions, UnderlyingProfile } from '../slab/definitions.ts'
import { type EventSlab, KIND_QUOTE } from '../slab/event-slab.ts'
import type { Requote } from '../slab/requote.ts'
import { Assembler, type AssemblerOptions } from './assembler.ts'
import { Cancels } from './cancels.ts'
import { ContractDays } from './contract-days.ts'
import { ContractTable } from './contracts.ts'
import { COUNT_BELOW_MIN_SIZE, COUNT_DUPLICATE, COUNT_SEQUENCE_REUSED } from './counts.ts'
import { EventTime } from './event-time.ts'
import { Evidence } from './evidence.ts'
import { holdFacts, holdPrint } from './hold.ts'
import { Labeller, type Rules } from './labeller.ts'
import type { RowSink } from './row-sink.ts'
import { ensureRoom, loadShard, type ShardParts, saveShard } from './shard-state.ts'
import { PROFILES_A_CALL } from './task.ts'
import { UnderlyingPrices } from './underlying-prices.ts'

export type ClassifierOptions = AssemblerOptions & {
  readonly rules: Rules
  /** Prints of this premium or more wait for an NBBO over REST, dollars; 0: none does. */
  readonly lookupPremium: number
  readonly quoteMaxAgeMs: number
  /** Prints remembered for duplicates and cancels; a power of two. */
  readonly printLogRows: number
  readonly quoteRowsMax: number
}

/** One shard's rules and state: event slabs in, final rows and cancels out, in the order read. */
export class Classifier {
  readonly #options: ClassifierOptions
  readonly #isOpra: boolean
  /** Ticks x contracts x multiplier. */
  readonly #lookupPremium: number
  readonly #contracts = new ContractTable()
  readonly #calendar = new NewYorkCalendar()
  readonly #eventTime: EventTime
  readonly #quotes: QuoteHistory
  readonly #labeller: Labeller
  readonly #days = new ContractDays()
  readonly #profiles = new SizeProfiles()
  readonly #prices: UnderlyingPrices
  readonly #log: PrintLog
  readonly #assembler: Assembler
  readonly #evidence: Evidence
  readonly #cancels: Cancels
  readonly #parts: ShardParts

  constructor(options: ClassifierOptions) {
    const { rules, windowMs, quoteMaxAgeMs, quoteRowsMax, lookupPremium } = options
    this.#options = options
    this.#isOpra = rules === 'opra'
    this.#lookupPremium =
      lookupPremium > 0 ? lookupPremium * TICKS_PER_DOLLAR : Number.POSITIVE_INFINITY
    this.#eventTime = new EventTime(windowMs)
    this.#quotes = new QuoteHistory(2 * quoteMaxAgeMs, quoteRowsMax)
    this.#labeller = new Labeller(rules, this.#quotes, quoteMaxAgeMs)
    this.#prices = new UnderlyingPrices(this.#contracts, this.#quotes, quoteMaxAgeMs)
    this.#log = new PrintLog(options.printLogRows)
    this.#assembler = new Assembler(options, this.#contracts, this.#log)
    this.#cancels = new Cancels(this.#contracts, this.#days, this.#log, this.#assembler)
    this.#evidence = new Evidence({
      contracts: this.#contracts,
      days: this.#days,
      prices: this.#prices,
      labeller: this.#labeller,
      log: this.#log,
      assembler: this.#assembler,
      mayBeLeg: (conditions) => this.#isOpra && this.#contracts.policies[conditions]!.mayBeLeg,
    })
    this.#parts = {
      contracts: this.#contracts,
      eventTime: this.#eventTime,
      quotes: this.#quotes,
      labeller: this.#labeller,
      days: this.#days,
      profiles: this.#profiles,
      prices: this.#prices,
      log: this.#log,
      assembler: this.#assembler,
      evidence: this.#evidence,
      cancels: this.#cancels,
    }
  }

  /** Where the final rows go. */
  get sink(): RowSink {
    return this.#assembler.sink
  }

  /** Prints held in open windows or waiting for room. */
  get held(): number {
    return this.#assembler.held.count
  }

  /** Those of them that wait for an NBBO over REST. */
  get pending(): number {
    return this.#assembler.pending.count
  }

  define(definitions: ShardDefinitions): void {
    this.#contracts.define(definitions)
    ensureRoom(this.#parts)
    // one that is damaged or of another version is learnt anew
    for (const { underlying, profile } of definitions.profiles) {
      this.#profiles.restore(underlying, profile)
    }
  }

  /**
   * All that it knows, between two slabs: one that loads it gives the same for all that comes
   * after. Throws while something waits to be taken. What it answers has a buffer of its own.
   */
  save(): Uint8Array<ArrayBuffer> {
    return saveShard(this.#options, this.#parts)
  }

  /**
   * Takes over what a classifier of the same options has saved, before anything else. Throws for
   * bytes that do not fit; this one is of no use then.
   */
  load(bytes: Uint8Array): void {
    loadShard(this.#options, this.#parts, bytes)
  }

  /** What size profiles have learnt since they were last taken, at most PROFILES_A_CALL of them. */
  takeProfiles(): UnderlyingProfile[] {
    const changed = this.#profiles.changed().slice(0, PROFILES_A_CALL)
    return changed.flatMap((underlying) => {
      const profile = this.#profiles.snapshot(underlying)
      return profile === null ? [] : [{ underlying, profile }]
    })
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
      if (kind[row]! > KIND_QUOTE) {
        const now = this.#eventTime.at(underlying, clock[row]!)
        assembler.closePast(underlying, now)
        this.#evidence.read(slab, row, id, underlying, now)
        continue
      }
      const now = this.#eventTime.advance(underlying, time[row]!, clock[row]!, connection[row]!)
      assembler.closePast(underlying, now)
      if (kind[row] === KIND_QUOTE) {
        this.#quotes.add(
          id,
          time[row]!,
          slab.priceA[row]!,
          slab.priceB[row]!,
          slab.sizeA[row]!,
          slab.sizeB[row]!,
          slab.conditions[row]!,
        )
        this.#prices.quoted(id)
      } else {
        this.#print(slab, row, id, underlying, now)
      }
    }
    return rows
  }

  /** Closes the windows of underlyings quiet on the reading clock; ends waits that are too long. */
  closeQuiet(clocks: ArrayLike<number>): void {
    for (const underlying of this.#assembler.active) {
      if (!this.#eventTime.isQuiet(underlying, clocks)) continue
      this.#assembler.clock = this.#eventTime.clockNow(underlying, clocks)
      this.#assembler.closeAll(underlying)
    }
    const { pending } = this.#assembler
    if (pending.count === 0 || !pending.isLookDue(clocks)) return
    for (const contract of [...pending.contracts]) {
      const clock = this.#eventTime.clockNow(this.#contracts.underlying[contract]!, clocks)
      this.#assembler.clock = clock
      this.#assembler.letGo(pending.takeOverdue(contract, clock))
    }
  }

  /** Closes every window and lets every print go: nothing more will come. */
  closeEverything(): void {
    this.#assembler.clock = Number.NaN
    const { pending } = this.#assembler
    for (const contract of [...pending.contracts]) {
      this.#assembler.letGo(pending.takeAll(contract))
    }
    for (const underlying of this.#assembler.active) this.#assembler.closeAll(underlying)
    this.sink.flush()
  }

  /** counts.ts, since the last call. */
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
    return this.sink.isWaiting ? [] : this.#cancels.take()
  }

  /** Late quotes so far; none while a row still waits that one of them may mean. */
  takeRequotes(): Requote[] {
    return this.sink.isWaiting ? [] : this.#evidence.takeRequotes()
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
    const assembler = this.#assembler
    if (assembler.pending.count > 0) {
      assembler.letGo(assembler.pending.takeOverdue(id, slab.clock[row]!))
    }
    const seen = log.seen(id, day, sequence, time, price, size, exchange, conditions)
    if (seen === Seen.Duplicate) {
      assembler.count(COUNT_DUPLICATE)
      return
    }
    if (seen === Seen.SequenceReused) assembler.count(COUNT_SEQUENCE_REUSED)
    const policy = this.#contracts.policies[conditions]!
    if (policy.isCancel) {
      this.#cancels.read(slab, row, id, day, now)
      return
    }
    const days = this.#days
    const arrival = days.print(id, day, size)
    const volume = days.volume(id, day)
    const labels = this.#labeller
    const isCall = this.#contracts.isCall[id] === 1
    const openInterest = days.openInterest(id, day)
    labels.print(id, underlying, isCall, time, price, size, exchange, policy, volume, openInterest)
    const premium = price * size * days.multiplier(id)
    const isLeg = this.#isOpra && policy.mayBeLeg && labels.side <= Side.Sell
    const isPending =
      premium >= this.#lookupPremium &&
      policy.hasSide &&
      labels.quoteSource === QuoteSource.None &&
      slab.clock[row]! >= 0 // NaN: a file without a clock has no answers either
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
    const dollars = premium / TICKS_PER_DOLLAR
    const before = volume > 0 ? volume - size : 0 // NaN: of a day long counted
    if (isLeg || isStored || isPending) {
      const slot = assembler.take()
      const expiration = this.#contracts.expirationDay[id]!
      holdPrint(assembler.held, slot, slab, row, id, arrival, index, dte(day, expiration), labels)
      holdFacts(assembler.held, slot, this.#parts, underlying, day, now, dollars, before)
      if (isLeg) assembler.join(slot, index, id, underlying, now)
      else if (isPending) assembler.wait(slot, index, id)
      else assembler.finish(slot)
    } else {
      assembler.countFinal(underlying, labels.tradeType, labels.sentiment, premium)
      if (policy.hasSide) assembler.countCovered(labels.quoteSource, premium)
      assembler.count(COUNT_BELOW_MIN_SIZE)
    }
    this.#profiles.push(underlying, day, before, size, dollars)
  }
}
