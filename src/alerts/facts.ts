import { parseContract } from '../domain/contract.ts'
import type { LiveEvent, LivePrint } from '../domain/live-flow.ts'
import { DAY_MS, dte, newYorkDay } from '../domain/new-york.ts'
import type { AlertType } from './rules.ts'

/**
 * What an alert is about: a version of an event, or a single print. It goes to plain webhooks and
 * into the ledger as it is.
 */
export type AlertFacts = {
  /** Names it in the ledger: `event:<event_id>` or `print:<contract>:<time>:<number>`. */
  readonly subject: string
  readonly type: AlertType
  /** FIRST_REVISION for the first version of an event; 0 for every print. */
  readonly revision: number
  /** Why there is this version; null: a print. */
  readonly reason: string | null
  readonly is_void: boolean
  readonly symbol: string
  readonly contract_ticker: string
  readonly option_type: 'call' | 'put'
  /** Dollars. */
  readonly strike: number
  /** `2025-12-19`. */
  readonly expiration: string
  /** Calendar days. */
  readonly dte: number
  readonly side: string
  readonly sentiment: string
  /** Epoch ms. */
  readonly started_at: number
  readonly ended_at: number
  readonly legs: number
  readonly exchanges: readonly string[]
  /** Contracts. */
  readonly size: number
  /** Dollars. */
  readonly premium: number
  /** Dollars, by volume; null without a leg. */
  readonly price: number | null
  /** Known of prints; of events only where a rule asks for them. */
  readonly underlying_price: number | null
  readonly open_interest: number | null
  readonly day_volume: number | null
}

/** flow_events counts versions from here. */
export const FIRST_REVISION = 1

/** What the newest leg of an event knows. */
export type LegFacts = Pick<AlertFacts, 'underlying_price' | 'open_interest' | 'day_volume'>

/** Null: its contract cannot be read. */
export function factsOfEvent(event: LiveEvent): AlertFacts | null {
  const contract = parseContract(event.contract_ticker)
  if (contract === null) return null
  return {
    subject: `event:${event.event_id}`,
    type: event.kind,
    revision: event.revision,
    reason: event.reason,
    is_void: event.is_void,
    symbol: event.symbol,
    contract_ticker: event.contract_ticker,
    option_type: contract.isCall ? 'call' : 'put',
    strike: contract.strikeMills / 1000,
    expiration: new Date(contract.expirationDay * DAY_MS).toISOString().slice(0, 10),
    dte: dte(newYorkDay(event.started_at), contract.expirationDay),
    side: event.side,
    sentiment: event.sentiment,
    started_at: event.started_at,
    ended_at: event.ended_at,
    legs: event.leg_count,
    exchanges: event.exchanges,
    size: event.total_size,
    premium: event.total_premium,
    price: event.vwap,
    underlying_price: null,
    open_interest: null,
    day_volume: null,
  }
}

export function factsOfPrint(print: LivePrint): AlertFacts {
  const { contract_ticker: ticker, timestamp, sequence, arrival } = print
  return {
    subject: `print:${ticker}:${timestamp}:${sequence ?? `a${arrival}`}`,
    type: print.trade_type as AlertType,
    revision: 0,
    reason: null,
    is_void: false,
    symbol: print.symbol,
    contract_ticker: ticker,
    option_type: print.option_type,
    strike: print.strike,
    expiration: print.expiration,
    dte: print.dte,
    side: print.side,
    sentiment: print.sentiment,
    started_at: timestamp,
    ended_at: timestamp,
    legs: 1,
    exchanges: print.exchange === null ? [] : [print.exchange],
    size: print.size,
    premium: print.premium,
    price: print.price,
    underlying_price: print.underlying_price,
    open_interest: print.open_interest,
    day_volume: print.day_volume,
  }
}

/** What a reader of the alert is told: a version that changes none of it is not told again. */
const TOLD = ['type', 'is_void', 'side', 'sentiment', 'size', 'premium', 'legs', 'price'] as const

export function isSameStory(a: AlertFacts, b: AlertFacts): boolean {
  return TOLD.every((key) => a[key] === b[key]) && a.exchanges.join() === b.exchanges.join()
}
