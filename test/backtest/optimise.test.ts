import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { walkForward } from '../../src/backtest/folds.ts'
import { candidates } from '../../src/backtest/grid.ts'
import { type OptimiseOptions, optimise } from '../../src/backtest/optimise.ts'
import { optimiseText, settingLines } from '../../src/backtest/optimise-text.ts'
import type { Signal, SignalInFlow } from '../../src/backtest/signal.ts'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { BOOST_DEFAULTS } from '../../src/flow/boost.ts'
import { makeRandom, noise } from './noise.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const options: OptimiseOptions = {
  minScore: 55,
  folds: 4,
  windowMs: 4 * HOUR_MS,
  horizonMs: DAY_MS,
  embargoMs: DAY_MS,
  blockDays: 1,
  inForce: BOOST_DEFAULTS,
  seed: 1,
  makeRandom,
  resamples: 1_999,
}

/** Flow of a score above 50 and not above 70 decides all, so that its boost should be the strong one. */
function planted(seed: number): SignalInFlow[] {
  return noise(seed, { days: 120 }).map(({ signal, context }) => {
    const weight = context === null || context.institutionalScore > 70 ? 0 : 1
    const isLong = signal.direction === 'LONG'
    const sign =
      context?.sentiment === 'NEUTRAL' ? 0 : isLong === (context?.sentiment === 'BULLISH') ? 1 : -1
    return { context, signal: { ...signal, pnl: signal.pnl + 3 * sign * weight } }
  })
}

describe('walk-forward folds', () => {
  const files = fc
    .array(
      fc.record({
        at: fc.integer({ min: 0, max: 60 * DAY_MS }),
        length: fc.integer({ min: -1, max: 4 * DAY_MS }),
      }),
      { minLength: 1, maxLength: 200 },
    )
    .map((all) =>
      all
        .sort((a, b) => a.at - b.at)
        .map(({ at, length }): Signal => {
          const timestamp = Date.UTC(2025, 0, 1) + at
          const exitTimestamp = length < 0 ? null : timestamp + length
          const rest = {
            detector: 'M',
            symbol: 'SPX',
            direction: 'LONG',
            score: 5,
            pnl: 1,
          } as const
          return { ...rest, timestamp, exitTimestamp }
        }),
    )

  test('learn from nothing that could be known of the test, and test each signal once at most', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 8 }), (signals, folds) => {
        const found = walkForward(signals, { ...options, folds })
        expect(found.length).toBeLessThanOrEqual(folds)
        const tested = found.flatMap(({ test }) => test)
        expect(new Set(tested).size).toBe(tested.length)
        for (const { train, test, purged } of found) {
          const start = Math.min(...test.map((at) => signals[at]!.timestamp))
          for (const at of train) {
            const { timestamp, exitTimestamp } = signals[at]!
            const end = exitTimestamp ?? timestamp + options.horizonMs
            expect(end + options.embargoMs + options.windowMs).toBeLessThanOrEqual(start)
          }
          const earlier = signals.filter(({ timestamp }) => timestamp < start).length
          expect(train.length + purged).toBe(earlier)
          const days = test.map((at) => newYorkDay(signals[at]!.timestamp))
          const others = signals.filter((_, at) => !test.includes(at))
          for (const other of others) expect(days).not.toContain(newYorkDay(other.timestamp))
        }
      }),
    )
  })

  test('purge a trade that lasts into the test fold', () => {
    const signals = noise(1, { days: 20, detectors: ['M'] }).map(({ signal }) => signal)
    const sorted = [...signals].sort((a, b) => a.timestamp - b.timestamp)
    const [fold] = walkForward(sorted, { ...options, folds: 1 })
    const lasting = sorted.map((signal, at) =>
      at === 0 ? { ...signal, exitTimestamp: sorted[fold!.test[0]!]!.timestamp + 1 } : signal,
    )
    const [longer] = walkForward(lasting, { ...options, folds: 1 })
    expect(fold!.train).toContain(0)
    expect(longer!.train).toEqual(fold!.train.slice(1))
  })
})

describe('the grid', () => {
  test('begins with what is in force, and has each setting once', () => {
    const grid = candidates(BOOST_DEFAULTS)
    expect(grid[0]).toBe(BOOST_DEFAULTS)
    expect(new Set(grid.map((settings) => JSON.stringify(settings))).size).toBe(64)
    expect(candidates({ ...BOOST_DEFAULTS, strongScore: 71 })).toHaveLength(65)
    for (const { strongScore, weakScore, strongPercent, weakPercent } of grid) {
      expect(weakScore).toBeLessThan(strongScore)
      expect(weakPercent).toBeLessThanOrEqual(strongPercent)
    }
  })
})

describe('the optimiser', () => {
  test('keeps what is in force in 95 of 100 random files', () => {
    const found = Array.from({ length: 100 }, (_, run) =>
      optimise(noise(run + 1), { ...options, resamples: 999 }),
    )
    expect(found.filter(({ judgement }) => judgement !== null).length).toBeGreaterThan(80)
    expect(found.filter(({ settings }) => settings !== null).length).toBeLessThanOrEqual(5)
  })

  test('finds settings that are better, and prints what to set', () => {
    const report = optimise(planted(1), options)
    expect(report.verdict.kind).toBe('better')
    expect(report.settings!.weakPercent).toBeGreaterThan(BOOST_DEFAULTS.weakPercent)
    expect(report.chosen.expectancy!).toBeGreaterThan(report.inForce.expectancy!)
    const text = optimiseText(report, 'about')
    for (const line of settingLines(report.settings)) expect(text).toContain(`\n${line}\n`)
    expect(settingLines(report.settings)[3]).toBe(
      `FLOW_BOOST_WEAK_PERCENT=${report.settings!.weakPercent}`,
    )
  })

  test('what the last fold brought changes nothing of what was chosen for it', () => {
    const items = planted(2)
    const { folds } = optimise(items, options)
    const last = folds.at(-1)!
    const ruined = items.map(({ signal, context }) => ({
      context,
      signal: signal.timestamp >= last.from ? { ...signal, pnl: -1000 * signal.pnl } : signal,
    }))
    const again = optimise(ruined, options)
    expect(again.folds).toEqual(folds)
    expect(again.chosen.expectancy).not.toBe(0)
    expect(again.settings).toBeNull()
  })

  test('has only figures of the test folds', () => {
    const report = optimise(noise(3), options)
    const tested = report.folds.reduce((all, { test }) => all + test, 0)
    expect(tested).toBeLessThan(report.signals)
    expect(report.inForce.totalTrades).toBeLessThanOrEqual(tested)
    expect(report.folds).toHaveLength(4)
  })

  test.each([0, 1, 12])('says nothing from %i days', (days) => {
    const report = optimise(noise(3, { days }), options)
    expect(report).toMatchObject({ settings: null, verdict: { kind: 'not judged' } })
    expect(optimiseText(report, 'about')).toMatch(/keep the settings in force: (too few|no change)/)
  })
})
