import { conditionText } from '../../src/domain/conditions.ts'
import { exchangeAcronym } from '../../src/domain/exchanges.ts'
import {
  AGGRESSIVENESS_TEXT,
  AVERAGE_SCOPE_TEXT,
  CUSTOMER_RULE_TEXT,
  CustomerRule,
  QUOTE_SOURCE_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
  UNDERLYING_SOURCE_TEXT,
} from '../../src/domain/labels.ts'
import { PERCENTILE_NONE } from '../../src/domain/size-profiles.ts'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { Router, type SealedSlab } from '../../src/reader/router.ts'
import { Classifier } from '../../src/shard/classifier.ts'
import * as count from '../../src/shard/counts.ts'
import type { Cancel } from '../../src/slab/cancel.ts'
import { EVENT_SLAB_BYTES, EventSlab, EXCHANGE_NONE } from '../../src/slab/event-slab.ts'
import type { Requote } from '../../src/slab/requote.ts'
import * as flag from '../../src/slab/row-slab.ts'
import { SlabPool } from '../../src/slab/slab-pool.ts'
import type { Account, ModelCancel, ModelRow, Settings, TapeFrame } from './types.ts'

export type RunOptions = {
  readonly shards: number
  /** Seals open slabs after a frame when this says so: any cut of the tape into slabs. */
  readonly cut?: () => boolean
  /** Rows that a shard may write before it must wait for room. */
  readonly rowSlabs?: () => number
  readonly heldMax?: number
}

export type RunResult = {
  readonly rows: ModelRow[]
  readonly cancels: ModelCancel[]
  readonly account: Account
  readonly sequenceReused: number
  /** src/shard/counts.ts, over all shards. */
  readonly counts: Float64Array
  /** Premium of all final prints, dollars. */
  readonly premium: number
  /** Prints that waited for an NBBO at once, at most, as seen after each slab. */
  readonly pendingMax: number
}

/** The engine's decoder, router and classifiers in one thread, for any tape. */
export function runTape(
  frames: readonly TapeFrame[],
  settings: Settings,
  options: RunOptions,
): RunResult {
  const dictionary = new Dictionary({ watched: settings.symbols, contractsMax: 100_000 })
  const decoder = new FrameDecoder({ dictionary })
  const classifiers = Array.from(
    { length: options.shards },
    () =>
      new Classifier({
        rules: settings.rules,
        minSize: settings.minSize,
        windowMs: settings.windowMs,
        quoteMaxAgeMs: settings.quoteMaxAgeMs,
        lookupPremium: settings.lookupPremium ?? 0,
        heldMax: options.heldMax ?? 1 << 16,
        printLogRows: 1 << 14,
        quoteRowsMax: 1 << 20,
      }),
  )
  const pool = new SlabPool(options.shards + 2, EVENT_SLAB_BYTES)
  const rows: ModelRow[] = []
  const cancels: Cancel[] = []
  const counts = new Float64Array(count.COUNTS)
  let pendingMax = 0
  let premium = 0
  const collect = (classifier: Classifier) => {
    pendingMax = Math.max(pendingMax, classifier.pending)
    for (const filled of classifier.sink.take()) {
      const slab = new flag.RowSlab(filled.buffer)
      for (let row = 0; row < filled.rows; row++) rows.push(rowOf(slab, row, dictionary, sets))
    }
    for (const requote of classifier.takeRequotes()) revise(rows, requote, dictionary)
    for (const cancel of classifier.takeCancels()) {
      cancels.push(cancel)
      remove(rows, cancel, dictionary)
    }
    classifier.takePremium().forEach((dollars, i) => {
      if (i % count.PREMIUM_SLOTS !== count.PREMIUM_UNDERLYING) premium += dollars
    })
    classifier.takeCounts().forEach((n, i) => {
      counts[i]! += n
    })
  }
  const sets: (readonly (number | string)[])[] = [[]]
  const send = (shard: number, sealed: SealedSlab) => {
    const classifier = classifiers[shard]!
    sealed.definitions?.conditionSets.forEach((set, i) => {
      sets[sealed.definitions!.firstConditionSet + i] = set
    })
    if (sealed.definitions !== null) classifier.define(sealed.definitions)
    let next = 0
    do {
      const slabs = options.rowSlabs?.() ?? 1
      for (let i = 0; i < slabs; i++) classifier.sink.offer(new ArrayBuffer(flag.ROW_SLAB_BYTES))
      classifier.sink.flush()
      if (sealed.slab !== null) {
        next = classifier.read(new EventSlab(sealed.slab), next, sealed.rows)
      }
      if (next === sealed.rows) classifier.closeQuiet(sealed.clocks)
      collect(classifier)
    } while (next < sealed.rows)
    if (sealed.slab !== null) pool.release(sealed.slab)
  }
  const router = new Router(dictionary, pool, options.shards, 1, send)
  let clock = Number.NEGATIVE_INFINITY
  for (const { recv, frame, clock: own } of frames) {
    clock = own ?? Math.max(clock, recv)
    decoder.decode(Buffer.from(frame), false, recv)
    router.route(decoder.columns, 0, { recv, clock, connection: 0, readAt: 0 })
    if (options.cut?.() !== false) for (let s = 0; s < options.shards; s++) router.seal(s)
  }
  classifiers.forEach((classifier, shard) => {
    router.seal(shard)
    for (let i = 0; i < 64 || classifier.sink.isWaiting; i++) {
      classifier.sink.offer(new ArrayBuffer(flag.ROW_SLAB_BYTES))
      classifier.closeEverything()
      collect(classifier)
      if (classifier.held === 0) break
    }
  })
  const { received, filtered, dropped } = decoder.counts
  return {
    rows,
    cancels: cancels.map((c) => cancelOf(c, dictionary)),
    sequenceReused: counts[count.COUNT_SEQUENCE_REUSED]!,
    counts,
    premium,
    pendingMax,
    account: {
      received,
      filtered,
      dropped: Object.values(dropped).reduce((sum, n) => sum + n, 0),
      duplicate: counts[count.COUNT_DUPLICATE]!,
      cancelled: counts[count.COUNT_CANCELLED]!,
      below_min_size: counts[count.COUNT_BELOW_MIN_SIZE]!,
      stored: counts[count.COUNT_ROWS]!,
    },
  }
}

