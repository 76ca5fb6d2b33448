import { underlyingOf } from '../domain/contract.ts'
import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import type { LivePrint } from '../domain/live-flow.ts'

/** What of the tape is shown. Empty lists and nulls let everything through. */
export type Filter = {
  /** Underlyings. */
  readonly symbols: readonly string[]
  readonly types: readonly string[]
  readonly sides: readonly string[]
  readonly sentiments: readonly string[]
  /** Dollars; 0: any. */
  readonly minPremium: number
  /** Days to expiration, both included. */
  readonly dteMin: number | null
  readonly dteMax: number | null
  /** `call` or `put`. */
  readonly right: string | null
}

export const NO_FILTER: Filter = {
  ...{ symbols: [], types: [], sides: [], sentiments: [] },
  ...{ minPremium: 0, dteMin: null, dteMax: null, right: null },
}

const SYMBOLS_MAX = 20
const SYMBOL = /^[A-Z][A-Z0-9]{0,5}$/
const DTE_MAX = 5000

/** The filter that an address asks for; what it does not understand is left out. */
export function filterOf(search: string): Filter {
  const query = new URLSearchParams(search)
  const right = (query.get('right') ?? '').toLowerCase()
  return {
    symbols: symbolsOf(query.get('symbol') ?? ''),
    types: labelsOf(query, 'type', TRADE_TYPE_TEXT),
    sides: labelsOf(query, 'side', SIDE_TEXT),
    sentiments: labelsOf(query, 'sentiment', SENTIMENT_TEXT),
    minPremium: dollarsOf(query.get('minPremium') ?? '') ?? 0,
    dteMin: daysOf(query.get('dteMin')),
    dteMax: daysOf(query.get('dteMax')),
    right: right === 'call' || right === 'put' ? right : null,
  }
}

/** The address of a filter: `?symbol=SPX,SPY&minPremium=100000`, or nothing. */
export function searchOf(filter: Filter): string {
  const text = storeQuery(filter).toString().replaceAll('%2C', ',')
  return text === '' ? '' : `?${text}`
}

/** A filter as GET /api/trades takes it. */
export function storeQuery(filter: Filter): URLSearchParams {
  const query = serverQuery(filter)
  if (filter.dteMin !== null) query.set('dteMin', `${filter.dteMin}`)
  if (filter.dteMax !== null) query.set('dteMax', `${filter.dteMax}`)
  if (filter.right !== null) query.set('right', filter.right)
  return query
}

/** What the live stream can filter by itself; `matches` does the rest. */
export function serverQuery(filter: Filter): URLSearchParams {
  const query = new URLSearchParams()
  if (filter.symbols.length > 0) query.set('symbol', filter.symbols.join(','))
  if (filter.types.length > 0) query.set('type', filter.types.join(','))
  if (filter.sides.length > 0) query.set('side', filter.sides.join(','))
  if (filter.sentiments.length > 0) query.set('sentiment', filter.sentiments.join(','))
  if (filter.minPremium > 0) query.set('minPremium', `${filter.minPremium}`)
  return query
}

/** Whether a print is to be shown. */
export function matches(filter: Filter, print: LivePrint): boolean {
  const { symbols, types, sides, sentiments, dteMin, dteMax, right } = filter
  return (
    print.premium >= filter.minPremium &&
    (symbols.length === 0 || symbols.includes(print.symbol)) &&
    (types.length === 0 || types.includes(print.trade_type)) &&
    (sides.length === 0 || sides.includes(print.side)) &&
    (sentiments.length === 0 || sentiments.includes(print.sentiment)) &&
    (dteMin === null || print.dte >= dteMin) &&
    (dteMax === null || print.dte <= dteMax) &&
    (right === null || print.option_type === right)
  )
}

/** How many of the fields are set. */
export function setCount(filter: Filter): number {
  const lists = [filter.symbols, filter.types, filter.sides, filter.sentiments]
  const others = [filter.dteMin, filter.dteMax, filter.right, filter.minPremium || null]
  return lists.filter((l) => l.length > 0).length + others.filter((o) => o !== null).length
}

/** Underlyings that a person typed, with commas or blanks between; a root counts as its own. */
export function symbolsOf(text: string): readonly string[] {
  const names = wordsOf(text)
    .filter((name) => SYMBOL.test(name))
    .map(underlyingOf)
  return [...new Set(names)].slice(0, SYMBOLS_MAX)
}

/** Whether all of a text are underlyings. */
export function areSymbols(text: string): boolean {
  return wordsOf(text).every((name) => SYMBOL.test(name))
}

function wordsOf(text: string): string[] {
  return text
    .toUpperCase()
    .split(/[\s,;$]+/)
    .filter((word) => word !== '')
}

/** Dollars as people write them: 250000, 250k, 1.5m; null for anything else. */
export function dollarsOf(text: string): number | null {
  const found = /^\$?(\d+(?:\.\d+)?)([km]?)$/i.exec(text.trim().replaceAll(',', ''))
  if (found === null) return null
  const factor = { k: 1e3, m: 1e6 }[found[2]!.toLowerCase()] ?? 1
  return Math.round(Number(found[1]) * factor)
}

/** Whole days from 0 on; null for anything else. */
export function daysOf(text: string | null): number | null {
  if (text === null || !/^\d{1,4}$/.test(text.trim())) return null
  return Math.min(Number(text), DTE_MAX)
}

function labelsOf(query: URLSearchParams, name: string, known: readonly string[]): string[] {
  const asked = (query.get(name) ?? '').toUpperCase().split(',')
  return known.filter((label) => asked.includes(label))
}
