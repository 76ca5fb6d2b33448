import {
  AGGRESSIVENESS_TEXT,
  AVERAGE_SCOPE_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
} from '../../src/domain/labels.ts'
import { matchTape } from '../../src/fill/match.ts'
import { type Merge, merge } from '../../src/fill/merge.ts'
import { quotesOf } from '../../src/fill/print-quotes.ts'
import { type FillRules, rerun } from '../../src/fill/rerun.ts'
import type { Scope } from '../../src/fill/scope.ts'
import type { SlabRow } from '../../src/fill/slab-row.ts'
import type { StoredCancel, StoredRow } from '../../src/fill/stored-rows.ts'
import type { TapePrint, TapeQuote } from '../../src/fill/tape.ts'
import type { ContractReference } from '../../src/reader/evidence.ts'
import * as flag from '../../src/slab/row-slab.ts'
import { exchangeText } from '../../src/writer/copy-blocks.ts'
import type { ModelRow } from '../model/types.ts'

export const TICKER = 'O:SPXW260828C06475000'

const codeOf = (texts: readonly (string | null)[], text: string | null): number =>
  texts.indexOf(text)

/** A row of a run of the engine as a fill reads it from the table. */
export function storedRow(row: ModelRow): StoredRow {
  const averageSize = row.averageCount === 0 ? Number.NaN : row.averageSum / row.averageCount
  return {
    place: `${row.timestamp}-${row.arrival}`,
    time: row.timestamp,
    receivedAt: row.timestamp,
    sequence: row.sequence ?? Number.NaN,
    arrival: row.arrival,
    price: row.price,
    size: row.size,
    exchange: row.exchange,
    conditions: row.conditions,
    side: codeOf(SIDE_TEXT, row.side) as StoredRow['side'],
    sentiment: row.sentiment,
    tradeType: codeOf(TRADE_TYPE_TEXT, row.tradeType) as StoredRow['tradeType'],
    aggressiveness: codeOf(AGGRESSIVENESS_TEXT, row.aggressiveness) as StoredRow['aggressiveness'],
    isSweep: row.isSweep,
    isUnusual: row.isUnusual,
    bid: row.bid ?? Number.NaN,
    ask: row.ask ?? Number.NaN,
    bidSize: row.bidSize ?? -1,
    askSize: row.askSize ?? -1,
    quoteAge: row.quoteAge ?? Number.NaN,
    averageSize: Math.fround(averageSize),
    averageCount: row.averageCount,
    averageScope: row.averageScope,
    dayVolume: row.dayVolume ?? Number.NaN,
    openInterest: row.openInterest ?? -1,
    multiplier: row.multiplier,
    eventId: row.event,
    eventLegs: row.eventLegs ?? 0,
    eventSpan: row.eventSpan ?? 0,
  }
}

/** A row that a fill puts in, as the table then has it. */
export function insertedRow(row: SlabRow, print: TapePrint, texts: readonly string[]): StoredRow {
  const isLeg = row.eventLegs > 0
  return {
    place: `${row.time}-${row.arrival}`,
    time: row.time,
    receivedAt: Number.NaN,
    sequence: row.sequence,
    arrival: row.arrival,
    price: row.price,
    size: row.size,
    exchange: exchangeText(row.exchange),
    conditions: print.c.length === 0 ? [] : texts,
    side: row.side as StoredRow['side'],
    sentiment: SENTIMENT_TEXT[row.sentiment]!,
    tradeType: row.tradeType as StoredRow['tradeType'],
    aggressiveness: row.aggressiveness as StoredRow['aggressiveness'],
    isSweep: (row.flags & flag.FLAG_SWEEP) !== 0,
    isUnusual: (row.flags & flag.FLAG_UNUSUAL) !== 0,
    bid: row.bid,
    ask: row.ask,
    bidSize: row.bidSize,
    askSize: row.askSize,
    quoteAge: Number.isNaN(row.bid) ? Number.NaN : row.quoteAge,
    averageSize: row.averageCount === 0 ? Number.NaN : row.averageSum / row.averageCount,
    averageCount: row.averageCount,
    averageScope: AVERAGE_SCOPE_TEXT[row.averageScope]!,
    dayVolume: row.dayVolume,
    openInterest: row.openInterest,
    multiplier: row.multiplier,
    eventId: isLeg ? `${TICKER}-${row.eventTime}-${row.eventArrival}` : null,
    eventLegs: row.eventLegs,
    eventSpan: isLeg ? row.eventSpan : 0,
  }
}

export type Fill = {
  readonly prints: readonly TapePrint[]
  readonly quotes: readonly TapeQuote[]
  readonly stored: readonly StoredRow[]
  readonly cancels: readonly StoredCancel[]
  readonly scope: Scope
  readonly rules: FillRules
  readonly reference?: ContractReference | null
}

/** All that is pure of a fill, and the table after it. */
export function fillTable(fill: Fill): {
  merged: Merge
  table: StoredRow[]
  cancels: StoredCancel[]
} {
  const { stored, scope, rules } = fill
  const prints = matchTape(fill.prints, stored, fill.cancels)
  const quotes = quotesOf(prints, stored, fill.quotes, rules.quoteMaxAgeMs)
  const run = rerun(TICKER, prints, quotes, fill.reference ?? null, rules)
  const merged = merge({ ticker: TICKER, prints, stored, run, scope, rules, average: null })
  const revised = new Map(merged.revisions.map(({ row, ...columns }) => [row, columns]))
  const texts = run.definitions.conditionSets.map((set) => set.map((id) => textOf(id)))
  const table = stored
    .map((row) => ({ ...row, ...revised.get(row) }))
    .concat(
      merged.inserts.map((row) => {
        const print = fill.prints.find(({ t, q }) => t === row.time && same(q, row.sequence))!
        return insertedRow(row, print, row.conditions === 0 ? [] : texts[row.conditions - 1]!)
      }),
    )
  for (const { removed } of merged.cancels) {
    if (removed?.wasStored !== true) continue
    const at = table.findIndex(
      (row) => row.time === removed.time && row.arrival === removed.arrival,
    )
    table.splice(at, 1)
  }
  const cancels = merged.cancels.map((cancel) => ({
    time: cancel.time,
    sequence: cancel.sequence,
    price: cancel.price,
    size: cancel.size,
    exchange: exchangeText(cancel.exchange),
    removedTime: cancel.removed?.time ?? Number.NaN,
    removedSequence: cancel.removed?.sequence ?? Number.NaN,
  }))
  return { merged, table, cancels: [...fill.cancels, ...cancels] }
}

const same = (q: number | null, sequence: number): boolean =>
  q === null ? Number.isNaN(sequence) : q === sequence

const TEXTS: Readonly<Record<number, string>> = { 209: 'AUTO', 219: 'ISOI', 230: 'SLCI' }
const textOf = (id: number | string): string => TEXTS[id as number] ?? `${id}`
