import { conditionText, groupOf } from '../../src/domain/conditions.ts'
import { parseContract } from '../../src/domain/contract.ts'
import { exchangeAcronym } from '../../src/domain/exchanges.ts'
import type { Account, ModelCancel, ModelRow, Settings, TapeFrame, VendorEvent } from './types.ts'

type Print = ModelRow & {
  day: number
  removed: boolean
  stored: boolean
  single: string
  n: number
}
type Window = { contract: string; side: string; legs: Print[] }
type Quote = { time: number; bid: number; ask: number; bidSize: number; askSize: number }

const newYork = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' })
const dayOf = (ms: number) => Date.parse(`${newYork.format(ms)}T00:00:00Z`) / 86_400_000
const ticks = (dollars: number) => Math.round(dollars * 10_000)

/**
 * rules.md once more, with plain objects and arrays and no thought of speed: what the engine must
 * agree with on any tape. Only the tables of conditions, exchanges and tickers are shared.
 */
export class RulesModel {
  readonly settings: Settings
  readonly rows: Print[] = []
  readonly cancels: ModelCancel[] = []
  sequenceReused = 0
  readonly account: Account = {
    received: 0,
    filtered: 0,
    duplicate: 0,
    cancelled: 0,
    dropped: 0,
    below_min_size: 0,
    stored: 0,
  }
  #prints: Print[] = []
  #messages: Record<string, unknown>[] = []
  #quotes = new Map<string, Quote[]>()
  #eventTime = new Map<string, number>()
  #clocks = new Map<string, number>()
  #windows: Window[] = []

  constructor(settings: Settings) {
    this.settings = settings
  }

  run(frames: readonly TapeFrame[]): this {
    let clock = Number.NEGATIVE_INFINITY
    for (const { recv, frame, clock: own } of frames) {
      clock = own ?? Math.max(clock, recv)
      for (const event of JSON.parse(frame) as VendorEvent[]) this.#event(event, recv, clock)
    }
    for (const window of [...this.#windows]) this.#close(window)
    return this
  }

  #event(e: VendorEvent, recv: number, clock: number): void {
    if (e.ev !== 'T' && e.ev !== 'Q') return
    if (e.ev === 'T') this.account.received++
    const contract = parseContract(e.sym)
    if (contract === null) {
      if (e.ev === 'T') this.account.dropped++
      return
    }
    const symbol = contract.underlying
    if (!this.settings.symbols.has(symbol)) {
      if (e.ev === 'T') this.account.filtered++
      return
    }
    if (e.t > recv + 60_000) {
      if (e.ev === 'T') this.account.dropped++
      return
    }
    this.#advance(symbol, e.t, clock)
    if (e.ev === 'Q') {
      const quotes = this.#quotes.get(e.sym) ?? []
      this.#quotes.set(e.sym, quotes)
      const [bid, ask] = [ticks(e.bp), ticks(e.ap)]
      quotes.push({ time: e.t, bid, ask, bidSize: e.bs ?? -1, askSize: e.as ?? -1 })
      return
    }
    this.#trade(e, symbol, recv)
  }

  #advance(symbol: string, time: number, clock: number): void {
    const W = this.settings.windowMs
    let E = this.#eventTime.get(symbol) ?? Number.NEGATIVE_INFINITY
    const before = this.#clocks.get(symbol)
    if (before !== undefined && clock - before > 2 * W) E += clock - before
    E = Math.max(E, time)
    this.#eventTime.set(symbol, E)
    this.#clocks.set(symbol, clock)
    for (const window of [...this.#windows]) {
      if (parseContract(window.contract)!.underlying !== symbol) continue
      if (E - last(window) > W) this.#close(window)
    }
  }

  #trade(e: VendorEvent, symbol: string, recv: number): void {
    const day = dayOf(e.t)
    if (this.#isDuplicate(e, day)) return
    const conditions: number[] = e.c ?? []
    const groups = conditions.map(groupOf)
    const group = Math.max(0, ...groups)
    if (group === 7) {
      this.#cancel(e, symbol, day)
      return
    }
    const print = this.#label(e, symbol, recv, day, conditions, groups, group)
    this.#prints.push(print)
    const isHeld =
      this.settings.rules === 'opra' &&
      group <= 1 &&
      (print.side === 'BUY' || print.side === 'SELL')
    if (isHeld) this.#join(print, symbol)
    else this.#final(print)
  }

  #isDuplicate(e: VendorEvent, day: number): boolean {
    if (!((e.q ?? 0) > 0)) return false
    const same = this.#messages.filter((m) => m.sym === e.sym && m.q === e.q && m.day === day)
    const content = JSON.stringify([e.t, ticks(e.p), e.s, e.x ?? null, e.c ?? []])
    if (same.some((m) => m.content === content)) {
      this.account.duplicate++
      return true
    }
    if (same.length > 0) this.sequenceReused++
    this.#messages.push({ sym: e.sym, q: e.q, day, content })
    return false
  }

