import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { ScorePart } from '../../src/flow/flow-context.ts'
import {
  aggressivenessOf,
  confidenceParts,
  type FlowSums,
  institutionalParts,
  scoreOf,
  sentimentOf,
} from '../../src/flow/scores.ts'
import { anyPrints, type SummedPrint, sums, sumsOf } from './sums.ts'

const strengthOf = (of: FlowSums): number => scoreOf(sentimentOf(of).parts)
const institutionalOf = (of: FlowSums): number => scoreOf(institutionalParts(of))

/** Changes the prints that `isChosen` says. */
function changed(
  prints: readonly SummedPrint[],
  isChosen: (print: SummedPrint, index: number) => boolean,
  to: Partial<SummedPrint>,
): FlowSums {
  return sumsOf(prints.map((print, i) => (isChosen(print, i) ? { ...print, ...to } : print)))
}

const anyPick = fc.nat(59)
const asInput = { trades: 100, sidedShare: 1, coverage: 1, freshness: 1 }

describe('sentiment', () => {
  test.each<[string, Partial<FlowSums>, string, number]>([
    ['all bullish', { premium: 100, bullish_premium: 100 }, 'BULLISH', 100],
    ['all bearish', { premium: 100, bearish_premium: 100 }, 'BEARISH', 100],
    ['balanced', { premium: 100, bullish_premium: 50, bearish_premium: 50 }, 'NEUTRAL', 0],
    ['3 to 1', { premium: 100, bullish_premium: 75, bearish_premium: 25 }, 'BULLISH', 50],
    // 40 / (60 + 40 / 4)
    [
      'with 40 % that does not lean',
      { premium: 100, bearish_premium: 50, bullish_premium: 10 },
      'BEARISH',
      57,
    ],
    ['a tenth', { premium: 100, bullish_premium: 55, bearish_premium: 45 }, 'BULLISH', 10],
    ['less than a tenth', { premium: 100, bullish_premium: 54, bearish_premium: 46 }, 'NEUTRAL', 8],
    [
      'a little that leans of much that does not',
      { premium: 1000, bullish_premium: 20 },
      'NEUTRAL',
      8,
    ],
    ['nothing that leans', { premium: 1000 }, 'NEUTRAL', 0],
    ['no premium', { trades: 5 }, 'NEUTRAL', 0],
  ])('%s', (_, over, sentiment, strength) => {
    const found = sentimentOf(sums(over))
    expect(found.sentiment).toBe(sentiment)
    expect(scoreOf(found.parts)).toBe(strength)
  })

  it('mirrors: calls for puts turn it around, at the same strength', () => {
    const turn = { BULLISH: 'BEARISH', BEARISH: 'BULLISH', NEUTRAL: 'NEUTRAL' } as const
    fc.assert(
      fc.property(anyPrints, (prints) => {
        const one = sentimentOf(sumsOf(prints))
        const other = sentimentOf(sumsOf(prints.map((p) => ({ ...p, isCall: !p.isCall }))))
        expect(other.sentiment).toBe(turn[one.sentiment])
        expect(scoreOf(other.parts)).toBe(scoreOf(one.parts))
      }),
    )
  })

  it('never weakens as bearish premium becomes bullish in a bullish window', () => {
    fc.assert(
      fc.property(anyPrints, anyPick, (prints, pick) => {
        const before = sumsOf(prints)
        fc.pre(before.bullish_premium >= before.bearish_premium)
        const after = changed(prints, (_, i) => i === pick, { side: 'BUY', isCall: true })
        expect(strengthOf(after)).toBeGreaterThanOrEqual(strengthOf(before))
      }),
    )
  })

  it('is not made by prints without a side', () => {
    fc.assert(
      fc.property(anyPrints, anyPrints, (prints, others) => {
        const unsided = others.map((print): SummedPrint => ({ ...print, side: 'UNKNOWN' }))
        const before = sentimentOf(sumsOf(prints))
        const after = sentimentOf(sumsOf([...prints, ...unsided]))
        expect(scoreOf(after.parts)).toBeLessThanOrEqual(scoreOf(before.parts))
        expect([before.sentiment, 'NEUTRAL']).toContain(after.sentiment)
      }),
    )
  })
})

