import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { storeSums } from '../../src/rollup/store-sums.ts'
import { VECTOR, VECTOR_COLUMNS } from '../../src/rollup/vector.ts'
import { copyRows } from '../../src/writer/connection.ts'
import { CopyBuffer } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { drift, rollupSize } from '../rollup/drift.ts'
import { definitionsOf, PLAIN, type Row, slabOf } from '../writer/rows.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from './database.ts'
import { CONTRACTS, drawnRow } from './row-model.ts'
import { cancelOf, postRows, startedWriter } from './started-writer.ts'

const DAY = 86_400_000
const MINUTE = 60_000

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})
afterEach(async () => {
  expect(await drift(url)).toEqual([])
})

async function life(
  slabs: readonly (readonly Partial<Row>[])[],
  options: { retentionDays?: number; mayFail?: boolean } = {},
): Promise<void> {
  const { retentionDays = null, mayFail = false } = options
  const { writer, seen } = await startedWriter(url, { retentionDays })
  for (const rows of slabs) postRows(writer, rows)
  await writer.drain()
  await writer.stop()
  if (!mayFail) expect(seen.errors).toEqual([])
}

const print = (arrival: number, change: Partial<Row> = {}): Partial<Row> => ({
  arrival,
  sequence: arrival,
  side: arrival % 3,
  sentiment: arrival % 3,
  tradeType: arrival % 5,
  aggressiveness: arrival % 3,
  ...change,
})

