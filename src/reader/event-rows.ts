import { exchangeAcronym } from '../domain/exchanges.ts'
import { PRICE_DOLLARS_MAX, ticksOf } from '../domain/ticks.ts'
import { EXCHANGE_NONE, KIND_PRINT, KIND_QUOTE, packVenues } from '../slab/event-slab.ts'
import { ConditionScratch } from './condition-scratch.ts'
import { CONDITIONS_FULL } from './condition-sets.ts'
import * as count from './decode-counts.ts'
import {
  CONTRACTS_FULL,
  type Dictionary,
  TICKER_INVALID,
  TICKER_NOT_WATCHED,
} from './dictionary.ts'
import type { EventColumns } from './event-columns.ts'

/** A vendor time further ahead of its receive time than this is wrong, ms (rules.md). */
const FUTURE_MS_MAX = 60_000

const INT32_MAX = 2 ** 31 - 1
const SEQUENCE_MAX = 2 ** 53
const EXCHANGE_IDS = 1024

const IS_KNOWN_EXCHANGE = Uint8Array.from({ length: EXCHANGE_IDS }, (_, id) =>
  exchangeAcronym(id) === undefined ? 0 : 1,
)

/**
 * Checks one T or Q event and writes its row, whichever way the frame was read. Numbers come as
 * they stand in the event, NaN for what is absent, null or no number; the conditions of a print
 * come in `conditions`. What is refused is tallied with the first reason that holds, in the order
 * of rules.md.
 */
export class EventRows {
  readonly tally = count.newTally()
  readonly conditions = new ConditionScratch()
  /** Receive time of the frame, epoch ms; NaN: none. */
  recv = Number.NaN
  readonly dictionary: Dictionary
  readonly #columns: EventColumns

  constructor(dictionary: Dictionary, columns: EventColumns) {
    this.dictionary = dictionary
    this.#columns = columns
  }

  /** `contract` as Dictionary.lookup gave it. `price` in dollars. */
  print(
    contract: number,
    exchange: number,
    price: number,
    size: number,
    time: number,
    sequence: number,
  ): void {
    const tally = this.tally
    tally[count.RECEIVED]!++
    const reason = this.#whyNoPrint(contract, price, size, time)
    if (reason !== 0) {
      tally[reason]!++
      return
    }
    const set = this.conditions.internIn(this.dictionary)
    if (set === CONDITIONS_FULL) {
      tally[count.DROPPED_CONDITIONS_FULL]!++
      return
    }
    tally[count.UNKNOWN_CONDITION]! += this.dictionary.unknownConditions(set)
    const venue = isWhole(exchange) && exchange >= 0 && exchange <= INT32_MAX
    if (venue && !isKnownExchange(exchange)) tally[count.UNKNOWN_EXCHANGE]!++
    const columns = this.#columns
    const row = columns.append()
    columns.time[row] = time
    columns.priceA[row] = ticksOf(price) + 0 // -0 is 0
    columns.priceB[row] =
      isWhole(sequence) && Math.abs(sequence) <= SEQUENCE_MAX ? sequence + 0 : Number.NaN
    columns.contract[row] = contract
    columns.sizeA[row] = size
    columns.sizeB[row] = venue ? exchange : EXCHANGE_NONE
    columns.conditions[row] = set
    columns.kind[row] = KIND_PRINT
  }

  /**
   * `bid` and `ask` in dollars, of any sign; whether they are usable is the classifier's matter.
   */
  quote(
    contract: number,
    bid: number,
    ask: number,
    bidSize: number,
    askSize: number,
    time: number,
    bidExchange: number,
    askExchange: number,
  ): void {
    const tally = this.tally
    tally[count.QUOTES_RECEIVED]!++
    const bidTicks = ticksOf(bid) + 0
    const askTicks = ticksOf(ask) + 0
    const reason = this.#whyNoQuote(contract, bidTicks, askTicks, time)
    if (reason !== 0) {
      tally[reason]!++
      return
    }
    const columns = this.#columns
    const row = columns.append()
    columns.time[row] = time
    columns.priceA[row] = bidTicks
    columns.priceB[row] = askTicks
    columns.contract[row] = contract
    columns.sizeA[row] = quoteSize(bidSize)
    columns.sizeB[row] = quoteSize(askSize)
    columns.conditions[row] = packVenues(bidExchange, askExchange)
    columns.kind[row] = KIND_QUOTE
  }

  #whyNoPrint(contract: number, price: number, size: number, time: number): number {
    if (contract === TICKER_INVALID) return count.DROPPED_TICKER
    if (contract === TICKER_NOT_WATCHED) return count.FILTERED
    if (!(price >= 0 && price <= PRICE_DOLLARS_MAX)) return count.DROPPED_PRICE
    if (!(size >= 1 && size <= INT32_MAX && isWhole(size))) return count.DROPPED_SIZE
    if (!isTime(time)) return count.DROPPED_TIME
    if (time > this.recv + FUTURE_MS_MAX) return count.DROPPED_FUTURE // never when recv is NaN
    return contract === CONTRACTS_FULL ? count.DROPPED_CONTRACTS_FULL : 0
  }

  #whyNoQuote(contract: number, bidTicks: number, askTicks: number, time: number): number {
    if (contract === TICKER_INVALID) return count.IGNORED_TICKER
    if (contract === TICKER_NOT_WATCHED) return count.IGNORED_NOT_WATCHED
    if (!(isExact(bidTicks) && isExact(askTicks))) return count.IGNORED_PRICE
    if (!isTime(time)) return count.IGNORED_TIME
    if (time > this.recv + FUTURE_MS_MAX) return count.IGNORED_FUTURE
    return contract === CONTRACTS_FULL ? count.IGNORED_CONTRACTS_FULL : 0
  }
}

function isWhole(value: number): boolean {
  return Math.floor(value) === value // NaN is not
}

function isTime(time: number): boolean {
  return time > 0 && time <= Number.MAX_SAFE_INTEGER && isWhole(time)
}

/** Beyond 2^53 a number is no exact count of 1/10,000 dollar, and no price either. */
function isExact(ticks: number): boolean {
  return Math.abs(ticks) <= Number.MAX_SAFE_INTEGER
}

function isKnownExchange(id: number): boolean {
  return id < EXCHANGE_IDS && IS_KNOWN_EXCHANGE[id] === 1
}

function quoteSize(size: number): number {
  return size >= 0 && size <= INT32_MAX && isWhole(size) ? size : -1
}
