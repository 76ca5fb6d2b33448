import { conditionText, policyOf } from '../domain/conditions.ts'
import { PRICE_DOLLARS_MAX, ticksOf } from '../domain/ticks.ts'
import { CONDITIONS_PER_PRINT_MAX } from '../reader/condition-scratch.ts'
import { EXCHANGE_NONE } from '../slab/event-slab.ts'
import { exchangeText } from '../writer/copy-blocks.ts'
import type { StoredCancel, StoredRow } from './stored-rows.ts'
import type { TapePrint } from './tape.ts'

const INT32_MAX = 2 ** 31 - 1

/** A print of the tape and what the database knows of it. */
export type KnownPrint = {
  readonly print: TapePrint
  /** Ticks. */
  readonly price: number
  readonly exchange: string | null
  readonly isCancel: boolean
  /** Place among the stored rows; -1: the table does not have it. */
  readonly stored: number
  /** A cancel that is on record. */
  readonly isRecorded: boolean
}

/**
 * Holds the tape of one contract and day against what the database has of it. The same print has
 * the same content (time, price, size, exchange, conditions) and, where both sides have one, the
 * same sequence; where one has none, as many equal prints are the same as both have. What is no
 * valid print or comes twice under its sequence (rules.md, duplicates) is left out, and so is a
 * print that a cancel removed which is on record and not in the tape.
 */
export function matchTape(
  tape: readonly TapePrint[],
  stored: readonly StoredRow[],
  cancels: readonly StoredCancel[],
): KnownPrint[] {
  const isCancel = cancelTest()
  const prints = withoutRepeats(tape.filter(isValid).map(asDecoded)).map((print) => {
    const price = ticksOf(print.p)
    const exchange = exchangeText(print.x ?? EXCHANGE_NONE)
    return { print, price, exchange, isCancel: isCancel(print.c) }
  })
  const storedOf = matched(
    prints.map((one) => (one.isCancel ? null : contentOf(one, textsOf(one.print.c)))),
    prints.map(({ print }) => sequenceOf(print.q)),
    stored.map((row) => contentOf({ print: { t: row.time, s: row.size }, ...row }, row.conditions)),
    stored.map(({ sequence }) => sequenceOf(sequence)),
  )
  // a cancel on record has no conditions
  const recordOf = matched(
    prints.map((one) => (one.isCancel ? contentOf(one, []) : null)),
    prints.map(({ print }) => sequenceOf(print.q)),
    cancels.map((row) => contentOf({ print: { t: row.time, s: row.size }, ...row }, [])),
    cancels.map(({ sequence }) => sequenceOf(sequence)),
  )
  const inTape = new Set(recordOf)
  const gone = goneOf(
    prints,
    storedOf,
    cancels.filter((_, i) => !inTape.has(i)),
  )
  return prints.flatMap((one, i) => {
    if (gone.has(i)) return []
    return [{ ...one, stored: storedOf[i]!, isRecorded: recordOf[i]! >= 0 }]
  })
}

type Content = {
  readonly print: { readonly t: number; readonly s: number }
  readonly price: number
  readonly exchange: string | null
}

function contentOf({ print, price, exchange }: Content, conditions: readonly string[]): string {
  return JSON.stringify([print.t, price, print.s, exchange, conditions])
}

/** What the decoder would take as a print (rules.md, checks). */
function isValid({ t, p, s }: TapePrint): boolean {
  const isTime = Number.isSafeInteger(t) && t > 0
  return (
    isTime && p >= 0 && p <= PRICE_DOLLARS_MAX && Number.isInteger(s) && s > 0 && s <= INT32_MAX
  )
}

/** As the decoder makes a print of it: without an exchange id that it has no room for, and cut. */
function asDecoded(print: TapePrint): TapePrint {
  const { x, c } = print
  const hasExchange = x !== null && Number.isInteger(x) && x >= 0 && x <= INT32_MAX
  if ((x === null || hasExchange) && c.length <= CONDITIONS_PER_PRINT_MAX) return print
  return { ...print, x: hasExchange ? x : null, c: c.slice(0, CONDITIONS_PER_PRINT_MAX) }
}

function withoutRepeats(tape: readonly TapePrint[]): TapePrint[] {
  const seen = new Set<string>()
  return tape.filter((print) => {
    if (sequenceOf(print.q) === 0) return true
    const key = JSON.stringify([print.q, print.t, print.p, print.s, print.x, print.c])
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** A print without a sequence above 0 is named by its content alone: 0. */
function sequenceOf(sequence: number | null): number {
  return sequence !== null && sequence > 0 ? sequence : 0
}

function textsOf(conditions: readonly number[]): string[] {
  return conditions.map(conditionText)
}

/** A tape has few different lists of conditions. */
function cancelTest(): (conditions: readonly number[]) => boolean {
  const known = new Map<string, boolean>()
  return (conditions) => {
    const key = conditions.join()
    const found = known.get(key) ?? policyOf(conditions).isCancel
    known.set(key, found)
    return found
  }
}

/**
 * For each on the left the place of its partner on the right, -1 without one: equal content and
 * sequence first, then in order equal content where one of the two has no sequence. Null content
 * has no partner.
 */
function matched(
  left: readonly (string | null)[],
  leftSequence: readonly number[],
  right: readonly string[],
  rightSequence: readonly number[],
): Int32Array {
  const partner = new Int32Array(left.length).fill(-1)
  const free = new Map<string, number[]>()
  right.forEach((content, i) => {
    const list = free.get(content)
    if (list === undefined) free.set(content, [i])
    else list.push(i)
  })
  const take = (i: number, mayPair: (right: number) => boolean): void => {
    const content = left[i]!
    const list = content === null ? undefined : free.get(content)
    const at = list?.findIndex(mayPair) ?? -1
    if (at >= 0) partner[i] = list!.splice(at, 1)[0]!
  }
  for (const [i, sequence] of leftSequence.entries()) {
    if (sequence > 0) take(i, (other) => rightSequence[other] === sequence)
  }
  for (const [i, sequence] of leftSequence.entries()) {
    if (partner[i]! < 0) take(i, (other) => sequence === 0 || rightSequence[other] === 0)
  }
  return partner
}

type Candidate = Content & { readonly print: TapePrint; readonly isCancel: boolean }

/** Prints that a cancel removed of which the tape knows nothing: they are not put back. */
function goneOf(
  prints: readonly Candidate[],
  storedOf: Int32Array,
  cancels: readonly StoredCancel[],
): ReadonlySet<number> {
  const gone = new Set<number>()
  const atTime = new Map<number, number[]>()
  const times = new Set(cancels.map(({ removedTime }) => removedTime))
  for (const [i, { print, isCancel }] of prints.entries()) {
    if (isCancel || storedOf[i]! >= 0 || !times.has(print.t)) continue
    const list = atTime.get(print.t)
    if (list === undefined) atTime.set(print.t, [i])
    else list.push(i)
  }
  for (const { removedTime, removedSequence, price, size, exchange } of cancels) {
    const sequence = sequenceOf(removedSequence)
    const found = (atTime.get(removedTime) ?? []).find((i) => {
      const one = prints[i]!
      const other = sequenceOf(one.print.q)
      const isSame = sequence === other || sequence === 0 || other === 0
      const isLike = one.price === price && one.print.s === size && one.exchange === exchange
      return !gone.has(i) && isSame && isLike
    })
    if (found !== undefined) gone.add(found)
  }
  return gone
}
