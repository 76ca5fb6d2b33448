import type { ListedContract } from './chain.ts'
import type { RootProfile } from './profiles.ts'
import type { Random } from './random.ts'

const QUOTE_AGE_MS_MAX = 2500

export type Side = 'BUY' | 'SELL' | 'MID'

/** The tick at this price: both in cents. */
function tickAt(contract: ListedContract, cents: number): number {
  if (contract.profile.tick === 'penny') return 1
  return cents < 300 ? 5 : 10
}

/**
 * Puts a fresh quote around the model value. The venues that set bid and ask are drawn from those
 * of the root; a call and a put of one strike stray from parity by a tick or two at most.
 */
export function requote(contract: ListedContract, time: number, random: Random): void {
  const value = contract.value * 100
  const tick = tickAt(contract, value)
  const ticks = Math.max(1, Math.round((0.6 + 0.8 * random.next()) * 0.03 * (value / tick)))
  const spread = Math.min(ticks, random.int(2, 6)) * tick
  const jitter = (random.next() - 0.5) * contract.timeValue // a hundredth of it, in cents
  contract.bid = Math.max(0, Math.round((value + jitter - spread / 2) / tick) * tick)
  contract.ask = contract.bid + spread
  contract.bidSize = random.int(1, 400)
  contract.askSize = random.int(1, 400)
  contract.bidExchange = venueOf(contract, random)
  contract.askExchange = venueOf(contract, random)
  contract.quoteTime = time
}

/** A venue of the root, as often as its weight says. */
function venueOf({ profile: { venues } }: ListedContract, random: Random): number {
  let table = VENUES.get(venues)
  if (table === undefined) {
    // one of many rows is quicker to draw than a weight, and there is a quote for every print
    table = venues.flatMap(([id, weight]) => new Array<number>(Math.ceil(2 * weight)).fill(id))
    VENUES.set(venues, table)
  }
  return random.pick(table)
}

/** Venues of each list as often as they weigh. */
const VENUES = new Map<RootProfile['venues'], readonly number[]>()

/**
 * Makes sure that a print of this side can happen at the quote. Returns whether there is a new
 * quote, which then goes out before the print.
 */
export function prepareQuote(
  contract: ListedContract,
  side: Side,
  time: number,
  random: Random,
): boolean {
  const mid = (contract.bid + contract.ask) / 2
  const isStale =
    contract.quoteTime === 0 ||
    time - contract.quoteTime > QUOTE_AGE_MS_MAX ||
    Math.abs(contract.value * 100 - mid) > 0.03 * mid + (contract.ask - contract.bid)
  if (isStale) requote(contract, time, random)
  const tick = tickAt(contract, contract.bid)
  let isChanged = isStale
  if (contract.bid === 0) {
    contract.bid = tick
    contract.ask = Math.max(contract.ask, 2 * tick)
    isChanged = true
  }
  if (side === 'MID' && ((contract.ask - contract.bid) / tick) % 2 !== 0) {
    contract.ask += tick // so that the midpoint is a price one may trade at
    isChanged = true
  }
  if (isChanged) contract.quoteTime = time
  return isChanged
}

/** Cents that a print of this side pays: mostly the quote, some inside, a few through it. */
export function priceOf(contract: ListedContract, side: Side, random: Random): number {
  const { bid, ask } = contract
  if (side === 'MID') return (bid + ask) / 2
  const tick = tickAt(contract, bid)
  const isInside = ask - bid > 2 * tick && random.chance(0.18)
  const isThrough = !isInside && random.chance(0.03) && bid > tick
  const away = isThrough ? tick : isInside ? -tick : 0
  return side === 'BUY' ? ask + away : bid - away
}
