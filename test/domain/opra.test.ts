import { describe, expect, it } from 'vitest'
import { Aggressiveness, Sentiment, Side, TradeType } from '../../src/domain/labels.ts'
import {
  aggressivenessOf,
  isBlock,
  legType,
  sentimentOf,
  singleType,
} from '../../src/domain/opra.ts'

const { Sweep, Block, Split, Large, Regular } = TradeType
const { Passive, Normal, Aggressive } = Aggressiveness

describe('isBlock', () => {
  it.each([
    ['499 lots without an average', 499, 0, 0, false],
    ['500 lots without an average', 500, 0, 0, true],
    ['500 lots against a large average', 500, 64_000, 64, true],
    ['499 lots against a large average', 499, 64_000, 64, false],
    ['exactly 5 times the average of 20, at 100', 100, 320, 16, true],
    ['a lot less than 5 times an average of 20', 99, 320, 16, false],
    ['99 lots at more than 5 times the average', 99, 16, 16, false],
    ['100 lots at more than 5 times the average', 100, 16, 16, true],
    ['exactly 5 times the average of 40', 200, 640, 16, true],
    ['a lot less than 5 times the average of 40', 199, 640, 16, false],
    ['5 times an average that is no whole number, from below', 100, 321, 16, false],
    ['5 times an average that is no whole number, from above', 101, 321, 16, true],
    ['100 lots without an average', 100, 0, 0, false],
    ['the largest size', 2 ** 31 - 1, 1024 * (2 ** 31 - 1), 1024, true],
  ])('%s', (_, size, sum, count, expected) => {
    expect(isBlock(size, sum, count)).toBe(expected)
  })
})

describe('singleType', () => {
  it.each([
    ['exactly twice the average of 25, at 50', 50, 400, 16, Large],
    ['twice an average of 30, from below', 59, 480, 16, Regular],
    ['exactly twice the average of 30', 60, 480, 16, Large],
    ['49 lots at more than twice the average', 49, 160, 16, Regular],
    ['50 lots at more than twice the average', 50, 176, 16, Large],
    ['twice an average that is no whole number, from below', 60, 481, 16, Regular],
    ['twice an average that is no whole number, from above', 61, 481, 16, Large],
    ['99 lots at 5 times the average', 99, 160, 16, Large],
    ['100 lots at 5 times the average', 100, 160, 16, Block],
    ['499 lots without an average', 499, 0, 0, Regular],
    ['500 lots without an average', 500, 0, 0, Block],
    ['one lot', 1, 16, 16, Regular],
  ])('%s', (_, size, sum, count, type) => {
    expect(singleType(size, sum, count, false)).toBe(type)
    expect(singleType(size, sum, count, true)).toBe(Sweep)
  })
})

describe('legType', () => {
  it.each([
    [Regular, Sweep, Split],
    [Large, Sweep, Split],
    [Block, Sweep, Block],
    [Sweep, Sweep, Sweep],
  ])('a leg that alone is %i is %i in a sweep and %i in a split', (single, inSweep, inSplit) => {
    expect(legType(single, true)).toBe(inSweep)
    expect(legType(single, false)).toBe(inSplit)
  })
})

describe('sentimentOf', () => {
  it.each([
    [true, Side.Buy, Sentiment.Bullish],
    [false, Side.Sell, Sentiment.Bullish],
    [true, Side.Sell, Sentiment.Bearish],
    [false, Side.Buy, Sentiment.Bearish],
    [true, Side.Mid, Sentiment.Neutral],
    [false, Side.Mid, Sentiment.Neutral],
    [true, Side.Unknown, Sentiment.Neutral],
    [false, Side.Unknown, Sentiment.Neutral],
  ])('call %s, side %i: %i', (isCall, side, sentiment) => {
    expect(sentimentOf(isCall, side)).toBe(sentiment)
  })
})

describe('aggressivenessOf', () => {
  const BID = 24_500
  const ASK = 25_000

  it.each([
    ['above the ask', Side.Buy, ASK + 1, Aggressive, Aggressive],
    ['at the ask', Side.Buy, ASK, Normal, Aggressive],
    ['a tick inside the ask', Side.Buy, ASK - 1, Passive, Passive],
    ['at the midpoint', Side.Mid, (BID + ASK) / 2, Passive, Passive],
    ['a tick inside the bid', Side.Sell, BID + 1, Passive, Passive],
    ['at the bid', Side.Sell, BID, Normal, Aggressive],
    ['below the bid', Side.Sell, BID - 1, Aggressive, Aggressive],
  ])('%s', (_, side, price, otherwise, ofSweep) => {
    for (const type of [Regular, Large, Split, Block]) {
      expect(aggressivenessOf(side, type, price, BID, ASK)).toBe(otherwise)
    }
    expect(aggressivenessOf(side, Sweep, price, BID, ASK)).toBe(ofSweep)
  })

  it.each([
    ['above the ask', ASK + 1, BID, ASK],
    ['at the ask', ASK, BID, ASK],
    ['inside', ASK - 1, BID, ASK],
    ['below the bid', BID - 1, BID, ASK],
    ['without a quote', ASK, Number.NaN, Number.NaN],
  ])('is normal where the side is unknown, %s', (_, price, bid, ask) => {
    for (const type of [Sweep, Regular, Large, Split, Block]) {
      expect(aggressivenessOf(Side.Unknown, type, price, bid, ask)).toBe(Normal)
    }
  })
})
