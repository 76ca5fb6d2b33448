import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeRetention } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from './database.ts'
import { numbered, postRows, type StartedWriter, startedWriter } from './started-writer.ts'

// word for word from the original specification, "Database Queries" and "Manual Test"
const RECENT_FLOW = `-- Recent flow for SPX (last 1 hour)
SELECT
  timestamp,
  contract_ticker,
  trade_type,
  sentiment,
  aggressiveness,
  size,
  premium,
  is_sweep,
  is_block
FROM options_flow_history
WHERE
  symbol = 'SPX'
  AND timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '1 hour')::BIGINT * 1000
ORDER BY timestamp DESC
LIMIT 50;`
const SUMMARY = `-- Aggregate flow by sentiment (last 4 hours)
SELECT
  symbol,
  sentiment,
  COUNT(*) as trade_count,
  SUM(size) as total_size,
  SUM(premium) as total_premium,
  SUM(CASE WHEN is_sweep THEN 1 ELSE 0 END) as sweeps,
  SUM(CASE WHEN is_block THEN 1 ELSE 0 END) as blocks
FROM options_flow_history
WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '4 hours')::BIGINT * 1000
GROUP BY symbol, sentiment
ORDER BY total_premium DESC;`
const LARGEST = `-- Top 20 largest premiums (last 24 hours)
SELECT
  timestamp,
  symbol,
  contract_ticker,
  trade_type,
  sentiment,
  size,
  premium,
  is_sweep,
  is_block,
  is_above_ask,
  aggressiveness
FROM options_flow_history
WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '24 hours')::BIGINT * 1000
ORDER BY premium DESC
LIMIT 20;`
const COUNT =
  "SELECT COUNT(*), symbol FROM options_flow_history WHERE timestamp > EXTRACT(EPOCH FROM NOW() - INTERVAL '5 minutes')::BIGINT * 1000 GROUP BY symbol;"
const CLEANUP = 'SELECT cleanup_old_flow();  -- Manually trigger cleanup'

const MINUTE = 60_000
const DAY = 86_400_000

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})

describe('the queries of the original specification', () => {
  it('run word for word on what the writer stored', async () => {
    const { writer } = await startedWriter(url)
    const now = Date.now()
    postRows(writer, [
      { time: now - MINUTE, size: 500, flags: 1, sentiment: 0, tradeType: 0 },
      { time: now - 30 * MINUTE, size: 10, sentiment: 1 },
      { time: now - 3 * 60 * MINUTE, size: 700, flags: 2, sentiment: 0, tradeType: 1 },
      { time: now - 20 * 60 * MINUTE, size: 1_000 },
      { time: now - 30 * 60 * MINUTE, size: 9_999 },
    ])
    await writer.drain()
    await writer.stop()
    expect((await query(url, RECENT_FLOW)).map((row) => row.size)).toEqual([500, 10])
    expect(await query(url, SUMMARY)).toEqual([
      {
        ...{ symbol: 'SPX', sentiment: 'BULLISH', trade_count: '2', total_size: '1200' },
        ...{ total_premium: '5460000', sweeps: '1', blocks: '1' },
      },
      {
        ...{ symbol: 'SPX', sentiment: 'BEARISH', trade_count: '1', total_size: '10' },
        ...{ total_premium: '45500', sweeps: '0', blocks: '0' },
      },
    ])
    expect((await query(url, LARGEST)).map((row) => row.size)).toEqual([1_000, 700, 500, 10])
    expect(await query(url, COUNT)).toEqual([{ count: '1', symbol: 'SPX' }])
    expect(await query(url, CLEANUP)).toEqual([{ cleanup_old_flow: '0' }])
  })

  it('of one symbol and time read the index, not the day', async () => {
    const { writer } = await startedWriter(url)
    const noon = Date.UTC(2025, 10, 21, 17)
    for (let slab = 0; slab < 5; slab++) {
      postRows(
        writer,
        numbered(slab * 4096, 4096).map((row, place) => ({
          ...row,
          time: noon + (slab * 4096 + place) * 100,
        })),
      )
    }
    await writer.drain()
    await writer.stop()
    await query(url, 'ANALYZE options_flow_history')
    const plan = await query(
      url,
      `EXPLAIN SELECT * FROM options_flow_history WHERE symbol = 'SPX' AND timestamp = ${noon}
       AND contract_ticker = 'O:SPXW251219C06475000'`,
    )
    const text = plan.map((row) => row['QUERY PLAN']).join('\n')
    expect(text).toContain('options_flow_history_p20251121_symbol_timestamp_idx')
    expect(text).not.toContain('Seq Scan')
  })
})

