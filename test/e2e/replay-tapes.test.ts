import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RulesModel } from '../model/rules-model.ts'
import type { TapeFrame } from '../model/types.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { flow, imbalance, killLeftovers } from './flow-process.ts'
import { rowTexts, tableRows, tradeTypes } from './table.ts'

const tape = (name: string) => fileURLToPath(new URL(`../fixtures/tapes/${name}`, import.meta.url))

/** Rows that rules.md gives on the real tapes; the rules model agrees. */
const TAPES = [
  {
    name: 'vix-2016-06-01-morning.frames.jsonl.gz',
    symbol: 'VIX',
    prints: 977,
    opra: { BLOCK: 52, LARGE: 55, REGULAR: 384, SPLIT: 107, SWEEP: 1 },
    seed: { BLOCK: 53, LARGE: 70, REGULAR: 438 },
  },
  {
    name: 'spy-2024-06-14-500C.frames.jsonl.gz',
    symbol: 'SPY',
    prints: 98,
    opra: { REGULAR: 21, SPLIT: 5 },
    seed: { BLOCK: 2, LARGE: 1, REGULAR: 19 },
  },
  {
    name: 'spy-2023-03-13-390P.trades_v1.csv.gz',
    symbol: 'SPY',
    prints: 62,
    opra: { REGULAR: 5, SWEEP: 1 },
    seed: { BLOCK: 3, LARGE: 2, REGULAR: 1 },
  },
] as const

let postgres: TestPostgres
let folder: string
beforeAll(async () => {
  postgres = await startTestPostgres()
  folder = mkdtempSync(join(tmpdir(), 'flow-tapes-'))
})
afterEach(killLeftovers)
afterAll(async () => {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function replay(
  file: string,
  settings: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ url: string; account: ReturnType<typeof imbalanceFree>; rows: string[] }> {
  const url = await postgres.freshDatabase()
  const run = await flow(['replay', file, ...args], { DATABASE_URL: url, ...settings })
  expect([run.code, run.stderr]).toEqual([0, ''])
  return { url, account: imbalanceFree(run.account), rows: await rowTexts(url) }
}

/** The account, once it has been seen to balance. */
function imbalanceFree(account: Parameters<typeof imbalance>[0]) {
  expect(imbalance(account)).toBe(0)
  return account
}

const sum = (types: Readonly<Record<string, number>>) =>
  Object.values(types).reduce((all, n) => all + n, 0)

describe.each(TAPES)('$name', ({ name, symbol, prints, ...wanted }) => {
  describe.each(['opra', 'seed'] as const)('under %s', (rules) => {
    it('stores the same rows with 1, 2 and 4 shards, and as many as rules.md gives', async () => {
      const settings = { FLOW_RULES: rules, FLOW_SYMBOLS: symbol }
      const one = await replay(tape(name), { ...settings, FLOW_SHARDS: '1' })
      expect(await tradeTypes(one.url)).toEqual(wanted[rules])
      const stored = sum(wanted[rules])
      expect(one.account).toEqual({
        received: prints,
        filtered: 0,
        duplicate: 0,
        cancelled: 0,
        dropped: 0,
        below_min_size: prints - stored,
        stored,
      })
      for (const shards of ['2', '4']) {
        const more = await replay(tape(name), { ...settings, FLOW_SHARDS: shards })
        expect(more.account).toEqual(one.account)
        expect(more.rows).toEqual(one.rows)
      }
    })
  })
})

const textOf = (name: string) =>
  gunzipSync(readFileSync(tape(name)))
    .toString()
    .trim()

const framesOf = (name: string): TapeFrame[] =>
  name.endsWith('.csv.gz')
    ? framesOfFlatFile(textOf(name))
    : textOf(name)
        .split('\n')
        .map((line) => JSON.parse(line))

function framesOfFlatFile(text: string): TapeFrame[] {
  const rows = parse(text, { columns: true }) as Record<string, string>[]
  return rows.map((row) => {
    const event = {
      ev: 'T',
      sym: row.ticker,
      x: Number(row.exchange),
      p: Number(row.price),
      s: Number(row.size),
      t: Number(row.sip_timestamp!.slice(0, -6)),
      c: row.conditions!.split(',').filter(Boolean).map(Number),
    }
    return { recv: Number.NaN, frame: JSON.stringify([event]) }
  })
}

describe.each(TAPES)('$name', ({ name, symbol }) => {
  it.each(['opra', 'seed'] as const)('agrees with the rules model under %s', async (rules) => {
    const { url } = await replay(tape(name), { FLOW_RULES: rules, FLOW_SYMBOLS: symbol })
    const model = new RulesModel({
      rules,
      symbols: new Set([symbol]),
      minSize: 10,
      windowMs: 500,
      quoteMaxAgeMs: 5000,
    }).run(framesOf(name))
    type Sortable = { timestamp: unknown; sequence: unknown; price: unknown }
    const byTime = (a: Sortable, b: Sortable) =>
      Number(a.timestamp) - Number(b.timestamp) ||
      Number(a.sequence) - Number(b.sequence) ||
      Number(a.price) - Number(b.price)
    const expected = model.rows
      .filter((row) => row.stored)
      .map((row) => ({
        contract_ticker: row.contract,
        timestamp: row.timestamp,
        received_at: Number.isNaN(row.received) ? null : row.received,
        sequence: row.sequence,
        price: row.price / 10_000,
        size: row.size,
        trade_type: row.tradeType,
        sentiment: row.sentiment,
        aggressiveness: row.aggressiveness,
        side: row.side,
        dte: row.dte,
        exchange: row.exchange,
        conditions: row.conditions,
        bid: row.bid === null ? null : row.bid / 10_000,
        ask: row.ask === null ? null : row.ask / 10_000,
        quote_age_ms: row.quoteAge,
        event_legs: row.eventLegs,
        event_span_ms: row.eventSpan,
        is_multi_leg: row.isMultiLeg,
        is_late: row.isLate,
        is_unusual_volume: row.isUnusual,
      }))
      .sort(byTime)
    const columns = Object.keys(expected[0]!)
    const rows = (await tableRows(url))
      .map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])))
      .sort((a, b) => byTime(a as never, b as never))
    expect(rows).toEqual(expected)
  })
})

