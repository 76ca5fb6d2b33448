import { describe, expect, it } from 'vitest'
import { Aggressiveness, Sentiment, TradeType } from '../../src/domain/labels.ts'
import { aggressivenessOf, isBlock, sentimentOf, tradeTypeOf } from '../../src/domain/seed.ts'

const { Sweep, Block, Large, Regular } = TradeType
const { Passive, Normal, Aggressive } = Aggressiveness

describe('tradeTypeOf', () => {
  it.each([
    ['499 lots without an average', 499, 0, 0, Regular],
    ['500 lots without an average', 500, 0, 0, Block],
    ['500 lots against a large average', 500, 64_000, 64, Block],
    ['exactly 5 times the average of 3', 15, 48, 16, Block],
    ['a lot less than 5 times the average of 3', 14, 48, 16, Large],
    ['5 times an average that is no whole number, from below', 15, 49, 16, Large],
    ['5 times an average that is no whole number, from above', 16, 49, 16, Block],
    ['exactly twice the average of 3', 6, 48, 16, Large],
    ['a lot less than twice the average of 3', 5, 48, 16, Regular],
    ['twice an average that is no whole number, from below', 6, 49, 16, Regular],
    ['twice an average that is no whole number, from above', 7, 49, 16, Large],
    ['5 lots against one-lots: no absolute floor', 5, 16, 16, Block],
    ['2 lots against one-lots: no absolute floor', 2, 16, 16, Large],
    ['one lot', 1, 16, 16, Regular],
    ['499 lots at exactly the average', 499, 499 * 64, 64, Regular],
  ])('%s', (_, size, sum, count, type) => {
    expect(tradeTypeOf(size, sum, count, false)).toBe(type)
    expect(tradeTypeOf(size, sum, count, true)).toBe(Sweep)
    expect(isBlock(size, sum, count)).toBe(type === Block)
  })
})

describe('sentimentOf', () => {
  it.each([
    ['call above the ask', true, true, false, Sentiment.Bullish],
    ['put above the ask', false, true, false, Sentiment.Bearish],
    ['call below the bid', true, false, true, Sentiment.Bearish],
    ['put below the bid', false, false, true, Sentiment.Bullish],
    ['call at or inside the quote', true, false, false, Sentiment.Neutral],
    ['put at or inside the quote', false, false, false, Sentiment.Neutral],
  ])('%s', (_, isCall, isAboveAsk, isBelowBid, sentiment) => {
    expect(sentimentOf(isCall, isAboveAsk, isBelowBid)).toBe(sentiment)
  })
})

describe('aggressivenessOf', () => {
  it.each([
    ['exactly a tenth of the spread above the ask', 25_050, 24_500, 25_000, Passive],
    ['a tick more than that', 25_051, 24_500, 25_000, Aggressive],
    ['exactly a tenth of the spread below the bid', 24_450, 24_500, 25_000, Passive],
    ['a tick less than that', 24_449, 24_500, 25_000, Aggressive],
    ['at the ask', 25_000, 24_500, 25_000, Passive],
    ['at the bid', 24_500, 24_500, 25_000, Passive],
    ['a tick inside the ask', 24_999, 24_500, 25_000, Normal],
    ['a tick inside the bid', 24_501, 24_500, 25_000, Normal],
    ['a tenth that lies between ticks, from within', 25_050, 24_499, 25_000, Passive],
    ['a tenth that lies between ticks, from beyond', 25_051, 24_499, 25_000, Aggressive],
    ['a tick above a quote one tick wide', 25_001, 24_999, 25_000, Aggressive],
    ['at a bid of zero', 0, 0, 500, Passive],
    ['without a quote', 25_000, Number.NaN, Number.NaN, Normal],
  ])('%s', (_, price, bid, ask, aggressiveness) => {
    expect(aggressivenessOf(price, bid, ask)).toBe(aggressiveness)
  })
})
