import { conditionText, groupOf } from '../../src/domain/conditions.ts'
import { parseContract } from '../../src/domain/contract.ts'
import { exchangeAcronym } from '../../src/domain/exchanges.ts'
import {
  customerOf,
  HOLD_MS,
  NaivePrices,
  NaiveReference,
  NaiveSamples,
  type NaiveQuote as Quote,
  quoteOf,
  type Signed,
} from './evidence-model.ts'
import type {
  Account,
  EvidenceEvent,
  ModelCancel,
  ModelRow,
  Settings,
  TapeFrame,
  VendorEvent,
} from './types.ts'

type Print = ModelRow &
  Signed & {
    day: number
    group: number
    removed: boolean
    stored: boolean
    /** Let go without the quote that was asked for. */
    awaits: boolean
    single: string
    n: number
  }
type Window = { contract: string; side: string; legs: Print[] }

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
  #pending: { print: Print; since: number }[] = []
  #references = new Map<string, NaiveReference>()
  #underlyings = new NaivePrices()
  #samples = new NaiveSamples()
  /** Underlyings of which some contract has been named. */
  #named = new Set<string>()

  constructor(settings: Settings) {
    this.settings = settings
  }

  run(frames: readonly TapeFrame[]): this {
    let clock = Number.NEGATIVE_INFINITY
    for (const { recv, frame, clock: own } of frames) {
      clock = own ?? Math.max(clock, recv)
      for (const event of JSON.parse(frame) as VendorEvent[]) {
        this.#letGo(({ since }) => clock - since > HOLD_MS)
        if (event.ev.startsWith('flow.')) {
          this.#evidence(event as unknown as EvidenceEvent, clock)
        } else this.#event(event, recv, clock)
      }
    }
    this.#letGo(() => true)
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
    this.#named.add(symbol)
    if (e.t > recv + 60_000) {
      if (e.ev === 'T') this.account.dropped++
      return
    }
    this.#advance(symbol, e.t, clock)
    if (e.ev === 'Q') {
      const quotes = this.#quotes.get(e.sym) ?? []
      this.#quotes.set(e.sym, quotes)
      quotes.push(quoteOf({ ...e, at: e.t } as unknown as EvidenceEvent)!)
      return
    }
    this.#trade(e, symbol, recv, clock)
  }

  /** What is no event of the vendor moves no event time; the windows that it finds past close. */
  #evidence(e: EvidenceEvent, clock: number): void {
    if (e.ev === 'flow.underlying') {
      if (!this.#named.has(e.sym)) return
      this.#closePast(e.sym, this.#eventTimeAt(e.sym, clock))
      this.#underlyings.set(e)
      return
    }
    const symbol = parseContract(e.sym)?.underlying
    if (symbol === undefined || !this.settings.symbols.has(symbol)) return
    this.#named.add(symbol)
    const E = this.#eventTimeAt(symbol, clock)
    this.#closePast(symbol, E)
    if (e.ev === 'flow.contract') this.#reference(e.sym).refer(e)
    if (e.ev === 'flow.nbbo') this.#answer(e, quoteOf(e), E)
  }

  #answer(e: EvidenceEvent, quote: Quote | null, E: number): void {
    const from = quote === null ? e.at : quote.time
    const isMeant = (p: Print) => p.contract === e.sym && p.timestamp >= from && p.timestamp <= e.at
    const answered = this.#pending.filter(({ print }) => isMeant(print))
    this.#pending = this.#pending.filter((one) => !answered.includes(one))
    for (const { print } of answered) {
      if (isUsable(quote, print.timestamp, this.settings.quoteMaxAgeMs)) {
        this.#sign(print, quote, 'rest')
      }
      this.#release(print, E)
    }
    if (quote === null) return
    for (const print of this.#prints.filter((p) => p.awaits && p.stored && !p.removed)) {
      if (!isMeant(print)) continue
      print.awaits = false
      if (!isUsable(quote, print.timestamp, this.settings.quoteMaxAgeMs)) continue
      this.#sign(print, quote, 'rest')
      print.revision++
    }
  }

  #letGo(isDue: (pending: { since: number }) => boolean): void {
    const due = this.#pending.filter(isDue)
    this.#pending = this.#pending.filter((one) => !due.includes(one))
    for (const { print } of due) {
      print.awaits = true
      this.#final(print)
    }
  }

  #reference(contract: string): NaiveReference {
    const reference = this.#references.get(contract) ?? new NaiveReference()
    this.#references.set(contract, reference)
    return reference
  }

  #eventTimeAt(symbol: string, clock: number): number {
    const E = this.#eventTime.get(symbol) ?? Number.NEGATIVE_INFINITY
    const before = this.#clocks.get(symbol)
    const isQuiet = before !== undefined && clock - before > 2 * this.settings.windowMs
    return isQuiet ? E + clock - before : E
  }

  #advance(symbol: string, time: number, clock: number): void {
    const E = Math.max(this.#eventTimeAt(symbol, clock), time)
    this.#eventTime.set(symbol, E)
    this.#clocks.set(symbol, clock)
    this.#closePast(symbol, E)
  }

  #closePast(symbol: string, E: number): void {
    const W = this.settings.windowMs
    for (const window of [...this.#windows]) {
      if (parseContract(window.contract)!.underlying !== symbol) continue
      if (E - last(window) > W) this.#close(window)
    }
  }

  #trade(e: VendorEvent, symbol: string, recv: number, clock: number): void {
    const day = dayOf(e.t)
    if (this.#isDuplicate(e, day)) return
    const conditions: number[] = e.c ?? []
    const groups = conditions.map(groupOf)
    const group = Math.max(0, ...groups)
    if (group === 7) {
      this.#cancel(e, symbol, day)
      return
    }
    this.#reference(e.sym).print(day)
    const print = this.#label(e, symbol, recv, day, conditions, groups, group)
    this.#prints.push(print)
    const volumeBefore = (print.dayVolume ?? print.size) - print.size
    print.percentileSample = this.#samples.of(symbol, volumeBefore)
    this.#samples.push(symbol, day, volumeBefore)
    const { lookupPremium = 0 } = this.settings
    const isNotable =
      lookupPremium > 0 && print.price * print.size * print.multiplier >= lookupPremium * 10_000
    if (isNotable && group <= 3 && print.bid === null && !Number.isNaN(clock)) {
      this.#pending.push({ print, since: clock })
    } else this.#release(print, this.#eventTime.get(symbol)!)
  }

  /** A print that waits for nothing any more joins a window, or is final. */
  #release(print: Print, E: number): void {
    const isHeld =
      this.settings.rules === 'opra' &&
      print.group <= 1 &&
      (print.side === 'BUY' || print.side === 'SELL')
    if (isHeld) this.#join(print, E)
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

  #average(contract: string, symbol: string) {
    const own = this.#prints.filter((p) => p.contract === contract).slice(-64)
    const all = this.#prints.filter((p) => parseContract(p.contract)!.underlying === symbol)
    const basis = own.length >= 16 ? own : all.slice(-1024)
    if (basis.length < 16) return { sum: 0, count: 0, scope: null, A: Number.NaN }
    const sum = basis.reduce((total, p) => total + p.size, 0)
    const scope = basis === own ? 'contract' : 'underlying'
    return { sum, count: basis.length, scope, A: sum / basis.length }
  }

  #quote(contract: string, time: number): Quote | null {
    let best: Quote | null = null
    for (const q of this.#quotes.get(contract) ?? []) {
      if (q.time <= time && (best === null || q.time >= best.time)) best = q
    }
    return isUsable(best, time, this.settings.quoteMaxAgeMs) ? best : null
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
    const price = ticks(e.p)
    const own = this.#prints.filter((p) => p.contract === e.sym)
    const reference = this.#reference(e.sym)
    const isNewest = day === reference.day
    const ofDay = own.filter((p) => p.day === day && !p.removed)
    const dayVolume = isNewest ? ofDay.reduce((sum, p) => sum + p.size, e.s) : null
    const openInterest = isNewest ? reference.openInterest : null
    const { sum, count, scope, A } = this.#average(e.sym, symbol)
    const isSeed = this.settings.rules === 'seed'
    const block = isSeed ? e.s >= 500 || e.s >= 5 * A : e.s >= 500 || (e.s >= 5 * A && e.s >= 100)
    const large = isSeed ? e.s >= 2 * A : e.s >= 2 * A && e.s >= 50
    const sweep = !isSeed && group === 1
    const single = sweep ? 'SWEEP' : block ? 'BLOCK' : large ? 'LARGE' : 'REGULAR'
    const underlying = this.#underlyings.at(symbol, e.t)
    const print: Print = {
      contract: e.sym,
      timestamp: e.t,
      received: Number.isNaN(recv) ? null : recv,
      price,
      size: e.s,
      venue: e.x,
      differing: own.findLast((p) => p.group <= 3 && p.price !== price)?.price ?? Number.NaN,
      tradeType: single,
      single,
      sentiment: 'NEUTRAL',
      aggressiveness: 'NORMAL',
      side: 'UNKNOWN',
      dte: Math.max(0, contract.expirationDay - day),
      isSweep: sweep,
      isBlock: block,
      isAboveAsk: false,
      isBelowBid: false,
      isUnusual: openInterest === null ? e.s >= 5 * A : dayVolume! > openInterest,
      isMultiLeg: groups.includes(5),
      isLate: groups.includes(6),
      exchange: e.x === undefined ? null : (exchangeAcronym(e.x) ?? `${e.x}`),
      conditions: conditions.map(conditionText),
      sequence: e.q ?? null,
      bid: null,
      ask: null,
      bidSize: null,
      askSize: null,
      quoteAge: null,
      quoteSource: null,
      customerSide: 'UNKNOWN',
      customerRule: null,
      eventLegs: null,
      eventSpan: null,
      event: null,
      arrival: this.#arrival(e.sym, day),
      averageSum: sum,
      averageCount: count,
      averageScope: scope,
      dayVolume,
      openInterest,
      multiplier: reference.multiplier,
      underlyingPrice: underlying.price,
      underlyingSource: underlying.source,
      sizePercentile: null,
      premiumPercentile: null,
      percentileSample: 0,
      revision: 0,
      day,
      group,
      removed: false,
      stored: false,
      awaits: false,
      n: this.#prints.length,
    }
    this.#sign(print, this.#quote(e.sym, e.t), 'feed')
    return print
  }

  /** All that follows from a usable quote, or from there being none. */
  #sign(print: Print, quote: Quote | null, source: string): void {
    const { price, group, tradeType } = print
    const isCall = parseContract(print.contract)!.isCall
    const isSeed = this.settings.rules === 'seed'
    const side = quote === null || group > 3 ? 'UNKNOWN' : sideOf(price, quote)
    const above = quote !== null && price > quote.ask
    const below = quote !== null && price < quote.bid
    const up = isSeed ? above : side === 'BUY'
    const down = isSeed ? below : side === 'SELL'
    const [bullish, bearish] = isCall ? ['BULLISH', 'BEARISH'] : ['BEARISH', 'BULLISH']
    const [customerSide, customerRule] = group > 3 ? ['UNKNOWN', null] : customerOf(print, quote)
    Object.assign(print, {
      side,
      sentiment: up ? bullish : down ? bearish : 'NEUTRAL',
      aggressiveness: isSeed
        ? seedAggressiveness(price, quote)
        : opraAggressiveness(side, tradeType, price, quote),
      isAboveAsk: above,
      isBelowBid: below,
      bid: quote?.bid ?? null,
      ask: quote?.ask ?? null,
      bidSize: quote === null || quote.bidSize < 0 ? null : quote.bidSize,
      askSize: quote === null || quote.askSize < 0 ? null : quote.askSize,
      quoteAge: quote === null ? null : print.timestamp - quote.time,
      quoteSource: quote === null ? null : source,
      customerSide,
      customerRule,
    })
  }

  #join(print: Print, E: number): void {
    const W = this.settings.windowMs
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
    const waiting = this.#pending.findIndex((one) => one.print === match)
    const window = this.#windows.find((w) => w.legs.includes(match))
    if (waiting < 0 && window === undefined) return
    this.account.cancelled++
    if (waiting >= 0) this.#pending.splice(waiting, 1)
    if (window === undefined) return
    window.legs.splice(window.legs.indexOf(match), 1)
    if (window.legs.length === 0) this.#windows.splice(this.#windows.indexOf(window), 1)
    else if (this.#eventTime.get(symbol)! - last(window) > this.settings.windowMs) {
      this.#close(window)
    }
  }
}

const last = (window: Window) => Math.max(...window.legs.map((leg) => leg.timestamp))
const first = (window: Window) => Math.min(...window.legs.map((leg) => leg.timestamp))

function isUsable(quote: Quote | null, time: number, ageMsMax: number): quote is Quote {
  if (quote === null || quote.time > time || time - quote.time > ageMsMax) return false
  return quote.bid >= 0 && quote.bid < quote.ask
}

function sideOf(price: number, { bid, ask }: Quote): string {
  if (price >= ask) return 'BUY'
  if (price <= bid) return 'SELL'
  return ['SELL', 'MID', 'BUY'][1 + Math.sign(2 * price - bid - ask)]!
}

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
