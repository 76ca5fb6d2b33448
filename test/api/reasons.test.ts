import { describe, expect, it } from 'vitest'
import type { WindowEvidence } from '../../src/domain/evidence.ts'
import { type Change, cross, evidence, unfollowed } from './explained.ts'
import { UNQUOTED, windowOf } from './stored-print.ts'

const seed = { rules: 'seed', sentiment: 'NEUTRAL', aggressiveness: 'PASSIVE' } as const
describe('the side', () => {
  const sold = { side: 'SELL', sentiment: 'BEARISH', customer_side: 'SELL' }
  it.each<[string, Change, string, string]>([
    ['at the ask', {}, 'at_or_above_ask', 'price at or above the ask'],
    [
      'above the ask',
      { price: 45.7, premium: 457_000, aggressiveness: 'AGGRESSIVE', is_above_ask: true },
      'at_or_above_ask',
      'price at or above the ask',
    ],
    [
      'below the bid',
      { price: 45, premium: 450_000, aggressiveness: 'AGGRESSIVE', is_below_bid: true, ...sold },
      'at_or_below_bid',
      'price at or below the bid',
    ],
    [
      'a ten-thousandth above the midpoint',
      { price: 45.4001, premium: 454_001, aggressiveness: 'PASSIVE' },
      'above_midpoint',
      'price above the midpoint of bid and ask',
    ],
    [
      'a ten-thousandth below the midpoint',
      { price: 45.3999, premium: 453_999, aggressiveness: 'PASSIVE', ...sold },
      'below_midpoint',
      'price below the midpoint of bid and ask',
    ],
    [
      'at the midpoint',
      {
        price: 45.4,
        premium: 454_000,
        aggressiveness: 'PASSIVE',
        side: 'MID',
        sentiment: 'NEUTRAL',
        customer_rule: 'depth_best',
      },
      'at_midpoint',
      'price at the midpoint of bid and ask',
    ],
    ['without a quote', UNQUOTED, 'no_quote', 'no usable quote to compare the price with'],
    [
      'of a cross',
      { conditions: ['SLCN'], ...cross },
      'policy',
      'the condition policy gives no side to a print of the group cross',
    ],
    [
      'of a late leg of a package',
      { conditions: ['MLET', 'LATE'], is_multi_leg: true, is_late: true, ...cross },
      'policy',
      'the condition policy gives no side to a print of the group late, out of sequence',
    ],
  ])('%s is explained by its rule', (_, change, rule, because) => {
    const found = evidence(change)
    expect(found.side).toMatchObject({ label: change.side ?? 'BUY', rule, because, follows: true })
    expect(unfollowed(found)).toEqual([])
  })

  it('that the row cannot have from its quote is told as such', () => {
    expect(evidence({ side: 'SELL' }).side).toEqual({
      label: 'SELL',
      rule: 'at_or_above_ask',
      because: 'price at or above the ask (that gives BUY: the row holds another label)',
      follows: false,
    })
  })
})

