/**
 * What a competent engineer writes in an afternoon: JSON.parse, objects, Maps of arrays, the rules
 * of rules.md under `opra`. It knows no cancels and bounds nothing; the labels are the engine's.
 */
type Trade = {
  readonly ev: string
  readonly sym: string
  readonly x: number
  readonly p: number
  readonly s: number
  readonly c?: readonly number[]
  readonly t: number
  readonly q: number
}
type QuoteEvent = {
  readonly ev: string
  readonly sym: string
  readonly bp: number
  readonly ap: number
  readonly bs: number
  readonly as: number
  readonly t: number
}
export type NaiveEvent = Trade & QuoteEvent

export type NaivePrint = {
  readonly sym: string
  readonly time: number
  readonly sequence: number
  readonly price: number
  readonly size: number
  readonly exchange: number
  tradeType: string
  sentiment: string
  aggressiveness: string
  side: string
  legs: number
}
type Quote = { readonly time: number; readonly bid: number; readonly ask: number }
type Contract = {
  readonly underlying: Underlying
  readonly isCall: boolean
  sizes: number[]
  quotes: Quote[]
  seen: Set<number>
  windows: { BUY: Window | null; SELL: Window | null }
}
type Underlying = { time: number; lookedAt: number; sizes: number[]; open: Set<Window> }
type Held = { readonly print: NaivePrint; readonly quote: Quote }
type Window = {
  readonly contract: Contract
  readonly side: 'BUY' | 'SELL'
  legs: Held[]
  first: number
  last: number
}

const WINDOW_MS = 500
const LOOK_MS = 100
const QUOTE_AGE_MS = 5000
const INDEX: Readonly<Record<string, string>> = { SPXW: 'SPX', NDXP: 'NDX' }

const average = (sizes: readonly number[]): number =>
  sizes.reduce((sum, size) => sum + size, 0) / sizes.length

export class NaiveEngine {
  readonly #contracts = new Map<string, Contract>()
  readonly #underlyings = new Map<string, Underlying>()
  readonly #store: (print: NaivePrint) => void
  readonly #minSize: number

  constructor(store: (print: NaivePrint) => void, minSize = 10) {
    this.#store = store
    this.#minSize = minSize
  }

  frame(text: string): void {
    this.events(JSON.parse(text) as NaiveEvent[])
  }

  events(events: readonly NaiveEvent[]): void {
    for (const event of events) {
      if (event.ev !== 'T' && event.ev !== 'Q') continue
      const contract = this.#contract(event.sym)
      const { underlying } = contract
      underlying.time = Math.max(underlying.time, event.t)
      this.#closePast(underlying)
      if (event.ev === 'Q') this.#quote(contract, event)
      else this.#trade(contract, event)
    }
  }

  closeEverything(): void {
    for (const { open } of this.#underlyings.values())
      for (const window of open) this.#close(window)
  }

  /** Looks now and then: in a tape whose times only grow, a window that is past takes no leg. */
  #closePast(underlying: Underlying): void {
    if (underlying.time < underlying.lookedAt + LOOK_MS) return
    underlying.lookedAt = underlying.time
    for (const window of underlying.open) {
      if (underlying.time - window.last > WINDOW_MS) this.#close(window)
    }
  }

