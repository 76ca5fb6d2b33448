import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settings, tape } from '../model/random-tape.ts'
import { RulesModel } from '../model/rules-model.ts'
import { runTape } from '../model/run-tape.ts'
import type { ModelRow } from '../model/types.ts'

const key = (row: ModelRow) => `${row.contract} ${row.timestamp} ${row.arrival}`

/** All columns of a row but the event, and the percentiles, which the model has none of. */
const FIELDS = [
  ...(['contract', 'timestamp', 'received', 'price', 'size', 'tradeType', 'sentiment'] as const),
  ...(['aggressiveness', 'side', 'dte', 'isSweep', 'isBlock', 'isAboveAsk', 'isBelowBid'] as const),
  ...(['isUnusual', 'isMultiLeg', 'isLate', 'exchange', 'conditions', 'sequence'] as const),
  ...(['bid', 'ask', 'bidSize', 'askSize', 'quoteAge', 'eventLegs', 'eventSpan'] as const),
  ...(['arrival', 'quoteSource', 'customerSide', 'customerRule', 'averageSum'] as const),
  ...(['averageCount', 'averageScope', 'dayVolume', 'openInterest', 'multiplier'] as const),
  ...(['underlyingPrice', 'underlyingSource', 'percentileSample', 'revision'] as const),
] satisfies readonly (keyof ModelRow)[]

/** Rows in an order of their own, events named by their first leg in that order. */
function canonical(rows: readonly ModelRow[]): unknown[] {
  const sorted = [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  const names = new Map<string, string>()
  return sorted.map((row) => {
    const { event } = row
    if (event !== null && !names.has(event)) names.set(event, key(row))
    return {
      ...Object.fromEntries(FIELDS.map((field) => [field, row[field]])),
      event: event === null ? null : names.get(event),
    }
  })
}

const byCancel = (cancels: readonly { sequence: number | null }[]) =>
  [...cancels].sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))

/** What the tapes have met, so that none of it passes for not having come up. */
function met(rows: readonly ModelRow[], pendingMax: number) {
  const inTime = rows.filter((row) => row.quoteSource === 'rest' && row.revision === 0)
  return {
    pending: pendingMax,
    inTime: inTime.length,
    legs: inTime.filter((row) => row.event !== null).length,
    late: rows.filter((row) => row.revision === 1).length,
    stillTick: rows.filter((row) => row.quoteSource === 'rest' && row.customerRule === 'tick_all')
      .length,
    known: rows.filter((row) => row.openInterest !== null).length,
    multiplied: rows.filter((row) => row.multiplier !== 100).length,
    priced: rows.filter((row) => row.underlyingPrice !== null).length,
  }
}

describe.each(['opra', 'seed'] as const)('under %s', (rules) => {
  it('agrees with the rules written naively, for any shards and any cut into slabs', () => {
    const all = met([], 0)
    fc.assert(
      fc.property(
        tape,
        settings(rules),
        fc.constantFrom(1, 2, 4),
        fc.infiniteStream(fc.boolean()),
        (frames, set, shards, cuts) => {
          const model = new RulesModel(set).run(frames)
          const run = runTape(frames, set, { shards, cut: () => cuts.next().value })
          expect(canonical(run.rows)).toEqual(canonical(model.rows))
          expect(byCancel(run.cancels)).toEqual(byCancel(model.cancels))
          expect(run.account).toEqual(model.account)
          expect(run.sequenceReused).toBe(model.sequenceReused)
          for (const row of run.rows) {
            const isWarm = row.percentileSample >= 200
            expect([row.sizePercentile !== null, row.premiumPercentile !== null]).toEqual([
              isWarm,
              isWarm,
            ])
          }
          const found = met(run.rows, run.pendingMax)
          for (const name of Object.keys(all) as (keyof typeof all)[]) all[name] += found[name]
        },
      ),
      { numRuns: rules === 'opra' ? 600 : 250, seed: 20261122 },
    )
    const { legs, ...others } = all
    expect(Math.min(...Object.values(others))).toBeGreaterThan(20)
    expect(legs > 50).toBe(rules === 'opra')
  })

  it('lets no print wait on a tape without a clock', () => {
    fc.assert(
      fc.property(tape, settings(rules), fc.constantFrom(1, 3), (recorded, set, shards) => {
        const frames = recorded.map(({ frame }) => ({ recv: NaN, clock: NaN, frame }))
        const model = new RulesModel(set).run(frames)
        const run = runTape(frames, set, { shards })
        expect(run.pendingMax).toBe(0)
        expect(run.rows.some((row) => row.quoteSource === 'rest')).toBe(false)
        expect(canonical(run.rows)).toEqual(canonical(model.rows))
        expect(run.account).toEqual(model.account)
      }),
      { numRuns: 40, seed: 3 },
    )
  })
})

it('gives the same rows when row slabs are short', () => {
  fc.assert(
    fc.property(tape, settings('opra'), fc.infiniteStream(fc.nat(3)), (frames, set, slabs) => {
      const plenty = runTape(frames, set, { shards: 1 })
      // three calls of four bring no room at all
      const rowSlabs = () => (slabs.next().value === 0 ? 1 : 0)
      const short = runTape(frames, set, { shards: 2, rowSlabs })
      expect(canonical(short.rows)).toEqual(canonical(plenty.rows))
      expect(short.account).toEqual(plenty.account)
    }),
    { numRuns: 100, seed: 7 },
  )
})
