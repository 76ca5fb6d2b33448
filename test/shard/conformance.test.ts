import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runTape } from '../model/run-tape.ts'
import type { ModelRow, Settings, TapeFrame } from '../model/types.ts'

// Cases of LuxAlgo/whale-options@f87f74e (MIT) as vendor frames, with what rules.md demands of
// them.
const folder = new URL('../fixtures/conformance/', import.meta.url)
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.expect.json'))
  .map((name) => name.slice(0, -'.expect.json'.length))

type Expected = {
  settings: Record<string, string | number>
  rows: Record<string, unknown>[]
  seed_rows: Record<string, unknown>[]
  cancels: { cancel_sequence: number; removes_sequence: number | null }[]
  account: Record<string, number>
  stored: number[]
}

function load(name: string): { frames: TapeFrame[]; expected: Expected } {
  const lines = readFileSync(new URL(`${name}.frames.jsonl`, folder), 'utf8')
    .trim()
    .split('\n')
  const expected = readFileSync(new URL(`${name}.expect.json`, folder), 'utf8')
  return { frames: lines.map((line) => JSON.parse(line)), expected: JSON.parse(expected) }
}

function settingsOf({ settings }: Expected, rules: 'opra' | 'seed'): Settings {
  return {
    rules,
    symbols: new Set(String(settings.FLOW_SYMBOLS).split(',')),
    minSize: Number(settings.FLOW_MIN_SIZE),
    windowMs: Number(settings.FLOW_SWEEP_WINDOW_MS),
    quoteMaxAgeMs: Number(settings.FLOW_QUOTE_MAX_AGE_MS),
  }
}

/** A row under the names of the table, as far as the classifier decides them. */
function named(row: ModelRow): Record<string, unknown> {
  return {
    sequence: row.sequence,
    contract_ticker: row.contract,
    timestamp: row.timestamp,
    price: row.price / 10_000,
    size: row.size,
    premium: (row.price * row.size) / 100,
    trade_type: row.tradeType,
    side: row.side,
    sentiment: row.sentiment,
    aggressiveness: row.aggressiveness,
    dte: row.dte,
    is_sweep: row.isSweep,
    is_block: row.isBlock,
    is_above_ask: row.isAboveAsk,
    is_below_bid: row.isBelowBid,
    is_unusual_volume: row.isUnusual,
    is_multi_leg: row.isMultiLeg,
    is_late: row.isLate,
    exchange: row.exchange,
    conditions: row.conditions,
    bid: row.bid === null ? null : row.bid / 10_000,
    ask: row.ask === null ? null : row.ask / 10_000,
    bid_size: row.bidSize,
    ask_size: row.askSize,
    quote_age_ms: row.quoteAge,
    event_legs: row.eventLegs,
    event_span_ms: row.eventSpan,
  }
}

function expectRow(row: ModelRow, expected: Record<string, unknown>): void {
  const ours = named(row)
  for (const [name, value] of Object.entries(expected)) {
    if (name in ours) expect([name, ours[name]]).toEqual([name, value])
  }
}

describe.each(cases)('%s', (name) => {
  const { frames, expected } = load(name)

  it.each([1, 2, 4])('gives the rows that rules.md demands with %i shards', (shards) => {
    const run = runTape(frames, settingsOf(expected, 'opra'), { shards })
    const bySequence = (a: ModelRow, b: ModelRow) => a.sequence! - b.sequence!
    const rows = [...run.rows].sort(bySequence)
    expect(rows.map((row) => row.sequence)).toEqual(expected.stored)
    rows.forEach((row, i) => {
      expectRow(row, expected.rows[i]!)
    })
    // one event, one id: rows with the same label share it, null means none
    const ids = new Map<unknown, string | null>()
    rows.forEach((row, i) => {
      const label = expected.rows[i]!.event
      if (!ids.has(label)) ids.set(label, row.event)
      expect(row.event).toBe(label === null ? null : ids.get(label))
    })
    expect(new Set(ids.values()).size).toBe(ids.size)
    expect(run.account).toMatchObject(expected.account)
    const cancels = run.cancels.map((c) => ({
      cancel_sequence: c.sequence,
      removes_sequence: c.removedSequence,
    }))
    expect(cancels).toEqual(expected.cancels)
  })

  it('gives the labels of the original specification under seed', () => {
    const run = runTape(frames, settingsOf(expected, 'seed'), { shards: 1 })
    for (const wanted of expected.seed_rows) {
      const row = run.rows.find(({ sequence }) => sequence === wanted.sequence)
      expect(row).toBeDefined()
      expectRow(row!, wanted)
    }
  })
})
