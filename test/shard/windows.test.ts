import { expect, it } from 'vitest'
import { runTape } from '../model/run-tape.ts'
import type { Settings, TapeFrame } from '../model/types.ts'

const START = Date.UTC(2026, 7, 24, 14)
const SYM = 'O:QQQ260828C00500000'
const SETTINGS: Settings = {
  rules: 'opra',
  symbols: new Set(['QQQ']),
  minSize: 1,
  windowMs: 500,
  quoteMaxAgeMs: 5000,
}

const frame = (ms: number, ...events: readonly object[]): TapeFrame => ({
  recv: START + ms + 5,
  frame: JSON.stringify(events.map((event) => ({ sym: SYM, t: START + ms, ...event }))),
})
const quote = { ev: 'Q', bp: 1, ap: 1.1, bs: 1, as: 1, q: 1 }
/** A buy; `q` is its offset in ms, so that rows tell which leg they are. */
const buy = (ms: number, x: number) => ({ ev: 'T', x, p: 1.1, s: 10, q: ms + 1 })

/** Legs of each event, by their offsets. */
function events(offsets: readonly number[]): number[][] {
  const frames = offsets.map((ms, i) =>
    frame(ms, ...(i === 0 ? [{ ...quote, t: START }] : []), buy(ms, 302 + (i % 2))),
  )
  const { rows } = runTape(frames, SETTINGS, { shards: 1 })
  const legs = Map.groupBy(rows, (row) => row.event ?? `single ${row.sequence}`)
  return [...legs.values()].map((group) => group.map((row) => row.sequence! - 1))
}

it.each([
  ['a leg exactly W after the last joins', [0, 500], [[0, 500]]],
  ['one ms later it does not', [0, 501], [[0], [501]]],
  [
    'a leg exactly 4W after the first joins',
    [0, 500, 1000, 1500, 2000],
    [[0, 500, 1000, 1500, 2000]],
  ],
  [
    'beyond 4W the next window opens, however close the legs are',
    [0, 400, 800, 1200, 1600, 2000, 2001, 2100],
    [
      [0, 400, 800, 1200, 1600, 2000],
      [2001, 2100],
    ],
  ],
])('%s', (_, offsets, expected) => {
  expect(events(offsets)).toEqual(expected)
})
