import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { RulesModel } from '../model/rules-model.ts'
import { runTape } from '../model/run-tape.ts'
import type { ModelRow, Settings, TapeFrame } from '../model/types.ts'

const START = Date.UTC(2026, 7, 24, 14) // a Monday, 10:00 in New York
const SYMBOLS = ['SPX', 'QQQ', 'IWM']
const CONTRACTS = [
  'O:SPXW260828C06475000',
  'O:SPX260918P06000000',
  'O:QQQ260828C00500000',
  'O:QQQ1260828P00505000', // no pair of call and put: parity has its own tests
  'O:IWM260828P00210000',
]

type Step = {
  /** 0 to 7 quotes, 8 to 10 about earlier prints, 11 to 18 evidence, above prints. */
  readonly kind: number
  readonly contract: number
  readonly wait: number
  readonly lateness: number
  readonly price: number
  readonly size: number
  readonly exchange: number
  readonly condition: number
  readonly pick: number
  readonly isNewFrame: boolean
}

// on a coarse grid, so that every limit of the rules is met exactly, and passed by one
const WAITS = {
  dense: [0, 0, 0, 0, 1, 50, 50, 100, 100, 99, 101, 0],
  even: [0, 0, 1, 50, 100, 101, 250, 400, 500, 499, 501, 1000],
  lookup: [0, 0, 0, 1, 50, 50, 100, 250, 500, 999, 1000, 1001],
  sparse: [0, 1, 100, 250, 500, 501, 1000, 1001, 2001, 5000, 5001, 43_200_000],
} as const
const LATENESS = [0, 0, 0, 0, 0, 0, 1, 50, 100, 101, 500, 501]
const SIZES = [1, 2, 5, 9, 10, 11, 49, 50, 99, 100, 499, 500, 800]
const CONDITIONS: (number[] | undefined)[] = [
  undefined,
  undefined,
  [209],
  [219],
  [227],
  [209, 219],
  [230],
  [232],
  [204],
  [219, 232],
  [9999],
]

/** How far behind the time that was asked about its quote may lie; null: there is no answer. */
const QUOTE_AGES = [0, 0, 0, 0, 50, 50, 100, 499, 500, 501, 5000, 5001, -1, null]
const DATES = [-1, 0, 0, 0, 1, 1]
const OPEN_INTEREST = [undefined, 0, 9, 50, 500, 2000]
const MULTIPLIERS = [undefined, undefined, 100, 10, 150, 1]

const step = fc.record<Step>({
  kind: fc.nat(27),
  contract: fc.nat(CONTRACTS.length - 1),
  wait: fc.nat(WAITS.even.length - 1),
  lateness: fc.nat(LATENESS.length - 1),
  price: fc.nat(6),
  size: fc.nat(SIZES.length - 1),
  exchange: fc.nat(3),
  condition: fc.nat(CONDITIONS.length - 1),
  pick: fc.nat(1000),
  isNewFrame: fc.boolean(),
})

/** An answer for an earlier print, for another time or for another contract than its own. */
function answer(s: Step, sym: string, asked: Record<string, unknown> | undefined, now: number) {
  const at = Number(asked?.t ?? now) + [0, 0, 0, 0, 0, 50, -1][s.size % 7]!
  const age = QUOTE_AGES[s.pick % QUOTE_AGES.length]!
  const t = age === null ? {} : { t: at - age }
  const bp = 1 + (s.price % 3) / 100
  const quote = age === null ? {} : { bp, ap: bp + [0.02, 0.02, 0.04, 0.01, 0, -0.01][s.wait % 6]! }
  const sizes = s.exchange === 3 ? {} : { bs: SIZES[s.size], as: SIZES[s.pick % 5] }
  const venues = s.exchange === 2 ? {} : { bx: 302 + 11 * s.exchange, ax: 302 + 11 * (s.pick % 2) }
  const own = s.lateness === 1 ? sym : (asked?.sym ?? sym)
  return { ev: 'flow.nbbo', sym: own, at, ...t, ...quote, ...sizes, ...venues }
}

function reference(s: Step, sym: string, now: number) {
  const day = (newYorkDay(now) + DATES[s.lateness % DATES.length]!) * 86_400_000
  const date = new Date(day).toISOString().slice(0, 10)
  const [oi, mult] = [OPEN_INTEREST[s.price % 6], MULTIPLIERS[s.exchange + (s.pick % 3)]]
  return { ev: 'flow.contract', sym, date, oi, mult }
}

