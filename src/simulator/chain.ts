import { DAY_MS, newYorkDay } from '../domain/new-york.ts'
import type { RootProfile, UnderlyingProfile } from './profiles.ts'

/** One listed contract and its present quote. Prices are cents. */
export type ListedContract = {
  readonly ticker: string
  readonly profile: RootProfile
  readonly underlying: string
  readonly expirationDay: number
  readonly isCall: boolean
  /** Dollars. */
  readonly strike: number
  /** Dollars between two strikes. */
  readonly strikeStep: number
  /** Price of the underlying when the contract was listed, dollars. */
  readonly money: number
  /** Value by the model, dollars. */
  value: number
  /** The part of it that a call and a put of one strike and expiry have in common, dollars. */
  timeValue: number
  bid: number
  ask: number
  bidSize: number
  askSize: number
  /** Vendor exchange ids of the venues that set the quote. */
  bidExchange: number
  askExchange: number
  /** Vendor time of the quote, epoch ms; 0: not quoted yet. */
  quoteTime: number
  /** Place in the tape of its last print, epoch ms; 0: none yet. */
  printedAt: number
  /** The other right of the same root, strike and expiry. */
  twin: ListedContract | null
  /** The vendor's sequence: grows, with holes. */
  sequence: number
}

const STRIKES_EACH_SIDE = 40
/** Of a root whose profile says nothing else. */
export const SHARES_PER_CONTRACT = 100

/** The contracts of a root as of a time: strikes around the price, calls and puts, each expiry. */
export function listContracts(
  underlying: UnderlyingProfile,
  profile: RootProfile,
  time: number,
): ListedContract[] {
  const step = underlying.strikeStep
  const middle = Math.round(underlying.price / step)
  const each = profile.strikesEachSide ?? STRIKES_EACH_SIDE
  const contracts: ListedContract[] = []
  for (const expirationDay of expirations(newYorkDay(time), profile.expiries)) {
    for (let at = middle - each; at <= middle + each; at++) {
      if (at <= 0) continue
      const call = newContract(underlying, profile, expirationDay, true, at * step)
      const put = newContract(underlying, profile, expirationDay, false, at * step)
      call.twin = put
      put.twin = call
      contracts.push(call, put)
    }
  }
  return contracts
}

function newContract(
  underlying: UnderlyingProfile,
  profile: RootProfile,
  expirationDay: number,
  isCall: boolean,
  strike: number,
): ListedContract {
  return {
    ticker: tickerOf(profile.root, expirationDay, isCall, strike),
    profile,
    underlying: underlying.symbol,
    expirationDay,
    isCall,
    strike,
    strikeStep: underlying.strikeStep,
    money: underlying.price,
    value: 0,
    timeValue: 0,
    bid: 0,
    ask: 0,
    bidSize: 0,
    askSize: 0,
    bidExchange: 0,
    askExchange: 0,
    quoteTime: 0,
    printedAt: 0,
    twin: null,
    sequence: 0,
  }
}

/** `2026-11-22`. */
export function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

function tickerOf(root: string, day: number, isCall: boolean, strike: number): string {
  const date = isoDate(day).replaceAll('-', '').slice(2)
  const mills = String(Math.round(strike * 1000)).padStart(8, '0')
  return `O:${root}${date}${isCall ? 'C' : 'P'}${mills}`
}

// 1970-01-01 was a Thursday: (day + 4) % 7 is 0 on a Sunday
const weekday = (day: number): number => (day + 4) % 7

function expirations(today: number, kind: 'daily' | 'monthly'): number[] {
  const days: number[] = []
  if (kind === 'monthly') {
    for (let day = today; days.length < 4; day++) if (isThirdFriday(day)) days.push(day)
    return days
  }
  for (let day = today; days.length < 5; day++) {
    if (weekday(day) > 0 && weekday(day) < 6) days.push(day)
  }
  for (let day = days.at(-1)! + 1; days.length < 9; day++) if (weekday(day) === 5) days.push(day)
  return days
}

function isThirdFriday(day: number): boolean {
  const date = new Date(day * DAY_MS).getUTCDate()
  return weekday(day) === 5 && date >= 15 && date <= 21
}