  #contract(sym: string): Contract {
    let contract = this.#contracts.get(sym)
    if (contract === undefined) {
      const root = sym.slice(2, -15)
      const name = INDEX[root] ?? root
      let underlying = this.#underlyings.get(name)
      if (underlying === undefined) {
        underlying = { time: 0, lookedAt: 0, sizes: [], open: new Set() }
        this.#underlyings.set(name, underlying)
      }
      const isCall = sym.at(-9) === 'C'
      const windows = { BUY: null, SELL: null }
      contract = { underlying, isCall, sizes: [], quotes: [], seen: new Set(), windows }
      this.#contracts.set(sym, contract)
    }
    return contract
  }

  #quote(contract: Contract, { t, bp, ap }: QuoteEvent): void {
    contract.quotes.push({ time: t, bid: bp, ask: ap })
    if (contract.quotes.length > 256) contract.quotes = contract.quotes.slice(-128)
  }

  #trade(contract: Contract, event: Trade): void {
    if (contract.seen.has(event.q)) return
    contract.seen.add(event.q)
    const { underlying } = contract
    const conditions = event.c ?? []
    const isIso = conditions.includes(219)
    const isComplex = conditions.some((c) => c >= 232 && c <= 247)
    const isAuction = conditions.includes(227)
    const quote = contract.quotes.findLast(
      (q) => q.time <= event.t && event.t - q.time <= QUOTE_AGE_MS,
    )
    const isUsable = quote !== undefined && quote.bid < quote.ask && quote.bid >= 0
    const side = !isUsable || isComplex ? 'UNKNOWN' : sideOf(event.p, quote)
    const basis = contract.sizes.length >= 16 ? contract.sizes : underlying.sizes
    const mean = basis.length >= 16 ? average(basis) : Number.NaN
    const { s: size } = event
    const isBlock = size >= 500 || (size >= 100 && size >= 5 * mean)
    const isLarge = size >= 50 && size >= 2 * mean
    const tradeType = isIso ? 'SWEEP' : isBlock ? 'BLOCK' : isLarge ? 'LARGE' : 'REGULAR'
    const isUp = contract.isCall === (side === 'BUY')
    const print: NaivePrint = {
      sym: event.sym,
      time: event.t,
      sequence: event.q,
      price: event.p,
      size,
      exchange: event.x,
      tradeType,
      sentiment: side === 'BUY' || side === 'SELL' ? (isUp ? 'BULLISH' : 'BEARISH') : 'NEUTRAL',
      aggressiveness: aggressivenessOf(side, tradeType, event.p, quote),
      side,
      legs: 0,
    }
    contract.sizes.push(size)
    if (contract.sizes.length > 64) contract.sizes.shift()
    underlying.sizes.push(size)
    if (underlying.sizes.length > 1024) underlying.sizes.shift()
    if ((side === 'BUY' || side === 'SELL') && !isComplex && !isAuction) {
      this.#hold(contract, side, { print, quote: quote! })
    } else this.#final(print)
  }

  #hold(contract: Contract, side: 'BUY' | 'SELL', held: Held): void {
    const { time } = held.print
    let window = contract.windows[side]
    if (
      window !== null &&
      (time - window.last > WINDOW_MS || time - window.first > 4 * WINDOW_MS)
    ) {
      this.#close(window)
      window = null
    }
    if (window === null) {
      window = { contract, side, legs: [], first: time, last: time }
      contract.windows[side] = window
      contract.underlying.open.add(window)
    }
    window.legs.push(held)
    window.last = Math.max(window.last, time)
  }

  #close(window: Window): void {
    const { contract, side, legs } = window
    contract.windows[side] = null
    contract.underlying.open.delete(window)
    const size = legs.reduce((sum, { print }) => sum + print.size, 0)
    const isEvent = legs.length >= 2 && size >= this.#minSize
    const isSweep = isEvent && new Set(legs.map(({ print }) => print.exchange)).size >= 2
    for (const { print, quote } of legs) {
      if (isEvent) {
        print.legs = legs.length
        if (isSweep || print.tradeType === 'SWEEP') print.tradeType = 'SWEEP'
        else if (print.tradeType !== 'BLOCK') print.tradeType = 'SPLIT'
        print.aggressiveness = aggressivenessOf(print.side, print.tradeType, print.price, quote)
      }
      this.#final(print)
    }
  }

  #final(print: NaivePrint): void {
    if (print.size >= this.#minSize || print.legs > 0) this.#store(print)
  }
}

function sideOf(price: number, { bid, ask }: Quote): string {
  if (price >= ask) return 'BUY'
  if (price <= bid) return 'SELL'
  const distance = 2 * price - bid - ask
  return Math.abs(distance) < 1e-9 ? 'MID' : distance > 0 ? 'BUY' : 'SELL'
}

function aggressivenessOf(side: string, type: string, price: number, quote?: Quote): string {
  if (side === 'UNKNOWN' || quote === undefined) return 'NORMAL'
  if (price > quote.ask || price < quote.bid) return 'AGGRESSIVE'
  if (price < quote.ask && price > quote.bid) return 'PASSIVE'
  return type === 'SWEEP' ? 'AGGRESSIVE' : 'NORMAL'
}
