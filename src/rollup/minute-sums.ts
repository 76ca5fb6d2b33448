import type { RowSlab } from '../slab/row-slab.ts'
import {
  AGGRESSIVENESS_PREMIUM,
  CALL_PREMIUM,
  CALL_VOLUME,
  LABEL_PLACES,
  LEAN_PREMIUM,
  NOWHERE,
  placesAt,
  SIDE_PREMIUM,
  SIDE_VOLUME,
  TYPE_COUNT,
  TYPE_PREMIUM,
} from './print-vector.ts'
import { MINUTE_MAX, MINUTE_MS, VECTOR, VECTOR_COLUMNS } from './vector.ts'

/** A group's vector, and the place of what counts nowhere. */
const WIDTH = NOWHERE + 1
const TRADES = VECTOR_COLUMNS.indexOf('trades')
const VOLUME = VECTOR_COLUMNS.indexOf('volume')
/** The premium of all prints, which no other premium of a group exceeds. */
const PREMIUM = VECTOR_COLUMNS.indexOf('premium')
const IS_PREMIUM = VECTOR_COLUMNS.map((column) => VECTOR[column] === 'numeric')
const LABEL_PREMIUMS = [
  ...[TYPE_PREMIUM, CALL_PREMIUM, SIDE_PREMIUM, LEAN_PREMIUM, AGGRESSIVENESS_PREMIUM],
]
const START_GROUPS = 64
const TICKS_PER_DOLLAR = 10_000n

/** What of a contract its rows are summed by. */
export type SummedContract = {
  /** The underlying, and a number for it that is the same in all rows of one encoder. */
  readonly symbol: string
  readonly symbolId: number
  readonly isCall: boolean
}

/**
 * Sums of prints that share symbol, minute and the minute in which they were known; or, where they
 * were known late, symbol, minute and the very millisecond.
 */
export type Group = {
  readonly symbol: string
  readonly minute: number
  readonly isLate: boolean
  /** Epoch ms of a late group, else epoch minutes. */
  readonly known: number
  /** In the order of VECTOR_COLUMNS: whole numbers, and premiums as exact dollars. */
  readonly vector: readonly (number | string)[]
}

/**
 * Sums of the rows of one batch, added up while the rows are encoded. Premiums are whole ticks
 * (1/10,000 dollar) in doubles for as long as those are exact; what goes beyond is carried over.
 */
export class MinuteSums {
  #groups = 0
  #sums = new Float64Array(START_GROUPS * WIDTH)
  /** By group, epoch ms: the prints' minute, and from when on they were known for how long. */
  #minuteStarts = new Float64Array(START_GROUPS)
  #knownStarts = new Float64Array(START_GROUPS)
  /** A minute; 1 of a late group. */
  #knownSpans = new Float64Array(START_GROUPS)
  #symbolIds = new Int32Array(START_GROUPS)
  readonly #symbols: string[] = []
  /** By symbol: the group that its last row went to, maybe in an earlier batch. */
  #last = new Int32Array(START_GROUPS)
  readonly #byKey = new Map<string, number>()
  /** By place in #sums: ticks that were taken out of there. */
  readonly #carried = new Map<number, bigint>()

  /**
   * Adds row `row`, whose premium is `ticks`: price x size x multiplier, rounded where that is
   * beyond 2^53. `filledAt`: when a fill puts it in, epoch ms; NaN: a feed or file brought it.
   */
  add(slab: RowSlab, row: number, contract: SummedContract, ticks: number, filledAt: number): void {
    const group = this.#groupOf(slab.time[row]!, slab.recv[row]!, contract, filledAt)
    const first = group * WIDTH
    const at = placesAt(
      slab.tradeType[row]!,
      slab.sentiment[row]!,
      slab.aggressiveness[row]!,
      slab.side[row]!,
      contract.isCall,
    )
    const size = slab.size[row]!
    const sums = this.#sums
    sums[first + TRADES]! += 1
    sums[first + VOLUME]! += size
    sums[first + LABEL_PLACES[at + TYPE_COUNT]!]! += 1
    sums[first + LABEL_PLACES[at + CALL_VOLUME]!]! += size
    sums[first + LABEL_PLACES[at + SIDE_VOLUME]!]! += size
    if (sums[first + PREMIUM]! + ticks > Number.MAX_SAFE_INTEGER) {
      this.#carry(group)
      if (ticks > Number.MAX_SAFE_INTEGER) {
        const exact = BigInt(slab.price[row]!) * BigInt(size) * BigInt(slab.multiplier[row]!)
        this.#addCarried(first + PREMIUM, exact)
        for (const label of LABEL_PREMIUMS) {
          this.#addCarried(first + LABEL_PLACES[at + label]!, exact)
        }
        return
      }
    }
    sums[first + PREMIUM]! += ticks
    sums[first + LABEL_PLACES[at + TYPE_PREMIUM]!]! += ticks
    sums[first + LABEL_PLACES[at + CALL_PREMIUM]!]! += ticks
    sums[first + LABEL_PLACES[at + SIDE_PREMIUM]!]! += ticks
    sums[first + LABEL_PLACES[at + LEAN_PREMIUM]!]! += ticks
    sums[first + LABEL_PLACES[at + AGGRESSIVENESS_PREMIUM]!]! += ticks
  }

