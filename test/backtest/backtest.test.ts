import { describe, expect, test } from 'vitest'
import { type BacktestOptions, runBacktest } from '../../src/backtest/backtest.ts'
import { backtestText } from '../../src/backtest/backtest-text.ts'
import { coverageOf, type Filter, isTakenAfter, isTakenBefore } from '../../src/backtest/filter.ts'
import type { SignalContext, SignalInFlow } from '../../src/backtest/signal.ts'
import { BOOST_DEFAULTS as boost } from '../../src/flow/boost.ts'
import { makeRandom, noise } from './noise.ts'

const options: BacktestOptions = {
  filter: { kind: 'opposed' },
  boost,
  blockDays: 1,
  seed: 1,
  makeRandom,
  resamples: 499,
}

function context(sentiment: SignalContext['sentiment'], more: Partial<SignalContext> = {}) {
  return { sentiment, institutionalScore: 72, isStale: false, hasGaps: false, ...more }
}

function item(pnl: number, of: SignalContext | null, score = 60, day = 1): SignalInFlow {
  const timestamp = Date.UTC(2025, 5, day, 15)
  const signal = { symbol: 'SPX', direction: 'LONG', score, pnl, timestamp } as const
  return { signal: { ...signal, detector: 'ONE', exitTimestamp: null }, context: of }
}

const SUPPORTED = context('BULLISH')
const OPPOSED = context('BEARISH')

describe('the filter', () => {
  const score: Filter = { kind: 'score', minScore: 65 }
  test.each<[string, SignalContext | null, number, Filter, boolean, boolean]>([
    ['keeps what is supported', SUPPORTED, 60, { kind: 'opposed' }, true, true],
    ['drops what is opposed', OPPOSED, 60, { kind: 'opposed' }, true, false],
    ['drops it at score 0 too', OPPOSED, 0, { kind: 'opposed' }, true, false],
    ['keeps what has no context', null, 60, { kind: 'opposed' }, true, true],
    [
      'keeps what is stale',
      context('BEARISH', { isStale: true }),
      60,
      { kind: 'opposed' },
      true,
      true,
    ],
    ['keeps what is neutral', context('NEUTRAL'), 60, { kind: 'opposed' }, true, true],
    [
      'keeps a weak opposition',
      context('BEARISH', { institutionalScore: 50 }),
      60,
      { kind: 'opposed' },
      true,
      true,
    ],
    [
      'looks at no gaps',
      context('BEARISH', { hasGaps: true }),
      60,
      { kind: 'opposed' },
      true,
      false,
    ],
    ['aligned keeps what is supported', SUPPORTED, 60, { kind: 'aligned' }, true, true],
    ['aligned keeps it at score 100 too', SUPPORTED, 100, { kind: 'aligned' }, true, true],
    ['aligned drops what has no context', null, 60, { kind: 'aligned' }, true, false],
    ['score lets a boosted one in', SUPPORTED, 55, score, false, true], // 66
    ['score takes an opposed one out', OPPOSED, 80, score, true, false], // 64
    ['score leaves the others', null, 65, score, true, true],
  ])('%s', (_, of, base, filter, before, after) => {
    const one = item(1, of, base)
    expect(isTakenBefore(one, filter)).toBe(before)
    expect(isTakenAfter(one, filter, boost)).toBe(after)
  })

  test('counts each signal once in what the flow says to it', () => {
    const items = [
      item(1, SUPPORTED),
      item(1, context('BEARISH', { hasGaps: true })),
      item(1, context('NEUTRAL')),
      item(1, null),
      item(1, context('BULLISH', { isStale: true })),
    ]
    const coverage = coverageOf(items, boost)
    expect(coverage).toEqual({
      signals: 5,
      supported: 1,
      opposed: 1,
      neutral: 1,
      withoutContext: 1,
      stale: 1,
      withGaps: 1,
    })
  })
})

