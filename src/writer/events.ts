import { conditionText } from '../domain/conditions.ts'
import { parseContract } from '../domain/contract.ts'
import {
  dollarsText,
  type EventCause,
  type EventKind,
  type EventLeg,
  type EventTotals,
  sweepWindowsOf,
  totalsOf,
  venuesOf,
  whyOf,
} from '../domain/flow-event.ts'
import { AVERAGE_SCOPE_TEXT, SENTIMENT_TEXT, SIDE_TEXT, TradeType } from '../domain/labels.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import type { Definitions } from '../slab/definitions.ts'
import type { RowSlab } from '../slab/row-slab.ts'
import { exchangeText } from './copy-blocks.ts'
import type { WriterData } from './messages.ts'

/** What an event is, whatever its legs are. */
type EventName = {
  readonly event_id: string
  readonly kind: EventKind
  readonly symbol: string
  readonly contract_ticker: string
  readonly side: string
  readonly sentiment: string
  readonly why: string
}

/** A version of an event as flow_events holds it, but for what the storing adds. */
export type FlowEvent = EventName & {
  readonly started_at: number
  readonly ended_at: number
  readonly span_ms: number
  readonly leg_count: number
  /** Prices in dollars here, which a double of 1/10,000 dollar writes exactly. */
  readonly legs: readonly EventLeg[]
  readonly total_size: number
  /** Exact decimal text of dollars. */
  readonly total_premium: string
  readonly vwap: string | null
  readonly exchanges: readonly string[]
  readonly sweep_windows_ms: readonly number[]
}

/** Conditions that make a print a sweep under `seed` (rules.md). */
const SEED_SWEEPS = ['SWEEP', 'MLTI']

/**
 * Events whose last leg has not come. A shard lets the legs of one event go one after the other, so
 * there is one a shard at most; what is more than this is of a shard that is gone, oldest first.
 */
const INCOMPLETE_MAX = 1_024

/** An event in the making. `firstTime` and `firstArrival` name it together with the contract. */
type Draft = {
  readonly contract: number
  readonly firstTime: number
  readonly firstArrival: number
  readonly side: number
  readonly sentiment: number
  readonly multiplier: number
  readonly legs: EventLeg[]
}

export type EventAssemblerOptions = Pick<WriterData, 'rules' | 'minSize'> & {
  readonly tickerOf: (contract: number) => string
}

/** Puts events together from the rows of all shards, as they are encoded. */
export class EventAssembler {
  readonly #options: EventAssemblerOptions
  readonly #incomplete = new Map<string, Draft>()
  /** Underlyings of the contracts that had an event. */
  readonly #symbols = new Map<number, string>()
  /** Of the condition sets that make a sweep under `seed`: the condition that does. */
  readonly #sweepConditions = new Map<number, string>()

  constructor(options: EventAssemblerOptions) {
    this.#options = options
  }

  /** Must come ahead of the first row that uses a condition set. */
  define({ firstConditionSet, conditionSets }: Definitions): void {
    for (const [place, conditions] of conditionSets.entries()) {
      const found = conditions.map(conditionText).find((text) => SEED_SWEEPS.includes(text))
      if (found !== undefined) this.#sweepConditions.set(firstConditionSet + place, found)
    }
  }

