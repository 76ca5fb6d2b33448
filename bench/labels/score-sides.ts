import { CUSTOMER_CONFIDENCE } from '../../src/domain/customer-side.ts'
import {
  CUSTOMER_RULE_TEXT,
  CustomerRule,
  QuoteSource,
  Sentiment,
  Side,
} from '../../src/domain/labels.ts'
import type { EngineRow } from './engine.ts'
import { type Rate, rateOf, type Weighed, weighedOf } from './rates.ts'
import type { LabelledPrint } from './synthetic.ts'

/** A print whose row is there. */
export type StoredPrint = LabelledPrint & { readonly row: EngineRow }

/** 1: bought, or bullish; -1: sold, or bearish; 0: neither. */
export type Sign = -1 | 0 | 1

export type SignScores = {
  /** Right among those that the engine signed; a sign on a print in truth at the midpoint is wrong. */
  readonly precision: Weighed
  /** Signed rightly among those that have a sign in truth. */
  readonly recall: Weighed
  /** Signed, rightly or not, among all. */
  readonly coverage: Weighed
}

/**
 * The prints of `minSize` contracts or more, which are all stored, whatever the rule set and the
 * quotes: so every figure of a column is of the same prints. Throws if one is not.
 */
export function storedPrints(prints: readonly LabelledPrint[], minSize: number): StoredPrint[] {
  return prints
    .filter(({ size }) => size >= minSize)
    .map((print) => {
      if (print.row === null) throw new Error(`a print of ${print.size} contracts has no row`)
      return { ...print, row: print.row }
    })
}

export function scoreSigns(
  prints: readonly StoredPrint[],
  told: (row: EngineRow) => Sign,
  truth: (print: StoredPrint) => Sign,
): SignScores {
  const isSigned = ({ row }: StoredPrint) => told(row) !== 0
  const isRight = (print: StoredPrint) => told(print.row) !== 0 && told(print.row) === truth(print)
  return {
    precision: weighedOf(prints, isSigned, isRight),
    recall: weighedOf(prints, (print) => truth(print) !== 0, isRight),
    coverage: weighedOf(prints, () => true, isSigned),
  }
}

export function signOfSide(side: Side): Sign {
  return side === Side.Buy ? 1 : side === Side.Sell ? -1 : 0
}

export function signOfSentiment(sentiment: Sentiment): Sign {
  return sentiment === Sentiment.Bullish ? 1 : sentiment === Sentiment.Bearish ? -1 : 0
}

export function trueSign({ truth }: LabelledPrint): Sign {
  return truth.side === 'BUY' ? 1 : truth.side === 'SELL' ? -1 : 0
}

/** A bought call and a sold put are bullish. */
export function trueSentiment(print: LabelledPrint): Sign {
  const sign = trueSign(print)
  return print.isCall ? sign : sign === 0 ? 0 : sign === 1 ? -1 : 1
}

export type Calibration = {
  readonly rule: string
  /** Of the published figures, 0 to 1. */
  readonly stated: number
  /** Of the prints that this rule signed and that have a side in truth. */
  readonly right: Rate
}

/** Each rule of the customer side that decided at least once: what it says and how it did. */
export function calibrate(prints: readonly StoredPrint[]): Calibration[] {
  return Object.values(CustomerRule)
    .filter((rule) => rule !== CustomerRule.None)
    .map((rule) => ({
      rule: CUSTOMER_RULE_TEXT[rule]!,
      stated: CUSTOMER_CONFIDENCE[rule]!,
      right: rateOf(
        prints,
        (print) => print.row.customerRule === rule && trueSign(print) !== 0,
        (print) => signOfSide(print.row.customerSide) === trueSign(print),
      ),
    }))
    .filter(({ right }) => right.total > 0)
}

type Quoted = { readonly premium: number; readonly source: QuoteSource }

/** Where the usable quote of each came from. */
export function coverageOf(prints: readonly Quoted[]) {
  const from = (wanted: QuoteSource) =>
    weighedOf(
      prints,
      () => true,
      ({ source }) => source === wanted,
    )
  return {
    feed: from(QuoteSource.Feed),
    rest: from(QuoteSource.Rest),
    none: from(QuoteSource.None),
  }
}
