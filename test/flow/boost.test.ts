import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  applyCompositeBoost,
  applyFlowBoost,
  BOOST_DEFAULTS,
  type BoostSettings,
} from '../../src/flow/boost.ts'
import type { BoostContext, Direction } from '../../src/flow/flow-context.ts'

const bullish = (institutionalScore: number): BoostContext => ({
  sentiment: 'BULLISH',
  institutionalScore,
})
const bearish = (institutionalScore: number): BoostContext => ({
  sentiment: 'BEARISH',
  institutionalScore,
})

describe('applyFlowBoost', () => {
  test.each<[string, number, BoostContext | null, Direction, number]>([
    ['aligned and strong: the case of the specification', 55, bullish(72), 'LONG', 66],
    ['aligned and weak', 55, bullish(51), 'LONG', 60.5],
    ['70 is not above 70', 50, bullish(70), 'LONG', 55],
    ['just above 70', 50, bullish(70.01), 'LONG', 60],
    ['50 is not above 50', 50, bullish(50), 'LONG', 50],
    ['just above 50', 50, bullish(50.01), 'LONG', 55],
    ['opposed and strong', 55, bearish(72), 'LONG', 44],
    ['opposed and weak', 50, bearish(60), 'LONG', 45],
    ['opposed and small', 50, bearish(12), 'LONG', 50],
    ['short, aligned', 55, bearish(72), 'SHORT', 66],
    ['short, opposed', 55, bullish(72), 'SHORT', 44],
    ['no more than 100', 90, bullish(99), 'LONG', 100],
    ['nothing of nothing', 0, bullish(99), 'LONG', 0],
    ['no less than 0', -10, bullish(99), 'LONG', 0],
    ['no context', 55, null, 'LONG', 55],
    ['a stale one', 55, { ...bullish(72), isStale: true }, 'LONG', 55],
    ['one that is known to be fresh', 55, { ...bullish(72), isStale: false }, 'LONG', 66],
    ['a neutral one', 55, { sentiment: 'NEUTRAL', institutionalScore: 99 }, 'LONG', 55],
    ['no context leaves also what is out of range', 120, null, 'LONG', 120],
    ['so does one that is small', 120, bullish(12), 'LONG', 120],
    ['and a boost brings it into it', 150, bearish(72), 'LONG', 100],
  ])('%s', (_, base, context, direction, expected) => {
    expect(applyFlowBoost(base, context, direction)).toBe(expected)
  })

  it('takes the settings it is given', () => {
    const settings: BoostSettings = {
      ...BOOST_DEFAULTS,
      strongScore: 80,
      weakScore: 10,
      strongPercent: 50,
      weakPercent: 4,
    }
    expect(applyFlowBoost(50, bullish(81), 'LONG', settings)).toBe(75)
    expect(applyFlowBoost(50, bearish(80), 'LONG', settings)).toBe(48)
    expect(applyFlowBoost(50, bullish(10), 'LONG', settings)).toBe(50)
  })

  it.each(['long', 'UP', '', undefined])('refuses the direction %s', (direction) => {
    expect(() => applyFlowBoost(50, null, direction as Direction)).toThrow(/LONG or SHORT/)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, '50'])('refuses %s', (score) => {
    const refused = /expected a number from 0 to 100, came /
    expect(() => applyFlowBoost(score as number, bullish(80), 'LONG')).toThrow(refused)
    const scores = { scalp: 1, day: score as number, swing: 1 }
    expect(() => applyCompositeBoost(scores, null, 'LONG')).toThrow(/^day: expected a number/)
  })

  it('takes no context for null', () => {
    expect(applyFlowBoost(50, undefined, 'LONG')).toBe(50)
    expect(applyCompositeBoost({ scalp: 1, day: 2, swing: 3 }, undefined, 'LONG').day).toBe(2)
  })
})

describe('applyCompositeBoost', () => {
  const scores = { scalp: 50, day: 40, swing: 95 }
  const follow: BoostContext = { ...bullish(80), recommendation: 'FOLLOW_FLOW' }

  it('adds 15, 12 and 10 percent of the score where flow is to be followed', () => {
    const raised = applyCompositeBoost(scores, follow, 'LONG')
    expect(raised.scalp).toBeCloseTo(62, 10)
    expect(raised.day).toBeCloseTo(49.6, 10)
    expect(raised.swing).toBe(100)
    const mirrored: BoostContext = { ...follow, sentiment: 'BEARISH' }
    expect(applyCompositeBoost(scores, mirrored, 'SHORT')).toEqual(raised)
  })

  it('has no threshold of its own: FOLLOW_FLOW is enough', () => {
    const small = { ...follow, institutionalScore: 10 }
    expect(applyCompositeBoost(scores, small, 'LONG').scalp).toBe(51.5)
  })

  test.each<[string, BoostContext | null, Direction]>([
    ['no context', null, 'LONG'],
    ['opposed', follow, 'SHORT'],
    ['stale', { ...follow, isStale: true }, 'LONG'],
    ['neutral', { ...follow, sentiment: 'NEUTRAL' }, 'LONG'],
    ['to be confirmed only', { ...follow, recommendation: 'CONFIRM_FLOW' }, 'LONG'],
    ['without a recommendation', bullish(80), 'LONG'],
  ])('leaves the scores as they are: %s', (_, context, direction) => {
    expect(applyCompositeBoost(scores, context, direction)).toEqual(scores)
  })
})

const anyContext = fc.record({
  sentiment: fc.constantFrom('BULLISH', 'BEARISH', 'NEUTRAL'),
  institutionalScore: fc.integer({ min: 0, max: 100 }),
  isStale: fc.boolean(),
  recommendation: fc.constantFrom('FOLLOW_FLOW', 'CONFIRM_FLOW', 'NEUTRAL', 'FADE_FLOW', 'WAIT'),
}) as fc.Arbitrary<BoostContext>
const anyScore = fc.double({ min: 0, max: 100, noNaN: true })

test('long under a context is short under its mirror image, and 0 to 100', () => {
  const mirror = { BULLISH: 'BEARISH', BEARISH: 'BULLISH', NEUTRAL: 'NEUTRAL' } as const
  fc.assert(
    fc.property(anyScore, anyContext, (base, context) => {
      const other = { ...context, sentiment: mirror[context.sentiment] }
      const long = applyFlowBoost(base, context, 'LONG')
      expect(applyFlowBoost(base, other, 'SHORT')).toBe(long)
      expect(long).toBeGreaterThanOrEqual(0)
      expect(long).toBeLessThanOrEqual(100)
      const scores = { scalp: base, day: base, swing: base }
      expect(applyCompositeBoost(scores, other, 'SHORT')).toEqual(
        applyCompositeBoost(scores, context, 'LONG'),
      )
    }),
  )
})

test('a higher institutional score never lowers an aligned signal', () => {
  fc.assert(
    fc.property(anyScore, fc.nat(100), fc.nat(100), (base, a, b) => {
      const low = applyFlowBoost(base, bullish(Math.min(a, b)), 'LONG')
      const high = applyFlowBoost(base, bullish(Math.max(a, b)), 'LONG')
      expect(high).toBeGreaterThanOrEqual(low)
    }),
  )
})
