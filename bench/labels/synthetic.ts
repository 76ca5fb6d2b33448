import { policyOf } from '../../src/domain/conditions.ts'
import { CONTRACT_MULTIPLIER } from '../../src/domain/contract.ts'
import type { Truth } from '../../src/simulator/steps.ts'
import { type SyntheticEvent, SyntheticTape } from '../../src/simulator/synthetic.ts'
import type { EngineRow } from './engine.ts'

/** Friday 2026-11-20, 10:00 in New York. */
export const START = Date.UTC(2026, 10, 20, 15)
export const START_DATE = '2026-11-20'

/** What the tape sends in one go: a print and the quotes around it. */
export type Step = {
  /** When it is sent and received, epoch ms. */
  readonly time: number
  readonly events: readonly SyntheticEvent[]
}

export type LabelledTape = {
  readonly seed: number
  readonly steps: readonly Step[]
  /** Contracts that stand for another number of shares than 100. */
  readonly multipliers: ReadonlyMap<string, number>
}

/** What the tape knows of a print, and what the engine made of it. */
export type LabelledPrint = {
  /** Ids that are unique over all tapes; 0: none. */
  readonly truth: Truth
  readonly isCall: boolean
  readonly size: number
  /** Dollars. */
  readonly premium: number
  /** Vendor condition id; 0: none. */
  readonly condition: number
  /** The rules let a quote sign such a print. */
  readonly mayHaveSide: boolean
  /** Null: not stored. */
  readonly row: EngineRow | null
}

/** Events of one tape, more than it can have. */
const EVENTS_MAX = 1_000_000

/** The first `prints` prints of the synthetic tape, without cancels and without resends. */
export function labelledTape(seed: number, prints: number): LabelledTape {
  const tape = new SyntheticTape({ start: START, seed, cancels: 0 })
  const steps: Step[] = []
  while (steps.length < prints) {
    const { time } = tape // before the step: take() moves it on
    const events: SyntheticEvent[] = []
    tape.take(events)
    steps.push({ time, events })
  }
  const adjusted = tape.contracts.flatMap(({ ticker, profile: { sharesPerContract } }) =>
    sharesPerContract === undefined ? [] : [[ticker, sharesPerContract] as const],
  )
  return { seed, steps, multipliers: new Map(adjusted) }
}

/** Whether the rules let a quote sign a print of this condition; 0: none. */
export function mayHaveSide(condition: number): boolean {
  return policyOf(condition === 0 ? [] : [condition]).hasSide
}

/** Every print of the tape with the row that the engine stored of it, in the tape's order. */
export function labelledPrints(tape: LabelledTape, rows: readonly EngineRow[]): LabelledPrint[] {
  const rowOf = new Map(rows.map((row) => [`${row.ticker} ${row.sequence}`, row]))
  const idOf = (id: number) => (id === 0 ? 0 : tape.seed * EVENTS_MAX + id)
  return tape.steps.flatMap(({ events }) =>
    events.flatMap((event) => {
      if (event.kind !== 'T') return []
      const { contract, condition, price, size, truth } = event
      const row = rowOf.get(`${contract.ticker} ${event.sequence}`) ?? null
      return {
        truth: {
          sweepId: idOf(truth.sweepId),
          splitId: idOf(truth.splitId),
          packageId: idOf(truth.packageId),
          side: truth.side,
        },
        isCall: contract.isCall,
        size,
        premium:
          (price * size * (tape.multipliers.get(contract.ticker) ?? CONTRACT_MULTIPLIER)) / 100,
        condition,
        mayHaveSide: mayHaveSide(condition),
        row: row === null ? null : { ...row, event: row.event && `${tape.seed} ${row.event}` },
      }
    }),
  )
}