  clear(): void {
    this.#groups = 0
    this.#symbols.length = 0
    this.#byKey.clear()
    this.#carried.clear()
  }

  /** What was added since the last clear. */
  toGroups(): Group[] {
    return Array.from({ length: this.#groups }, (_, group) => {
      const isLate = this.#knownSpans[group] === 1
      const known = this.#knownStarts[group]!
      return {
        symbol: this.#symbols[group]!,
        minute: minuteOf(this.#minuteStarts[group]!),
        isLate,
        known: isLate ? known : minuteOf(known),
        vector: IS_PREMIUM.map((isPremium, place) => {
          const at = group * WIDTH + place
          const sum = this.#sums[at]!
          return isPremium ? dollarsText(BigInt(sum) + (this.#carried.get(at) ?? 0n)) : sum
        }),
      }
    })
  }

  #groupOf(time: number, recv: number, contract: SummedContract, filledAt: number): number {
    const { symbolId } = contract
    const isFilled = !Number.isNaN(filledAt)
    // this and isLate below are flow_known_at() and flow_is_late() of the database
    const knownAt = Number.isNaN(recv) ? (isFilled ? filledAt : time) : recv
    if (symbolId < this.#last.length) {
      const last = this.#last[symbolId]!
      const sinceMinute = time - this.#minuteStarts[last]!
      const sinceKnown = knownAt - this.#knownStarts[last]!
      if (
        last < this.#groups &&
        this.#symbolIds[last] === symbolId &&
        sinceMinute >= 0 &&
        sinceMinute < MINUTE_MS &&
        sinceKnown >= 0 &&
        sinceKnown < this.#knownSpans[last]!
      ) {
        return last
      }
    } else this.#last = grown(this.#last, symbolId + 1)
    const minute = Math.floor(time / MINUTE_MS)
    const knownMinute = Math.floor(knownAt / MINUTE_MS)
    const isLate = isFilled || knownMinute < minute - 1 || knownMinute > minute + 1
    const known = isLate ? Math.floor(knownAt) : knownMinute * MINUTE_MS
    const key = `${symbolId} ${minute} ${known} ${isLate}`
    let group = this.#byKey.get(key)
    if (group === undefined) {
      group = this.#open(contract)
      this.#minuteStarts[group] = minute * MINUTE_MS
      this.#knownStarts[group] = known
      this.#knownSpans[group] = isLate ? 1 : MINUTE_MS
      this.#byKey.set(key, group)
    }
    this.#last[symbolId] = group
    return group
  }

  #open({ symbol, symbolId }: SummedContract): number {
    const group = this.#groups++
    if (group === this.#minuteStarts.length) this.#grow()
    this.#symbols.push(symbol)
    this.#symbolIds[group] = symbolId
    this.#sums.fill(0, group * WIDTH, (group + 1) * WIDTH)
    return group
  }

  /** Twice as many groups: there are never more of them than rows in a batch. */
  #grow(): void {
    const groups = this.#minuteStarts.length * 2
    this.#sums = grown(this.#sums, groups * WIDTH)
    this.#minuteStarts = grown(this.#minuteStarts, groups)
    this.#knownStarts = grown(this.#knownStarts, groups)
    this.#knownSpans = grown(this.#knownSpans, groups)
    this.#symbolIds = grown(this.#symbolIds, groups)
  }

  /** Takes the premiums of a group out of the doubles, before their sum is none that is exact. */
  #carry(group: number): void {
    for (const [place, isPremium] of IS_PREMIUM.entries()) {
      const at = group * WIDTH + place
      if (!isPremium || this.#sums[at] === 0) continue
      this.#addCarried(at, BigInt(this.#sums[at]!))
      this.#sums[at] = 0
    }
  }

  #addCarried(at: number, ticks: bigint): void {
    this.#carried.set(at, (this.#carried.get(at) ?? 0n) + ticks)
  }
}

/** Epoch minute that begins at a time in ms, as flow_minute() of the database has it. */
function minuteOf(start: number): number {
  return Math.min(start / MINUTE_MS, MINUTE_MAX)
}

/** A longer copy; at least twice as long, so that growing one by one stays cheap. */
function grown<A extends Float64Array | Int32Array>(array: A, length: number): A {
  const Kind = array.constructor as new (length: number) => A
  const longer = new Kind(Math.max(length, array.length * 2))
  longer.set(array)
  return longer
}

/** Exact dollars of ticks from 0 on, with as many decimals as they have. */
function dollarsText(ticks: bigint): string {
  const dollars = `${ticks / TICKS_PER_DOLLAR}`
  const fraction = ticks % TICKS_PER_DOLLAR
  if (fraction === 0n) return dollars
  return `${dollars}.${`${fraction}`.padStart(4, '0').replace(/0+$/, '')}`
}
