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
