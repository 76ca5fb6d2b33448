import { expect } from 'vitest'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { newCounts } from '../../src/reader/decode-counts.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { KIND_PRINT, KIND_QUOTE } from '../../src/slab/event-slab.ts'
import { type Answer, decodeAnswer, type Row } from './decode-reference.ts'

export const WATCHED: ReadonlySet<string> = new Set(['SPX', 'SPY'])
export const RECV = 1_765_800_000_000
export const TIME = RECV - 40
export const SPY = 'O:SPY251219P00650000'

export type Fields = Record<string, unknown>

export const PRINT: Fields = {
  ev: 'T',
  sym: SPY,
  x: 302,
  p: 1.54,
  s: 7,
  c: [233],
  t: TIME,
  q: 651921857,
}
export const QUOTE: Fields = {
  ev: 'Q',
  sym: SPY,
  bx: 302,
  ax: 308,
  bp: 9.71,
  ap: 9.81,
  bs: 17,
  as: 24,
  t: TIME,
  q: 8,
}

export const PRINT_ROW: Row = {
  kind: KIND_PRINT,
  ticker: SPY,
  time: TIME,
  priceA: 15_400,
  priceB: 651921857,
  sizeA: 7,
  sizeB: 302,
  conditions: [233],
  venues: 0,
}
export const QUOTE_ROW: Row = {
  kind: KIND_QUOTE,
  ticker: SPY,
  time: TIME,
  priceA: 97_100,
  priceB: 98_100,
  sizeA: 17,
  sizeB: 24,
  conditions: [],
  venues: 3 * 256 + 9,
}

export function setUp(contractsMax = 100, watched: ReadonlySet<string> | '*' = WATCHED) {
  const dictionary = new Dictionary({ watched, contractsMax })
  const decoder = new FrameDecoder({ dictionary })
  const decode = (text: string | Uint8Array, recv = RECV): Answer =>
    decodeAnswer(decoder, dictionary, Buffer.from(text as string), recv)
  return { dictionary, decoder, decode }
}

/**
 * One event decoded by the scanner and, with an escape in its `ev`, by JSON.parse: equal
 * answers.
 */
export function both(fields: Fields, recv = RECV): Answer {
  const text = JSON.stringify([fields])
  const scanned = setUp().decode(text, recv)
  const escaped = text.replace('"ev":"T"', '"ev":"\\u0054"').replace('"ev":"Q"', '"ev":"\\u0051"')
  expect(setUp().decode(escaped, recv)).toEqual(scanned)
  return scanned
}

export function counted(change: (counts: ReturnType<typeof newCounts>) => void) {
  const counts = newCounts()
  change(counts)
  return counts
}
