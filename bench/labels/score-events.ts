import { type Rate, rateOf } from './rates.ts'
import type { LabelledPrint } from './synthetic.ts'

export type EventKind = 'sweep' | 'split'

export type EventScores = {
  readonly prints: {
    /** Of the legs that the engine found, those that are legs of one in truth. */
    readonly precision: Rate
    /** Of the legs in truth, those that the engine found to be legs of one. */
    readonly recall: Rate
    /** The same of legs of events that are large enough to be stored. */
    readonly recallInScope: Rate
  }
  readonly events: {
    /** Of the engine's events, those of which half the legs or more are of one event in truth. */
    readonly precision: Rate
    /** Of the events in truth, those of which half the legs or more are in one of the engine. */
    readonly recall: Rate
    readonly recallInScope: Rate
    /** Of those in scope, those that one of the engine matches leg by leg. */
    readonly exactInScope: Rate
  }
}

/**
 * How well one kind of event is found. An event of the engine is a sweep if its legs are on two or
 * more exchanges, else a split; one in truth is in scope if its sizes add up to `minSize`
 * contracts or more, which is what the rules ask of an event.
 */
export function scoreEvents(
  prints: readonly LabelledPrint[],
  kind: EventKind,
  minSize: number,
): EventScores {
  const idOf = ({ truth }: LabelledPrint) => (kind === 'sweep' ? truth.sweepId : truth.splitId)
  const found = new Map(
    [...Map.groupBy(prints, ({ row }) => row?.event ?? null)].filter(
      ([id, legs]) => id !== null && kindOf(legs) === kind,
    ),
  )
  const real = new Map([...Map.groupBy(prints, idOf)].filter(([id]) => id !== 0))
  const inScope = new Map(
    [...real].filter(([, legs]) => legs.reduce((sum, { size }) => sum + size, 0) >= minSize),
  )
  const isFound = ({ row }: LabelledPrint) => row !== null && found.has(row.event)
  const isReal = (print: LabelledPrint) => real.has(idOf(print))
  const isInScope = (print: LabelledPrint) => inScope.has(idOf(print))
  const foundIdOf = (print: LabelledPrint) => (isFound(print) ? print.row!.event : null)
  const realIdOf = (print: LabelledPrint) => (isReal(print) ? idOf(print) : null)
  const isMatched = (legs: readonly LabelledPrint[]) => isHalfInOne(legs, foundIdOf)
  const isExact = (legs: readonly LabelledPrint[]) => {
    const id = foundIdOf(legs[0]!)
    return (
      id !== null &&
      legs.every((leg) => foundIdOf(leg) === id) &&
      found.get(id)!.length === legs.length
    )
  }
  return {
    prints: {
      precision: rateOf(prints, isFound, isReal),
      recall: rateOf(prints, isReal, isFound),
      recallInScope: rateOf(prints, isInScope, isFound),
    },
    events: {
      precision: rateOf([...found.values()], all, (legs) => isHalfInOne(legs, realIdOf)),
      recall: rateOf([...real.values()], all, isMatched),
      recallInScope: rateOf([...inScope.values()], all, isMatched),
      exactInScope: rateOf([...inScope.values()], all, isExact),
    },
  }
}

const all = () => true

function kindOf(legs: readonly LabelledPrint[]): EventKind {
  return new Set(legs.map(({ row }) => row!.exchange)).size > 1 ? 'sweep' : 'split'
}

function isHalfInOne(
  legs: readonly LabelledPrint[],
  idOf: (leg: LabelledPrint) => string | number | null,
): boolean {
  return [...Map.groupBy(legs, idOf)].some(
    ([id, members]) => id !== null && 2 * members.length >= legs.length,
  )
}
