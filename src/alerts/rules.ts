import type { FlowWindow } from '../flow/flow-context.ts'

export const RULES_MAX = 200
export const SINKS_MAX = 20

/** Sweeps, splits and blocks have versions; single prints are told as they are classified. */
export const EVENT_TYPES = ['SWEEP', 'SPLIT', 'BLOCK'] as const
export const PRINT_TYPES = ['LARGE', 'REGULAR'] as const
export const ALERT_TYPES = [...EVENT_TYPES, ...PRINT_TYPES] as const
export type AlertType = (typeof ALERT_TYPES)[number]

export const SINK_KINDS = ['discord', 'slack', 'webhook'] as const
export type SinkKind = (typeof SINK_KINDS)[number]

/** Both bounds inclusive; null: none. */
export type Range = { readonly min: number | null; readonly max: number | null }

export type Sink = {
  readonly name: string
  readonly kind: SinkKind
  /** A secret for most kinds: never logged, never in an error. */
  readonly url: string
  /** Signs what goes to a plain webhook; null: not signed. */
  readonly secret: string | null
  /** So many requests at most within any `perMs`. */
  readonly rate: { readonly count: number; readonly perMs: number }
  readonly timeoutMs: number
  /** May resolve to an address of a private network. */
  readonly allowsPrivate: boolean
  /** An event that one rule has told this sink is not told again by another. */
  readonly dedupes: boolean
}

export const COOLDOWN_KEYS = ['symbol', 'contract', 'contract_side', 'rule'] as const
export type CooldownKey = (typeof COOLDOWN_KEYS)[number]

/** What an alert must be; null: it may be anything. */
export type AlertRule = {
  readonly name: string
  readonly sinks: readonly string[]
  readonly types: readonly AlertType[]
  readonly symbols: readonly string[] | null
  readonly sides: readonly string[] | null
  readonly sentiments: readonly string[] | null
  readonly option: 'call' | 'put' | null
  /** Dollars. */
  readonly premium: Range | null
  /** Contracts. */
  readonly size: Range | null
  /** Calendar days. */
  readonly dte: Range | null
  /** Percent of the underlying by which it is out of the money; below 0: in the money. */
  readonly moneyness: Range | null
  /** Volume of the contract's day over its open interest. */
  readonly volumeOverOi: Range | null
  /** Institutional score of the underlying, 0 to 100. */
  readonly score: (Range & { readonly window: FlowWindow }) | null
  /** Bullish less bearish premium of the underlying, dollars. */
  readonly netPremium: (Range & { readonly withinMs: number }) | null
  /** Events of the contract and side, this one included. */
  readonly repeats: { readonly count: number; readonly withinMs: number } | null
  /** 0: none. */
  readonly cooldownMs: number
  readonly cooldownPer: CooldownKey
  /** What ended longer ago than this is not told. */
  readonly maxAgeMs: number
}

export type AlertRules = {
  readonly sinks: readonly Sink[]
  readonly rules: readonly AlertRule[]
}

/** What no log line may hold. */
export function secretsOfRules({ sinks }: AlertRules): string[] {
  return sinks.flatMap(({ url, secret }) => {
    const { pathname, search, searchParams } = new URL(url)
    const parts = [...pathname.split('/'), ...searchParams.values()]
    // what is short is no secret, and would blot out ordinary words
    return [url, secret ?? '', `${pathname}${search}`, ...parts].filter((part) => part.length >= 12)
  })
}
