import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readWindow } from '../../src/flow/query.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { insertRows } from '../api/stored-print.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { queryOf, ROW, type StoredFlow, storeFlow } from './stored-flow.ts'
import { type SummedPrint, sumsOf } from './sums.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Not the first of a minute, and an hour before midnight: windows go over two partitions. */
const START = Date.UTC(2025, 10, 21, 23, 7, 13, 500)

let postgres: TestPostgres
let url: string
let client: pg.Client

beforeAll(async () => {
  postgres = await startTestPostgres()
  url = await postgres.freshDatabase()
  await migrateDatabase(url)
  client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const day of ['2025-11-21', '2025-11-22']) {
    await client.query('SELECT flow_ensure_partition($1::date)', [day])
  }
})
afterAll(async () => {
  await client?.end()
  await postgres.stop()
})
beforeEach(async () => {
  await client.query('TRUNCATE options_flow_history, flow_gaps')
})

type Labels = Pick<StoredFlow, 'trade_type' | 'sentiment' | 'aggressiveness' | 'side'>

/** A print with all that ever happened to it, and when each was known. */
type History = {
  readonly row: StoredFlow
  readonly knownAt: number
  /** Null: taken out. */
  readonly changes: readonly { readonly at: number; readonly labels: Labels | null }[]
}

const anyLabels = fc
  .record({
    trade_type: fc.constantFrom('SWEEP', 'BLOCK', 'SPLIT', 'LARGE', 'REGULAR'),
    aggressiveness: fc.constantFrom('PASSIVE', 'NORMAL', 'AGGRESSIVE'),
    side: fc.constantFrom('BUY', 'SELL', 'MID', 'UNKNOWN'),
  })
  .map((labels) => ({ ...labels, sentiment: '' }))

/** Around the edges of minutes more often than not. */
const anyOffset = fc.oneof(
  fc.integer({ min: 0, max: 3 * HOUR_MS }),
  fc
    .tuple(fc.nat(180), fc.integer({ min: -2, max: 2 }))
    .map(([minutes, ms]) => minutes * MINUTE_MS - (START % MINUTE_MS) + ms),
)
const anyDelay = fc.oneof(
  fc.constant(null), // a flat file
  fc.integer({ min: -MINUTE_MS, max: 200 }),
  fc.integer({ min: 0, max: 3 * MINUTE_MS }),
  fc.integer({ min: 0, max: HOUR_MS }),
)

