import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sql as flowHistory } from '../../src/writer/migrations/0001_flow_history.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from './database.ts'
import { numbered, PLAIN, postRows, startedWriter } from './started-writer.ts'

const NAMES = [
  ...['0001_flow_history', '0002_evidence', '0003_fills', '0004_gap_parts', '0005_rollups'],
  '0006_follow',
  '0007_alerts',
  '0008_repeats',
  '0009_received',
]

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})

/** Every column, type and default of our tables and every function, as text. */
async function schema(): Promise<string> {
  const columns = await query(
    url,
    `SELECT table_name, column_name, data_type, is_nullable, column_default
     FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`,
  )
  const functions = await query(
    url,
    `SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`,
  )
  return JSON.stringify([columns, functions])
}

/** A database as version 1 of the schema left it, with a row of a day and one of the DEFAULT. */
async function versionOne(): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(`CREATE TABLE flow_migrations (version integer PRIMARY KEY,
      name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`)
    await client.query(flowHistory)
    await client.query(`INSERT INTO flow_migrations (version, name) VALUES (1, '${NAMES[0]}')`)
    await client.query("SELECT flow_ensure_partition('2025-11-21')")
    for (const [time, arrival] of [
      [PLAIN.time, 1],
      [7, 2],
    ]) {
      await client.query(`INSERT INTO options_flow_history (timestamp, size, dte, arrival,
        expiration, is_sweep, is_block, is_above_ask, is_below_bid, is_unusual_volume, symbol,
        contract_ticker, price, premium, trade_type, sentiment, aggressiveness, strike, option_type)
        VALUES (${time}, 250, 28, ${arrival}, '2025-12-19', true, false, false, false, false,
        'SPX', 'O:SPXW251219C06475000', 45.5, 1137500, 'SWEEP', 'BULLISH', 'NORMAL', 6475, 'call')`)
    }
  })
}

const files = () =>
  query(
    url,
    `SELECT relname, relfilenode FROM pg_class
     WHERE relname IN ('options_flow_history_p20251121', 'options_flow_history_default') ORDER BY 1`,
  )

describe('migrations', () => {
  it('give every column of the contract its type', async () => {
    await migrateDatabase(url)
    const columns = await query<{ column_name: string; udt_name: string }>(
      url,
      `SELECT column_name, udt_name FROM information_schema.columns
       WHERE table_name = 'options_flow_history'`,
    )
    const names = (type: string) =>
      columns.flatMap((column) => (column.udt_name === type ? [column.column_name] : [])).sort()
    expect(names('int8')).toEqual([
      ...['day_volume', 'filled_at', 'received_at', 'revised_at', 'sequence', 'timestamp'],
    ])
    expect(names('numeric')).toEqual([
      'ask',
      'bid',
      'premium',
      'price',
      'strike',
      'underlying_price',
    ])
    expect(names('date')).toEqual(['expiration'])
    expect(names('_text')).toEqual(['conditions'])
    expect(names('bool').length).toBe(7)
    expect(names('int4')).toEqual([
      ...['arrival', 'ask_size', 'average_prints', 'bid_size', 'dte'],
      ...['event_legs', 'event_span_ms', 'multiplier', 'open_interest', 'percentile_sample'],
      ...['quote_age_ms', 'revision', 'size'],
    ])
    expect(names('float4')).toEqual([
      ...['average_size', 'customer_confidence', 'premium_percentile', 'size_percentile'],
    ])
    expect(names('text')).toEqual([
      ...['aggressiveness', 'average_scope', 'contract_ticker', 'customer_rule', 'customer_side'],
      ...['event_id', 'exchange', 'option_type', 'quote_source', 'rules'],
      ...['sentiment', 'side', 'symbol', 'trade_type', 'underlying_source'],
    ])
    expect(columns.length).toBe(53)
  })

  it('do nothing the second time', async () => {
    expect(await migrateDatabase(url)).toEqual(NAMES)
    const before = await schema()
    expect(await migrateDatabase(url)).toEqual([])
    expect(await schema()).toBe(before)
  })

  it('are applied once by processes that start at the same time', async () => {
    const applied = await Promise.all(Array.from({ length: 6 }, () => migrateDatabase(url)))
    expect(applied.flat().sort()).toEqual(NAMES)
    expect(await query(url, 'SELECT version FROM flow_migrations ORDER BY 1')).toEqual(
      NAMES.map((_, at) => ({ version: at + 1 })),
    )
  })

  it('bring a database with rows up to date without writing the rows anew', async () => {
    await versionOne()
    const before = await files()
    expect(await migrateDatabase(url)).toEqual(NAMES.slice(1))
    expect(await files()).toEqual(before)
    const { writer } = await startedWriter(url)
    postRows(writer, numbered(3, 1))
    await writer.drain()
    await writer.stop()
    const rows = await query(
      url,
      `SELECT arrival, premium, multiplier, customer_side, revision, rules, open_interest,
         percentile_sample, tableoid::regclass::text AS part
       FROM options_flow_history ORDER BY arrival`,
    )
    const old = {
      ...{ premium: '1137500', multiplier: 100, customer_side: 'UNKNOWN', revision: 0 },
      ...{ rules: null, open_interest: null, percentile_sample: null },
    }
    expect(rows).toEqual([
      { arrival: 1, ...old, part: 'options_flow_history_p20251121' },
      { arrival: 2, ...old, part: 'options_flow_history_default' },
      {
        ...{ arrival: 3, ...old, rules: 'opra', percentile_sample: 0 },
        part: 'options_flow_history_p20251121',
      },
    ])
  })

  it('are applied once to a database with rows by processes that start at once', async () => {
    await versionOne()
    const applied = await Promise.all(Array.from({ length: 6 }, () => migrateDatabase(url)))
    expect(applied.flat().sort()).toEqual(NAMES.slice(1))
    expect(await query(url, 'SELECT FROM options_flow_history')).toHaveLength(2)
  })

  it('leave a column that somebody added as it is, and change nothing', async () => {
    await versionOne()
    await query(url, "ALTER TABLE options_flow_history ADD COLUMN rules text DEFAULT 'mine'")
    const before = await schema()
    await expect(migrateDatabase(url)).rejects.toThrow(
      /"rules" of relation.*rename it or use another database/,
    )
    expect(await schema()).toBe(before)
  })

  it('refuse a database that is newer than the program, and say so', async () => {
    await migrateDatabase(url)
    await query(url, "INSERT INTO flow_migrations (version, name) VALUES (999, 'from the future')")
    await expect(migrateDatabase(url)).rejects.toThrow(
      `the database is at schema version 999 and this program knows ${NAMES.length}`,
    )
    await expect(startedWriter(url)).rejects.toThrow('start the newer program')
  })

  it('leave a table of the same name that is not ours as it is', async () => {
    await query(url, 'CREATE TABLE options_flow_history (id integer)')
    await query(url, 'INSERT INTO options_flow_history VALUES (7)')
    await expect(startedWriter(url)).rejects.toThrow('rename it or use another database')
    expect(await query(url, 'SELECT * FROM options_flow_history')).toEqual([{ id: 7 }])
    expect(await query(url, "SELECT to_regclass('flow_settings') AS made")).toEqual([
      { made: null },
    ])
  })
})
