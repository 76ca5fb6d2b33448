/**
 * What a sweep, split or block amounts to, from its legs: sums, the windows at which it would still
 * be a sweep, and in plain words why it is what it is. Prices are ticks of 1/10,000 dollar.
 */
import { TICKS_PER_DOLLAR } from './ticks.ts'

export const EVENT_KINDS = ['SWEEP', 'SPLIT', 'BLOCK'] as const
export type EventKind = (typeof EVENT_KINDS)[number]

/** Windows at which the legs of each event are put together anew, ms. */
export const SWEEP_WINDOWS_MS = [50, 100, 250, 500] as const

export type EventLeg = {
  /** Ticker of the contract. */
  readonly contract: string
  readonly sequence: number | null
  /** Vendor time, epoch ms. */
  readonly timestamp: number
  /** The print's number within contract and day. */
  readonly arrival: number
  /** Ticks. */
  readonly price: number
  /** Contracts. */
  readonly size: number
  readonly exchange: string | null
}

/** What the legs add up to. Of no legs: sums of 0, no VWAP, times of 0. */
export type EventTotals = {
  readonly startedAt: number
  readonly endedAt: number
  readonly legCount: number
  readonly totalSize: number
  /** Exact, in ticks: price x size x multiplier. */
  readonly premiumTicks: bigint
  /** Dollars, rounded to 6 places; null without legs. */
  readonly vwap: string | null
  /** Named exchanges in the order in which they come first. */
  readonly exchanges: readonly string[]
}

/** Sums over the legs of one contract. `multiplier`: shares that one contract stands for. */
export function totalsOf(legs: readonly EventLeg[], multiplier: number): EventTotals {
  let startedAt = legs.length === 0 ? 0 : Number.POSITIVE_INFINITY
  let endedAt = legs.length === 0 ? 0 : Number.NEGATIVE_INFINITY
  let totalSize = 0
  let priced = 0n
  const exchanges = new Set<string>()
  for (const { timestamp, price, size, exchange } of legs) {
    if (timestamp < startedAt) startedAt = timestamp
    if (timestamp > endedAt) endedAt = timestamp
    totalSize += size
    priced += BigInt(price) * BigInt(size)
    if (exchange !== null) exchanges.add(exchange)
  }
  return {
    startedAt,
    endedAt,
    legCount: legs.length,
    totalSize,
    premiumTicks: priced * BigInt(multiplier),
    vwap: totalSize === 0 ? null : averageText(priced, BigInt(totalSize)),
    exchanges: [...exchanges],
  }
}

/** Distinct exchanges; an absent one counts as one of its own (rules.md). */
export function venuesOf(legs: readonly EventLeg[]): number {
  return new Set(legs.map(({ exchange }) => exchange)).size
}

/**
 * The windows of SWEEP_WINDOWS_MS at which the legs, in order of arrival, still give a sweep
 * (rules.md, Window, with W that window): two or more on two or more exchanges, together at least
 * `minSize` contracts.
 */
export function sweepWindowsOf(legs: readonly EventLeg[], minSize: number): number[] {
  if (legs.length < 2 || venuesOf(legs) < 2 || sizeOf(legs) < minSize) return []
  const spanMs = spanOf(legs)
  // as long as the window has room for all of them they stay together
  return SWEEP_WINDOWS_MS.filter((windowMs) => {
    return spanMs <= windowMs || hasSweep(legs, minSize, windowMs)
  })
}

function spanOf(legs: readonly EventLeg[]): number {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const { timestamp } of legs) {
    first = Math.min(first, timestamp)
    last = Math.max(last, timestamp)
  }
  return last - first
}

function sizeOf(legs: readonly EventLeg[]): number {
  return legs.reduce((sum, { size }) => sum + size, 0)
}

function hasSweep(legs: readonly EventLeg[], minSize: number, windowMs: number): boolean {
  let opened = 0
  let first = legs[0]!.timestamp
  let last = first
  const isSweep = (end: number): boolean => {
    const group = legs.slice(opened, end)
    return venuesOf(group) >= 2 && sizeOf(group) >= minSize
  }
  for (const [place, { timestamp }] of legs.entries()) {
    const joins =
      Math.abs(timestamp - last) <= windowMs && Math.abs(timestamp - first) <= 4 * windowMs
    if (joins) {
      first = Math.min(first, timestamp)
      last = Math.max(last, timestamp)
      continue
    }
    if (isSweep(place)) return true
    opened = place
    first = timestamp
    last = timestamp
  }
  return isSweep(legs.length)
}

/** What made the event: a window, one print's condition, or one print's size. */
export type EventCause =
  | { readonly by: 'window' }
  | { readonly by: 'iso' }
  /** Under `seed`: the condition that says so; null when it is not known which. */
  | { readonly by: 'condition'; readonly condition: string | null }
  /** Average size: `sum` over `count` prints, count 0 where there is none. */
  | {
      readonly by: 'size'
      readonly sum: number
      readonly count: number
      readonly scope: string | null
    }