describe('aggressiveness', () => {
  test.each<[string, Partial<FlowSums>, string]>([
    ['all aggressive', { buy_premium: 100, aggressive_premium: 100 }, 'AGGRESSIVE'],
    ['leading by a fifth', { sell_premium: 100, aggressive_premium: 20 }, 'AGGRESSIVE'],
    ['leading by less', { buy_premium: 100, aggressive_premium: 18 }, 'NORMAL'],
    ['passive by a fifth', { buy_premium: 100, passive_premium: 20 }, 'PASSIVE'],
    ['in balance', { buy_premium: 100, passive_premium: 50, aggressive_premium: 50 }, 'NORMAL'],
    ['no side at all', { premium: 100 }, 'NORMAL'],
  ])('%s', (_, over, label) => {
    expect(aggressivenessOf(sums(over)).aggressiveness).toBe(label)
  })

  it('tells parts that are not known as null', () => {
    expect(aggressivenessOf(sums({ premium: 100 })).parts.map(({ value }) => value)).toEqual([
      null,
      null,
    ])
  })
})

describe('institutionalScore', () => {
  it('is 100 for much premium in large aggressive sweeps, 0 for none', () => {
    const premium = { premium: 1e8, buy_premium: 1e8, sweep_premium: 1e8, aggressive_premium: 1e8 }
    const all = { ...premium, trades: 100 }
    expect(institutionalOf(sums(all))).toBe(100)
    expect(institutionalOf(sums({ trades: 100 }))).toBe(0)
    expect(institutionalOf(sums({ premium: 1e6, trades: 200 }))).toBe(0)
  })

  it('is small for one small sweep, however institutional it looks', () => {
    const one = sums({ trades: 1, premium: 5000, sweep_premium: 5000, aggressive_premium: 5000 })
    expect(institutionalOf(one)).toBeLessThan(10)
  })

  it('adds up as it is published', () => {
    const found = institutionalParts(
      sums({
        trades: 20,
        premium: 750_000,
        buy_premium: 200_000,
        sell_premium: 50_000,
        sweep_count: 5,
        split_count: 5,
        sweep_premium: 200_000,
        block_premium: 100_000,
        split_premium: 50_000,
        large_premium: 60_000,
        aggressive_premium: 100_000,
      }),
    )
    // 200 + 0.9 x 100 + 0.6 x 50 + 0.5 x 60 = 350, of which 250 have a side:
    // (250 + 100 / 4) / 1000 / 0.6; 100 / 1000 / 0.4; ln 7.5 / ln 25
    const expected = [275 / 600, 0.25, Math.log(7.5) / Math.log(25)]
    expect(found.map(({ weight }) => weight)).toEqual([0.6, 0.2, 0.2])
    for (const [i, { value, points, weight }] of found.entries()) {
      expect(value).toBeCloseTo(expected[i]!, 12)
      expect(points).toBeCloseTo(100 * weight * expected[i]!, 10)
    }
  })

  it('is not that of large spreads, where only a few small lots beside them lean', () => {
    const spread = {
      type: 'BLOCK',
      side: 'UNKNOWN',
      isCall: true,
      aggressiveness: 'NORMAL',
    } as const
    const spreads = Array.from({ length: 40 }, () => ({ ...spread, size: 800, premium: 240_000 }))
    const lots = Array.from({ length: 100 }, () => {
      return { ...spread, type: 'REGULAR', side: 'BUY', size: 10, premium: 4_000 } as const
    })
    const found = sumsOf([...spreads, ...lots])
    expect(sentimentOf(found).sentiment).toBe('BULLISH')
    expect(institutionalOf(found)).toBeLessThanOrEqual(50)
  })

  it('never falls by one more aggressive sweep, in however many legs', () => {
    const anySweep = fc.record({
      legs: fc.integer({ min: 2, max: 500 }),
      premium: fc.integer({ min: 1, max: 5_000_000 }),
      isCall: fc.boolean(),
      side: fc.constantFrom('BUY', 'SELL'),
    })
    fc.assert(
      fc.property(anyPrints, anySweep, (prints, { legs, premium, ...rest }) => {
        const leg = { ...rest, type: 'SWEEP', aggressiveness: 'AGGRESSIVE', size: 10 } as const
        const sweep = Array.from({ length: legs }, () => ({ ...leg, premium: premium / legs }))
        const before = institutionalOf(sumsOf(prints))
        expect(institutionalOf(sumsOf([...prints, ...sweep]))).toBeGreaterThanOrEqual(before)
      }),
    )
  })

  it('never falls as sweep premium rises at equal total, whatever it was before', () => {
    fc.assert(
      fc.property(anyPrints, anyPick, (prints, pick) => {
        const after = changed(prints, (_, i) => i === pick, { type: 'SWEEP' })
        expect(institutionalOf(after)).toBeGreaterThanOrEqual(institutionalOf(sumsOf(prints)))
      }),
    )
  })

  it.each(['BLOCK', 'SPLIT', 'LARGE'] as const)('never falls as regular prints are %s', (type) => {
    fc.assert(
      fc.property(anyPrints, (prints) => {
        const after = changed(prints, (print) => print.type === 'REGULAR', { type })
        expect(institutionalOf(after)).toBeGreaterThanOrEqual(institutionalOf(sumsOf(prints)))
      }),
    )
  })

  it('never falls as prints turn aggressive, nor rises as they lose their side', () => {
    fc.assert(
      fc.property(anyPrints, anyPick, (prints, pick) => {
        const before = institutionalOf(sumsOf(prints))
        const one = (_: SummedPrint, i: number): boolean => i === pick
        const harder = changed(prints, one, { aggressiveness: 'AGGRESSIVE' })
        expect(institutionalOf(harder)).toBeGreaterThanOrEqual(before)
        expect(institutionalOf(changed(prints, one, { side: 'UNKNOWN' }))).toBeLessThanOrEqual(
          before,
        )
      }),
    )
  })
})

