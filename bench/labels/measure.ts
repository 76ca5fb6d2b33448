import type { Rules } from '../../src/shard/labeller.ts'
import { crossRows } from './cross-tab.ts'
import { MIN_SIZE, rowsOf, WINDOW_MS } from './engine.ts'
import { type Rate, rateOf } from './rates.ts'
import { type EventScores, scoreEvents } from './score-events.ts'
import {
  type Calibration,
  calibrate,
  coverageOf,
  type SignScores,
  scoreSigns,
  signOfSentiment,
  signOfSide,
  storedPrints,
  trueSentiment,
  trueSign,
} from './score-sides.ts'
import { framesOf, lookupsIn, type Situation } from './situations.ts'
import { type LabelledPrint, type LabelledTape, labelledPrints } from './synthetic.ts'

/** All figures of one quote situation, over all tapes together. */
export type Measured = {
  readonly name: string
  /** Prints of MIN_SIZE contracts or more. */
  readonly stored: number
  /** REST requests, those that the budget refused among them. */
  readonly lookups: number
  readonly coverage: ReturnType<typeof coverageOf>
  readonly sweeps: EventScores
  readonly splits: EventScores
  /** Legs of sweeps and splits that `seed` found. */
  readonly seedLegs: number
  readonly side: SignScores
  /** Of prints whose conditions allow a side. */
  readonly allowedSide: SignScores
  /** Prints whose side differs between the rule sets. */
  readonly sidesDiffer: number
  readonly sentiment: Readonly<Record<Rules, SignScores>>
  readonly customer: SignScores
  readonly calibration: readonly Calibration[]
  readonly multiLeg: { readonly precision: Rate; readonly recall: Rate }
  readonly crossTab: readonly (readonly string[])[]
}

export function measure(tapes: readonly LabelledTape[], situation: Situation): Measured {
  const runs = tapes.map((tape) => {
    const frames = framesOf(tape, situation)
    return {
      lookups: lookupsIn(frames),
      opra: labelledPrints(tape, rowsOf(frames, 'opra')),
      seed: labelledPrints(tape, rowsOf(frames, 'seed')),
    }
  })
  const opra = runs.flatMap((run) => run.opra)
  const seed = runs.flatMap((run) => run.seed)
  const stored = storedPrints(opra, MIN_SIZE)
  const bySeed = storedPrints(seed, MIN_SIZE)
  const allowed = stored.filter((print) => print.mayHaveSide)
  const sides = (prints: typeof stored) =>
    scoreSigns(prints, (row) => signOfSide(row.side), trueSign)
  const sentiments = (prints: typeof stored) =>
    scoreSigns(prints, (row) => signOfSentiment(row.sentiment), trueSentiment)
  return {
    name: situation.name,
    stored: stored.length,
    lookups: runs.reduce((sum, { lookups }) => sum + lookups, 0),
    coverage: coverageOf(allowed.map(({ premium, row }) => ({ premium, source: row.quoteSource }))),
    sweeps: scoreEvents(opra, 'sweep', MIN_SIZE),
    splits: scoreEvents(opra, 'split', MIN_SIZE),
    seedLegs: seed.filter(({ row }) => row !== null && (row.event !== null || row.isSweep)).length,
    side: sides(stored),
    allowedSide: sides(allowed),
    sidesDiffer: stored.filter((print, i) => print.row.side !== bySeed[i]!.row.side).length,
    sentiment: { opra: sentiments(stored), seed: sentiments(bySeed) },
    customer: scoreSigns(allowed, (row) => signOfSide(row.customerSide), trueSign),
    calibration: calibrate(stored),
    multiLeg: multiLegOf(stored),
    crossTab: crossRows(stored.map((print, i) => ({ opra: print.row, seed: bySeed[i]!.row }))),
  }
}

function multiLegOf(stored: ReturnType<typeof storedPrints>): Measured['multiLeg'] {
  const isTold = (print: (typeof stored)[number]) => print.row.isMultiLeg
  const isTrue = ({ truth }: LabelledPrint) => truth.packageId !== 0
  return { precision: rateOf(stored, isTold, isTrue), recall: rateOf(stored, isTrue, isTold) }
}

export type ByWindow = {
  readonly windowMs: number
  readonly sweeps: EventScores
  readonly splits: EventScores
}

/** The windows of flow_events.sweep_windows_ms. */
const WINDOWS_MS = [50, 100, 250, WINDOW_MS] as const

/** How the choice of the window (FLOW_SWEEP_WINDOW_MS) tells, under `opra`. */
export function measureWindows(tapes: readonly LabelledTape[], situation: Situation): ByWindow[] {
  const read = tapes.map((tape) => ({ tape, frames: framesOf(tape, situation) }))
  return WINDOWS_MS.map((windowMs) => {
    const prints = read.flatMap(({ tape, frames }) =>
      labelledPrints(tape, rowsOf(frames, 'opra', { windowMs })),
    )
    return {
      windowMs,
      sweeps: scoreEvents(prints, 'sweep', MIN_SIZE),
      splits: scoreEvents(prints, 'split', MIN_SIZE),
    }
  })
}