const orNull = (n: number) => (Number.isNaN(n) ? null : n)

export function rowOf(
  slab: flag.RowSlab,
  row: number,
  dictionary: Dictionary,
  sets: readonly (readonly (number | string)[])[],
): ModelRow {
  const contract = dictionary.ticker(slab.contract[row]!)
  const flags = slab.flags[row]!
  const legs = slab.eventLegs[row]!
  const hasQuote = !Number.isNaN(slab.bid[row]!)
  const exchange = slab.exchange[row]!
  const sizeOf = (size: number) => (hasQuote && size >= 0 ? size : null)
  return {
    contract,
    timestamp: slab.time[row]!,
    received: orNull(slab.recv[row]!),
    price: slab.price[row]!,
    size: slab.size[row]!,
    tradeType: TRADE_TYPE_TEXT[slab.tradeType[row]!]!,
    sentiment: SENTIMENT_TEXT[slab.sentiment[row]!]!,
    aggressiveness: AGGRESSIVENESS_TEXT[slab.aggressiveness[row]!]!,
    side: SIDE_TEXT[slab.side[row]!]!,
    dte: slab.dte[row]!,
    isSweep: (flags & flag.FLAG_SWEEP) !== 0,
    isBlock: (flags & flag.FLAG_BLOCK) !== 0,
    isAboveAsk: (flags & flag.FLAG_ABOVE_ASK) !== 0,
    isBelowBid: (flags & flag.FLAG_BELOW_BID) !== 0,
    isUnusual: (flags & flag.FLAG_UNUSUAL) !== 0,
    isMultiLeg: (flags & flag.FLAG_MULTI_LEG) !== 0,
    isLate: (flags & flag.FLAG_LATE) !== 0,
    exchange: exchange === EXCHANGE_NONE ? null : (exchangeAcronym(exchange) ?? `${exchange}`),
    conditions: sets[slab.conditions[row]!]!.map(conditionText),
    sequence: orNull(slab.sequence[row]!),
    bid: orNull(slab.bid[row]!),
    ask: orNull(slab.ask[row]!),
    bidSize: sizeOf(slab.bidSize[row]!),
    askSize: sizeOf(slab.askSize[row]!),
    quoteAge: hasQuote ? slab.quoteAge[row]! : null,
    eventLegs: legs === 0 ? null : legs,
    eventSpan: legs === 0 ? null : slab.eventSpan[row]!,
    event: legs === 0 ? null : `${contract}-${slab.eventTime[row]}-${slab.eventArrival[row]}`,
    arrival: slab.arrival[row]!,
    quoteSource: QUOTE_SOURCE_TEXT[slab.quoteSource[row]!]!,
    customerSide: SIDE_TEXT[slab.customerSide[row]!]!,
    customerRule: CUSTOMER_RULE_TEXT[slab.customerRule[row]!]!,
    averageSum: slab.averageSum[row]!,
    averageCount: slab.averageCount[row]!,
    averageScope: AVERAGE_SCOPE_TEXT[slab.averageScope[row]!]!,
    dayVolume: orNull(slab.dayVolume[row]!),
    openInterest: slab.openInterest[row]! < 0 ? null : slab.openInterest[row]!,
    multiplier: slab.multiplier[row]!,
    underlyingPrice: orNull(slab.underlyingPrice[row]!),
    underlyingSource: UNDERLYING_SOURCE_TEXT[slab.underlyingSource[row]!]!,
    sizePercentile: percentile(slab.sizePercentile[row]!),
    premiumPercentile: percentile(slab.premiumPercentile[row]!),
    percentileSample: slab.percentileSample[row]!,
    revision: 0,
  }
}

