import { isUtf8 } from 'node:buffer'
import { conditionCode } from '../../src/domain/conditions.ts'
import { parseContract } from '../../src/domain/contract.ts'
import { exchangeAcronym } from '../../src/domain/exchanges.ts'
import type { FrameDecoder } from '../../src/reader/decode.ts'
import { type DecodeCounts, newCounts } from '../../src/reader/decode-counts.ts'
import type { Dictionary } from '../../src/reader/dictionary.ts'
import { EXCHANGE_NONE, KIND_PRINT, KIND_QUOTE } from '../../src/slab/event-slab.ts'

/** A row as a reader of the columns sees it, with ids resolved. */
export type Row = {
  kind: number
  ticker: string
  time: number
  priceA: number
  priceB: number
  sizeA: number
  sizeB: number
  conditions: readonly (number | string)[]
  /** Of a quote: packVenues; 0 for a print. */
  venues: number
}

export type Answer = {
  ok: boolean
  rows: Row[]
  statuses: { status: string; message: string }[]
  counts: DecodeCounts
}

const NUMERIC = /^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?$/
const PRINT_KEYS = ['ev', 'sym', 'x', 'p', 's', 'c', 't', 'q']
const QUOTE_KEYS = ['ev', 'sym', 'bx', 'ax', 'bp', 'ap', 'bs', 'as', 't', 'q']
const INT32_MAX = 2147483647

type Json = Record<string, unknown>

/** The rules word for word, over JSON.parse: slow, and written without a look at the decoder. */
export function reference(
  frame: Uint8Array,
  watched: ReadonlySet<string> | '*',
  recv: number,
): Answer {
  const answer: Answer = { ok: true, rows: [], statuses: [], counts: newCounts() }
  let value: unknown
  try {
    if (!isUtf8(frame)) throw new Error('not UTF-8')
    value = JSON.parse(Buffer.from(frame).toString('utf8'))
  } catch {
    value = undefined
  }
  if (value === null || typeof value !== 'object') {
    answer.counts.framesMalformed = 1
    return { ...answer, ok: false }
  }
  for (const event of Array.isArray(value) ? value : [value]) {
    const json: Json = event !== null && typeof event === 'object' ? event : {}
    if (json.ev === 'T') print(json, answer, watched, recv)
    else if (json.ev === 'Q') quote(json, answer, watched, recv)
    else if (json.ev === 'status') {
      const text = (v: unknown): string => (typeof v === 'string' ? v : '')
      answer.statuses.push({ status: text(json.status), message: text(json.message) })
    } else answer.counts.unknown.event++
  }
  return answer
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'string' && NUMERIC.test(value) ? JSON.parse(value) : null
}

function whole(value: unknown, min: number, max: number): number | null {
  const n = toNumber(value)
  return n !== null && Number.isInteger(n) && n >= min && n <= max ? (n === 0 ? 0 : n) : null
}

function ticks(dollars: number): number {
  const rounded = Math.round(dollars * 10000)
  return rounded === 0 ? 0 : rounded
}

function isWatched(ticker: string, watched: ReadonlySet<string> | '*'): boolean {
  return watched === '*' || watched.has(parseContract(ticker)!.underlying)
}

function print(json: Json, answer: Answer, watched: ReadonlySet<string> | '*', recv: number): void {
  const { counts } = answer
  counts.received++
  counts.unknown.key += Object.keys(json).filter((key) => !PRINT_KEYS.includes(key)).length
  const ticker = json.sym
  if (typeof ticker !== 'string' || parseContract(ticker) === null) {
    counts.dropped.ticker++
    return
  }
  if (!isWatched(ticker, watched)) {
    counts.filtered++
    return
  }
  const price = toNumber(json.p)
  if (price === null || price < 0 || price > 1e6) {
    counts.dropped.price++
    return
  }
  const size = whole(json.s, 1, INT32_MAX)
  if (size === null) {
    counts.dropped.size++
    return
  }
  const time = whole(json.t, 1, Number.MAX_SAFE_INTEGER)
  if (time === null) {
    counts.dropped.time++
    return
  }
  if (!Number.isNaN(recv) && time > recv + 60000) {
    counts.dropped.future++
    return
  }
  const conditions = conditionsOf(json.c)
  const isKnown = (c: number | string) => typeof c === 'number' && conditionCode(c) !== undefined
  counts.unknown.condition += conditions.filter((c) => !isKnown(c)).length
  const exchange = whole(json.x, 0, INT32_MAX)
  if (exchange !== null && exchangeAcronym(exchange) === undefined) counts.unknown.exchange++
  answer.rows.push({
    kind: KIND_PRINT,
    ticker,
    time,
    priceA: ticks(price),
    priceB: whole(json.q, -(2 ** 53), 2 ** 53) ?? Number.NaN,
    sizeA: size,
    sizeB: exchange ?? EXCHANGE_NONE,
    conditions,
    venues: 0,
  })
}

