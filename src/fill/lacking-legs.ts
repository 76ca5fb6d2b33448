import { conditionOf } from '../domain/conditions.ts'
import { exchangeOfText } from '../domain/exchanges.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import type { KnownPrint } from './match.ts'
import type { StoredRow } from './stored-rows.ts'

/**
 * The prints of the tape with those that the table alone has, where they are legs of an event up to
 * the end of the tape: the windows and the day's volume of what the tape does have go over them,
 * so that an event keeps all of its legs. By time, those of the tape first.
 */
export function withLackingLegs(
  prints: readonly KnownPrint[],
  stored: readonly StoredRow[],
): KnownPrint[] {
  const inTape = new Set(prints.map((known) => known.stored))
  const end = prints.at(-1)?.print.t ?? Number.NEGATIVE_INFINITY
  const lacking = stored
    .map((row, place) => ({ row, place }))
    .filter(({ row, place }) => row.eventId !== null && row.time <= end && !inTape.has(place))
  if (lacking.length === 0) return [...prints]
  const all = [...prints, ...lacking.map(({ row, place }) => knownOf(row, place))]
  return all.sort((a, b) => a.print.t - b.print.t)
}

function knownOf(row: StoredRow, stored: number): KnownPrint {
  const { time, price, size, exchange, conditions, sequence } = row
  const print = {
    t: time,
    p: price / TICKS_PER_DOLLAR,
    s: size,
    x: exchange === null ? null : exchangeOfText(exchange),
    c: conditions.map(conditionOf).filter((id) => typeof id === 'number'),
    q: sequence > 0 ? sequence : null,
  }
  return { print, price, exchange, isCancel: false, stored, isRecorded: false }
}
