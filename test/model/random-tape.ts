import fc from 'fast-check'
import { newYorkDay } from '../../src/domain/new-york.ts'
import type { Settings, TapeFrame } from './types.ts'

const START = Date.UTC(2026, 7, 24, 14) // a Monday, 10:00 in New York
export const SYMBOLS = ['SPX', 'QQQ', 'IWM']
/** What most random tapes trade. */
export const CONTRACTS = [
  'O:SPXW260828C06475000',
  'O:SPX260918P06000000',
  'O:QQQ260828C00500000',
  'O:QQQ1260828P00505000', // no pair of call and put: parity has its own tests
  'O:IWM260828P00210000',
]

export type Step = {
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
export const WAITS = {
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

/** Random steps, for `tapeOf`. */
export const step = fc.record<Step>({
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
export function tapeOf(
  steps: readonly Step[],
  pace: keyof typeof WAITS,
  contracts: number,
  quotes: number,
  names: readonly string[] = CONTRACTS,
): TapeFrame[] {
  const frames: { recv: number; isEvidence: boolean; events: object[] }[] = []
  const prints: Record<string, unknown>[] = []
  let now = START
  let sequence = 1
  for (const s of steps) {
    now += WAITS[pace][s.wait]!
    const time = now - LATENESS[s.lateness]!
    const sym = names[s.contract % contracts]!
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

/** Random tapes of up to 220 steps. */
export const tape = fc
  .tuple(
    fc.array(step, { minLength: 1, maxLength: 220, size: 'max' }),
    fc.constantFrom('dense' as const, 'lookup' as const, 'even' as const, 'sparse' as const),
    fc.constantFrom(1, 2, 5),
    fc.constantFrom(0, 1, 4, 8),
  )
  .map(([steps, pace, contracts, quotes]) => tapeOf(steps, pace, contracts, quotes))

/** Random settings under `rules`. */
export const settings = (rules: 'opra' | 'seed') =>
  fc.record<Settings>({
    rules: fc.constant(rules),
    symbols: fc.constant(new Set(SYMBOLS)),
    minSize: fc.constantFrom(1, 10, 60),
    windowMs: fc.constantFrom(0, 50, 100, 500, 2000),
    quoteMaxAgeMs: fc.constantFrom(500, 5000),
    // a size of 100 at 1.00 dollar is worth 10,000
    lookupPremium: fc.constantFrom(0, 1, 1, 500, 10_000),
  })
