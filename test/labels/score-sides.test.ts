import { expect, it } from 'vitest'
import { crossRows, crossTab } from '../../bench/labels/cross-tab.ts'
import {
  calibrate,
  coverageOf,
  scoreSigns,
  signOfSentiment,
  signOfSide,
  storedPrints,
  trueSentiment,
  trueSign,
} from '../../bench/labels/score-sides.ts'
import { CustomerRule, QuoteSource, Sentiment, Side } from '../../src/domain/labels.ts'
import { print } from './prints.ts'

it('scores sides: a sign at the midpoint is wrong, none at all costs recall only', () => {
  const prints = [
    print({ side: 'BUY' }, { side: Side.Buy }, { premium: 100 }),
    print({ side: 'SELL' }, { side: Side.Buy }, { premium: 200 }),
    print({ side: 'MID' }, { side: Side.Sell }, { premium: 300 }),
    print({ side: 'SELL' }, { side: Side.Unknown }, { premium: 400 }),
    print({ side: 'MID' }, { side: Side.Mid }, { premium: 500 }),
  ]
  const scores = scoreSigns(prints, (row) => signOfSide(row.side), trueSign)
  expect(scores.precision).toEqual({
    prints: { hits: 1, total: 3 },
    premium: { hits: 100, total: 600 },
  })
  expect(scores.recall).toEqual({
    prints: { hits: 1, total: 3 },
    premium: { hits: 100, total: 700 },
  })
  expect(scores.coverage.prints).toEqual({ hits: 3, total: 5 })
})

it('takes a bought call and a sold put as bullish', () => {
  const call = { isCall: true }
  const put = { isCall: false }
  const prints = [
    print({ side: 'BUY' }, {}, call),
    print({ side: 'SELL' }, {}, call),
    print({ side: 'BUY' }, {}, put),
    print({ side: 'SELL' }, {}, put),
  ]
  expect(prints.map(trueSentiment)).toEqual([1, -1, -1, 1])
  expect(trueSentiment(print({ side: 'MID' }, {}, put))).toBe(0)
  expect([Sentiment.Bullish, Sentiment.Bearish, Sentiment.Neutral].map(signOfSentiment)).toEqual([
    1, -1, 0,
  ])
})

it('calibrates each rule on its own prints that have a side in truth', () => {
  const bySize = { customerRule: CustomerRule.TradeSizeEx, customerSide: Side.Sell }
  const byTick = { customerRule: CustomerRule.TickAll, customerSide: Side.Buy }
  const byDepth = { customerRule: CustomerRule.DepthBest, customerSide: Side.Buy }
  const prints = [
    print({ side: 'SELL' }, bySize),
    print({ side: 'BUY' }, bySize),
    print({ side: 'BUY' }, byTick),
    print({ side: 'MID' }, byTick),
    print({ side: 'MID' }, byDepth),
    print({ side: 'BUY' }),
  ]
  expect(calibrate(prints)).toEqual([
    { rule: 'trade_size_ex', stated: 0.799, right: { hits: 1, total: 2 } },
    { rule: 'tick_all', stated: 0.533, right: { hits: 1, total: 1 } },
  ])
})

it('gives the coverage by source', () => {
  const { feed, rest, none } = coverageOf([
    { premium: 100, source: QuoteSource.Feed },
    { premium: 300, source: QuoteSource.Rest },
  ])
  expect(feed.prints).toEqual({ hits: 1, total: 2 })
  expect(rest.premium).toEqual({ hits: 300, total: 400 })
  expect(none.prints).toEqual({ hits: 0, total: 2 })
})

it('crosses the sentiments of both rule sets, seed down, opra across', () => {
  const { Bullish, Bearish, Neutral } = Sentiment
  const cells = crossTab([
    { seed: Neutral, opra: Bearish, premium: 100 },
    { seed: Neutral, opra: Bearish, premium: 200 },
    { seed: Bullish, opra: Neutral, premium: 700 },
  ])
  expect(cells[Neutral]![Bearish]).toEqual({
    prints: { hits: 2, total: 3 },
    premium: { hits: 300, total: 1000 },
  })
  expect(cells[Bullish]![Neutral]!.prints.hits).toBe(1)
  expect(cells[Bearish]![Bearish]!.prints.hits).toBe(0)
})

it('writes a line of the cross table for each sentiment that seed has given', () => {
  const { row: open } = print({}, { sentiment: Sentiment.Neutral, premium: 300 })
  const { row: up } = print({}, { sentiment: Sentiment.Bullish, premium: 100 })
  expect(
    crossRows([
      { seed: open, opra: open },
      { seed: open, opra: up },
    ]),
  ).toEqual([['NEUTRAL', '50.0 / 25.0', '0.0 / 0.0', '50.0 / 75.0']])
})

it('takes the prints that are stored whatever they are, and misses none of them', () => {
  const small = print({}, {}, { size: 9 })
  const large = print({}, {}, { size: 10 })
  expect(storedPrints([small, large], 10)).toEqual([large])
  expect(() => storedPrints([{ ...large, row: null }], 10)).toThrow('10 contracts has no row')
})
