import type { EvidenceEvent } from './types.ts'

/** Bounds of the evidence rules as they are written down: ms of reading clock, of event time. */
export const HOLD_MS = 1_000
const UNDERLYING_AGE_MS = 15_000

export type NaiveQuote = {
  readonly time: number
  readonly bid: number
  readonly ask: number
  readonly bidSize: number
  readonly askSize: number
  readonly bidVenue: number | undefined
  readonly askVenue: number | undefined
}

export type Signed = {
  readonly price: number
  readonly size: number
  /** Vendor exchange id. */
  readonly venue: number | undefined
  /** The last price of the contract that differs, of prints that may have a side; NaN: none. */
  readonly differing: number
}

const ticks = (dollars: number) => Math.round(dollars * 10_000)

/** The published stack of rules, one after the other, with the sizes and venues of the NBBO. */
export function customerOf(print: Signed, quote: NaiveQuote | null): [string, string | null] {
  const { price, size, venue, differing } = print
  if (quote !== null) {
    const { bid, ask, bidSize, askSize, bidVenue, askVenue } = quote
    const isBidSize = venue !== undefined && venue === bidVenue && size === bidSize
    const isAskSize = venue !== undefined && venue === askVenue && size === askSize
    if (isBidSize !== isAskSize) return [isBidSize ? 'BUY' : 'SELL', 'trade_size_ex']
    const middle = (bid + ask) / 2
    if (price !== middle) return [price > middle ? 'BUY' : 'SELL', 'quote_best']
    if (bidSize >= 0 && askSize >= 0 && bidSize !== askSize) {
      return [askSize > bidSize ? 'BUY' : 'SELL', 'depth_best']
    }
  }
  if (Number.isNaN(differing)) return ['UNKNOWN', null]
  return [price > differing ? 'BUY' : 'SELL', 'tick_all']
}

/** An answer's quote; null: there is none, whichever way that is said. */
export function quoteOf(e: EvidenceEvent): NaiveQuote | null {
  if (e.t === undefined || e.t > e.at || e.bp === undefined || e.ap === undefined) return null
  return {
    time: e.t,
    bid: ticks(e.bp),
    ask: ticks(e.ap),
    bidSize: e.bs ?? -1,
    askSize: e.as ?? -1,
    bidVenue: e.bx,
    askVenue: e.ax,
  }
}

/**
 * Open interest and multiplier of a contract on the newest day on which it has printed: as known
 * before that day's first print. Of dates that are yet to come the one named last is kept.
 */
export class NaiveReference {
  day = Number.NEGATIVE_INFINITY
  openInterest: number | null = null
  multiplier = 100
  #next: { day: number; openInterest: number | null } | null = null
  #nextMultiplier = 100

  refer(e: EvidenceEvent): void {
    this.#nextMultiplier = e.mult ?? this.#nextMultiplier
    const day = Date.parse(`${e.date}T00:00:00Z`) / 86_400_000
    if (day <= this.day) return
    const known = this.#next?.day === day ? this.#next.openInterest : null
    this.#next = { day, openInterest: e.oi ?? known }
  }

  /** A print of this New York day comes. */
  print(day: number): void {
    if (day <= this.day) return
    this.day = day
    this.openInterest = this.#next?.day === day ? this.#next.openInterest : null
    this.multiplier = this.#nextMultiplier
  }
}

/** Prices of the underlyings as the vendor's other feeds gave them. */
export class NaivePrices {
  readonly #all = new Map<string, { t: number; p: number; src: string }[]>()

  set(e: EvidenceEvent): void {
    const all = this.#all.get(e.sym) ?? []
    this.#all.set(e.sym, all)
    all.push({ t: e.t!, p: ticks(e.p), src: e.src })
  }

  at(symbol: string, time: number): { price: number | null; source: string | null } {
    const all = this.#all.get(symbol) ?? []
    const latest = all.findLast((one) => all.every((other) => other.t <= one.t))
    const isFresh = latest !== undefined && Math.abs(time - latest.t) <= UNDERLYING_AGE_MS
    return isFresh ? { price: latest.p, source: latest.src } : { price: null, source: null }
  }
}

/** How many prints stand behind a percentile: by underlying and by the contract's volume before. */
export class NaiveSamples {
  #counts = new Map<string, number>()
  #days = new Map<string, number>()

  of(symbol: string, volumeBefore: number): number {
    return this.#counts.get(keyOf(symbol, volumeBefore)) ?? 0
  }

  push(symbol: string, day: number, volumeBefore: number): void {
    const newest = this.#days.get(symbol) ?? day
    if (day > newest) {
      for (const [key, n] of this.#counts) {
        if (key.startsWith(`${symbol} `)) this.#counts.set(key, Math.floor(n / 2))
      }
    }
    this.#days.set(symbol, Math.max(day, newest))
    const key = keyOf(symbol, volumeBefore)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }
}

const LEVELS = [200, 2_000, 20_000]
const keyOf = (symbol: string, volume: number) =>
  `${symbol} ${LEVELS.filter((level) => volume >= level).length}`
