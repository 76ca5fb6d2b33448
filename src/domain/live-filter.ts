import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from './labels.ts'
import type { LiveEvent } from './live-flow.ts'

/** What a client of the live stream wants. Bits are 1 << code of the label (labels.ts). */
export type LiveFilter = {
  readonly hasPrints: boolean
  readonly hasEvents: boolean
  /** Underlyings; null: all. */
  readonly symbols: ReadonlySet<string> | null
  readonly tradeTypes: number
  readonly sides: number
  readonly sentiments: number
  /** Dollars. */
  readonly minPremium: number
}

/** Every label of a list of label texts. */
export function allBits(texts: readonly string[]): number {
  return (1 << texts.length) - 1
}

/**
 * Whether a print is wanted, by its codes: `symbol` its underlying, `premium` dollars. Whether
 * prints are wanted at all is not asked.
 */
export function wantsPrint(
  filter: LiveFilter,
  symbol: string,
  tradeType: number,
  side: number,
  sentiment: number,
  premium: number,
): boolean {
  return (
    premium >= filter.minPremium &&
    (filter.tradeTypes & (1 << tradeType)) !== 0 &&
    (filter.sides & (1 << side)) !== 0 &&
    (filter.sentiments & (1 << sentiment)) !== 0 &&
    (filter.symbols === null || filter.symbols.has(symbol))
  )
}

/**
 * Whether a version of an event is wanted. From the second version on only the symbol counts: who
 * was told the first must learn what has become of it, also when it is void or leans elsewhere.
 */
export function wantsEvent(filter: LiveFilter, event: LiveEvent): boolean {
  if (!filter.hasEvents) return false
  if (filter.symbols !== null && !filter.symbols.has(event.symbol)) return false
  if (event.revision > 1) return true
  return (
    event.total_premium >= filter.minPremium &&
    hasBit(filter.tradeTypes, TRADE_TYPE_TEXT, event.kind) &&
    hasBit(filter.sides, SIDE_TEXT, event.side) &&
    hasBit(filter.sentiments, SENTIMENT_TEXT, event.sentiment)
  )
}

/** What at least one of the filters may want of prints; null: none wants any. */
export function unionOfPrints(filters: readonly LiveFilter[]): LiveFilter | null {
  const wanting = filters.filter(({ hasPrints }) => hasPrints)
  if (wanting.length === 0) return null
  const all = wanting.some(({ symbols }) => symbols === null)
  return {
    hasPrints: true,
    hasEvents: false,
    symbols: all ? null : new Set(wanting.flatMap(({ symbols }) => [...symbols!])),
    tradeTypes: wanting.reduce((bits, { tradeTypes }) => bits | tradeTypes, 0),
    sides: wanting.reduce((bits, { sides }) => bits | sides, 0),
    sentiments: wanting.reduce((bits, { sentiments }) => bits | sentiments, 0),
    minPremium: Math.min(...wanting.map(({ minPremium }) => minPremium)),
  }
}

function hasBit(bits: number, texts: readonly string[], text: string): boolean {
  const code = texts.indexOf(text)
  return code >= 0 && (bits & (1 << code)) !== 0
}
