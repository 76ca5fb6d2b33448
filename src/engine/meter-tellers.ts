import { SENTIMENT_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { type Metrics, QUOTE_SOURCES, UNDERLYING_SOURCES } from '../metrics/metrics.ts'
import { type DecodeCounts, newCounts } from '../reader/decode-counts.ts'
import * as count from '../shard/counts.ts'
import type { Teller } from './tally.ts'

type ReaderSum = 'received' | 'filtered' | 'framesMalformed' | 'quotesReceived'
type Tellers<K extends string> = Readonly<Record<K, Teller>>

/** A slot of a shard's counts (shard/counts.ts), and who is told of it. */
export type ShardSum = { readonly slot: number; readonly teller: Teller }

/** Which metric each sum belongs to: one function a sum, the same for the life of the process. */
export type MeterTellers = {
  readonly reader: Tellers<ReaderSum>
  readonly dropped: Tellers<keyof DecodeCounts['dropped']>
  readonly quotesIgnored: Tellers<keyof DecodeCounts['quotesIgnored']>
  readonly unknown: Tellers<keyof DecodeCounts['unknown']>
  readonly shard: readonly ShardSum[]
  /** Rows that a shard has given to the writer: no metric. */
  readonly posted: Teller
  /** By sentiment, in dollars. */
  premium(symbol: string): readonly Teller[]
  /** Prints classified so. */
  sweeps(): number
  blocks(): number
}

export function tellersOf(m: Metrics): MeterTellers {
  const { dropped, quotesIgnored, unknown } = newCounts()
  const bySymbol = new Map<string, readonly Teller[]>()
  let sweeps = 0
  let blocks = 0
  const shard: ShardSum[] = [
    { slot: count.COUNT_DUPLICATE, teller: (n) => m.tradesDuplicate.inc(n) },
    { slot: count.COUNT_CANCELLED, teller: (n) => m.tradesCancelled.inc(n) },
    { slot: count.COUNT_BELOW_MIN_SIZE, teller: (n) => m.tradesBelowMinSize.inc(n) },
    { slot: count.COUNT_SEQUENCE_REUSED, teller: (n) => m.sequenceReused.inc(n) },
    { slot: count.COUNT_WINDOWS_FORCED, teller: (n) => m.windowsForced.inc(n) },
    { slot: count.COUNT_WARMING, teller: (n) => m.percentileWarming.inc(n) },
  ]
  TRADE_TYPE_TEXT.forEach((trade_type, type) => {
    SENTIMENT_TEXT.forEach((sentiment, s) => {
      const slot = count.COUNT_CLASSIFIED + type * SENTIMENT_TEXT.length + s
      const teller = (n: number): void => {
        m.tradesClassified.inc({ trade_type, sentiment }, n)
        if (trade_type === 'SWEEP') sweeps += n
        if (trade_type === 'BLOCK') blocks += n
      }
      shard.push({ slot, teller })
    })
  })
  QUOTE_SOURCES.forEach((source, code) => {
    const prints = count.COUNT_COVERED_PRINTS + code
    const premium = count.COUNT_COVERED_PREMIUM + code
    shard.push({ slot: prints, teller: (n) => m.coveredPrints.inc({ source }, n) })
    shard.push({ slot: premium, teller: (n) => m.coveredPremium.inc({ source }, n) })
  })
  UNDERLYING_SOURCES.forEach((source, code) => {
    const slot = count.COUNT_UNDERLYING + code
    shard.push({ slot, teller: (n) => m.underlyingPrints.inc({ source }, n) })
  })
  return {
    reader: {
      received: (n) => m.tradesReceived.inc(n),
      filtered: (n) => m.tradesFiltered.inc(n),
      framesMalformed: (n) => m.framesMalformed.inc(n),
      quotesReceived: (n) => m.quotesReceived.inc(n),
    },
    dropped: each(dropped, (reason) => (n) => m.tradesDropped.inc({ reason }, n)),
    quotesIgnored: each(quotesIgnored, (reason) => (n) => m.quotesIgnored.inc({ reason }, n)),
    unknown: each(unknown, (kind) => (n) => m.unknownIds.inc({ kind }, n)),
    shard,
    posted: () => {},
    premium(symbol) {
      const known = bySymbol.get(symbol)
      if (known !== undefined) return known
      const tellers = SENTIMENT_TEXT.map(
        (sentiment) => (n: number) => m.premiumDollars.inc({ symbol, sentiment }, n),
      )
      bySymbol.set(symbol, tellers)
      return tellers
    },
    sweeps: () => sweeps,
    blocks: () => blocks,
  }
}

function each<K extends string>(
  names: Readonly<Record<K, number>>,
  tellerOf: (name: K) => Teller,
): Tellers<K> {
  const pairs = (Object.keys(names) as K[]).map((name) => [name, tellerOf(name)])
  return Object.fromEntries(pairs) as Tellers<K>
}