describe('the trade type', () => {
  const leg = { event_id: 'x', event_legs: 4, event_span_ms: 40 }
  const sweep = { trade_type: 'SWEEP', is_sweep: true, aggressiveness: 'AGGRESSIVE' }
  it.each<[string, Change, WindowEvidence | null, string, string]>([
    [
      'a leg of a sweep',
      { ...leg, ...sweep },
      windowOf(4, ['CBOE', 'ISE', 'PHLX']),
      'sweep_leg',
      'leg of a sweep of 4 prints on 3 exchanges',
    ],
    [
      'an ISO leg of a split',
      { ...leg, ...sweep, conditions: ['ISOI'] },
      windowOf(4, ['CBOE']),
      'iso',
      'ISO: an intermarket sweep order by its condition',
    ],
    [
      'an ISO leg of a sweep',
      { ...leg, ...sweep, conditions: ['ISOI'] },
      windowOf(4, ['CBOE', 'ISE']),
      'sweep_leg',
      'leg of a sweep of 4 prints on 2 exchanges',
    ],
    [
      'an ISO print alone',
      { ...sweep, conditions: ['ISOI'] },
      null,
      'iso',
      'ISO: an intermarket sweep order by its condition',
    ],
    [
      'a leg of a split',
      { ...leg, trade_type: 'SPLIT' },
      windowOf(4, ['CBOE']),
      'split_leg',
      'leg of a split of 4 prints on 1 exchange',
    ],
    [
      'a split of which a leg was cancelled',
      { ...leg, trade_type: 'SPLIT' },
      { ...windowOf(3, ['CBOE']), legsAtClose: 4 },
      'split_leg',
      'leg of a split of 4 prints (3 of them are still stored on 1 exchange)',
    ],
    [
      'a block leg of a split',
      {
        ...leg,
        trade_type: 'BLOCK',
        is_block: true,
        size: 600,
        premium: 2_736_000,
        is_unusual_volume: true,
      },
      windowOf(4, ['CBOE']),
      'block',
      'size 600 >= 500',
    ],
    [
      'a block by the average',
      { trade_type: 'BLOCK', is_block: true, average_size: 20, is_unusual_volume: true },
      null,
      'block',
      'size 100 >= 5A = 100 and >= 100',
    ],
    [
      'a large print',
      { trade_type: 'LARGE', average_size: 49.5 },
      null,
      'large',
      'size 100 >= 2A = 99 and >= 50',
    ],
    ['a regular print', {}, null, 'regular', 'size 100 < 2A = 160'],
    [
      'a small print of a quiet contract',
      { size: 49, premium: 223_440, average_size: 5, is_unusual_volume: true },
      null,
      'regular',
      'size 49 < 50, though it is >= 2A = 10',
    ],
    [
      'a print without an average',
      { average_size: null, average_prints: 0, average_scope: null },
      null,
      'regular',
      'size 100 < 500, and there is no average',
    ],
    [
      'seed: a sweep',
      { ...seed, trade_type: 'SWEEP', is_sweep: true, conditions: ['MLTI'] },
      null,
      'seed_sweep',
      'the conditions contain SWEEP or MLTI',
    ],
    [
      'seed: ISO is no sweep',
      { ...seed, conditions: ['ISOI'] },
      null,
      'seed_regular',
      'size 100 < 2A = 160',
    ],
    [
      'seed: a block below 100',
      {
        ...seed,
        trade_type: 'BLOCK',
        is_block: true,
        size: 99,
        premium: 451_440,
        average_size: 19.75,
        is_unusual_volume: true,
      },
      null,
      'seed_block',
      'size 99 >= 5A = 98.75',
    ],
    [
      'seed: a large print below 50',
      { ...seed, trade_type: 'LARGE', size: 10, premium: 45_600, average_size: 5 },
      null,
      'seed_large',
      'size 10 >= 2A = 10',
    ],
  ])('of %s is explained by the first rule that held', (_, change, window, rule, because) => {
    const found = evidence(change, window)
    const label = change.trade_type ?? 'REGULAR'
    expect(found.tradeType).toEqual({ label, rule, because, follows: true })
    expect(unfollowed(found)).toEqual([])
  })

  it('says from which sizes LARGE and BLOCK hold', () => {
    const { average } = evidence({ average_size: 20.5, average_scope: 'underlying' })
    expect(average).toMatchObject({ size: 20.5, prints: 64, largeFrom: 50, blockFrom: 103 })
    expect(average.because).toBe('mean size of the last 64 prints of the underlying before it')
    expect(evidence({ average_size: 20.5, rules: 'seed' }).average).toMatchObject({
      largeFrom: 41,
      blockFrom: 103,
    })
    expect(evidence({ average_size: 300 }).average).toMatchObject({
      largeFrom: 600,
      blockFrom: 500,
    })
  })
})

describe('under seed', () => {
  it.each<[string, Change, string, string]>([
    [
      'at the ask',
      {},
      'not outside a usable quote',
      'at the quote, or at most a tenth of the spread outside',
    ],
    [
      'a tenth of the spread above',
      { price: 45.64, premium: 456_400, sentiment: 'BULLISH' },
      'a call above the ask',
      'at the quote, or at most a tenth of the spread outside',
    ],
    [
      'further above',
      { price: 45.65, premium: 456_500, sentiment: 'BULLISH', aggressiveness: 'AGGRESSIVE' },
      'a call above the ask',
      'more than a tenth of the spread outside the quote',
    ],
    [
      'a put below the bid',
      {
        price: 45,
        premium: 450_000,
        option_type: 'put',
        sentiment: 'BULLISH',
        side: 'SELL',
        customer_side: 'SELL',
        aggressiveness: 'AGGRESSIVE',
      },
      'a put below the bid',
      'more than a tenth of the spread outside the quote',
    ],
    [
      'inside',
      { price: 45.5, premium: 455_000, aggressiveness: 'NORMAL' },
      'not outside a usable quote',
      'strictly inside the quote',
    ],
    [
      'without a quote',
      { ...UNQUOTED, aggressiveness: 'NORMAL' },
      'not outside a usable quote',
      'no usable quote',
    ],
  ])('a print %s has its own sentiment and aggressiveness', (_, change, sentiment, words) => {
    const found = evidence({ ...seed, ...change })
    expect(found.sentiment).toMatchObject({ because: sentiment, follows: true })
    expect(found.aggressiveness).toMatchObject({ because: words, follows: true })
    expect(unfollowed(found)).toEqual([])
    expect(found.rules.because).toContain('rule set seed')
  })
})