function quote(json: Json, answer: Answer, watched: ReadonlySet<string> | '*', recv: number): void {
  const { counts } = answer
  counts.quotesReceived++
  counts.unknown.key += Object.keys(json).filter((key) => !QUOTE_KEYS.includes(key)).length
  const ticker = json.sym
  if (typeof ticker !== 'string' || parseContract(ticker) === null) {
    counts.quotesIgnored.ticker++
    return
  }
  if (!isWatched(ticker, watched)) {
    counts.quotesIgnored.not_watched++
    return
  }
  const [bid, ask] = [toNumber(json.bp), toNumber(json.ap)]
  const isPrice = (v: number | null): v is number => v !== null && Math.abs(ticks(v)) < 2 ** 53
  if (!isPrice(bid) || !isPrice(ask)) {
    counts.quotesIgnored.price++
    return
  }
  const time = whole(json.t, 1, Number.MAX_SAFE_INTEGER)
  if (time === null) {
    counts.quotesIgnored.time++
    return
  }
  if (!Number.isNaN(recv) && time > recv + 60000) {
    counts.quotesIgnored.future++
    return
  }
  answer.rows.push({
    kind: KIND_QUOTE,
    ticker,
    time,
    priceA: ticks(bid),
    priceB: ticks(ask),
    sizeA: whole(json.bs, 0, INT32_MAX) ?? -1,
    sizeB: whole(json.as, 0, INT32_MAX) ?? -1,
    conditions: [],
    venues: 256 * venue(json.bx) + venue(json.ax),
  })
}

/** 1 for the first exchange id, 300, and so on for 255 of them. */
function venue(value: unknown): number {
  const id = whole(value, 300, 554)
  return id === null ? 0 : id - 299
}

function conditionsOf(value: unknown): (number | string)[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list
    .map((c) => {
      if (typeof c === 'string' && !NUMERIC.test(c)) {
        return c.length <= 32 && !c.includes('\u0000') ? c : null
      }
      return whole(c, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    })
    .filter((c) => c !== null)
    .slice(0, 32)
}

/** What the decoder's columns hold now. */
export function rowsOf(decoder: FrameDecoder, dictionary: Dictionary): Row[] {
  const { columns } = decoder
  return Array.from({ length: columns.rows }, (_, i) => ({
    kind: columns.kind[i]!,
    ticker: dictionary.ticker(columns.contract[i]!),
    time: columns.time[i]!,
    priceA: columns.priceA[i]!,
    priceB: columns.priceB[i]!,
    sizeA: columns.sizeA[i]!,
    sizeB: columns.sizeB[i]!,
    conditions:
      columns.kind[i] === KIND_QUOTE ? [] : conditionsOfSet(dictionary, columns.conditions[i]!),
    venues: columns.kind[i] === KIND_QUOTE ? columns.conditions[i]! : 0,
  }))
}

function conditionsOfSet(dictionary: Dictionary, set: number): readonly (number | string)[] {
  if (set === 0) return []
  return dictionary.definitionsSince(dictionary.size, set).conditionSets[0]!
}

/** What one decode did: rows, statuses and how much each count grew. */
export function decodeAnswer(
  decoder: FrameDecoder,
  dictionary: Dictionary,
  frame: Uint8Array,
  recv: number,
): Answer {
  const before = structuredClone(decoder.counts)
  const ok = decoder.decode(frame, false, recv)
  return {
    ok,
    rows: rowsOf(decoder, dictionary),
    statuses: [...decoder.statuses],
    counts: grown(before, decoder.counts),
  }
}

function grown<Counts extends object>(before: Counts, after: Counts): Counts {
  const entries = Object.entries(after).map(([name, value]) => {
    const old: unknown = Reflect.get(before, name)
    if (typeof value === 'number') return [name, value - Number(old)]
    return [name, grown(old as object, value as object)]
  })
  return Object.fromEntries(entries)
}