describe('a piece of the VIX tape', () => {
  const piece = () =>
    framesOf('vix-2016-06-01-morning.frames.jsonl.gz').filter(
      ({ recv }) => recv >= 1464789379330 && recv < 1464789399330,
    )
  const write = (name: string, frames: readonly TapeFrame[]) => {
    const file = join(folder, name)
    writeFileSync(file, frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''))
    return file
  }
  const settings = { FLOW_SYMBOLS: 'VIX', FLOW_SHARDS: '2' }

  it('gives the same rows at ten times the speed of the market', async () => {
    const file = write('piece.frames.jsonl', piece())
    const atOnce = await replay(file, settings, ['--speed', 'max'])
    const before = performance.now()
    const atTen = await replay(file, settings, ['--speed', '10'])
    // the tape lasts nearly 20 s: at speed 10 it cannot be over before this
    expect(performance.now() - before).toBeGreaterThan(1500)
    expect(atTen.rows.length).toBeGreaterThan(0)
    expect(atTen.rows).toEqual(atOnce.rows)
  })

  it('gives the same rows when frames of one moment travel as one or event by event', async () => {
    const whole = await replay(write('whole.frames.jsonl', piece()), settings)
    const single = piece().flatMap(({ recv, frame }) =>
      JSON.parse(frame).map((event: object) => ({ recv, frame: JSON.stringify([event]) })),
    )
    const joined: { recv: number; events: object[] }[] = []
    for (const { recv, frame } of piece()) {
      if (joined.at(-1)?.recv !== recv) joined.push({ recv, events: [] })
      joined.at(-1)!.events.push(...JSON.parse(frame))
    }
    const asOne = joined.map(({ recv, events }) => ({ recv, frame: JSON.stringify(events) }))
    expect(asOne.length).toBeLessThan(piece().length)
    expect((await replay(write('single.frames.jsonl', single), settings)).rows).toEqual(whole.rows)
    expect((await replay(write('joined.frames.jsonl', asOne), settings)).rows).toEqual(whole.rows)
  })
})

describe('the flat file', () => {
  it('has neither sequences, receive times nor quotes', async () => {
    const { url } = await replay(tape(TAPES[2].name), {
      FLOW_SYMBOLS: 'SPY',
      FLOW_MIN_SIZE: '1',
    })
    const rows = await tableRows(url)
    expect(rows).toHaveLength(62)
    for (const row of rows) {
      expect(row).toMatchObject({
        sequence: null,
        received_at: null,
        bid: null,
        quote_age_ms: null,
      })
      expect(row.side).toBe('UNKNOWN')
    }
    // two exact copies of one row are two prints
    const copies = await query(
      url,
      `SELECT 1 FROM options_flow_history WHERE timestamp = 1678719975903 AND price = 9.35
       AND size = 2 AND exchange IS NOT NULL`,
    )
    expect(copies).toHaveLength(2)
  })

  it('of quotes is refused in one line that says what is missing', async () => {
    const run = await flow(['replay', tape('spy-2023-03-28-720P.quotes_v1.csv.gz')], {
      DATABASE_URL: postgres.adminUrl,
    })
    expect(run.code).toBe(2)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    expect(run.stderr).toContain('lacks price, size')
  })
})
