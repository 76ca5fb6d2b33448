import { describe, expect, test } from 'vitest'
import { type BacktestReport, runBacktest } from '../../src/backtest/backtest.ts'
import { isTakenAfter } from '../../src/backtest/filter.ts'
import { blockSignModel, subsetModel } from '../../src/backtest/null-model.ts'
import { seedFor } from '../../src/backtest/sampling.ts'
import type { SignalInFlow } from '../../src/backtest/signal.ts'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { BOOST_DEFAULTS as boost } from '../../src/flow/boost.ts'
import { makeRandom, type NoiseOptions, noise } from './noise.ts'

const RUNS = 100

function backtest(items: readonly SignalInFlow[], resamples = 1_999): BacktestReport {
  const filter = { kind: 'opposed' } as const
  return runBacktest(items, { filter, boost, blockDays: 1, seed: 1, makeRandom, resamples })
}

const claims = (report: BacktestReport, kinds = ['better', 'worse', 'mixed']): number =>
  report.detectors.filter(({ verdict }) => kinds.includes(verdict.kind)).length

/** Runs (of RUNS random files of five detectors each) in which anything was claimed. */
function runsWithClaims(options: NoiseOptions, runs = RUNS, resamples?: number): number {
  const reports = Array.from({ length: runs }, (_, run) =>
    backtest(noise(run + 1, options), resamples),
  )
  return reports.filter((report) => claims(report) > 0).length
}

describe('on signals that have nothing to do with the flow', () => {
  test('three months of five detectors: nothing is claimed in 95 of 100 runs', () => {
    expect(runsWithClaims({ days: 60 })).toBeLessThanOrEqual(5)
  })

  test('five weeks: nothing is claimed in 95 of 100 runs', () => {
    // three times as many, since chance itself is wide: 2 to 4 % claim something
    expect(runsWithClaims({ days: 25 }, 3 * RUNS, 499)).toBeLessThanOrEqual(15)
  })

  test.each([60, 250])(
    'nor in a market that rises for %i days while the flow is bullish',
    (days) => {
      const rising = { days, drift: 0.3, bullish: 0.9 }
      expect(runsWithClaims(rising, RUNS, 499)).toBeLessThanOrEqual(5)
    },
  )

  test('two weeks: nothing is claimed at all, and it says why', () => {
    const report = backtest(noise(1, { days: 10 }))
    expect(claims(report)).toBe(0)
    for (const { verdict } of report.detectors)
      expect(verdict.text).toMatch(/^too few (trades|days)/)
  })

  test('trade by trade, or day by day for each symbol, chance would be claimed to be skill', () => {
    const found = { subsets: 0, symbolDays: 0, days: 0 }
    for (let run = 1; run <= 200; run++) {
      const items = noise(run, { detectors: ['ONE', 'OTHER'], market: 2 })
      const comparison = {
        values: items.map(({ signal }) => signal.pnl),
        isBefore: items.map(() => true),
        isAfter: items.map((item) => isTakenAfter(item, { kind: 'opposed' }, boost)),
      }
      const days = items.map(({ signal }) => newYorkDay(signal.timestamp))
      const symbolDays = items.map(({ signal }, at) => seedFor(days[at]!, signal.symbol))
      const random = makeRandom(run)
      if (subsetModel({ ...comparison, blocks: days }, random, 199).twoSided <= 0.05)
        found.subsets++
      const model = (blocks: readonly number[]): number =>
        blockSignModel({ ...comparison, blocks }, random, 199).twoSided
      if (model(symbolDays) <= 0.05) found.symbolDays++
      if (model(days) <= 0.05) found.days++
    }
    // of 200: 10 are what 5 % means
    expect(found.subsets).toBeGreaterThan(25)
    expect(found.symbolDays).toBeGreaterThan(20)
    expect(found.days).toBeLessThanOrEqual(16)
  })
})

describe('on signals that the flow is right about', () => {
  test('it is found', () => {
    const reports = [1, 2, 3, 4, 5].map((seed) => backtest(noise(seed, { effect: 1 })))
    const better = reports.reduce((all, report) => all + claims(report, ['better']), 0)
    expect(better).toBeGreaterThanOrEqual(18) // of 25
    expect(reports.reduce((all, report) => all + claims(report, ['worse', 'mixed']), 0)).toBe(0)
  })

  test('and where it is always wrong the filter is told to be worse', () => {
    const report = backtest(noise(3, { effect: -1 }))
    expect(claims(report, ['worse'])).toBeGreaterThanOrEqual(3)
    expect(claims(report, ['better', 'mixed'])).toBe(0)
  })
})