function underlying(s: Step, now: number) {
  const t = now - [0, 0, 1, 14_999, 15_000, 15_001, -1, -15_000][s.pick % 8]!
  const sym = ['SPX', 'QQQ', 'IWM', 'XYZ'][s.contract % 4]!
  return { ev: 'flow.underlying', sym, p: 500 + s.price, t, src: ['stocks', 'indices'][s.size % 2] }
}

/**
 * A tape from random steps: quotes, prints, cancels of earlier prints, exact and near repeats, and
 * evidence. `quotes`: of 8 kinds of step that many are quotes, the others are prints.
 */
function tapeOf(
  steps: readonly Step[],
  pace: keyof typeof WAITS,
  contracts: number,
  quotes: number,
): TapeFrame[] {
  const frames: { recv: number; isEvidence: boolean; events: object[] }[] = []
  const prints: Record<string, unknown>[] = []
  let now = START
  let sequence = 1
  for (const s of steps) {
    now += WAITS[pace][s.wait]!
    const time = now - LATENESS[s.lateness]!
    const sym = CONTRACTS[s.contract % contracts]!
    let event: Record<string, unknown>
    const earlier = prints[prints.length - 1 - (s.pick % Math.max(1, prints.length))]
    // history of quotes is promised for two quote ages; how much more there is, is the engine's own
    const isRecent = earlier !== undefined && now - Number(earlier.t) <= 1000
    if (s.kind < quotes) {
      const [bp, ap] = [1 + (s.price % 3) / 100, 1 + ((s.price % 4) * 2) / 100]
      const [bx, ax] = [302 + 11 * s.exchange, 302 + 11 * (s.pick % 2)]
      event = { ev: 'Q', sym, bx, ax, bp, ap, bs: s.size, as: 7, t: time, q: 1 }
    } else if (s.kind === 8 && earlier !== undefined) {
      event = { ...earlier, c: [201], t: time, q: sequence++ }
    } else if (s.kind === 9 && isRecent) {
      event = earlier
    } else if (s.kind === 10 && isRecent) {
      event = { ...earlier, p: 1.015 }
    } else if (s.kind > 10 && s.kind < 17) {
      event = answer(s, sym, prints.at(-1 - (s.price % 4)), now)
    } else if (s.kind === 17) event = reference(s, sym, now)
    else if (s.kind === 18) event = underlying(s, now)
    else {
      const x = s.exchange === 3 ? {} : { x: 302 + 11 * s.exchange }
      const c = CONDITIONS[s.condition]
      event = { ev: 'T', sym, p: 0.99 + s.price / 100, s: SIZES[s.size], t: time, ...x }
      if (c !== undefined) event.c = c
      if (s.pick % 7 !== 0) event.q = sequence++
      prints.push(event)
    }
    const isEvidence = String(event.ev).startsWith('flow.')
    const open = frames.at(-1)
    if (open === undefined || s.isNewFrame || open.isEvidence !== isEvidence) {
      frames.push({ recv: now + 5, isEvidence, events: [event] })
    } else open.events.push(event)
  }
  return frames.map(({ recv, events }) => ({ recv, frame: JSON.stringify(events) }))
}

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

const tape = fc
  .tuple(
    fc.array(step, { minLength: 1, maxLength: 220, size: 'max' }),
    fc.constantFrom('dense' as const, 'lookup' as const, 'even' as const, 'sparse' as const),
    fc.constantFrom(1, 2, 5),
    fc.constantFrom(0, 1, 4, 8),
  )
  .map(([steps, pace, contracts, quotes]) => tapeOf(steps, pace, contracts, quotes))

const settings = (rules: 'opra' | 'seed') =>
  fc.record<Settings>({
    rules: fc.constant(rules),
    symbols: fc.constant(new Set(SYMBOLS)),
    minSize: fc.constantFrom(1, 10, 60),
    windowMs: fc.constantFrom(0, 50, 100, 500, 2000),
    quoteMaxAgeMs: fc.constantFrom(500, 5000),
    // a size of 100 at 1.00 dollar is worth 10,000
    lookupPremium: fc.constantFrom(0, 1, 1, 500, 10_000),
  })

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
