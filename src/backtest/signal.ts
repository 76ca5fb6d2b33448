import type { BoostContext, Direction } from '../flow/flow-context.ts'

/** One row of the signals file: what a detector said, and what came of it. */
export type Signal = {
  readonly detector: string
  /** The underlying, in capitals. */
  readonly symbol: string
  /** When the signal was given, epoch ms. */
  readonly timestamp: number
  readonly direction: Direction
  /** 0 to 100, without any boost. */
  readonly score: number
  /** Profit or loss of the trade, in any unit that is the same for all trades. */
  readonly pnl: number
  /** When the trade was over, epoch ms; null where the file does not say. */
  readonly exitTimestamp: number | null
}

/** What is kept of a context. */
export type SignalContext = BoostContext & {
  /** Prints of its window may have been missed. */
  readonly hasGaps: boolean
}

/** A signal with the flow as it was known at its time; null: there was none. */
export type SignalInFlow = { readonly signal: Signal; readonly context: SignalContext | null }

/** Numbers from 0 to below 1, in steps of 2^-32. */
export type RandomSource = () => number

/** A source of random numbers for a seed (32 bits): the same seed gives the same numbers. */
export type MakeRandom = (seed: number) => RandomSource

/** How surely an interval holds what it is about; p at or below 1 - CONFIDENCE is significant. */
export const CONFIDENCE = 0.95
