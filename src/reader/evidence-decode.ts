import { UnderlyingSource } from '../domain/labels.ts'
import { DAY_MS } from '../domain/new-york.ts'
import { PRICE_DOLLARS_MAX, ticksOf } from '../domain/ticks.ts'
import {
  KIND_ASKED,
  KIND_NBBO,
  KIND_REFERENCE,
  KIND_UNDERLYING,
  KIND_VOLUME,
  packVenues,
} from '../slab/event-slab.ts'
import { UNKNOWN_EVENT } from './decode-counts.ts'
import type { Dictionary } from './dictionary.ts'
import type { EventColumns } from './event-columns.ts'
import { EVIDENCE_HEAD } from './evidence.ts'

const HEAD = Buffer.from(EVIDENCE_HEAD)
const INT32_MAX = 2 ** 31 - 1
const MULTIPLIER_MAX = 65_535
const NONE = -1
const SOURCES: ReadonlyMap<unknown, UnderlyingSource> = new Map([
  ['stocks', UnderlyingSource.Stocks],
  ['indices', UnderlyingSource.Indices],
])

type Fields = Readonly<Record<string, unknown>>

/** Whether a frame is evidence of our own (evidence.ts) and none of the vendor's. */
export function isEvidence(frame: Uint8Array): boolean {
  if (frame.length < HEAD.length || frame[HEAD.length - 1] !== HEAD.at(-1)) return false
  return HEAD.equals(frame.subarray(0, HEAD.length))
}

/**
 * Appends the rows of a frame of evidence. What cannot be used, and contracts that are not watched,
 * leave no row; other events count as unknown. False: the frame is no JSON array of objects.
 */
export function decodeEvidence(
  frame: Uint8Array,
  dictionary: Dictionary,
  columns: EventColumns,
  tally: Uint32Array,
): boolean {
  const events = parsed(frame)
  if (events === null) return false
  for (const event of events) {
    switch (event.ev) {
      case 'flow.nbbo':
        appendNbbo(event, dictionary, columns)
        break
      case 'flow.contract':
        appendReference(event, dictionary, columns)
        break
      case 'flow.underlying':
        appendUnderlying(event, dictionary, columns)
        break
      case 'flow.volume':
        appendVolume(event, dictionary, columns)
        break
      default:
        tally[UNKNOWN_EVENT]!++
    }
  }
  return true
}

function parsed(frame: Uint8Array): readonly Fields[] | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(frame).toString())
    const isList = Array.isArray(value) && value.every((one) => typeof one === 'object' && one)
    return isList ? (value as Fields[]) : null
  } catch {
    return null
  }
}

/** Two rows: what was asked, and the answer. */
function appendNbbo(event: Fields, dictionary: Dictionary, columns: EventColumns): void {
  const contract = contractOf(event.sym, dictionary)
  const at = whole(event.at, 1, Number.MAX_SAFE_INTEGER)
  if (contract < 0 || at === NONE) return
  const time = whole(event.t, 1, at)
  const bid = ticks(event.bp)
  const ask = ticks(event.ap)
  const isAnswer = time !== NONE && !Number.isNaN(bid + ask)
  append(columns, KIND_ASKED, contract, at, 0, 0, 0, 0, 0)
  append(
    columns,
    KIND_NBBO,
    contract,
    isAnswer ? time : at,
    isAnswer ? bid : Number.NaN,
    isAnswer ? ask : Number.NaN,
    whole(event.bs, 0, INT32_MAX),
    whole(event.as, 0, INT32_MAX),
    packVenues(whole(event.bx, 0, INT32_MAX), whole(event.ax, 0, INT32_MAX)),
  )
}

function appendReference(event: Fields, dictionary: Dictionary, columns: EventColumns): void {
  const contract = contractOf(event.sym, dictionary)
  const day = dayOf(event.date)
  if (contract < 0 || day === NONE) return
  const openInterest = whole(event.oi, 0, INT32_MAX)
  const multiplier = whole(event.mult, 1, MULTIPLIER_MAX)
  append(columns, KIND_REFERENCE, contract, day, 0, 0, openInterest, multiplier, 0)
}

/** The price goes to the shard of the underlying, by way of one of its contracts. */
function appendUnderlying(event: Fields, dictionary: Dictionary, columns: EventColumns): void {
  const contract = typeof event.sym === 'string' ? dictionary.contractOf(event.sym) : NONE
  const time = whole(event.t, 1, Number.MAX_SAFE_INTEGER)
  const price = ticks(event.p)
  if (contract < 0 || time === NONE || !(price > 0)) return
  const source = SOURCES.get(event.src)
  if (source === undefined) return
  append(columns, KIND_UNDERLYING, contract, time, price, 0, source, 0, 0)
}

function appendVolume(event: Fields, dictionary: Dictionary, columns: EventColumns): void {
  const contract = contractOf(event.sym, dictionary)
  const day = dayOf(event.date)
  if (contract < 0 || day === NONE || !Number.isSafeInteger(event.volume)) return
  append(columns, KIND_VOLUME, contract, day, event.volume as number, 0, 0, 0, 0)
}

function append(
  columns: EventColumns,
  kind: number,
  contract: number,
  time: number,
  priceA: number,
  priceB: number,
  sizeA: number,
  sizeB: number,
  conditions: number,
): void {
  const row = columns.append()
  columns.time[row] = time
  columns.priceA[row] = priceA
  columns.priceB[row] = priceB
  columns.contract[row] = contract
  columns.sizeA[row] = sizeA
  columns.sizeB[row] = sizeB
  columns.conditions[row] = conditions
  columns.kind[row] = kind
}

function contractOf(ticker: unknown, dictionary: Dictionary): number {
  if (typeof ticker !== 'string') return NONE
  const bytes = Buffer.from(ticker)
  return dictionary.lookup(bytes, 0, bytes.length)
}

/** A whole number within the bounds; NONE for anything else. */
function whole(value: unknown, min: number, max: number): number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
    ? (value as number)
    : NONE
}

function ticks(dollars: unknown): number {
  const isPrice = typeof dollars === 'number' && dollars >= 0 && dollars <= PRICE_DOLLARS_MAX
  return isPrice ? ticksOf(dollars) + 0 : Number.NaN
}

/** `2026-11-22` as days since 1970-01-01; a date that the calendar does not have is none. */
function dayOf(date: unknown): number {
  if (typeof date !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(date)) return NONE
  const time = Date.parse(date) // 2026-02-31 is the 3rd of March to it
  const day = time / DAY_MS
  if (!(day >= 0 && day <= 65_535)) return NONE
  return new Date(time).toISOString().startsWith(date) ? day : NONE
}
