import { UNKNOWN_EVENT, UNKNOWN_KEY } from './decode-counts.ts'
import { TICKER_INVALID } from './dictionary.ts'
import type { EventRows } from './event-rows.ts'
import { JSON_NUMBER } from './scan-cursor.ts'
import { TICKER_BYTES_MAX, TICKER_BYTES_MIN } from './ticker-bytes.ts'

/** A status event, as the vendor's session protocol reads it; what is no text is ''. */
export type StatusEvent = { readonly status: string; readonly message: string }

type JsonObject = { readonly [key: string]: unknown }

const PRINT_KEYS: ReadonlySet<string> = new Set(['ev', 'sym', 'x', 'p', 's', 'c', 't', 'q'])
const QUOTE_KEYS: ReadonlySet<string> = new Set('ev sym bx ax bp ap bs as t q'.split(' '))

// A byte order mark is no JSON, so it must stay in the text.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const tickerBytes = new Uint8Array(TICKER_BYTES_MAX)

/**
 * Reads any frame with JSON.parse: what the byte scanner does not understand. False: the frame is
 * malformed, and what was written so far must be forgotten.
 */
export function decodeGeneric(
  frame: Uint8Array,
  rows: EventRows,
  statuses: StatusEvent[],
): boolean {
  const value = parseJson(frame)
  if (typeof value !== 'object' || value === null) return false
  const events: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const event of events) {
    if (isObject(event)) readEvent(event, rows, statuses)
    else rows.tally[UNKNOWN_EVENT]!++
  }
  return true
}

/** Undefined for bytes that are no JSON text. */
function parseJson(frame: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(frame))
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readEvent(event: JsonObject, rows: EventRows, statuses: StatusEvent[]): void {
  switch (event.ev) {
    case 'T':
      countUnknownKeys(event, PRINT_KEYS, rows)
      readConditions(event.c, rows)
      rows.print(
        contractOf(event.sym, rows),
        numberOf(event.x),
        numberOf(event.p),
        numberOf(event.s),
        numberOf(event.t),
        numberOf(event.q),
      )
      return
    case 'Q':
      countUnknownKeys(event, QUOTE_KEYS, rows)
      rows.quote(
        contractOf(event.sym, rows),
        numberOf(event.bp),
        numberOf(event.ap),
        numberOf(event.bs),
        numberOf(event.as),
        numberOf(event.t),
        numberOf(event.bx),
        numberOf(event.ax),
      )
      return
    case 'status':
      statuses.push({ status: textOf(event.status), message: textOf(event.message) })
      return
    default:
      rows.tally[UNKNOWN_EVENT]!++
  }
}

function countUnknownKeys(event: JsonObject, known: ReadonlySet<string>, rows: EventRows): void {
  for (const key of Object.keys(event)) if (!known.has(key)) rows.tally[UNKNOWN_KEY]!++
}

/** A number, or a text that is one; NaN for anything else. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && JSON_NUMBER.test(value) ? Number(value) : Number.NaN
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function readConditions(value: unknown, rows: EventRows): void {
  const conditions = rows.conditions
  conditions.clear()
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const element of list) {
    if (typeof element === 'string' && !JSON_NUMBER.test(element)) conditions.addText(element)
    else conditions.add(numberOf(element)) // NaN is left out
  }
}

function contractOf(ticker: unknown, rows: EventRows): number {
  if (typeof ticker !== 'string') return TICKER_INVALID
  const length = ticker.length
  if (length < TICKER_BYTES_MIN || length > TICKER_BYTES_MAX) return TICKER_INVALID
  for (let i = 0; i < length; i++) {
    const code = ticker.charCodeAt(i)
    if (code > 0x7f) return TICKER_INVALID // a ticker is ASCII, and a byte could not hold it
    tickerBytes[i] = code
  }
  return rows.dictionary.lookup(tickerBytes, 0, length)
}
