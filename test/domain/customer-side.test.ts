import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CUSTOMER_CONFIDENCE,
  customerRuleIn,
  customerSideIn,
  customerSideOf,
  NO_CUSTOMER_SIDE,
} from '../../src/domain/customer-side.ts'
import { CUSTOMER_RULE_TEXT, CustomerRule, Side } from '../../src/domain/labels.ts'
import { depthRule, quoteRule, tickRule, tradeSizeRule } from '../../src/domain/trade-rules.ts'
import published from '../fixtures/domain/tclf-rows.json' with { type: 'json' }

type Print = {
  readonly price: number
  readonly size: number
  readonly venue: number
  readonly bid: number
  readonly ask: number
  readonly bidSize: number
  readonly askSize: number
  readonly bidVenue: number
  readonly askVenue: number
  readonly previous: number
}

/** At the midpoint of 1.00 x 2.00, 10 x 20 contracts, on a venue that shows neither. */
const PRINT: Print = {
  price: 15_000,
  size: 3,
  venue: 7,
  bid: 10_000,
  ask: 20_000,
  bidSize: 10,
  askSize: 20,
  bidVenue: 1,
  askVenue: 2,
  previous: Number.NaN,
}
const NO_QUOTE = { bid: Number.NaN, ask: Number.NaN }

function labelled(print: Partial<Print>): [side: Side, rule: CustomerRule] {
  const p = { ...PRINT, ...print }
  const code = customerSideOf(
    p.price,
    p.size,
    p.venue,
    p.bid,
    p.ask,
    p.bidSize,
    p.askSize,
    p.bidVenue,
    p.askVenue,
    p.previous,
  )
  return [customerSideIn(code), customerRuleIn(code)]
}

describe('customerSideOf', () => {
  const { Buy, Sell, Unknown } = Side
  const { TradeSizeEx, QuoteBest, DepthBest, TickAll, None } = CustomerRule

  it.each<[string, Partial<Print>, Side, CustomerRule]>([
    ['above the midpoint', { price: 15_001 }, Buy, QuoteBest],
    ['at the bid', { price: 10_000 }, Sell, QuoteBest],
    ['below the bid', { price: 9_000 }, Sell, QuoteBest],
    [
      'of the size that the venue shows at the bid, at the bid',
      { price: 10_000, size: 10, venue: 1 },
      Buy,
      TradeSizeEx,
    ],
    [
      'of the size that the venue shows at the ask, at the ask',
      { price: 20_000, size: 20, venue: 2 },
      Sell,
      TradeSizeEx,
    ],
    ['of the bid size of another venue', { price: 10_000, size: 10 }, Sell, QuoteBest],
    ['of the bid size, on the venue of the ask', { size: 10, venue: 2 }, Buy, DepthBest],
    [
      'of the size of both sides of the venue',
      { price: 20_000, size: 10, askSize: 10, venue: 1, askVenue: 1 },
      Buy,
      QuoteBest,
    ],
    [
      'of the bid size, where neither venue is known',
      { price: 10_000, size: 10, venue: 0, bidVenue: 0 },
      Sell,
      QuoteBest,
    ],
    ['at the midpoint, less at the bid', {}, Buy, DepthBest],
    ['at the midpoint, less at the ask', { bidSize: 30 }, Sell, DepthBest],
    ['at the midpoint, no bid size', { bidSize: -1, previous: 16_000 }, Sell, TickAll],
    ['at the midpoint, no ask size', { askSize: -1, previous: 14_000 }, Buy, TickAll],
    ['at the midpoint, no sizes, no earlier price', { bidSize: -1, askSize: -1 }, Unknown, None],
    ['at the midpoint of equal depth', { bidSize: 20, previous: 14_999 }, Buy, TickAll],
    ['no quote, above the last price', { ...NO_QUOTE, previous: 14_000 }, Buy, TickAll],
    ['no quote, below the last price', { ...NO_QUOTE, previous: 16_000 }, Sell, TickAll],
    ['no quote, no earlier price', NO_QUOTE, Unknown, None],
    [
      'no quote, though of the size of one',
      { ...NO_QUOTE, size: 10, venue: 1, previous: 16_000 },
      Sell,
      TickAll,
    ],
  ])('%s', (_, print, side, rule) => {
    expect(labelled(print)).toEqual([side, rule])
  })

  it('gives the code of no side where no rule can tell', () => {
    expect(customerSideIn(NO_CUSTOMER_SIDE)).toBe(Unknown)
    expect(customerRuleIn(NO_CUSTOMER_SIDE)).toBe(None)
  })
})

