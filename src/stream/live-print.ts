import { conditionText } from '../domain/conditions.ts'
import { parseContract } from '../domain/contract.ts'
import { exchangeAcronym } from '../domain/exchanges.ts'
import {
  AGGRESSIVENESS_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
} from '../domain/labels.ts'
import type { LivePrint } from '../domain/live-flow.ts'
import { DAY_MS } from '../domain/new-york.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import { EXCHANGE_NONE } from '../slab/event-slab.ts'
import {
  FLAG_ABOVE_ASK,
  FLAG_BELOW_BID,
  FLAG_BLOCK,
  FLAG_LATE,
  FLAG_MULTI_LEG,
  FLAG_SWEEP,
  FLAG_UNUSUAL,
  type RowSlab,
} from '../slab/row-slab.ts'

const MILLS_PER_DOLLAR = 1000

/**
 * A row of a slab as GET /api/trades gives it once it is stored. `conditions`: the condition list
 * of the row's set, ids or texts as they came. Throws for a ticker that is no contract.
 */
export function livePrint(
  slab: RowSlab,
  row: number,
  contractTicker: string,
  conditions: readonly (number | string)[],
): LivePrint {
  const contract = parseContract(contractTicker)
  if (contract === null) throw new Error(`expected a contract, came ${contractTicker}`)
  const flags = slab.flags[row]!
  const hasQuote = !Number.isNaN(slab.bid[row]!)
  const hasEvent = slab.eventLegs[row] !== 0
  return {
    symbol: contract.underlying,
    contract_ticker: contractTicker,
    timestamp: slab.time[row]!,
    sequence: orNull(slab.sequence[row]!),
    arrival: slab.arrival[row]!,
    price: slab.price[row]! / TICKS_PER_DOLLAR,
    size: slab.size[row]!,
    premium: premiumOf(slab, row),
    trade_type: TRADE_TYPE_TEXT[slab.tradeType[row]!]!,
    sentiment: SENTIMENT_TEXT[slab.sentiment[row]!]!,
    aggressiveness: AGGRESSIVENESS_TEXT[slab.aggressiveness[row]!]!,
    side: SIDE_TEXT[slab.side[row]!]!,
    strike: contract.strikeMills / MILLS_PER_DOLLAR,
    expiration: new Date(contract.expirationDay * DAY_MS).toISOString().slice(0, 10),
    option_type: contract.isCall ? 'call' : 'put',
    dte: slab.dte[row]!,
    underlying_price: dollarsOrNull(slab.underlyingPrice[row]!),
    is_sweep: (flags & FLAG_SWEEP) !== 0,
    is_block: (flags & FLAG_BLOCK) !== 0,
    is_above_ask: (flags & FLAG_ABOVE_ASK) !== 0,
    is_below_bid: (flags & FLAG_BELOW_BID) !== 0,
    is_unusual_volume: (flags & FLAG_UNUSUAL) !== 0,
    is_multi_leg: (flags & FLAG_MULTI_LEG) !== 0,
    is_late: (flags & FLAG_LATE) !== 0,
    exchange: exchangeOf(slab.exchange[row]!),
    conditions: conditions.map(conditionText),
    bid: dollarsOrNull(slab.bid[row]!),
    ask: hasQuote ? dollarsOrNull(slab.ask[row]!) : null,
    event_id: hasEvent
      ? `${contractTicker}-${slab.eventTime[row]}-${slab.eventArrival[row]}`
      : null,
    event_legs: hasEvent ? slab.eventLegs[row]! : null,
    event_span_ms: hasEvent ? slab.eventSpan[row]! : null,
    received_at: wholeOrNull(slab.recv[row]!),
    open_interest: slab.openInterest[row] === -1 ? null : slab.openInterest[row]!,
    day_volume: orNull(slab.dayVolume[row]!),
  }
}

/** Dollars: price x size x multiplier, exact as far as a double of dollars is. */
export function premiumOf({ price, size, multiplier }: RowSlab, row: number): number {
  return (price[row]! * size[row]! * multiplier[row]!) / TICKS_PER_DOLLAR
}

function exchangeOf(id: number): string | null {
  return id === EXCHANGE_NONE ? null : (exchangeAcronym(id) ?? `${id}`)
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

/** Receive times may have parts of a millisecond; the table has none. */
function wholeOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : Math.floor(value)
}

function dollarsOrNull(ticks: number): number | null {
  return Number.isNaN(ticks) ? null : ticks / TICKS_PER_DOLLAR
}
