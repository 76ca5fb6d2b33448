import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RulesModel } from '../model/rules-model.ts'
import { runTape } from '../model/run-tape.ts'
import type { ModelRow, Settings, TapeFrame } from '../model/types.ts'

const START = Date.UTC(2026, 7, 24, 14) // a Monday, 10:00 in New York
const SYMBOLS = ['SPX', 'QQQ', 'IWM']
const CONTRACTS = [
  'O:SPXW260828C06475000',
  'O:SPX260918P06000000',
  'O:QQQ260828C00500000',
  'O:QQQ1260828P00500000',
  'O:IWM260828P00210000',
]

type Step = {
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

const step = fc.record<Step>({
  kind: fc.nat(19),
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

/** A tape from random steps: quotes, prints, cancels of earlier prints, exact and near repeats. */
function tapeOf(steps: readonly Step[], pace: keyof typeof WAITS, contracts: number): TapeFrame[] {
  const frames: { recv: number; events: Record<string, unknown>[] }[] = []
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
    if (s.kind < 7) {
      const [bp, ap] = [1 + (s.price % 3) / 100, 1 + ((s.price % 4) * 2) / 100]
      event = { ev: 'Q', sym, bx: 302, ax: 302, bp, ap, bs: s.size, as: 7, t: time, q: 1 }
    } else if (s.kind === 7 && earlier !== undefined) {
      event = { ...earlier, c: [201], t: time, q: sequence++ }
    } else if (s.kind === 8 && isRecent) {
      event = earlier
    } else if (s.kind === 9 && isRecent) {
      event = { ...earlier, p: 1.015 }
    } else {
      const x = s.exchange === 3 ? {} : { x: 302 + 11 * s.exchange }
      const c = CONDITIONS[s.condition]
      event = { ev: 'T', sym, p: 0.99 + s.price / 100, s: SIZES[s.size], t: time, ...x }
      if (c !== undefined) event.c = c
      if (s.pick % 7 !== 0) event.q = sequence++
      prints.push(event)
    }
    const open = frames.at(-1)
    if (open === undefined || s.isNewFrame) frames.push({ recv: now + 5, events: [event] })
    else open.events.push(event)
  }
  return frames.map(({ recv, events }) => ({ recv, frame: JSON.stringify(events) }))
}

const key = (row: ModelRow) => `${row.contract} ${row.timestamp} ${row.arrival}`

/** Rows in an order of their own, events named by their first leg in that order. */
function canonical(rows: readonly ModelRow[]): unknown[] {
  const sorted = [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  const names = new Map<string, string>()
  return sorted.map((row) => {
    const { event, contract, timestamp, received, price, size, tradeType, sentiment } = row
    if (event !== null && !names.has(event)) names.set(event, key(row))
    return {
      ...{ contract, timestamp, received, price, size, tradeType, sentiment },
      ...{ side: row.side, aggressiveness: row.aggressiveness, dte: row.dte },
      ...{ isSweep: row.isSweep, isBlock: row.isBlock, isAboveAsk: row.isAboveAsk },
      ...{ isBelowBid: row.isBelowBid, isUnusual: row.isUnusual, isLate: row.isLate },
      ...{ isMultiLeg: row.isMultiLeg, exchange: row.exchange, conditions: row.conditions },
      ...{ sequence: row.sequence, bid: row.bid, ask: row.ask, bidSize: row.bidSize },
      ...{ askSize: row.askSize, quoteAge: row.quoteAge, arrival: row.arrival },
      ...{ eventLegs: row.eventLegs, eventSpan: row.eventSpan },
      event: event === null ? null : names.get(event),
    }
  })
}

const tape = fc
  .tuple(
    fc.array(step, { minLength: 1, maxLength: 220, size: 'max' }),
    fc.constantFrom('dense' as const, 'dense' as const, 'even' as const, 'sparse' as const),
    fc.constantFrom(1, 2, 5),
  )
  .map(([steps, pace, contracts]) => tapeOf(steps, pace, contracts))

const settings = (rules: 'opra' | 'seed') =>
  fc.record<Settings>({
    rules: fc.constant(rules),
    symbols: fc.constant(new Set(SYMBOLS)),
    minSize: fc.constantFrom(1, 10, 60),
    windowMs: fc.constantFrom(0, 50, 100, 500),
    quoteMaxAgeMs: fc.constantFrom(500, 5000),
  })

const byCancel = (cancels: readonly { sequence: number | null }[]) =>
  [...cancels].sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))

describe.each(['opra', 'seed'] as const)('under %s', (rules) => {
  it('agrees with the rules written naively, for any shards and any cut into slabs', () => {
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
        },
      ),
      { numRuns: rules === 'opra' ? 400 : 100, seed: 20261122 },
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
