import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contextOf, gapShare } from '../../src/flow/context.ts'
import type { ContextGap, FlowContext, Recommendation } from '../../src/flow/flow-context.ts'
import { recommendationOf } from '../../src/flow/recommendation.ts'
import type { FlowSums } from '../../src/flow/scores.ts'
import { anyPrints, type SummedPrint, sums, sumsOf } from './sums.ts'

const AT = Date.UTC(2025, 10, 21, 15)
const HOUR_MS = 3_600_000
const OPTIONS = { symbol: 'SPX', window: 'short', at: AT, staleMs: 900_000 } as const

function contextFor(
  of: FlowSums,
  {
    newest = AT,
    gaps = [],
    since = AT - 24 * HOUR_MS,
  }: { newest?: number; gaps?: readonly ContextGap[]; since?: number | null } = {},
): FlowContext {
  const context = contextOf({ sums: of, newest, gaps, since }, OPTIONS)
  if (context === null) throw new Error('no context')
  return context
}

const gap = (over: Partial<ContextGap> = {}): ContextGap => ({
  startedAt: AT - HOUR_MS / 2,
  endedAt: AT - HOUR_MS / 4,
  reason: 'socket closed',
  status: 'unfilled',
  ...over,
})

const CALL: SummedPrint = {
  type: 'SWEEP',
  side: 'BUY',
  isCall: true,
  aggressiveness: 'AGGRESSIVE',
  size: 100,
  premium: 400_000.1,
}

test('is null where the window has no print', () => {
  expect(contextOf({ sums: sums({}), newest: null, gaps: [], since: null }, OPTIONS)).toBeNull()
})

test('has the names and sums of the contract', () => {
  const context = contextFor(
    sumsOf([
      CALL,
      { ...CALL, type: 'BLOCK', isCall: false, size: 600, premium: 100_000 },
      { ...CALL, type: 'LARGE', side: 'SELL', size: 60, premium: 50_000 },
      { ...CALL, type: 'REGULAR', side: 'UNKNOWN', isCall: false, size: 40, premium: 30_000.25 },
    ]),
    { newest: AT - 4000 },
  )
  expect(context).toMatchObject({
    symbol: 'SPX',
    timestamp: AT,
    window: '1h',
    totalVolume: 800,
    totalPremium: 580_000.35,
    tradeCount: 4,
    callVolume: 160,
    putVolume: 640,
    callPremium: 450_000.1,
    putPremium: 130_000.25,
    putCallVolumeRatio: 4,
    buyVolume: 700,
    sellVolume: 60,
    buyPremium: 500_000.1,
    sellPremium: 50_000,
    sweepCount: 1,
    blockCount: 1,
    splitCount: 0,
    largeCount: 1,
    avgTradeSize: 200,
    largeTradePercentage: 50,
    netPremium: 250_000.1,
    netPremiumLow: 219_999.85,
    netPremiumHigh: 280_000.35,
    sentiment: 'BULLISH',
    dataAge: 4000,
    isStale: false,
    gaps: [],
  })
  expect(context.putCallPremiumRatio).toBeCloseTo(130_000.25 / 450_000.1, 12)
  expect(context.unsidedPremiumShare).toBeCloseTo(30_000.25 / 580_000.35, 12)
  const { scores, ...numbers } = context
  expect(Object.keys(scores)).toEqual(
    expect.arrayContaining(['sentimentStrength', 'institutionalScore', 'confidence']),
  )
  for (const value of Object.values(numbers)) expect(value).not.toBeNaN()
})

test('ratios without calls are null', () => {
  const context = contextFor(sumsOf([{ ...CALL, isCall: false }]))
  expect([context.putCallVolumeRatio, context.putCallPremiumRatio]).toEqual([null, null])
})

test('prints of price 0 make a context without a lean', () => {
  const context = contextFor(sumsOf([{ ...CALL, premium: 0 }]))
  expect(context).toMatchObject({ sentiment: 'NEUTRAL', institutionalScore: 0, confidence: 2 })
})

describe('stale', () => {
  test.each<[string, number, readonly ContextGap[], boolean, number]>([
    ['as old as allowed', AT - 900_000, [], false, 900_000],
    ['older', AT - 900_001, [], true, 900_001],
    ['ahead of its receive time', AT + 5000, [], false, 0],
    ['fresh, and the feed is down', AT, [gap({ endedAt: null, status: 'open' })], true, 0],
    ['fresh, and the feed was down', AT, [gap()], false, 0],
  ])('%s', (_, newest, gaps, isStale, dataAge) => {
    const context = contextFor(sumsOf([CALL]), { newest, gaps })
    expect([context.isStale, context.dataAge]).toEqual([isStale, dataAge])
    if (isStale) expect(context.recommendation).toBe('WAIT')
  })
})

