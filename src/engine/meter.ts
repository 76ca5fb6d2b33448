import type { Metrics } from '../metrics/metrics.ts'
import type { DecodeCounts } from '../reader/decode-counts.ts'
import type { Dictionary } from '../reader/dictionary.ts'
import * as count from '../shard/counts.ts'
import type { ShardResult } from '../shard/task.ts'
import type { Committed } from '../writer/messages.ts'
import { type MeterTellers, tellersOf } from './meter-tellers.ts'
import { type Sums, Tally } from './tally.ts'

type Source = { readonly counts: DecodeCounts; readonly dictionary: Dictionary }

/** The reader is a part of the tally; shard n is part n + 1. */
const READER = 0

/** What had been counted of all that lies before one place in the journal. */
export type MeterMark = {
  readonly parts: Sums[]
  /** Whether it is the start of the process: held prints that it takes over count as received. */
  readonly isStart: boolean
}

/**
 * Carries what the parts have counted into the metrics: once a slab or batch, never a print. When
 * the engine is built again from a saved state, it goes back to the mark of that state.
 */
export class Meter {
  readonly #metrics: Metrics
  readonly #tellers: MeterTellers
  readonly #tally = new Tally()
  #source: Source | null = null
  #seen: DecodeCounts | null = null
  #countsHeld = true
  /** Rows that came back from the writer, whatever became of them. */
  #rowsDone = 0
  /** Of rows that come again: how many had come back before. */
  #rowsAgain = 0
  #isCatchingUp = false
  stored = 0

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#tellers = tellersOf(metrics)
  }

  get sweeps(): number {
    return this.#tellers.sweeps()
  }

  get blocks(): number {
    return this.#tellers.blocks()
  }

  /** From here on the decoder of a new pipeline is read, whose counts begin at 0. */
  attach(source: Source): void {
    this.#source = source
    this.#seen = null
  }

  /** What the decoder has counted since the last call. */
  sync(): void {
    if (this.#source === null) return
    const { counts, dictionary } = this.#source
    const now = structuredClone(counts)
    const { reader, dropped, quotesIgnored, unknown } = this.#tellers
    const before = this.#seen
    const tally = this.#tally
    for (const name of ['received', 'filtered', 'framesMalformed', 'quotesReceived'] as const) {
      tally.add(READER, reader[name], now[name] - (before?.[name] ?? 0))
    }
    const add = <K extends string>(
      tellers: Record<K, (n: number) => void>,
      counted: Record<K, number>,
      earlier: Record<K, number> | undefined,
    ): void => {
      for (const key of Object.keys(counted) as K[]) {
        tally.add(READER, tellers[key], counted[key] - (earlier?.[key] ?? 0))
      }
    }
    add(dropped, now.dropped, before?.dropped)
    add(quotesIgnored, now.quotesIgnored, before?.quotesIgnored)
    add(unknown, now.unknown, before?.unknown)
    this.#metrics.contracts.set(dictionary.size)
    this.#seen = now
  }

  /**
   * What has been counted up to the frame that was read last; of each shard it is still to be
   * added, by `markShard`, when that shard has come to the same frame.
   */
  mark(): MeterMark {
    this.sync()
    return { parts: [this.#tally.sumsOf(READER)], isStart: false }
  }

  markShard(mark: MeterMark, shard: number): void {
    mark.parts[shard + 1] = this.#tally.sumsOf(shard + 1)
  }

  /** What comes from here on was counted already, as far as the mark had not seen it. */
  goBack(mark: MeterMark): void {
    this.#tally.putBack(mark.parts)
    const posted = mark.parts.reduce((sum, part) => sum + (part.get(this.#tellers.posted) ?? 0), 0)
    this.#rowsAgain = this.#rowsDone - posted
    this.#countsHeld = mark.isStart
    this.#isCatchingUp = !mark.isStart
  }

  /** All that was counted before is counted again. */
  caughtUp(): void {
    this.#isCatchingUp = false
    this.#rowsAgain = 0
  }

  /** One call of a shard; `readAt`: when the oldest event of its slab was read, epoch ms. */
  result(shard: number, result: ShardResult, readAt: number): void {
    const { counts, classifiedAt, heldBefore, filled } = result
    const m = this.#metrics
    const part = shard + 1
    const tally = this.#tally
    // prints that the process before had received and holds here: their rows are to come
    if (this.#countsHeld) tally.add(part, this.#tellers.reader.received, heldBefore)
    const rows = filled.reduce((sum, slab) => sum + slab.rows, 0)
    tally.add(part, this.#tellers.posted, rows)
    for (const { slot, teller } of this.#tellers.shard) tally.add(part, teller, counts[slot]!)
    const heldMs = counts[count.COUNT_HELD_MS_MAX]!
    if (heldMs > 0) m.latency.observe({ stage: 'held' }, heldMs / 1000)
    if (classifiedAt >= readAt) {
      m.latency.observe({ stage: 'receive_to_classified' }, (classifiedAt - readAt) / 1000)
    }
    this.#premium(part, result.premium)
  }

  /** Vendor to us: time since the vendor's stamp when a frame's first event was received. */
  received(ms: number): void {
    if (ms >= 0) this.#metrics.latency.observe({ stage: 'exchange_to_receive' }, ms / 1000)
  }

  committed(committed: Committed): void {
    const { revised, copyMs, commitMs, slabs, committedAt } = committed
    const m = this.#metrics
    this.#rows(committed)
    m.rowsRevised.inc(revised)
    if (committed.rows > 0) m.copyRows.observe(committed.rows)
    m.copyDuration.observe((copyMs + commitMs) / 1000)
    for (const { oldestReadAt, classifiedAt } of slabs) {
      const sinceClassified = (committedAt - classifiedAt) / 1000
      m.latency.observe({ stage: 'classified_to_committed' }, Math.max(0, sinceClassified))
      const sinceRead = (committedAt - oldestReadAt) / 1000
      if (sinceRead >= 0) m.latency.observe({ stage: 'receive_to_committed' }, sinceRead)
    }
  }

  #rows(committed: Pick<Committed, 'rows' | 'repeated' | 'setAside'>): void {
    const m = this.#metrics
    const fresh = (rows: number): number => {
      const again = Math.min(rows, this.#rowsAgain)
      this.#rowsAgain -= again
      return rows - again
    }
    const repeated = fresh(committed.repeated)
    const rows = fresh(committed.rows)
    const setAside = fresh(committed.setAside)
    this.#rowsDone += repeated + rows + setAside
    // stored by the writer that died, which had no time to say so
    const stored = this.#isCatchingUp ? rows + repeated : rows
    this.stored += stored
    m.tradesStored.inc(stored)
    if (setAside > 0) m.tradesDropped.inc({ reason: 'refused_by_database' }, setAside)
    if (repeated > 0 && !this.#isCatchingUp) m.tradesDuplicate.inc(repeated)
  }

  #premium(part: number, premium: Float64Array): void {
    const { underlyings } = this.#source!.dictionary
    for (let at = 0; at < premium.length; at += count.PREMIUM_SLOTS) {
      const underlying = underlyings[premium[at + count.PREMIUM_UNDERLYING]!]!
      const tellers = this.#tellers.premium(this.#metrics.symbolLabel(underlying))
      tellers.forEach((teller, s) => {
        this.#tally.add(part, teller, premium[at + count.PREMIUM_SENTIMENT + s]!)
      })
    }
  }
}
