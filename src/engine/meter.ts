import { SENTIMENT_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { type Metrics, QUOTE_SOURCES, UNDERLYING_SOURCES } from '../metrics/metrics.ts'
import type { DecodeCounts } from '../reader/decode-counts.ts'
import type { Dictionary } from '../reader/dictionary.ts'
import * as count from '../shard/counts.ts'
import type { ShardResult } from '../shard/task.ts'
import type { Committed } from '../writer/messages.ts'

type Source = { readonly counts: DecodeCounts; readonly dictionary: Dictionary }

/** Carries what the parts have counted into the metrics: once a slab or batch, never a print. */
export class Meter {
  readonly #metrics: Metrics
  readonly #counts: DecodeCounts
  readonly #dictionary: Dictionary
  #told: DecodeCounts
  sweeps = 0
  blocks = 0
  stored = 0

  constructor(metrics: Metrics, { counts, dictionary }: Source) {
    this.#metrics = metrics
    this.#counts = counts
    this.#dictionary = dictionary
    this.#told = structuredClone(counts)
  }

  /** What the decoder has counted since the last call. */
  sync(): void {
    const m = this.#metrics
    const now = structuredClone(this.#counts)
    const before = this.#told
    m.tradesReceived.inc(now.received - before.received)
    m.tradesFiltered.inc(now.filtered - before.filtered)
    m.framesMalformed.inc(now.framesMalformed - before.framesMalformed)
    m.quotesReceived.inc(now.quotesReceived - before.quotesReceived)
    for (const [reason, n] of increases(now.dropped, before.dropped)) {
      m.tradesDropped.inc({ reason }, n)
    }
    for (const [reason, n] of increases(now.quotesIgnored, before.quotesIgnored)) {
      m.quotesIgnored.inc({ reason }, n)
    }
    for (const [kind, n] of increases(now.unknown, before.unknown)) m.unknownIds.inc({ kind }, n)
    m.contracts.set(this.#dictionary.size)
    this.#told = now
  }

  /** One call of a shard; `readAt`: when the oldest event of its slab was read, epoch ms. */
  result({ counts, premium, classifiedAt, heldBefore }: ShardResult, readAt: number): void {
    const m = this.#metrics
    // prints that the process before had received and holds here: their rows are to come
    m.tradesReceived.inc(heldBefore)
    m.tradesDuplicate.inc(counts[count.COUNT_DUPLICATE])
    m.tradesCancelled.inc(counts[count.COUNT_CANCELLED])
    m.tradesBelowMinSize.inc(counts[count.COUNT_BELOW_MIN_SIZE])
    m.sequenceReused.inc(counts[count.COUNT_SEQUENCE_REUSED])
    m.windowsForced.inc(counts[count.COUNT_WINDOWS_FORCED])
    const heldMs = counts[count.COUNT_HELD_MS_MAX]!
    if (heldMs > 0) m.latency.observe({ stage: 'held' }, heldMs / 1000)
    if (classifiedAt >= readAt) {
      m.latency.observe({ stage: 'receive_to_classified' }, (classifiedAt - readAt) / 1000)
    }
    TRADE_TYPE_TEXT.forEach((trade_type, type) => {
      SENTIMENT_TEXT.forEach((sentiment, s) => {
        const n = counts[count.COUNT_CLASSIFIED + type * SENTIMENT_TEXT.length + s]!
        if (n === 0) return
        m.tradesClassified.inc({ trade_type, sentiment }, n)
        if (trade_type === 'SWEEP') this.sweeps += n
        if (trade_type === 'BLOCK') this.blocks += n
      })
    })
    QUOTE_SOURCES.forEach((source, code) => {
      m.coveredPrints.inc({ source }, counts[count.COUNT_COVERED_PRINTS + code]!)
      m.coveredPremium.inc({ source }, counts[count.COUNT_COVERED_PREMIUM + code]!)
    })
    UNDERLYING_SOURCES.forEach((source, code) => {
      m.underlyingPrints.inc({ source }, counts[count.COUNT_UNDERLYING + code]!)
    })
    m.percentileWarming.inc(counts[count.COUNT_WARMING])
    for (let at = 0; at < premium.length; at += count.PREMIUM_SLOTS) {
      const underlying = this.#dictionary.underlyings[premium[at + count.PREMIUM_UNDERLYING]!]!
      const symbol = m.symbolLabel(underlying)
      SENTIMENT_TEXT.forEach((sentiment, s) => {
        m.premiumDollars.inc({ symbol, sentiment }, premium[at + count.PREMIUM_SENTIMENT + s]!)
      })
    }
  }

  /** Vendor to us: time since the vendor's stamp when a frame's first event was received. */
  received(ms: number): void {
    if (ms >= 0) this.#metrics.latency.observe({ stage: 'exchange_to_receive' }, ms / 1000)
  }

  committed(committed: Committed): void {
    const { rows, setAside, repeated, revised, copyMs, commitMs, slabs, committedAt } = committed
    const m = this.#metrics
    this.stored += rows
    m.tradesStored.inc(rows)
    if (setAside > 0) m.tradesDropped.inc({ reason: 'refused_by_database' }, setAside)
    if (repeated > 0) m.tradesDuplicate.inc(repeated)
    m.rowsRevised.inc(revised)
    if (rows > 0) m.copyRows.observe(rows)
    m.copyDuration.observe((copyMs + commitMs) / 1000)
    for (const { oldestReadAt, classifiedAt } of slabs) {
      const sinceClassified = (committedAt - classifiedAt) / 1000
      m.latency.observe({ stage: 'classified_to_committed' }, Math.max(0, sinceClassified))
      const sinceRead = (committedAt - oldestReadAt) / 1000
      if (sinceRead >= 0) m.latency.observe({ stage: 'receive_to_committed' }, sinceRead)
    }
  }
}

/** Label values whose number has grown, with by how much. */
function increases<K extends string>(
  now: Readonly<Record<K, number>>,
  before: Readonly<Record<K, number>>,
): [K, number][] {
  return (Object.keys(now) as K[])
    .map((key): [K, number] => [key, now[key] - before[key]])
    .filter(([, n]) => n > 0)
}