test('one print is never trusted, whatever it is', () => {
  fc.assert(
    fc.property(anyPrints, ([print]) => {
      const context = contextFor(sumsOf([print!]))
      expect(context.confidence).toBeLessThanOrEqual(3)
      expect(context.recommendation).toBe('WAIT')
    }),
  )
})

test('confidence never rises as gaps grow or prints lose their side', () => {
  const anyGap = fc.tuple(fc.nat(HOUR_MS), fc.nat(HOUR_MS), fc.constantFrom('unfilled', 'filled'))
  fc.assert(
    fc.property(anyPrints, fc.array(anyGap, { maxLength: 4 }), fc.nat(59), (prints, made, pick) => {
      const many = Array.from({ length: 10 }, () => prints).flat()
      const gaps = made.map(([back, ms, status]) =>
        gap({ startedAt: AT - back, endedAt: AT - back + Math.min(ms, back), status }),
      )
      const before = contextFor(sumsOf(many), { gaps }).confidence
      const grown = gaps.map((g) => ({ ...g, startedAt: g.startedAt - 60_000 }))
      expect(contextFor(sumsOf(many), { gaps: grown }).confidence).toBeLessThanOrEqual(before)
      const unsided = many.map((p, i): SummedPrint => (i === pick ? { ...p, side: 'MID' } : p))
      expect(contextFor(sumsOf(unsided), { gaps }).confidence).toBeLessThanOrEqual(before)
    }),
  )
})

test.each([
  ['before the window', AT - 2 * HOUR_MS, 1],
  ['as the window begins', AT - HOUR_MS, 1],
  ['a quarter of an hour ago', AT - HOUR_MS / 4, 0.25],
  ['in this minute', null, 0],
])('a symbol that is watched since %s', (_, since, value) => {
  const of = sumsOf([CALL])
  const part = contextFor(of, { since }).scores.confidence[1]
  expect(part).toMatchObject({ name: 'window without gaps', value })
  // a gap of before counts once
  const gaps = [gap({ startedAt: AT - HOUR_MS, endedAt: since ?? AT })]
  expect(contextFor(of, { since, gaps }).scores.confidence[1]).toMatchObject({
    value: since === AT - 2 * HOUR_MS ? 1 : value,
  })
})

describe('gapShare', () => {
  const spans = (...of: readonly (readonly [number, number | null, string?])[]): ContextGap[] =>
    of.map(([startedAt, endedAt, status = 'unfilled']) => gap({ startedAt, endedAt, status }))
  test.each<[string, ContextGap[], number]>([
    ['none', [], 0],
    ['one inside', spans([10, 35]), 0.25],
    ['over both edges', spans([-50, 200]), 1],
    ['that overlap, or one within another', spans([10, 50], [40, 60], [20, 30]), 0.5],
    ['open', spans([75, null, 'open']), 0.25],
    ['filled', spans([10, 50, 'filled']), 0],
    ['partly filled', spans([10, 50, 'partly filled']), 0.4],
  ])('%s', (_, gaps, share) => {
    expect(gapShare(gaps, 0, 100)).toBeCloseTo(share, 12)
  })
})

describe('recommendation', () => {
  const GOOD = {
    isStale: false,
    confidence: 80,
    sentiment: 'BULLISH',
    sentimentStrength: 60,
    institutionalScore: 80,
  } as const
  test.each<[string, Partial<Parameters<typeof recommendationOf>[0]>, Recommendation]>([
    ['large money that leans', {}, 'FOLLOW_FLOW'],
    ['the other way', { sentiment: 'BEARISH' }, 'FOLLOW_FLOW'],
    ['stale', { isStale: true }, 'WAIT'],
    ['too little known', { confidence: 29 }, 'WAIT'],
    ['just enough known', { confidence: 30, institutionalScore: 60 }, 'CONFIRM_FLOW'],
    ['no lean', { sentiment: 'NEUTRAL', sentimentStrength: 9 }, 'NEUTRAL'],
    ['not above 70', { institutionalScore: 70 }, 'CONFIRM_FLOW'],
    ['a weak lean', { sentimentStrength: 24 }, 'CONFIRM_FLOW'],
    ['not sure enough', { confidence: 59 }, 'CONFIRM_FLOW'],
    ['not above 50', { institutionalScore: 50 }, 'NEUTRAL'],
    ['a crowd', { institutionalScore: 29 }, 'FADE_FLOW'],
    ['a crowd of no strong lean', { institutionalScore: 29, sentimentStrength: 49 }, 'NEUTRAL'],
    ['no crowd', { institutionalScore: 30 }, 'NEUTRAL'],
  ])('%s', (_, over, expected) => {
    expect(recommendationOf({ ...GOOD, ...over })).toBe(expected)
  })
})
