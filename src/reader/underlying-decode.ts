import type { UnderlyingPrice } from './evidence.ts'
import { type Cluster, underlyingOfVendorName } from './underlying-names.ts'

/** Largest frame that is read, bytes: a second of bars of every stock is about 2 MiB. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024
const PRICE_DOLLARS_MAX = 1_000_000
/** A price further ahead of its receipt than this is none (rules.md says so of quotes), ms. */
const AHEAD_MS_MAX = 60_000

export type UnderlyingFrame = {
  /** In the order of the frame. */
  readonly prices: readonly UnderlyingPrice[]
  readonly statuses: readonly { readonly status: string; readonly message: string }[]
  /** Events of other kinds. */
  readonly unknown: number
  /** Events of these kinds with a symbol, price or time that cannot be. */
  readonly invalid: number
}

/**
 * Reads a frame of the stocks or the indices cluster: bars (A, AM) give their close at their end,
 * trades (T) and index values (V) their price. Prices in dollars, above 0 and at most 1,000,000;
 * times epoch ms, at most 60 s ahead of `recv`. A single object counts as an array of it. Null: the
 * frame is binary, too large or no JSON of objects.
 */
export function decodeUnderlying(
  data: Buffer,
  isBinary: boolean,
  recv: number,
  source: Cluster,
): UnderlyingFrame | null {
  const events = isBinary || data.length > FRAME_BYTES_MAX ? null : eventsOf(data)
  if (events === null) return null
  const prices: UnderlyingPrice[] = []
  const statuses: { status: string; message: string }[] = []
  let unknown = 0
  let invalid = 0
  for (const event of events) {
    if (event.ev === 'status') {
      statuses.push({ status: textOf(event.status), message: textOf(event.message) })
      continue
    }
    const said = saidBy(event)
    if (said === null) unknown++
    else {
      const price = priceOf(said, recv, source)
      if (price === null) invalid++
      else prices.push(price)
    }
  }
  return { prices, statuses, unknown, invalid }
}

type Fields = Readonly<Record<string, unknown>>
type Said = { readonly symbol: unknown; readonly price: unknown; readonly time: unknown }

function eventsOf(data: Buffer): readonly Fields[] | null {
  try {
    const value: unknown = JSON.parse(data.toString())
    const events = Array.isArray(value) ? value : [value]
    return events.every((event) => typeof event === 'object' && event !== null) ? events : null
  } catch {
    return null
  }
}

/** Where each kind of event has its symbol, price and time; null: a kind that has no price. */
function saidBy(event: Fields): Said | null {
  switch (event.ev) {
    case 'A':
    case 'AM':
      return { symbol: event.sym, price: event.c, time: event.e }
    case 'T':
      return { symbol: event.sym, price: event.p, time: event.t }
    case 'V':
      return { symbol: event.T, price: event.val, time: event.t }
    default:
      return null
  }
}

function priceOf(said: Said, recv: number, source: Cluster): UnderlyingPrice | null {
  const price = numberOf(said.price)
  const time = numberOf(said.time)
  const symbol = underlyingOfVendorName(textOf(said.symbol))
  if (symbol === '') return null
  if (!(price > 0 && price <= PRICE_DOLLARS_MAX)) return null
  if (!(Number.isInteger(time) && time > 0 && time <= recv + AHEAD_MS_MAX)) return null
  return { symbol, price, time, source }
}

/** What is no text is ''. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Numbers may come as numeric texts; NaN for anything else. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}
