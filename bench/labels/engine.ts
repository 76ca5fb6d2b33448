import { parseContract } from '../../src/domain/contract.ts'
import type {
  CustomerRule,
  QuoteSource,
  Sentiment,
  Side,
  TradeType,
} from '../../src/domain/labels.ts'
import { TICKS_PER_DOLLAR } from '../../src/domain/ticks.ts'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { Router, type SealedSlab } from '../../src/reader/router.ts'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import { Classifier } from '../../src/shard/classifier.ts'
import type { Rules } from '../../src/shard/labeller.ts'
import { EVENT_SLAB_BYTES, EventSlab } from '../../src/slab/event-slab.ts'
import type { Requote } from '../../src/slab/requote.ts'
import {
  FLAG_MULTI_LEG,
  FLAG_SWEEP,
  ROW_SLAB_BYTES,
  ROW_SLAB_ROWS,
  RowSlab,
} from '../../src/slab/row-slab.ts'
import { SlabPool } from '../../src/slab/slab-pool.ts'

/** The engine's own defaults (config.ts). */
export const MIN_SIZE = 10
export const WINDOW_MS = 500
export const QUOTE_MAX_AGE_MS = 5_000
export const LOOKUP_PREMIUM = 25_000

export type Tuning = {
  /** Contracts, FLOW_MIN_SIZE. */
  readonly minSize: number
  /** FLOW_SWEEP_WINDOW_MS. */
  readonly windowMs: number
}

/** A stored print as the table holds it in the end, late quotes applied. */
export type EngineRow = {
  /** The same for the same print in every run of a tape. */
  readonly id: string
  readonly ticker: string
  readonly isCall: boolean
  /** NaN: the tape has none. */
  readonly sequence: number
  /** Vendor's exchange id. */
  readonly exchange: number
  readonly size: number
  /** Dollars. */
  readonly premium: number
  readonly conditions: readonly (number | string)[]
  readonly tradeType: TradeType
  readonly isSweep: boolean
  readonly isMultiLeg: boolean
  /** Of the sweep or split that it is a leg of. */
  readonly event: string | null
  side: Side
  sentiment: Sentiment
  customerSide: Side
  customerRule: CustomerRule
  quoteSource: QuoteSource
}

/**
 * The rows that a tape leaves in the table: the engine's decoder, router and classifier in one
 * thread and as one shard, with what the writer does with cancels and late quotes. What is not given
 * is as the engine's defaults.
 */
export function rowsOf(
  frames: Iterable<RecordedFrame>,
  rules: Rules,
  { minSize = MIN_SIZE, windowMs = WINDOW_MS }: Partial<Tuning> = {},
): EngineRow[] {
  const dictionary = new Dictionary({ watched: '*', contractsMax: 100_000 })
  const decoder = new FrameDecoder({ dictionary })
  const classifier = new Classifier({
    rules,
    minSize,
    windowMs,
    quoteMaxAgeMs: QUOTE_MAX_AGE_MS,
    lookupPremium: LOOKUP_PREMIUM,
    heldMax: 1 << 16,
    printLogRows: 1 << 17,
    quoteRowsMax: 1 << 20,
  })
  const pool = new SlabPool(2, EVENT_SLAB_BYTES)
  const table = new Table(dictionary)
  const send = (_: number, sealed: SealedSlab) => {
    if (sealed.definitions !== null) {
      classifier.define(sealed.definitions)
      table.define(sealed.definitions)
    }
    let next = 0
    do {
      table.giveRoom(classifier)
      if (sealed.slab !== null) {
        next = classifier.read(new EventSlab(sealed.slab), next, sealed.rows)
      }
      if (next === sealed.rows) classifier.closeQuiet(sealed.clocks)
      table.store(classifier)
    } while (next < sealed.rows)
    if (sealed.slab !== null) pool.release(sealed.slab)
  }
  const router = new Router(dictionary, pool, 1, 1, send)
  for (const { bytes, isBinary, recv, clock, connection } of frames) {
    decoder.decode(bytes, isBinary, recv)
    router.route(decoder.columns, 0, { recv, clock, connection, readAt: 0 })
  }
  router.seal(0)
  do {
    table.giveRoom(classifier)
    classifier.closeEverything()
    table.store(classifier)
  } while (classifier.held > 0)
  return table.rows
}

/** What the writer does, on a map: insert, remove what was cancelled, revise by late quotes. */
class Table {
  readonly #dictionary: Dictionary
  readonly #conditionSets: (readonly (number | string)[])[] = [[]]
  readonly #rows = new Map<string, EngineRow>()
  readonly #empty: ArrayBuffer[] = []

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  get rows(): EngineRow[] {
    return [...this.#rows.values()]
  }

  define({ firstConditionSet, conditionSets }: NonNullable<SealedSlab['definitions']>): void {
    conditionSets.forEach((set, i) => {
      this.#conditionSets[firstConditionSet + i] = set
    })
  }

  giveRoom({ sink }: Classifier): void {
    while (sink.empties < 2) sink.offer(this.#empty.pop() ?? new ArrayBuffer(ROW_SLAB_BYTES))
    sink.flush()
  }

  store(classifier: Classifier): void {
    for (const { buffer, rows } of classifier.sink.take()) {
      const slab = new RowSlab(buffer)
      for (let row = 0; row < Math.min(rows, ROW_SLAB_ROWS); row++) this.#insert(slab, row)
      this.#empty.push(buffer)
    }
    for (const { contract, removed } of classifier.takeCancels()) {
      if (removed?.wasStored === true) {
        this.#rows.delete(keyOf(contract, removed.time, removed.arrival))
      }
    }
    for (const requote of classifier.takeRequotes()) this.#revise(requote)
  }

  #insert(slab: RowSlab, row: number): void {
    const contract = slab.contract[row]!
    const ticker = this.#dictionary.ticker(contract)
    const flags = slab.flags[row]!
    const size = slab.size[row]!
    const isLeg = slab.eventLegs[row]! > 0
    const id = keyOf(contract, slab.time[row]!, slab.arrival[row]!)
    this.#rows.set(id, {
      id,
      ticker,
      isCall: parseContract(ticker)!.isCall,
      sequence: slab.sequence[row]!,
      exchange: slab.exchange[row]!,
      size,
      premium: (slab.price[row]! * size * slab.multiplier[row]!) / TICKS_PER_DOLLAR,
      conditions: this.#conditionSets[slab.conditions[row]!]!,
      tradeType: slab.tradeType[row]! as TradeType,
      isSweep: (flags & FLAG_SWEEP) !== 0,
      isMultiLeg: (flags & FLAG_MULTI_LEG) !== 0,
      event: isLeg ? `${ticker}-${slab.eventTime[row]}-${slab.eventArrival[row]}` : null,
      side: slab.side[row]! as Side,
      sentiment: slab.sentiment[row]! as Sentiment,
      customerSide: slab.customerSide[row]! as Side,
      customerRule: slab.customerRule[row]! as CustomerRule,
      quoteSource: slab.quoteSource[row]! as QuoteSource,
    })
  }

  #revise(requote: Requote): void {
    const row = this.#rows.get(keyOf(requote.contract, requote.time, requote.arrival))
    if (row === undefined) return
    row.side = requote.side
    row.sentiment = requote.sentiment
    row.customerSide = requote.customerSide
    row.customerRule = requote.customerRule
    row.quoteSource = requote.quoteSource
  }
}

const keyOf = (contract: number, time: number, arrival: number) => `${contract}-${time}-${arrival}`