describe('retention', () => {
  let started: StartedWriter

  /** Rows of 200, 100, 91, 89 days ago and of now, and one of 1970 in the DEFAULT partition. */
  async function fill(retentionDays: number): Promise<void> {
    // a writer that removes by itself as it starts might do so in the middle of this
    started = await startedWriter(url, { retentionDays: null })
    const now = Date.now()
    const ages = [200, 100, 100, 91, 89, 0]
    const rows = ages.map((age, place) => ({ time: now - age * DAY, arrival: place }))
    postRows(started.writer, [...rows, { time: 5, arrival: 99 }])
    await started.writer.drain()
    await started.writer.stop()
    await withClient(url, (client) => writeRetention(client, retentionDays))
  }

  async function arrivals(): Promise<number[]> {
    const text = 'SELECT arrival FROM options_flow_history ORDER BY arrival'
    return (await query<{ arrival: number }>(url, text)).map((row) => row.arrival)
  }

  it('removes what is older and returns how many rows that were', async () => {
    await fill(90)
    expect(await arrivals()).toEqual([0, 1, 2, 3, 4, 5, 99])
    expect(await query(url, CLEANUP)).toEqual([{ cleanup_old_flow: '5' }])
    expect(await arrivals()).toEqual([4, 5])
    expect(await query(url, CLEANUP)).toEqual([{ cleanup_old_flow: '0' }])
  })

  it('drops the partitions that are wholly older', async () => {
    await fill(90)
    await query(url, CLEANUP)
    const text = `SELECT c.relname AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
      WHERE inhparent = 'options_flow_history'::regclass ORDER BY 1`
    const names = (await query<{ name: string }>(url, text)).map((row) => row.name)
    const oldest = new Date(Date.now() - 90 * DAY).toISOString().slice(0, 10).replaceAll('-', '')
    const days = names.filter((name) => name !== 'options_flow_history_default')
    expect(days.every((name) => name >= `options_flow_history_p${oldest}`)).toBe(true)
    expect(names).toContain('options_flow_history_default')
  })

  it('cuts to the millisecond within a day', async () => {
    started = await startedWriter(url, { retentionDays: 1 })
    const cutoff = Date.now() - DAY
    postRows(started.writer, [
      { time: cutoff - 2_000, arrival: 1 },
      { time: cutoff + MINUTE * 10, arrival: 2 },
    ])
    await started.writer.drain()
    await started.writer.stop()
    await query(url, CLEANUP)
    expect(await arrivals()).toEqual([2])
  })

  it('removes the events of that time too, which do not count', async () => {
    await fill(90)
    const now = Date.now()
    for (const table of ['flow_events', 'flow_event_revisions']) {
      for (const age of [91, 89]) {
        await query(
          url,
          `INSERT INTO ${table} (event_id, revision, reason, kind, symbol, contract_ticker, side,
             sentiment, started_at, ended_at, span_ms, leg_count, legs, total_size, total_premium,
             recorded_at)
           VALUES ('${age}', 1, 'found', 'SWEEP', 'SPX', 'O:SPXW251219C06475000', 'BUY', 'BULLISH',
             ${now - age * DAY}, ${now}, 0, 0, '[]', 0, 0, ${now})`,
        )
      }
    }
    expect(await query(url, CLEANUP)).toEqual([{ cleanup_old_flow: '5' }])
    for (const table of ['flow_events', 'flow_event_revisions']) {
      expect(await query(url, `SELECT event_id FROM ${table}`)).toEqual([{ event_id: '89' }])
    }
  })

  it('keeps all with 0 days', async () => {
    await fill(0)
    expect(await query(url, CLEANUP)).toEqual([{ cleanup_old_flow: '0' }])
    expect(await arrivals()).toHaveLength(7)
  })

  it('runs by itself when a writer starts, and not when it must not drop', async () => {
    await fill(0)
    const keeping = await startedWriter(url, { retentionDays: null })
    await keeping.writer.stop()
    expect(await arrivals()).toHaveLength(7)
    const dropping = await startedWriter(url, { retentionDays: 90 })
    while ((await arrivals()).length > 2) await new Promise((resolve) => setTimeout(resolve, 20))
    await dropping.writer.stop()
    expect(await arrivals()).toEqual([4, 5])
  })

  it('does not hang behind a query that holds the table', async () => {
    await fill(90)
    await withClient(url, async (reader) => {
      await reader.query('BEGIN')
      await reader.query('SELECT count(*) FROM options_flow_history')
      const [first] = await query<{ cleanup_old_flow: string }>(url, CLEANUP)
      // the row of 1970 needs no lock; what is in partitions waits for the next run
      expect(Number(first!.cleanup_old_flow)).toBeLessThan(5)
      await reader.query('COMMIT')
    })
    await query(url, CLEANUP)
    expect(await arrivals()).toEqual([4, 5])
  })
})

it('a new day gets its partition while a query reads the other days', async () => {
  const { writer } = await startedWriter(url)
  postRows(writer, [{ time: Date.UTC(2025, 5, 2, 15) }])
  await writer.drain()
  await withClient(url, async (reader) => {
    await reader.query('BEGIN')
    const day = Date.UTC(2025, 5, 2)
    const between = `timestamp >= ${day} AND timestamp < ${day + DAY}`
    await reader.query(`SELECT count(*) FROM options_flow_history WHERE ${between}`)
    postRows(writer, [{ time: Date.UTC(2025, 5, 3, 15) }])
    await writer.drain()
    await reader.query('COMMIT')
  })
  await writer.stop()
  const text = "SELECT to_regclass('options_flow_history_p20250603')::text AS name"
  expect(await query(url, text)).toEqual([{ name: 'options_flow_history_p20250603' }])
})