/** Thousands apart. One for all: a formatter costs more than the event. */
const GROUPED = new Intl.NumberFormat('en-US')

/** Size from which a print is a block whatever the average (rules.md, both rule sets). */
const BLOCK_SIZE = 500

/** Why the event is one, in plain words. `side`: BUY, SELL, MID or UNKNOWN. */
export function whyOf(
  cause: EventCause,
  side: string,
  legs: readonly EventLeg[],
  totals: EventTotals,
): string {
  const size = totals.totalSize
  switch (cause.by) {
    case 'window': {
      const many = legs.length === 1 ? '1 print' : `${legs.length} prints`
      const span = legs.length === 1 ? '' : ` within ${totals.endedAt - totals.startedAt} ms`
      const premium = `${moneyText(totals.premiumTicks)} premium`
      return `${many} ${verbOf(side)}${span} on ${placesOf(legs)}: ${contracts(size)}, ${premium}`
    }
    case 'iso':
      return `one ISO print of ${contracts(size)}`
    case 'condition':
      return `one print of ${contracts(size)} with the condition ${cause.condition ?? 'of a sweep'}`
    case 'size': {
      const print = `one print of ${contracts(size)}`
      if (size >= BLOCK_SIZE || cause.count === 0) return `${print}: ${BLOCK_SIZE} or more`
      const { sum, count, scope } = cause
      const times = grouped(Math.floor((10 * size * count) / sum) / 10)
      const average = grouped(Math.round((10 * sum) / count) / 10)
      return `${print}: ${times} times the average of ${average} over the last ${count} prints of the ${scope}`
    }
  }
}

/** Added to the words of an event that lost a print. */
export function cancelNote(leg: EventLeg): string {
  return `${printText(leg)} was cancelled`
}

/** The words of an event of which no print is left. `leg`: the last that was cancelled. */
export function voidNote(leg: EventLeg): string {
  return `no print is left: ${printText(leg)} was cancelled`
}

/** Added to the words of an event whose quote came late. Ticks. */
export function lateQuoteNote(bid: number, ask: number, side: string): string {
  const quote = `bid ${priceText(bid)}, ask ${priceText(ask)}`
  return `its quote came late (${quote}), which makes it ${side}`
}

/** Added to the words of an event that a fill made or changed. `added`: prints that it put in. */
export function filledNote(added: number): string {
  if (added === 0) return 'told anew after a gap of the feed was filled'
  return `${added === 1 ? '1 print' : `${grouped(added)} prints`} of it came with the fill of a gap`
}

/** The words of an event whose prints are in other events since a gap was filled. */
export const MERGED_NOTE = 'no print is left: since a gap of the feed was filled they are elsewhere'

/** Exact decimal text of dollars in ticks, 0 or more: `9.71`, `12`. */
export function dollarsText(ticks: bigint): string {
  const unit = BigInt(TICKS_PER_DOLLAR)
  return decimal(ticks / unit, `${ticks % unit}`.padStart(4, '0'))
}

/** sum / count of ticks in dollars, rounded half up to 6 places. */
function averageText(sum: bigint, count: bigint): string {
  const millionths = (sum * 200n + count) / (2n * count) // a tick is 100 millionths of a dollar
  return decimal(millionths / 1_000_000n, `${millionths % 1_000_000n}`.padStart(6, '0'))
}

function decimal(whole: bigint, places: string): string {
  const fraction = places.replace(/0+$/, '')
  return fraction === '' ? `${whole}` : `${whole}.${fraction}`
}

function verbOf(side: string): string {
  if (side === 'BUY') return 'bought'
  return side === 'SELL' ? 'sold' : 'traded'
}

/** `3 exchanges (CBOE, ISE, unnamed)`. */
function placesOf(legs: readonly EventLeg[]): string {
  const names = new Set(legs.map(({ exchange }) => exchange ?? 'unnamed'))
  const count = names.size === 1 ? 'one exchange' : `${names.size} exchanges`
  return `${count} (${[...names].join(', ')})`
}

function printText({ size, price, exchange, sequence }: EventLeg): string {
  const where = exchange === null ? '' : ` on ${exchange}`
  const named = sequence === null ? '' : ` (sequence ${sequence})`
  return `a print of ${contracts(size)} at ${priceText(price)}${where}${named}`
}

function contracts(size: number): string {
  return size === 1 ? '1 contract' : `${grouped(size)} contracts`
}

function grouped(value: number | bigint): string {
  return GROUPED.format(value)
}

function priceText(ticks: number): string {
  return moneyText(BigInt(ticks))
}

/** `$1,204,500`, `$9.71`, `$0.0525`: cents in full, what is finer as it is. */
function moneyText(ticks: bigint): string {
  const [whole = '', places = ''] = dollarsText(ticks).split('.')
  const fraction = places === '' ? '' : `.${places.padEnd(2, '0')}`
  return `$${grouped(BigInt(whole))}${fraction}`
}