describe('a backtest', () => {
  test('has the figures of the trades before and after, with the keys of the original', () => {
    const items = [item(3, SUPPORTED), item(-1, OPPOSED), item(0, null), item(2, OPPOSED)]
    const [report] = runBacktest(items, options).detectors
    expect(report!.before).toMatchObject({
      detector: 'ONE',
      winRate: 0.5,
      profitFactor: 5,
      totalTrades: 4,
      expectancy: 1,
      ties: 1,
    })
    expect(report!.after).toMatchObject({
      detector: 'ONE',
      winRate: 0.5,
      profitFactor: null, // nothing was lost
      totalTrades: 2,
      grossLoss: 0,
      expectancy: 1.5,
    })
    expect(report).toMatchObject({
      kept: 0.5,
      tests: null,
      verdict: { kind: 'not judged', text: 'too few trades: 4 < 30; nothing is claimed' },
    })
  })

  test('judges no filter that changes nothing, and none that leaves too few', () => {
    const days = Array.from({ length: 40 }, (_, day) => day + 1)
    const verdict = (of: (day: number) => SignalContext | null): string => {
      const items = days.map((day) => item(day % 2 === 0 ? 1 : -1, of(day), 60, day))
      return runBacktest(items, options).detectors[0]!.verdict.text
    }
    expect(verdict(() => null)).toMatch(/^no flow is stored for any of its signals/)
    expect(verdict((day) => (day > 1 ? null : SUPPORTED))).toMatch(/^no change/)
    expect(verdict((day) => (day > 20 ? OPPOSED : null))).toMatch(/^too few trades: 20 < 30 after/)
    expect(verdict(() => OPPOSED)).toMatch(/^too few trades: 0 < 30 after/)
  })

  test('says nothing from fewer than 20 days, however many trades', () => {
    const items = Array.from({ length: 1_000 }, (_, at) =>
      item(at % 3 === 0 ? -1 : 1, at % 3 === 0 ? OPPOSED : SUPPORTED, 60, 1 + (at % 19)),
    )
    expect(runBacktest(items, options).detectors[0]!.verdict.text).toMatch(/^too few days: 19 < 20/)
  })

  test('longer blocks are fewer', () => {
    const items = noise(4)
    const days = (blockDays: number): number[] =>
      runBacktest(items, { ...options, blockDays }).detectors.map((report) => report.days)
    for (const [at, n] of days(7).entries()) expect(n).toBeLessThan(days(1)[at]! / 2)
  })

  test('is the same for the same seed, in any order of rows, and another for another', () => {
    const items = noise(9, { days: 40 })
    const first = runBacktest(items, options)
    expect(runBacktest([...items].reverse(), options).detectors).toEqual(first.detectors)
    expect(runBacktest(items, { ...options, seed: 2 }).detectors).not.toEqual(first.detectors)
  })

  test('one more detector changes the correction of the others, and nothing else', () => {
    const items = noise(9)
    const all = runBacktest(items, options)
    const fewer = runBacktest(
      items.filter(({ signal }) => signal.detector !== 'MOMENTUM'),
      options,
    )
    expect(all.testsMade).toBe(10)
    expect(fewer.testsMade).toBe(8)
    for (const { detector, before, after, tests } of fewer.detectors) {
      const same = all.detectors.find((report) => report.detector === detector)!
      expect(same).toMatchObject({ before, after })
      expect(same.tests!.expectancy.pValue).toBe(tests!.expectancy.pValue)
      expect(same.tests!.expectancy.pCorrected).toBeGreaterThanOrEqual(tests!.expectancy.pCorrected)
    }
  })

  test('fits a terminal, with JSON that has no number that JSON has not', () => {
    const report = runBacktest([...noise(2), item(1, null), item(2, OPPOSED)], options)
    const text = backtestText(report, 'about')
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(112)
    expect(text).toMatch(/ONE\n {2}before +2 +100\.0 %.* inf /)
    expect(JSON.parse(JSON.stringify(report.detectors))).toEqual(report.detectors)
  })
})