/** The published stack of six layers, word for word, over a venue's quote as far as it is known. */
function byTheStack(p: Print): [side: Side, rule: CustomerRule] {
  const sizeOf = (size: number) => (size < 0 ? Number.NaN : size)
  const isBid = p.venue !== 0 && p.venue === p.bidVenue
  const isAsk = p.venue !== 0 && p.venue === p.askVenue
  const bidEx = isBid ? p.bid : Number.NaN
  const askEx = isAsk ? p.ask : Number.NaN
  const best = [sizeOf(p.bidSize), sizeOf(p.askSize)] as const
  const own = [isBid ? best[0] : Number.NaN, isAsk ? best[1] : Number.NaN] as const
  const rules: Readonly<Record<string, () => number>> = {
    trade_size_ex: () => (Number.isNaN(p.bid) ? 0 : tradeSizeRule(p.size, ...own)),
    quote_best: () => quoteRule(p.price, p.bid, p.ask),
    quote_ex: () => quoteRule(p.price, bidEx, askEx),
    depth_best: () => depthRule(p.price, p.bid, p.ask, ...best),
    depth_ex: () => depthRule(p.price, bidEx, askEx, ...own),
    tick_all: () => tickRule(p.price, p.previous),
  }
  for (const layer of published.stacks.live_no_lookahead) {
    const sign = rules[layer]!()
    const rule = CUSTOMER_RULE_TEXT.indexOf(layer as 'tick_all') as CustomerRule
    if (sign !== 0) return [sign === 1 ? Side.Buy : Side.Sell, rule]
  }
  return [Side.Unknown, CustomerRule.None]
}

it('is the published stack of six layers wherever the feed gives NBBO alone', () => {
  const ticks = fc.integer({ min: 0, max: 6 })
  const venue = fc.integer({ min: 0, max: 3 })
  const size = fc.integer({ min: -1, max: 4 })
  const print = fc
    .record({
      price: ticks,
      size: fc.integer({ min: 1, max: 4 }),
      venue,
      bid: ticks,
      spread: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Number.NaN)),
      bidSize: size,
      askSize: size,
      bidVenue: venue,
      askVenue: venue,
      previous: fc.oneof(ticks, fc.constant(Number.NaN)),
    })
    .map(({ spread, ...rest }) =>
      Number.isNaN(spread) ? { ...rest, ...NO_QUOTE } : { ...rest, ask: rest.bid + spread },
    )
  const seen = new Map<CustomerRule, number>()
  fc.assert(
    fc.property(print, (p) => {
      const [side, rule] = labelled(p)
      expect([side, rule]).toEqual(byTheStack(p))
      seen.set(rule, (seen.get(rule) ?? 0) + 1)
    }),
    { seed: 7, numRuns: 10_000 },
  )
  // every rule had its share, or the comparison would say little
  for (const rule of [0, 1, 2, 4, 6] as const) expect(seen.get(rule)).toBeGreaterThan(100)
})

describe('CUSTOMER_CONFIDENCE', () => {
  it('has a number for each rule: none without one, better than a coin for each other', () => {
    expect(CUSTOMER_CONFIDENCE).toHaveLength(CUSTOMER_RULE_TEXT.length)
    expect(CUSTOMER_CONFIDENCE[CustomerRule.None]).toBe(0)
    for (const share of CUSTOMER_CONFIDENCE.slice(1)) {
      expect(share).toBeGreaterThan(0.5)
      expect(share).toBeLessThan(0.8)
    }
  })

  it('puts what adds 0.8 points on 8.3 % of the prints at 59 %', () => {
    const depth = Math.floor(100 * (0.5 + 0.008 / 0.083)) / 100
    expect(CUSTOMER_CONFIDENCE[CustomerRule.DepthBest]).toBe(depth)
    expect(CUSTOMER_CONFIDENCE[CustomerRule.DepthEx]).toBe(depth)
  })
})