const percentile = (rank: number) => (rank === PERCENTILE_NONE ? null : rank)

/** What the writer does with a late quote, on an array. */
export function revise(rows: readonly ModelRow[], requote: Requote, dictionary: Dictionary): void {
  const row = rowNamed(rows, dictionary.ticker(requote.contract), requote)
  if (row === undefined) throw new Error('a late quote came before the row that it revises')
  if (row.sequence !== orNull(requote.sequence)) throw new Error('a late quote of another print')
  row.bid = requote.bid
  row.ask = requote.ask
  row.bidSize = requote.bidSize < 0 ? null : requote.bidSize
  row.askSize = requote.askSize < 0 ? null : requote.askSize
  row.quoteAge = requote.quoteAge
  row.quoteSource = QUOTE_SOURCE_TEXT[requote.quoteSource]!
  row.side = SIDE_TEXT[requote.side]!
  row.sentiment = SENTIMENT_TEXT[requote.sentiment]!
  row.aggressiveness = AGGRESSIVENESS_TEXT[requote.aggressiveness]!
  row.isAboveAsk = requote.isAboveAsk
  row.isBelowBid = requote.isBelowBid
  row.revision++
  if (requote.customerRule === CustomerRule.None) return // what the tick test told still holds
  row.customerSide = SIDE_TEXT[requote.customerSide]!
  row.customerRule = CUSTOMER_RULE_TEXT[requote.customerRule]!
}

type Named = { readonly time: number; readonly arrival: number }

function rowNamed(rows: readonly ModelRow[], contract: string, { time, arrival }: Named) {
  return rows.find(
    (row) => row.contract === contract && row.timestamp === time && row.arrival === arrival,
  )
}

/** What the writer does with a cancel, on an array. */
export function remove(rows: ModelRow[], cancel: Cancel, dictionary: Dictionary): void {
  const { removed } = cancel
  if (removed === null || !removed.wasStored) return
  const row = rowNamed(rows, dictionary.ticker(cancel.contract), removed)
  if (row === undefined) throw new Error('a cancel came before the row that it removes')
  rows.splice(rows.indexOf(row), 1)
}

function cancelOf(cancel: Cancel, dictionary: Dictionary): ModelCancel {
  return {
    contract: dictionary.ticker(cancel.contract),
    timestamp: cancel.time,
    sequence: orNull(cancel.sequence),
    removedSequence: cancel.removed === null ? null : orNull(cancel.removed.sequence),
    wasStored: cancel.removed?.wasStored ?? false,
    isMatched: cancel.removed !== null,
  }
}