  /** Takes the rows from `from` until `end` (exclusive); what is complete goes to `out`. */
  take(slab: RowSlab, from: number, end: number, out: FlowEvent[]): void {
    const { eventLegs, tradeType } = slab
    let open: Draft | null = null
    for (let row = from; row < end; row++) {
      const legs = eventLegs[row]!
      if (legs !== 0) {
        if (open === null || !isLegOf(open, slab, row)) {
          this.#keep(open)
          open = this.#find(slab, row)
        }
        open.legs.push(this.#leg(slab, row))
        if (open.legs.length === legs) {
          out.push(this.#event(open, { by: 'window' }, kindOf(open.legs)))
          open = null
        }
      } else if (tradeType[row]! <= TradeType.Block) {
        out.push(this.#single(slab, row))
      }
    }
    this.#keep(open)
  }

  #keep(draft: Draft | null): void {
    if (draft === null) return
    this.#incomplete.set(keyOf(draft.contract, draft.firstTime, draft.firstArrival), draft)
    if (this.#incomplete.size <= INCOMPLETE_MAX) return
    const [oldest] = this.#incomplete.keys()
    this.#incomplete.delete(oldest!)
  }

  /** The event of this leg as far as it has come, or a new one. */
  #find(slab: RowSlab, row: number): Draft {
    const contract = slab.contract[row]!
    const firstTime = slab.eventTime[row]!
    const firstArrival = slab.eventArrival[row]!
    const key = keyOf(contract, firstTime, firstArrival)
    const kept = this.#incomplete.get(key)
    if (kept === undefined) return draftOf(slab, row, firstTime, firstArrival)
    this.#incomplete.delete(key)
    return kept
  }

  /** A block, or a sweep by its condition, that is no leg. */
  #single(slab: RowSlab, row: number): FlowEvent {
    const draft = draftOf(slab, row, slab.time[row]!, slab.arrival[row]!)
    draft.legs.push(this.#leg(slab, row))
    const isBlock = slab.tradeType[row] === TradeType.Block
    return this.#event(draft, this.#causeOf(slab, row), isBlock ? 'BLOCK' : 'SWEEP')
  }

  #causeOf(slab: RowSlab, row: number): EventCause {
    if (slab.tradeType[row] === TradeType.Block) {
      const scope = AVERAGE_SCOPE_TEXT[slab.averageScope[row]!]!
      return { by: 'size', sum: slab.averageSum[row]!, count: slab.averageCount[row]!, scope }
    }
    if (this.#options.rules === 'opra') return { by: 'iso' }
    return {
      by: 'condition',
      condition: this.#sweepConditions.get(slab.conditions[row]!) ?? null,
    }
  }

  #leg(slab: RowSlab, row: number): EventLeg {
    const sequence = slab.sequence[row]!
    return {
      contract: this.#options.tickerOf(slab.contract[row]!),
      sequence: Number.isNaN(sequence) ? null : sequence,
      timestamp: slab.time[row]!,
      arrival: slab.arrival[row]!,
      price: slab.price[row]!,
      size: slab.size[row]!,
      exchange: exchangeText(slab.exchange[row]!),
    }
  }

  #event(draft: Draft, cause: EventCause, kind: EventKind): FlowEvent {
    const { legs, multiplier, firstTime, firstArrival } = draft
    const ticker = legs[0]!.contract
    const side = SIDE_TEXT[draft.side]!
    const totals = totalsOf(legs, multiplier)
    return {
      event_id: eventIdOf(ticker, firstTime, firstArrival),
      kind,
      symbol: this.#symbolOf(draft.contract, ticker),
      contract_ticker: ticker,
      side,
      sentiment: SENTIMENT_TEXT[draft.sentiment]!,
      ...sumsOf(legs, totals, this.#options.minSize),
      why: whyOf(cause, side, legs, totals),
    }
  }

  #symbolOf(contract: number, ticker: string): string {
    let symbol = this.#symbols.get(contract)
    if (symbol === undefined) {
      symbol = parseContract(ticker)?.underlying ?? ticker
      this.#symbols.set(contract, symbol)
    }
    return symbol
  }
}

/** Name of an event by its first leg; that of a print's own event, when it is no leg. */
export function eventIdOf(ticker: string, time: number, arrival: number): string {
  return `${ticker}-${time}-${arrival}`
}

/** The columns that follow from the legs, which add up to `totals`. */
export function sumsOf(
  legs: readonly EventLeg[],
  totals: EventTotals,
  minSize: number,
): Omit<FlowEvent, keyof EventName> {
  return {
    started_at: totals.startedAt,
    ended_at: totals.endedAt,
    span_ms: totals.endedAt - totals.startedAt,
    leg_count: totals.legCount,
    legs: legs.map((leg) => ({ ...leg, price: leg.price / TICKS_PER_DOLLAR })),
    total_size: totals.totalSize,
    total_premium: dollarsText(totals.premiumTicks),
    vwap: totals.vwap,
    exchanges: totals.exchanges,
    sweep_windows_ms: sweepWindowsOf(legs, minSize),
  }
}

function isLegOf(draft: Draft, slab: RowSlab, row: number): boolean {
  return (
    draft.contract === slab.contract[row] &&
    draft.firstTime === slab.eventTime[row] &&
    draft.firstArrival === slab.eventArrival[row]
  )
}

function draftOf(slab: RowSlab, row: number, firstTime: number, firstArrival: number): Draft {
  return {
    contract: slab.contract[row]!,
    firstTime,
    firstArrival,
    side: slab.side[row]!,
    sentiment: slab.sentiment[row]!,
    multiplier: slab.multiplier[row]!,
    legs: [],
  }
}

function keyOf(contract: number, firstTime: number, firstArrival: number): string {
  return `${contract}-${firstTime}-${firstArrival}`
}

/** What the window made of its legs: a sweep if they came from two or more exchanges. */
function kindOf(legs: readonly EventLeg[]): EventKind {
  return venuesOf(legs) >= 2 ? 'SWEEP' : 'SPLIT'
}
