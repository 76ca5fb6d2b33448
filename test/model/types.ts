/** What the naive model of the rules and a run of the engine give, to be compared. */
export type Settings = {
  readonly rules: 'opra' | 'seed'
  readonly symbols: ReadonlySet<string>
  readonly minSize: number
  readonly windowMs: number
  readonly quoteMaxAgeMs: number
  /** Dollars; absent: no print waits for a quote. */
  readonly lookupPremium?: number
}

export type TapeFrame = { readonly recv: number; readonly clock?: number; readonly frame: string }

export type VendorEvent = {
  readonly ev: string
  readonly sym: string
  readonly t: number
  readonly p: number
  readonly s: number
  readonly x?: number
  readonly c?: number[]
  readonly q?: number
  readonly bp: number
  readonly ap: number
  readonly bs?: number
  readonly as?: number
  readonly bx?: number
  readonly ax?: number
}

/** Evidence of our own (src/reader/evidence.ts), as it stands in a frame. */
export type EvidenceEvent = {
  readonly ev: string
  readonly sym: string
  readonly at: number
  readonly t?: number
  readonly bp?: number
  readonly ap?: number
  readonly bs?: number
  readonly as?: number
  readonly bx?: number
  readonly ax?: number
  readonly date: string
  readonly oi?: number
  readonly mult?: number
  readonly p: number
  readonly src: string
}

export type ModelRow = {
  contract: string
  timestamp: number
  received: number | null
  price: number
  size: number
  tradeType: string
  sentiment: string
  aggressiveness: string
  side: string
  dte: number
  isSweep: boolean
  isBlock: boolean
  isAboveAsk: boolean
  isBelowBid: boolean
  isUnusual: boolean
  isMultiLeg: boolean
  isLate: boolean
  exchange: string | null
  conditions: string[]
  sequence: number | null
  bid: number | null
  ask: number | null
  bidSize: number | null
  askSize: number | null
  quoteAge: number | null
  eventLegs: number | null
  eventSpan: number | null
  /** Equal for the legs of one event; its value is the model's own. */
  event: string | null
  arrival: number
  quoteSource: string | null
  customerSide: string
  customerRule: string | null
  averageSum: number
  averageCount: number
  averageScope: string | null
  /** Null: a print of a day before its contract's newest. */
  dayVolume: number | null
  openInterest: number | null
  multiplier: number
  /** Ticks. */
  underlyingPrice: number | null
  underlyingSource: string | null
  /** Hundredths of a percent; the model has none of its own. */
  sizePercentile: number | null
  premiumPercentile: number | null
  percentileSample: number
  /** Late quotes that the stored row was given. */
  revision: number
}

export type ModelCancel = {
  contract: string
  timestamp: number
  sequence: number | null
  removedSequence: number | null
  wasStored: boolean
  isMatched: boolean
}

export type Account = Record<
  'received' | 'filtered' | 'duplicate' | 'cancelled' | 'dropped' | 'below_min_size' | 'stored',
  number
>