const anyHistory = fc
  .record({
    symbol: fc.constantFrom('SPX', 'SPX', 'SPX', 'NDX'),
    offset: anyOffset,
    delay: anyDelay,
    isFilled: fc.boolean(),
    size: fc.integer({ min: 1, max: 900 }),
    cents: fc.integer({ min: 0, max: 90_000 }),
    isCall: fc.boolean(),
    labels: anyLabels,
    changes: fc.array(
      fc.record({
        wait: fc.oneof(fc.nat(2000), fc.nat(MINUTE_MS), fc.nat(HOUR_MS)),
        labels: fc.option(anyLabels, { freq: 2 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map((made): History => {
    const timestamp = START + made.offset
    const isFill = made.isFilled && made.delay !== null && made.delay > 0
    const option_type = made.isCall ? 'call' : 'put'
    const labelled = (labels: Labels): Labels => {
      const isBullish = (labels.side === 'BUY') === made.isCall
      // what the seed rules give: a sentiment without a side must not lean
      return { ...labels, sentiment: isBullish ? 'BULLISH' : 'BEARISH' }
    }
    const row: StoredFlow = {
      ...labelled(made.labels),
      symbol: made.symbol,
      timestamp,
      received_at: made.delay === null || isFill ? null : timestamp + made.delay,
      filled_at: isFill ? timestamp + made.delay! : null,
      sequence: 0,
      size: made.size,
      premium: made.cents / 100,
      option_type,
    }
    const knownAt = row.received_at ?? row.filled_at ?? timestamp
    let at = knownAt
    const changes: { at: number; labels: Labels | null }[] = []
    for (const { wait, labels } of made.changes) {
      at += wait
      changes.push({ at, labels: labels === null ? null : labelled(labels) })
      if (labels === null) break
    }
    return { row, knownAt, changes }
  })

/** Stores what was known of each print at first, then lets it happen. */
async function store(histories: readonly History[]): Promise<void> {
  const rows = histories.map(({ row }, sequence) => ({ ...row, sequence }))
  await storeFlow(client, rows)
  for (const [sequence, { changes }] of histories.entries()) {
    for (const { at, labels } of changes) {
      await client.query('BEGIN')
      await client.query("SELECT set_config('flow.known_at', $1, true)", [`${at}`])
      if (labels === null) {
        await client.query('DELETE FROM options_flow_history WHERE sequence = $1', [sequence])
      } else {
        await client.query(
          `UPDATE options_flow_history SET trade_type = $2, sentiment = $3, aggressiveness = $4,
             side = $5 WHERE sequence = $1`,
          [sequence, labels.trade_type, labels.sentiment, labels.aggressiveness, labels.side],
        )
      }
      await client.query('COMMIT')
    }
  }
}

/** What the table had at `at`, of the window before it: each history played up to there. */
function modelOf(histories: readonly History[], from: number, at: number) {
  const prints: SummedPrint[] = []
  let newest: number | null = null
  for (const { row, knownAt, changes } of histories) {
    const labels = changes
      .filter((change) => change.at <= at)
      .reduce<Labels | null>((_, change) => change.labels, row)
    if (row.symbol !== 'SPX' || row.timestamp <= from || knownAt > at || labels === null) continue
    prints.push({
      type: labels.trade_type as SummedPrint['type'],
      side: labels.side as SummedPrint['side'],
      aggressiveness: labels.aggressiveness as SummedPrint['aggressiveness'],
      isCall: row.option_type === 'call',
      size: row.size,
      premium: row.premium,
    })
    newest = Math.max(newest ?? 0, row.timestamp)
  }
  return { sums: sumsOf(prints), newest }
}

/** Of premiums only what doubles add up to differs. */
function rounded(found: { sums: object; newest: number | null }): object {
  const sums = Object.entries(found.sums).map(([name, sum]) => [name, Math.round(sum * 100) / 100])
  return { ...Object.fromEntries(sums), newest: found.newest }
}

describe('readWindow', () => {
  it('sees at every moment what a replay up to there has, and live all that is stored', async () => {
    // most often just before or after something was known, and within its minute
    const anyTime = fc.record({
      offset: anyOffset,
      pick: fc.option(fc.nat(), { freq: 4 }),
      wait: fc.oneof(fc.constantFrom(-1, 0, 1), fc.nat(3000)),
    })
    const anyTimes = fc.array(anyTime, { minLength: 4, maxLength: 4 })
    await fc.assert(
      fc
        .asyncProperty(
          fc.array(anyHistory, { minLength: 1, maxLength: 25 }),
          anyTimes,
          async (histories, times) => {
            await store(histories)
            const query = queryOf(client)
            const moments = histories.flatMap(({ knownAt, changes }) => [
              knownAt,
              ...changes.map((change) => change.at),
            ])
            for (const { offset, pick, wait } of times) {
              for (const windowMs of [HOUR_MS, 4 * HOUR_MS]) {
                const at =
                  pick === null
                    ? START + 20 * MINUTE_MS + offset
                    : moments[pick % moments.length]! + wait
                const asked = { symbol: 'SPX', windowMs, at }
                const found = await readWindow(query, { ...asked, isAsOf: true })
                const expected = modelOf(histories, at - windowMs, at)
                expect(rounded(found), `as of ${at - START}, ${windowMs}`).toEqual(
                  rounded(expected),
                )
                const live = await readWindow(query, { ...asked, isAsOf: false })
                // what is more than a minute ahead is of a tape of another day
                const end = (Math.floor(at / MINUTE_MS) + 2) * MINUTE_MS
                const until = histories.filter(({ row }) => row.timestamp < end)
                const stored = modelOf(until, at - windowMs, Number.POSITIVE_INFINITY)
                expect(rounded(live), `live ${at - START}, ${windowMs}`).toEqual(rounded(stored))
              }
            }
          },
        )
        .beforeEach(async () => {
          await client.query('TRUNCATE options_flow_history')
        }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['within a minute', START],
    ['on a minute', START - (START % MINUTE_MS)],
  ])('takes the first ms behind the start, not the start: %s', async (_, at) => {
    const from = at - HOUR_MS
    await storeFlow(client, [
      { ...ROW, timestamp: from, received_at: from },
      { ...ROW, timestamp: from + 1, received_at: from + 1 },
    ])
    for (const isAsOf of [true, false]) {
      const asked = { symbol: 'SPX', windowMs: HOUR_MS, at, isAsOf }
      expect((await readWindow(queryOf(client), asked)).sums.trades).toBe(1)
    }
  })
})

describe('since when a symbol is watched', () => {
  const DAY_MS = 24 * HOUR_MS
  const minute = (at: number) => at - (at % MINUTE_MS)
  const print = (timestamp: number, over: Partial<StoredFlow> = {}): StoredFlow => ({
    ...ROW,
    timestamp,
    received_at: timestamp,
    ...over,
  })
  const sinceAt = async (at: number, isAsOf: boolean) => {
    const asked = { symbol: 'SPX', windowMs: HOUR_MS, at, isAsOf }
    return (await readWindow(queryOf(client), asked)).since
  }
  const AGO = START - 30 * MINUTE_MS

  it.each<[string, StoredFlow[], number | null, number | null]>([
    ['never', [], null, null],
    ['since its first print', [print(AGO), print(START)], minute(AGO), minute(AGO)],
    ['another symbol does not count', [print(AGO, { symbol: 'NDX' })], null, null],
    ['an hour before the window', [print(START - 2 * HOUR_MS)], minute(START - 2 * HOUR_MS), 1],
    ['not for a print that was known later', [print(AGO, { received_at: START + 1 })], 1, null],
    [
      'not for a print in time that was known a moment later',
      [print(START - 5_000, { received_at: START + 5_000 })],
      1,
      null,
    ],
    [
      'for what a fill put in, once it did',
      [print(AGO, { received_at: null, filled_at: START - MINUTE_MS })],
      minute(AGO),
      minute(AGO),
    ],
    [
      'not before a fill did',
      [print(AGO, { received_at: null, filled_at: START + 1 }), print(START - 5 * MINUTE_MS)],
      minute(AGO),
      minute(START - 5 * MINUTE_MS),
    ],
  ])('%s', async (_, rows, live, asOf) => {
    await storeFlow(client, rows)
    const first = minute(rows[0]?.timestamp ?? 0)
    expect(await sinceAt(START, false)).toBe(live === 1 ? first : live)
    expect(await sinceAt(START, true)).toBe(asOf === 1 ? first : asOf)
  })

  it('what is more than a week before the window says nothing', async () => {
    for (const day of ['2025-11-13', '2025-11-15']) {
      await client.query('SELECT flow_ensure_partition($1::date)', [day])
    }
    await storeFlow(client, [print(START - 8 * DAY_MS)])
    expect(await sinceAt(START, false)).toBeNull()
    await storeFlow(client, [print(START - 6 * DAY_MS)])
    expect(await sinceAt(START, false)).toBe(minute(START - 6 * DAY_MS))
  })
})

describe('gaps of a window', () => {
  const gap = (over: object): Record<string, unknown> => ({
    gap_id: 'a',
    started_at: START - 30 * MINUTE_MS,
    ended_at: START - 20 * MINUTE_MS,
    symbols: ['SPX', 'NDX'],
    reason: 'socket closed',
    filled: 0,
    status: 'unfilled',
    ...over,
  })
  const gapsAt = async (at: number, isAsOf = true) => {
    const asked = { symbol: 'SPX', windowMs: HOUR_MS, at, isAsOf }
    return (await readWindow(queryOf(client), asked)).gaps
  }

  it('are those of the symbol or of all that overlap it, the oldest first', async () => {
    await insertRows(url, 'flow_gaps', [
      gap({}),
      gap({ gap_id: 'b', started_at: START - 2 * HOUR_MS, symbols: ['*'] }),
      gap({ gap_id: 'of another symbol', symbols: ['NDX'] }),
      gap({ gap_id: 'over', started_at: START - 3 * HOUR_MS, ended_at: START - HOUR_MS }),
      gap({ gap_id: 'later', started_at: START + 1, ended_at: START + 2 }),
    ])
    const told = { endedAt: START - 20 * MINUTE_MS, reason: 'socket closed', status: 'unfilled' }
    expect(await gapsAt(START)).toEqual([
      { startedAt: START - 2 * HOUR_MS, ...told },
      { startedAt: START - 30 * MINUTE_MS, ...told },
    ])
  })

  it('are open for as long as they had not ended, whatever became of them', async () => {
    const ended = START - 20 * MINUTE_MS
    await insertRows(url, 'flow_gaps', [gap({ status: 'filled' })])
    expect(await gapsAt(ended - 1)).toMatchObject([{ endedAt: null, status: 'open' }])
    expect(await gapsAt(ended)).toMatchObject([{ endedAt: ended, status: 'filled' }])
    await client.query("UPDATE flow_gaps SET ended_at = NULL, status = 'open'")
    expect(await gapsAt(START)).toMatchObject([{ endedAt: null, status: 'open' }])
    expect(await gapsAt(START, false)).toMatchObject([{ endedAt: null, status: 'open' }])
  })

  it('are unfilled until the moment at which the prints of their fill came', async () => {
    const filledAt = START + 5 * MINUTE_MS
    await insertRows(url, 'flow_gaps', [gap({ status: 'filled', filled: 1 })])
    const timestamp = START - 25 * MINUTE_MS
    await storeFlow(client, [{ ...ROW, timestamp, received_at: null, filled_at: filledAt }])
    expect(await gapsAt(filledAt - 1)).toMatchObject([{ status: 'unfilled' }])
    expect(await gapsAt(filledAt)).toMatchObject([{ status: 'filled' }])
    expect(await gapsAt(START, false)).toMatchObject([{ status: 'filled' }])
  })
})
