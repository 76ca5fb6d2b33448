import type { HeldPrints } from '../domain/held-prints.ts'
import type { SizeProfiles } from '../domain/size-profiles.ts'
import { NO_WINDOW } from '../domain/windows.ts'
import type { EventSlab } from '../slab/event-slab.ts'
import type { ContractDays } from './contract-days.ts'
import type { Labeller } from './labeller.ts'
import type { UnderlyingPrices } from './underlying-prices.ts'

/** Copies a print of an event slab into a held slot, with the labels it has on its arrival. */
export function holdPrint(
  held: HeldPrints,
  slot: number,
  slab: EventSlab,
  row: number,
  contract: number,
  arrival: number,
  index: number,
  dte: number,
  labels: Labeller,
): void {
  held.time[slot] = slab.time[row]!
  held.recv[slot] = slab.recv[row]!
  held.clock[slot] = slab.clock[row]!
  held.sequence[slot] = slab.priceB[row]!
  held.price[slot] = slab.priceA[row]!
  held.size[slot] = slab.sizeA[row]!
  held.exchange[slot] = slab.sizeB[row]!
  held.conditions[slot] = slab.conditions[row]!
  held.contract[slot] = contract
  held.arrival[slot] = arrival
  held.log[slot] = index
  held.window[slot] = NO_WINDOW
  held.eventTime[slot] = 0
  held.eventArrival[slot] = 0
  held.eventLegs[slot] = 0
  held.eventSpan[slot] = 0
  held.dte[slot] = dte
  held.flags[slot] = labels.flags
  held.tradeType[slot] = labels.tradeType
  held.averageSum[slot] = labels.averageSum
  held.averageCount[slot] = labels.averageCount
  held.averageScope[slot] = labels.averageScope
  held.customerSide[slot] = labels.customerSide
  held.customerRule[slot] = labels.customerRule
  holdQuote(held, slot, labels)
}

/** Copies what follows from the quote, but for the flags and the customer side. */
export function holdQuote(held: HeldPrints, slot: number, labels: Labeller): void {
  held.bid[slot] = labels.bid
  held.ask[slot] = labels.ask
  held.bidSize[slot] = labels.bidSize
  held.askSize[slot] = labels.askSize
  held.quoteAge[slot] = labels.quoteAge
  held.quoteSource[slot] = labels.quoteSource
  held.side[slot] = labels.side
  held.sentiment[slot] = labels.sentiment
  held.aggressiveness[slot] = labels.aggressiveness
}

export type Facts = {
  readonly days: ContractDays
  readonly profiles: SizeProfiles
  readonly prices: UnderlyingPrices
}

/**
 * What goes with a held print besides its labels, as known on its arrival. `day`: its New York
 * date; `now`: event time; `premium`: dollars; `volumeBefore`: contracts of its contract and day
 * before it.
 */
export function holdFacts(
  held: HeldPrints,
  slot: number,
  { days, profiles, prices }: Facts,
  underlying: number,
  day: number,
  now: number,
  premium: number,
  volumeBefore: number,
): void {
  const id = held.contract[slot]!
  held.dayVolume[slot] = days.volume(id, day)
  held.openInterest[slot] = days.openInterest(id, day)
  held.multiplier[slot] = days.multiplier(id)
  profiles.rank(underlying, volumeBefore, held.size[slot]!, premium)
  held.sizePercentile[slot] = profiles.sizePercentile
  held.premiumPercentile[slot] = profiles.premiumPercentile
  held.percentileSample[slot] = profiles.sample
  prices.find(underlying, held.time[slot]!, day, now)
  held.underlyingPrice[slot] = prices.price
  held.underlyingSource[slot] = prices.source
}
