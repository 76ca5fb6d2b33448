import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { rowsOf } from '../../bench/labels/engine.ts'
import { QuoteSource, Sentiment, Side, TRADE_TYPE_TEXT } from '../../src/domain/labels.ts'
import { encodeNbbo } from '../../src/reader/evidence.ts'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import { readRecording } from '../../src/recording/read.ts'

const START = Date.UTC(2026, 10, 20, 15)
const CALL = 'O:SPY261218C00600000'

function frame(afterMs: number, bytes: Buffer): RecordedFrame {
  return { recv: START + afterMs, clock: afterMs, connection: 0, bytes, isBinary: false }
}

function event(afterMs: number, fields: object): RecordedFrame {
  return frame(afterMs, Buffer.from(JSON.stringify([{ sym: CALL, t: START + afterMs, ...fields }])))
}

/** $50,000 of premium at 5.00 dollars. */
const print = (afterMs: number, fields: object = {}) =>
  event(afterMs, { ev: 'T', x: 302, p: 5, s: 100, q: 1 + afterMs, ...fields })

const answer = (afterMs: number, at: number) => {
  const quote = { time: START + at - 10, bid: 4.9, ask: 5 }
  return frame(afterMs, encodeNbbo([{ ticker: CALL, at: START + at, quote }]))
}

it.each([
  ['opra', { BLOCK: 52, LARGE: 55, REGULAR: 384, SPLIT: 107, SWEEP: 1 }],
  ['seed', { BLOCK: 53, LARGE: 70, REGULAR: 438 }],
] as const)('stores of a recorded tape what flow replay stores under %s', async (rules, types) => {
  const tape = '../fixtures/tapes/vix-2016-06-01-morning.frames.jsonl.gz'
  const frames: RecordedFrame[] = []
  for await (const batch of readRecording(fileURLToPath(new URL(tape, import.meta.url)))) {
    frames.push(...batch)
  }
  const rows = rowsOf(frames, rules)
  const byType = Map.groupBy(rows, ({ tradeType }) => TRADE_TYPE_TEXT[tradeType]!)
  expect(Object.fromEntries([...byType].map(([type, { length }]) => [type, length]))).toEqual(types)
})

it('labels a print by an answer in time, and revises it by a late one', () => {
  for (const answeredAfterMs of [100, 3_000]) {
    const frames = [print(0), answer(answeredAfterMs, 0), print(4_000, { s: 10 })]
    const [first] = rowsOf(frames, 'opra')
    expect(first).toMatchObject({
      side: Side.Buy,
      sentiment: Sentiment.Bullish,
      quoteSource: QuoteSource.Rest,
      premium: 50_000,
    })
  }
})

it('leaves out what a cancel took back, in the window and after it', () => {
  for (const cancelledAfterMs of [50, 3_000]) {
    const frames = [print(0), print(20, { p: 6 }), print(cancelledAfterMs, { c: [201] })]
    expect(rowsOf(frames, 'opra').map(({ premium }) => premium)).toEqual([60_000])
  }
})
