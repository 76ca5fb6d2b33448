import type { EngineRow } from '../../bench/labels/engine.ts'
import type { StoredPrint } from '../../bench/labels/score-sides.ts'
import type { LabelledPrint } from '../../bench/labels/synthetic.ts'
import { CustomerRule, QuoteSource, Sentiment, Side, TradeType } from '../../src/domain/labels.ts'

const ROW: EngineRow = {
  id: '',
  ticker: 'O:SPY261218C00600000',
  isCall: true,
  sequence: 1,
  exchange: 302,
  size: 10,
  premium: 1000,
  conditions: [],
  tradeType: TradeType.Regular,
  isSweep: false,
  isMultiLeg: false,
  event: null,
  side: Side.Unknown,
  sentiment: Sentiment.Neutral,
  customerSide: Side.Unknown,
  customerRule: CustomerRule.None,
  quoteSource: QuoteSource.None,
}

const TRUTH = { sweepId: 0, splitId: 0, packageId: 0, side: 'MID' } as const

/** A labelled print with what matters to a test; the rest is ordinary. */
export function print(
  truth: Partial<LabelledPrint['truth']>,
  row: Partial<EngineRow> = {},
  rest: Partial<Pick<LabelledPrint, 'isCall' | 'size' | 'premium'>> = {},
): StoredPrint {
  return {
    truth: { ...TRUTH, ...truth },
    isCall: true,
    size: 10,
    premium: 1000,
    condition: 0,
    mayHaveSide: true,
    ...rest,
    row: { ...ROW, ...row },
  }
}