describe('confidence', () => {
  const confidenceOf = (over: Partial<typeof asInput>): number =>
    scoreOf(confidenceParts({ ...asInput, ...over }))

  it('is not given to a handful of prints, however clear they are', () => {
    expect(confidenceOf({ trades: 1 })).toBe(3)
    expect(confidenceOf({ trades: 5 })).toBe(14)
    expect(confidenceOf({ trades: 30 })).toBe(50)
    expect(confidenceOf({ trades: 1000 })).toBe(97)
    expect(confidenceOf({ trades: 0 })).toBe(0)
  })

  const anyShare = fc.double({ min: 0, max: 1, noNaN: true })
  const anyInput = fc.record({
    trades: fc.nat(100_000),
    sidedShare: anyShare,
    coverage: anyShare,
    freshness: anyShare,
  })

  it.each(['trades', 'sidedShare', 'coverage', 'freshness'] as const)(
    'never rises as less is there of %s',
    (name) => {
      fc.assert(
        fc.property(anyInput, anyShare, (input, share) => {
          const less = { ...input, [name]: input[name] * share }
          expect(confidenceOf(less)).toBeLessThanOrEqual(confidenceOf(input))
        }),
      )
    },
  )
})

test('every score is a whole number from 0 to 100, and its parts add up to it', () => {
  const scored = (parts: readonly ScorePart[]): void => {
    const score = scoreOf(parts)
    expect(Number.isInteger(score)).toBe(true)
    expect(score).toBeGreaterThanOrEqual(0)
    expect(score).toBeLessThanOrEqual(100)
    const points = parts.reduce((sum, part) => sum + part.points, 0)
    expect(Math.abs(points - score)).toBeLessThanOrEqual(0.5 + 1e-9)
    for (const { value, weight } of parts) {
      expect(value === null || (value >= 0 && value <= 1)).toBe(true)
      expect(weight > 0 && weight <= 1).toBe(true)
    }
  }
  fc.assert(
    fc.property(anyPrints, (prints) => {
      const of = sumsOf(prints)
      const confidence = { ...asInput, trades: of.trades, sidedShare: 0.3 }
      scored(sentimentOf(of).parts)
      scored(institutionalParts(of))
      scored(confidenceParts(confidence))
      scored(aggressivenessOf(of).parts)
    }),
  )
})