  /** Counts a contract's prints from the first of its newest day on. */
  #arrival(contract: string, day: number): number {
    const own = this.#prints.filter((p) => p.contract === contract)
    const newest = Math.max(day, ...own.map((p) => p.day))
    const start = own.findIndex((p) => p.day === newest)
    return 1 + (start < 0 ? 0 : own.length - start)
  }

  #average(contract: string, symbol: string): number {
    const own = this.#prints.filter((p) => p.contract === contract).slice(-64)
    const all = this.#prints.filter((p) => parseContract(p.contract)!.underlying === symbol)
    const basis = own.length >= 16 ? own : all.slice(-1024)
    if (basis.length < 16) return Number.NaN
    return basis.reduce((sum, p) => sum + p.size, 0) / basis.length
  }

  #quote(contract: string, time: number): Quote | null {
    let best: Quote | null = null
    for (const q of this.#quotes.get(contract) ?? []) {
      if (q.time <= time && (best === null || q.time >= best.time)) best = q
    }
    if (best === null || time - best.time > this.settings.quoteMaxAgeMs) return null
    return best.bid >= 0 && best.bid < best.ask ? best : null
  }

  #label(
    e: VendorEvent,
    symbol: string,
    recv: number,
    day: number,
    conditions: number[],
    groups: number[],
    group: number,
  ): Print {
    const contract = parseContract(e.sym)!
    const quote = this.#quote(e.sym, e.t)
    const price = ticks(e.p)
    const A = this.#average(e.sym, symbol)
    const side =
      quote === null || group > 3
        ? 'UNKNOWN'
        : price >= quote.ask
          ? 'BUY'
          : price <= quote.bid
            ? 'SELL'
            : ['SELL', 'MID', 'BUY'][1 + Math.sign(2 * price - quote.bid - quote.ask)]!
    const above = quote !== null && price > quote.ask
    const below = quote !== null && price < quote.bid
    const isSeed = this.settings.rules === 'seed'
    const block = isSeed ? e.s >= 500 || e.s >= 5 * A : e.s >= 500 || (e.s >= 5 * A && e.s >= 100)
    const large = isSeed ? e.s >= 2 * A : e.s >= 2 * A && e.s >= 50
    const sweep = !isSeed && group === 1
    const single = sweep ? 'SWEEP' : block ? 'BLOCK' : large ? 'LARGE' : 'REGULAR'
    const bullish = contract.isCall ? 'BULLISH' : 'BEARISH'
    const bearish = contract.isCall ? 'BEARISH' : 'BULLISH'
    const up = isSeed ? above : side === 'BUY'
    const down = isSeed ? below : side === 'SELL'
    return {
      contract: e.sym,
      timestamp: e.t,
      received: recv,
      price,
      size: e.s,
      tradeType: single,
      single,
      sentiment: up ? bullish : down ? bearish : 'NEUTRAL',
      aggressiveness: isSeed
        ? seedAggressiveness(price, quote)
        : opraAggressiveness(side, single, price, quote),
      side,
      dte: Math.max(0, contract.expirationDay - day),
      isSweep: sweep,
      isBlock: block,
      isAboveAsk: above,
      isBelowBid: below,
      isUnusual: e.s >= 5 * A,
      isMultiLeg: groups.includes(5),
      isLate: groups.includes(6),
      exchange: e.x === undefined ? null : (exchangeAcronym(e.x) ?? `${e.x}`),
      conditions: conditions.map(conditionText),
      sequence: e.q ?? null,
      bid: quote?.bid ?? null,
      ask: quote?.ask ?? null,
      bidSize: quote === null || quote.bidSize < 0 ? null : quote.bidSize,
      askSize: quote === null || quote.askSize < 0 ? null : quote.askSize,
      quoteAge: quote === null ? null : e.t - quote.time,
      eventLegs: null,
      eventSpan: null,
      event: null,
      arrival: this.#arrival(e.sym, day),
      day,
      removed: false,
      stored: false,
      n: this.#prints.length,
    }
  }

  #join(print: Print, symbol: string): void {
    const W = this.settings.windowMs
    const E = this.#eventTime.get(symbol)!
    let window = this.#windows.find((w) => w.contract === print.contract && w.side === print.side)
    if (
      window !== undefined &&
      !(
        Math.abs(print.timestamp - last(window)) <= W &&
        Math.abs(print.timestamp - first(window)) <= 4 * W &&
        E - last(window) <= W
      )
    ) {
      this.#close(window)
      window = undefined
    }
    if (window === undefined) {
      window = { contract: print.contract, side: print.side, legs: [] }
      this.#windows.push(window)
    }
    window.legs.push(print)
    if (E - last(window) > W) this.#close(window)
  }

  #close(window: Window): void {
    this.#windows.splice(this.#windows.indexOf(window), 1)
    const { legs } = window
    const size = legs.reduce((sum, leg) => sum + leg.size, 0)
    const isEvent = legs.length >= 2 && size >= this.settings.minSize
    const isSweep = isEvent && new Set(legs.map((leg) => leg.exchange)).size >= 2
    for (const leg of legs) {
      if (isEvent) {
        leg.event = `event ${legs[0]!.n}`
        leg.eventLegs = legs.length
        leg.eventSpan = last(window) - first(window)
        leg.isSweep ||= isSweep
        if (isSweep) leg.tradeType = 'SWEEP'
        else if (leg.single === 'LARGE' || leg.single === 'REGULAR') leg.tradeType = 'SPLIT'
        const quote = { bid: leg.bid!, ask: leg.ask! }
        leg.aggressiveness = opraAggressiveness(leg.side, leg.tradeType, leg.price, quote)
      }
      this.#final(leg)
    }
  }

  #final(print: Print): void {
    if (print.size < this.settings.minSize && print.event === null) {
      this.account.below_min_size++
      return
    }
    print.stored = true
    this.account.stored++
    this.rows.push(print)
  }

  #cancel(e: VendorEvent, symbol: string, day: number): void {
    this.account.cancelled++
    const exchange = e.x === undefined ? null : (exchangeAcronym(e.x) ?? `${e.x}`)
    const match = this.#prints.findLast(
      (p) =>
        !p.removed &&
        p.contract === e.sym &&
        p.day === day &&
        p.exchange === exchange &&
        p.price === ticks(e.p) &&
        p.size === e.s,
    )
    this.cancels.push({
      contract: e.sym,
      timestamp: e.t,
      sequence: e.q ?? null,
      removedSequence: match?.sequence ?? null,
      wasStored: match?.stored ?? false,
      isMatched: match !== undefined,
    })
    if (match === undefined) return
    match.removed = true
    if (match.stored) {
      this.rows.splice(this.rows.indexOf(match), 1)
      return
    }
    const window = this.#windows.find((w) => w.legs.includes(match))
    if (window === undefined) return
    this.account.cancelled++
    window.legs.splice(window.legs.indexOf(match), 1)
    if (window.legs.length === 0) this.#windows.splice(this.#windows.indexOf(window), 1)
    else if (this.#eventTime.get(symbol)! - last(window) > this.settings.windowMs) {
      this.#close(window)
    }
  }
}

const last = (window: Window) => Math.max(...window.legs.map((leg) => leg.timestamp))
const first = (window: Window) => Math.min(...window.legs.map((leg) => leg.timestamp))

type Prices = { readonly bid: number; readonly ask: number }

function opraAggressiveness(side: string, type: string, price: number, quote: Prices | null) {
  if (side === 'UNKNOWN' || quote === null) return 'NORMAL'
  if (price > quote.ask || price < quote.bid) return 'AGGRESSIVE'
  const isAtQuote = price === quote.ask || price === quote.bid
  if (type === 'SWEEP' && isAtQuote) return 'AGGRESSIVE'
  return isAtQuote ? 'NORMAL' : 'PASSIVE'
}

function seedAggressiveness(price: number, quote: Prices | null) {
  if (quote === null) return 'NORMAL'
  const tenth = (quote.ask - quote.bid) / 10
  if (price > quote.ask + tenth || price < quote.bid - tenth) return 'AGGRESSIVE'
  return price <= quote.bid || price >= quote.ask ? 'PASSIVE' : 'NORMAL'
}
