import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StoredRow } from '../../src/fill/stored-rows.ts'
import type { TapePrint, TapeQuote } from '../../src/fill/tape.ts'
import { EXCHANGE_NONE } from '../../src/slab/event-slab.ts'
import { exchangeText } from '../../src/writer/copy-blocks.ts'
import { runTape } from '../model/run-tape.ts'
import type { TapeFrame } from '../model/types.ts'
import { fillTable, storedRow, TICKER } from './table.ts'

const START = Date.UTC(2026, 7, 24, 14)
const WAITS = [0, 0, 0, 1, 50, 100, 400, 500, 501, 900, 2500]
const SIZES = [1, 3, 5, 9, 10, 60, 120, 500]
const CONDITIONS = [[], [], [209], [219], [230], new Array<number>(40).fill(209)]
const RULES = { minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 }

const step = fc.record({
  wait: fc.constantFrom(...WAITS),
  kind: fc.nat(9),
  price: fc.nat(3),
  size: fc.constantFrom(...SIZES),
  // 0 and one that the decoder has no room for among them
  exchange: fc.constantFrom(302, 313, 302, 313, null, 0, 2 ** 31),
  conditions: fc.constantFrom(...CONDITIONS),
  pick: fc.nat(20),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

type Day = { readonly prints: TapePrint[]; readonly quotes: TapeQuote[]; readonly events: object[] }

/** A day of one contract: quotes, prints and cancels in the order of their times. */
function dayOf(steps: readonly Step[]): Day {
  const day: Day = { prints: [], quotes: [], events: [] }
  let now = START
  for (const [i, s] of steps.entries()) {
    now += s.wait
    const earlier = day.prints[day.prints.length - 1 - (s.pick % Math.max(1, day.prints.length))]
    if (s.kind < 2) {
      const quote = { t: now, bp: 1 + s.price / 100, ap: 1.02 + s.price / 100, bs: 5, as: 7 }
      // of quotes at one time the feed's last counts, and prints of that time come behind it
      if (day.prints.at(-1)?.t === now || day.quotes.at(-1)?.t === now) continue
      day.quotes.push(quote)
      day.events.push({ ev: 'Q', sym: TICKER, ...quote })
    } else {
      const isCancel = s.kind === 2 && earlier !== undefined && earlier.c[0] !== 201
      const print = isCancel
        ? { ...earlier, t: now, c: [201], q: i + 1 }
        : { t: now, p: 1 + s.price / 100, s: s.size, x: s.exchange, c: s.conditions, q: i + 1 }
      day.prints.push(print)
      const { x, q, ...rest } = print
      day.events.push({ ev: 'T', sym: TICKER, ...rest, q, ...(x === null ? {} : { x }) })
    }
  }
  return day
}

function run(events: readonly object[], rules: 'opra' | 'seed', openInterest: number | null) {
  const reference = { ev: 'flow.contract', sym: TICKER, date: '2026-08-24', oi: openInterest }
  const frames: TapeFrame[] = events.map((event) => {
    return { recv: (event as { t: number }).t + 5, frame: JSON.stringify([event]) }
  })
  if (openInterest !== null) {
    frames.unshift({ recv: START, clock: START, frame: JSON.stringify([reference]) })
  }
  const settings = { rules, symbols: new Set(['SPX']), ...RULES }
  return runTape(frames, settings, { shards: 1 })
}

/** What must be equal: `wasThere` rows keep what was known of sizes when they came. */
function comparable(row: StoredRow, wasThere: boolean, events: ReadonlyMap<string, string>) {
  const isSweep = row.tradeType === 0
  const usual = row.openInterest < 0 && wasThere ? null : row.isUnusual
  return {
    key: keyOf(row),
    side: row.side,
    sentiment: row.sentiment,
    tradeType: wasThere ? isSweep : row.tradeType,
    aggressiveness: row.aggressiveness,
    isSweep: row.isSweep,
    isUnusual: usual,
    bid: row.bid,
    ask: row.ask,
    quoteAge: row.quoteAge,
    dayVolume: row.dayVolume,
    eventLegs: row.eventLegs,
    eventSpan: row.eventSpan,
    event: row.eventId === null ? null : events.get(row.eventId),
    average: wasThere ? null : [row.averageCount, Math.fround(row.averageSize)],
  }
}

const keyOf = (row: StoredRow) => JSON.stringify([row.time, row.sequence, row.price, row.size])

/** Each event by its legs. */
function eventsOf(table: readonly StoredRow[]): Map<string, string> {
  const legs = new Map<string, string[]>()
  for (const row of table) {
    if (row.eventId !== null) legs.set(row.eventId, [...(legs.get(row.eventId) ?? []), keyOf(row)])
  }
  return new Map([...legs].map(([id, keys]) => [id, keys.sort().join()]))
}

test.each(['opra', 'seed'] as const)(
  'after a fill the table is that of a run that had it all (%s)',
  (rules) => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
        fc.nat(60),
        fc.nat(60),
        fc.constantFrom(null, 0, 50, 400),
        (steps, first, length, openInterest) => {
          const day = dayOf(steps)
          if (day.prints.length === 0) return
          const from = day.prints[first % day.prints.length]!.t
          const to = day.prints[Math.min(day.prints.length - 1, first + length)]!.t
          const received = day.events.filter((event) => {
            const { ev, t } = event as { ev: string; t: number }
            return ev === 'Q' || t < from || t > to
          })
          const all = run(day.events, rules, openInterest)
          const some = run(received, rules, openInterest)
          const whole = all.rows.map(storedRow)
          const stored = some.rows.map(storedRow)
          const cancels = some.cancels.map(({ timestamp, sequence }) => {
            const message = day.prints.find(({ q }) => q === sequence)!
            return {
              time: timestamp,
              sequence: sequence ?? Number.NaN,
              price: Math.round(message.p * 10_000),
              size: message.s,
              exchange: message.x === 2 ** 31 ? null : exchangeText(message.x ?? EXCHANGE_NONE),
              removedTime: Number.NaN,
              removedSequence: Number.NaN,
            }
          })
          const fill = {
            ...day,
            scope: { inserts: { from: START, to: START + 86_400_000 }, gaps: [{ from, to }] },
            rules: { rules, ...RULES },
            reference:
              openInterest === null ? null : { ticker: TICKER, date: '2026-08-24', openInterest },
          }
          const { table, cancels: recorded } = fillTable({ ...fill, stored, cancels })
          const there = new Set(stored.map(keyOf))
          // a small leg whose sweep turns out to be none stays: nothing is taken out of the table
          const kept = table.filter((row) => row.size >= RULES.minSize || row.eventId !== null)
          const seen = (rows: readonly StoredRow[]) => {
            const events = eventsOf(rows)
            return rows
              .map((row) => comparable(row, there.has(keyOf(row)), events))
              .sort((a, b) => (a.key < b.key ? -1 : 1))
          }
          expect(seen(kept)).toEqual(seen(whole))
          expect(recorded.length).toBe(all.cancels.length)
          const again = fillTable({ ...fill, stored: table, cancels: recorded }).merged
          const nothing = { inserts: [], revisions: [], events: [], emptied: [], cancels: [] }
          expect(again).toMatchObject(nothing)
        },
      ),
      { numRuns: 60, seed: 20_261_122 },
    )
  },
)
