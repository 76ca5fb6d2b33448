import type {
  Aggressiveness,
  CustomerRule,
  QuoteSource,
  Sentiment,
  Side,
} from '../domain/labels.ts'

/**
 * A quote that came after its print was let go, and the labels that it gives: the stored row is
 * revised. The row is named by contract, time and arrival.
 */
export type Requote = {
  /** Contract id of the engine. */
  readonly contract: number
  /** Of the print: epoch ms, sequence (NaN: none), its number within contract and day. */
  readonly time: number
  readonly sequence: number
  readonly arrival: number
  /** When the quote was heard, epoch ms; NaN: not told. */
  readonly recv: number
  /** Ticks, contracts (-1: none), ms. */
  readonly bid: number
  readonly ask: number
  readonly bidSize: number
  readonly askSize: number
  readonly quoteAge: number
  readonly quoteSource: QuoteSource
  readonly side: Side
  readonly sentiment: Sentiment
  readonly aggressiveness: Aggressiveness
  readonly isAboveAsk: boolean
  readonly isBelowBid: boolean
  readonly customerSide: Side
  readonly customerRule: CustomerRule
}
