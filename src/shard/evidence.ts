import type { TradeType } from '../domain/labels.ts'
import type { PrintLog } from '../domain/print-log.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'
import {
  type EventSlab,
  KIND_ASKED,
  KIND_NBBO,
  KIND_REFERENCE,
  KIND_UNDERLYING,
  KIND_VOLUME,
} from '../slab/event-slab.ts'
import type { Requote } from '../slab/requote.ts'
import { FLAG_ABOVE_ASK, FLAG_BELOW_BID } from '../slab/row-slab.ts'
import type { Assembler } from './assembler.ts'
import type { ContractDays } from './contract-days.ts'
import type { ContractTable } from './contracts.ts'
import { holdQuote } from './hold.ts'
import type { Labeller, Nbbo } from './labeller.ts'
import type { UnderlyingPrices } from './underlying-prices.ts'

export type EvidenceParts = {
  readonly contracts: ContractTable
  readonly days: ContractDays
  readonly prices: UnderlyingPrices
  readonly labeller: Labeller
  readonly log: PrintLog
  readonly assembler: Assembler
  /** Whether a print with a side may join a window: under opra, where its conditions let it. */
  readonly mayBeLeg: (conditions: number) => boolean
}

/** Takes in what does not come from the feed: NBBO over REST, references, underlying prices. */
export class Evidence {
  readonly #parts: EvidenceParts
  /** Time of the print that the next answer is for. */
  #askedAt = Number.NaN
  #requotes: Requote[] = []

  constructor(parts: EvidenceParts) {
    this.#parts = parts
  }

  /** One row of a kind other than print and quote. `now`: event time, which it does not move. */
  read(slab: EventSlab, row: number, id: number, underlying: number, now: number): void {
    const { days, prices } = this.#parts
    switch (slab.kind[row]) {
      case KIND_ASKED:
        this.#askedAt = slab.time[row]!
        return
      case KIND_NBBO:
        this.#nbbo(slab, row, id, underlying, now)
        return
      case KIND_REFERENCE:
        days.refer(id, slab.time[row]!, slab.sizeA[row]!, slab.sizeB[row]!)
        return
      case KIND_UNDERLYING:
        prices.set(underlying, slab.time[row]!, slab.priceA[row]!, slab.sizeA[row]!)
        return
      case KIND_VOLUME:
        days.fill(id, slab.time[row]!, slab.priceA[row]!)
        return
    }
  }

  /** Whether nothing waits for `takeRequotes`. */
  get isTaken(): boolean {
    return this.#requotes.length === 0
  }

  save(out: StateWriter): void {
    out.part('evidence', 1)
    out.number(this.#askedAt)
  }

  load(from: StateReader): void {
    from.part('evidence', 1)
    this.#askedAt = from.number()
  }

  /** Late quotes for stored rows since the last call. */
  takeRequotes(): Requote[] {
    const requotes = this.#requotes
    this.#requotes = []
    return requotes
  }

  #nbbo(slab: EventSlab, row: number, id: number, underlying: number, now: number): void {
    const { assembler, labeller } = this.#parts
    const { pending, held } = assembler
    const at = this.#askedAt
    assembler.letGo(pending.takeOverdue(id, slab.clock[row]!))
    const nbbo: Nbbo = {
      time: slab.time[row]!,
      bid: slab.priceA[row]!,
      ask: slab.priceB[row]!,
      bidSize: slab.sizeA[row]!,
      askSize: slab.sizeB[row]!,
      venues: slab.conditions[row]!,
    }
    // no answer is for the very print that was asked about; an answer holds from its quote on
    const from = Number.isNaN(nbbo.bid) ? at : nbbo.time
    for (const slot of pending.takeBetween(id, from, at)) {
      if (labeller.isNbboUsable(nbbo, held.time[slot]!)) this.#inTime(slot, id, nbbo)
      this.#release(slot, id, underlying, now)
    }
    if (!Number.isNaN(nbbo.bid)) this.#late(id, nbbo, at, slab.recv[row]!)
  }

  /** A print that still waits gets the labels that it would have had with this quote. */
  #inTime(slot: number, id: number, nbbo: Nbbo): void {
    const { assembler, labeller, contracts } = this.#parts
    const { held } = assembler
    labeller.requote(
      contracts.isCall[id] === 1,
      held.time[slot]!,
      held.price[slot]!,
      held.size[slot]!,
      held.exchange[slot]!,
      held.tradeType[slot]! as TradeType,
      nbbo,
    )
    holdQuote(held, slot, labeller)
    held.flags[slot]! |= labeller.flags
    if (labeller.customerRule === 0) return // the tick test, if it told, still does
    held.customerSide[slot] = labeller.customerSide
    held.customerRule[slot] = labeller.customerRule
  }

  #release(slot: number, id: number, underlying: number, now: number): void {
    const { assembler, mayBeLeg } = this.#parts
    const { held } = assembler
    const hasDirection = held.side[slot]! <= 1
    if (hasDirection && mayBeLeg(held.conditions[slot]!)) {
      assembler.join(slot, held.log[slot]!, id, underlying, now)
    } else assembler.finish(slot)
  }

  /** Rows that were stored without a quote and now have one. */
  #late(id: number, nbbo: Nbbo, at: number, recv: number): void {
    const { labeller, contracts, log } = this.#parts
    for (;;) {
      const index = log.takeAwaiting(id, nbbo.time, at)
      if (index === 0) return
      const time = log.timeOf(index)
      if (!labeller.isNbboUsable(nbbo, time)) continue
      const price = log.priceOf(index)
      const type = log.typeOf(index) as TradeType
      const isCall = contracts.isCall[id] === 1
      labeller.requote(isCall, time, price, log.sizeOf(index), log.exchangeOf(index), type, nbbo)
      this.#requotes.push({
        contract: contracts.id[id]!,
        time,
        sequence: log.sequenceOf(index),
        arrival: log.arrivalOf(index),
        recv,
        bid: labeller.bid,
        ask: labeller.ask,
        bidSize: labeller.bidSize,
        askSize: labeller.askSize,
        quoteAge: labeller.quoteAge,
        quoteSource: labeller.quoteSource,
        side: labeller.side,
        sentiment: labeller.sentiment,
        aggressiveness: labeller.aggressiveness,
        isAboveAsk: (labeller.flags & FLAG_ABOVE_ASK) !== 0,
        isBelowBid: (labeller.flags & FLAG_BELOW_BID) !== 0,
        customerSide: labeller.customerSide,
        customerRule: labeller.customerRule,
      })
    }
  }
}