describe('the rollups', () => {
  it('have the columns of the vector, in order', async () => {
    await migrateDatabase(url)
    for (const table of ['flow_minute_sums', 'flow_corrections']) {
      const columns = await query<{ name: string; type: string }>(
        url,
        `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
         WHERE attrelid = '${table}'::regclass AND attnum > 0 ORDER BY attnum`,
      )
      const vector = columns.slice(-VECTOR_COLUMNS.length)
      expect(Object.fromEntries(vector.map(({ name, type }) => [name, type]))).toEqual(VECTOR)
      expect(vector.map(({ name }) => name)).toEqual(VECTOR_COLUMNS)
    }
  })

  it('are the sums of any rows, also those that no minute and no double holds', async () => {
    await migrateDatabase(url)
    const rows = fc.sample(drawnRow, { seed: 5, numRuns: 3_000 }).map((row, place) => {
      const near = place % 2 === 0 ? { recv: row.time + (place % 200) * 1_000 } : {}
      const far = place % 50 === 0 ? { time: 2 ** 53 - 1 - place, recv: Number.NaN } : {}
      return { ...row, conditions: 0, ...near, ...far, arrival: place + 1 }
    })
    await withClient(url, async (client) => {
      for (const filledAt of [Number.NaN, PLAIN.time]) {
        const encoder = new RowEncoder('opra', filledAt)
        encoder.define(definitionsOf(CONTRACTS))
        const out = new CopyBuffer()
        encoder.encode(slabOf(rows), 0, rows.length, out, 10_000, 1 << 28)
        const bytes = out.bytes.subarray(0, out.length)
        await copyRows(client, bytes, 'options_flow_history')
        await storeSums(client, out.sums.toGroups())
      }
    })
    const { rows: stored, sums, corrections } = await rollupSize(url)
    expect(stored).toBe(6_000)
    expect(sums).toBeGreaterThan(500)
    expect(corrections).toBeGreaterThan(3_500)
    const most = 'SELECT max(minute) AS minute FROM flow_minute_sums'
    expect(await query(url, most)).toEqual([{ minute: 2 ** 31 - 1 }])
  })

  it('leave out rows that were stored before, and count the new ones beside them', async () => {
    await life([[print(1), print(2), print(3)]])
    await life([[print(2, { recv: 5 }), print(3), print(4, { time: PLAIN.time + 1 }), print(5)]])
    expect((await rollupSize(url)).rows).toBe(5)
  })

  it('leave out rows that are set aside, and keep those beside them', async () => {
    await life([[print(1)]])
    await query(url, 'ALTER TABLE options_flow_history ADD CHECK (size <> 13)')
    const rows = Array.from({ length: 40 }, (_, at) => {
      const time = PLAIN.time + 10 + at * 5_000
      return print(at + 2, { time, recv: time, ...(at % 13 === 4 ? { size: 13 } : {}) })
    })
    await life([rows], { mayFail: true })
    expect((await rollupSize(url)).rows).toBe(1 + 37)
  })

  it('never cost a row when they cannot be stored themselves', async () => {
    await life([[print(1)]])
    await query(url, 'ALTER TABLE flow_minute_sums ADD CHECK (volume < 1000)')
    await life([[print(2, { size: 5_000 }), print(3)]], { mayFail: true })
    expect((await rollupSize(url)).rows).toBe(3)
    expect(await drift(url)).toHaveLength(1)
    await query(url, 'ALTER TABLE flow_minute_sums DROP CONSTRAINT flow_minute_sums_volume_check')
    await query(url, 'SELECT flow_rebuild_rollups()')
  })

  it('lose a print with its cancel, whose time is kept', async () => {
    const { writer } = await startedWriter(url)
    postRows(writer, [print(1), print(2), print(3, { recv: PLAIN.time + 5 * MINUTE })])
    writer.cancel([cancelOf(print(1)), cancelOf(print(3))])
    await writer.drain()
    await writer.stop()
    const changes = await query(
      url,
      `SELECT is_late_print, known_at - ${PLAIN.time} AS known, trades FROM flow_corrections
       ORDER BY 1, 2`,
    )
    expect(changes).toEqual([
      { is_late_print: false, known: '1010', trades: -1 },
      // the group of the late print, and the print: not gone before it was there
      { is_late_print: true, known: `${5 * MINUTE}`, trades: 1 },
      { is_late_print: true, known: `${5 * MINUTE}`, trades: -1 },
    ])
  })

  it('add up what several writers bring for the same minutes at once', async () => {
    await migrateDatabase(url)
    const lives = Array.from({ length: 3 }, async (_, who) => {
      const { writer, seen } = await startedWriter(url, { isFeed: false })
      for (let round = 0; round < 30; round++) {
        const rows = Array.from({ length: 60 }, (_, at) => {
          const time = PLAIN.time + (at % 7) * MINUTE
          return print(who * 10_000 + round * 100 + at, { time, recv: time + 1_000 })
        })
        postRows(
          writer,
          rows.toSorted(() => (who % 2 === 0 ? 1 : -1)),
        )
        await writer.drain()
      }
      await writer.stop()
      return seen.errors
    })
    expect((await Promise.all(lives)).flat()).toEqual([])
    expect(await rollupSize(url)).toMatchObject({ rows: 3 * 30 * 60, sums: 7, corrections: 0 })
  })

  it('have the rows that somebody else inserts, in time and late', async () => {
    await life([[print(1), print(2)]])
    const copy = (values: string): string => `INSERT INTO options_flow_history
      SELECT changed.* FROM options_flow_history AS flow, LATERAL jsonb_populate_record(
        NULL::options_flow_history, to_jsonb(flow) || '{"rules": null}' || '${values}') AS changed
      WHERE flow.arrival = 1`
    await query(url, copy('{"arrival": 11, "received_at": null}'))
    await query(url, copy('{"arrival": 12, "side": "SELL", "sentiment": "BEARISH"}'))
    await query(url, copy('{"arrival": 13, "filled_at": 1900000000000, "received_at": null}'))
    expect(await rollupSize(url)).toMatchObject({ rows: 5, corrections: 1 })
    expect(await drift(url)).toEqual([])
    await query(url, "COPY options_flow_history TO '/tmp/flow-rows.copy'").catch(() => {})
  })

  it('follow rows that are changed or deleted by hand, also of partitions made later', async () => {
    await life([[print(1), print(2), print(3), print(4)]])
    await query(url, "SELECT flow_ensure_partition('2024-03-04')")
    const later = Date.UTC(2024, 2, 4, 15)
    await life([[print(5, { time: later, recv: later }), print(6, { time: later, recv: later })]])
    await query(url, "UPDATE options_flow_history SET side = 'BUY', sentiment = 'BULLISH'")
    await query(url, 'UPDATE options_flow_history SET size = size + 1 WHERE arrival < 3')
    await query(url, 'UPDATE options_flow_history SET dte = 1, day_volume = 5, bid = 1')
    await query(url, 'DELETE FROM options_flow_history WHERE arrival IN (2, 5)')
    const { corrections } = await rollupSize(url)
    expect(corrections).toBeGreaterThanOrEqual(8)
    const [newest] = await query<{ known: string }>(
      url,
      'SELECT max(known_at) AS known FROM flow_corrections',
    )
    expect(Math.abs(Date.now() - Number(newest!.known))).toBeLessThan(60_000)
    await query(url, 'TRUNCATE options_flow_history')
    expect(await rollupSize(url)).toEqual({ rows: 0, sums: 0, corrections: 0 })
  })

  it('go with their rows past the retention, to the millisecond', async () => {
    const cutoff = Date.now() - DAY
    const rows = Array.from({ length: 400 }, (_, at) => {
      const time = cutoff - 200_000 + at * 1_000
      return print(at + 1, { time, recv: at % 4 === 0 ? time + 10 * MINUTE : time })
    })
    const older = { time: cutoff - 3 * DAY, recv: cutoff - 3 * DAY }
    await life([[...rows, print(999, older)]], { retentionDays: 1 })
    await query(url, 'SELECT cleanup_old_flow()')
    const kept = await rollupSize(url)
    expect(kept.rows).toBeLessThan(205)
    expect(kept.rows).toBeGreaterThan(100)
    const minute = Math.floor(cutoff / MINUTE)
    const text = `SELECT minute FROM flow_minute_sums WHERE minute < ${minute}
      UNION ALL SELECT minute FROM flow_corrections WHERE minute < ${minute}`
    expect(await query(url, text)).toEqual([])
    // in the same transaction as a cleanup, the triggers see what comes after it
    await withClient(url, async (client) => {
      await client.query('BEGIN; SELECT cleanup_old_flow()')
      await client.query(`DELETE FROM options_flow_history WHERE arrival % 7 = 3`)
      await client.query('COMMIT')
    })
  })

  it('of rows that were there before the tables are those of the rows', async () => {
    await life([
      Array.from({ length: 300 }, (_, at) => print(at + 1, { recv: PLAIN.time + at * 900 })),
    ])
    const before = await query(url, 'SELECT * FROM flow_minute_sums ORDER BY 1, 2, 3')
    await query(url, 'UPDATE flow_minute_sums SET trades = 0')
    const made = await query(url, 'SELECT flow_rebuild_rollups() AS made')
    expect(made).toEqual([{ made: `${before.length + (await rollupSize(url)).corrections}` }])
    expect(await query(url, 'SELECT * FROM flow_minute_sums ORDER BY 1, 2, 3')).toEqual(before)
    const [sums] = await query<{ trades: string }>(
      url,
      `SELECT trades, premium FROM flow_sums_of('SPX', ${PLAIN.time}, ${PLAIN.time + 1})`,
    )
    expect(sums).toMatchObject({ trades: '300' })
  })
})
