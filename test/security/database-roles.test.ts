import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newYorkDay } from '../../src/domain/new-york.ts'
import { fillContract } from '../../src/fill/fill-contract.ts'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { Engine } from '../e2e/engine.ts'
import { flow, imbalance, killLeftovers } from '../e2e/flow-process.ts'
import { countRows } from '../e2e/table.ts'
import { flatFileOf, inArchiveOrder, linesOf, tapesOf, VIX } from '../fill/vix-tape.ts'
import {
  query,
  startTestPostgres,
  type TestPostgres,
  urlWithDatabase,
  withClient,
} from '../pg/database.ts'

/** The statements of docs/security.md: what a reader types is what runs here. */
const BLOCKS = [
  ...readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8').matchAll(
    /```sql\n(-- \d: [\s\S]*?)```/g,
  ),
].map((match) => match[1]!.replaceAll(/\bDATABASE flow\b/g, 'DATABASE flow_roles'))

const DAY_MS = 86_400_000

let postgres: TestPostgres
let simulator: Simulator
let superUrl: string

function urlOf(role: 'owner' | 'engine' | 'reader'): string {
  const url = new URL(superUrl)
  url.username = `flow_${role}`
  url.password = `${role}-password`
  return url.href
}

async function run(url: string, text: string): Promise<void> {
  const plain = text.replace(/^--.*$/gm, '')
  for (const statement of plain.split(';')) {
    if (statement.trim() !== '') await query(url, statement)
  }
}

beforeAll(async () => {
  postgres = await startTestPostgres()
  superUrl = urlWithDatabase(postgres.adminUrl, 'flow_roles')
  const [roles, database, rights] = BLOCKS
  await run(postgres.adminUrl, roles!)
  await run(superUrl, database!)
  const migrated = await flow(['migrate'], { DATABASE_URL: urlOf('owner') })
  if (migrated.code !== 0) throw new Error(migrated.said)
  await run(urlOf('owner'), rights!)
  simulator = await startSimulator({
    source: { kind: 'synthetic', seed: 11, rate: 20_000, quotesPerPrint: 1 },
  })
})
afterEach(killLeftovers)
afterAll(async () => {
  await simulator.close()
  await postgres.stop()
})

/** Stores a print of that moment, epoch ms. */
async function printOf(time: number): Promise<void> {
  const text = `INSERT INTO options_flow_history SELECT copied.* FROM
    (SELECT flow FROM options_flow_history AS flow LIMIT 1) AS one,
    jsonb_populate_record(one.flow, jsonb_build_object('timestamp', $1::bigint)) AS copied`
  await query(superUrl, text, [time])
}

const engine = (): Engine =>
  new Engine({
    DATABASE_URL: urlOf('engine'),
    FLOW_FEED_URL: simulator.wsUrl,
    FLOW_REST_URL: simulator.restUrl,
  })

test('the document has the three steps', () => {
  expect(BLOCKS.map((block) => block.slice(0, 5))).toEqual(['-- 1:', '-- 2:', '-- 3:'])
})

describe('the engine with the rights of docs/security.md', () => {
  test('stores, revises, restarts and drains, and nothing is refused', async () => {
    let stored = 0
    for (const prints of [60_000, 20_000]) {
      const running = engine()
      await running.ready()
      await running.received(prints)
      const refused = [...(await running.metrics())].filter(
        ([name, value]) => name.startsWith('flow_store_errors_total') && value > 0,
      )
      const account = await running.drain()
      expect(refused).toEqual([])
      expect(imbalance(account)).toBe(0)
      expect(running.lines.filter(({ level }) => level === 'error')).toEqual([])
      stored += account.stored
    }
    expect(await countRows(superUrl)).toBeLessThanOrEqual(stored)
    const tables = ['options_flow_history', 'flow_events', 'flow_cancels']
    for (const table of [...tables, 'flow_gaps', 'flow_batches', 'flow_size_profiles']) {
      expect(await query(superUrl, `SELECT FROM ${table} LIMIT 1`), table).toHaveLength(1)
    }
  })

  test('may write to every table but that of the migrations', async () => {
    const rows = await query<{ name: string }>(
      superUrl,
      `SELECT relname AS name FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
         AND NOT (has_table_privilege('flow_engine', oid, 'INSERT')
           AND has_table_privilege('flow_engine', oid, 'UPDATE')
           AND has_table_privilege('flow_engine', oid, 'DELETE'))`,
    )
    expect(rows).toEqual([{ name: 'flow_migrations' }])
  })

  test('makes partitions, which belong to the owner', async () => {
    const owners = await query<{ owner: string }>(
      superUrl,
      `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class
       WHERE relname ~ '^options_flow_history_p'`,
    )
    expect(owners).toEqual([{ owner: 'flow_owner' }])
  })

  test('removes what is past the retention', async () => {
    const old = Date.now() - 100 * DAY_MS
    await query(urlOf('engine'), 'SELECT flow_ensure_partition(current_date - 100)')
    await printOf(old)
    const done = await flow(['cleanup'], { DATABASE_URL: urlOf('engine') })
    expect([done.code, done.stderr]).toEqual([0, ''])
    const left = 'SELECT FROM options_flow_history WHERE timestamp <= $1'
    expect(await query(superUrl, left, [old])).toEqual([])
  })

  test('explains a stored print', async () => {
    const [row] = await query<{ contract_ticker: string; sequence: string }>(
      urlOf('engine'),
      'SELECT contract_ticker, sequence FROM options_flow_history LIMIT 1',
    )
    const args = ['explain', row!.contract_ticker, row!.sequence]
    const done = await flow(args, { DATABASE_URL: urlOf('engine') })
    expect([done.code, done.stderr]).toEqual([0, ''])
  })

  test.each([
    'CREATE TABLE mine (a integer)',
    'DROP TABLE options_flow_history',
    'ALTER TABLE options_flow_history ADD COLUMN mine integer',
    'TRUNCATE options_flow_history',
    'CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
    'ALTER FUNCTION cleanup_old_flow() RESET ALL',
    "INSERT INTO flow_migrations VALUES (999, 'mine')",
    'CREATE ROLE mine',
    "COPY flow_gaps TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    'SELECT * FROM pg_authid',
    'CREATE DATABASE mine',
    'SET ROLE flow_owner',
  ])('may not %s', async (statement) => {
    await expect(query(urlOf('engine'), statement)).rejects.toMatchObject({
      code: '42501',
    })
  })

  test('a temporary table of its own does not lead the functions of the owner astray', async () => {
    const time = Date.now() - 50 * DAY_MS
    await printOf(time)
    const removed = await withClient(urlOf('engine'), async (client) => {
      await client.query('CREATE TEMPORARY TABLE flow_settings (name text, value text)')
      await client.query("INSERT INTO pg_temp.flow_settings VALUES ('retention_days', '1')")
      return (await client.query('SELECT cleanup_old_flow() AS removed')).rows[0].removed
    })
    expect(removed).toBe('0')
  })

  test('fills over REST and from a flat file', async () => {
    const tapes = tapesOf(inArchiveOrder(linesOf(VIX)))
    const [from, to] = [Date.UTC(2016, 5, 1, 13, 45), Date.UTC(2016, 5, 1, 14)]
    await query(
      urlOf('engine'),
      `INSERT INTO flow_gaps (gap_id, started_at, ended_at, symbols, reason, status)
       VALUES ('old', $1, $2, '{VIX}', 'closed', 'unfilled')`,
      [from, to],
    )
    await query(urlOf('engine'), "SELECT flow_ensure_partition('2016-06-01')")
    const rules = { rules: 'opra', minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 } as const
    const scope = { inserts: { from, to }, gaps: [{ from, to }] }
    const gaps = [{ gapId: 'old', from, to }]
    const day = newYorkDay(from)
    let filled = 0
    await withClient(urlOf('engine'), async (client) => {
      for (const one of tapes) {
        filled += (await fillContract(client, { ...one, day, scope, rules, gaps })).filled
      }
    })
    expect(filled).toBeGreaterThan(0)
    const folder = await mkdtemp(join(tmpdir(), 'flow-roles-'))
    const file = join(folder, 'trades.csv')
    await writeFile(file, flatFileOf(tapes))
    const words = ['backfill', '--date', '2016-06-01', '--file', file, '--json']
    const settings = { FLOW_SYMBOLS: 'VIX', FLOW_RETENTION_DAYS: '10000' }
    const done = await flow(words, { DATABASE_URL: urlOf('engine'), ...settings })
    await rm(folder, { recursive: true })
    expect([done.code, done.stderr]).toEqual([0, ''])
    expect(JSON.parse(done.stdout)).toMatchObject({ gaps: 1, isWhole: true })
    expect(JSON.parse(done.stdout).filled).toBeGreaterThan(0)
  })
})

describe('the reader', () => {
  test('reads', async () => {
    expect(await query(urlOf('reader'), 'SELECT FROM options_flow_history LIMIT 1')).toHaveLength(1)
  })

  test.each([
    'DELETE FROM options_flow_history',
    "UPDATE flow_settings SET value = '1'",
    'SELECT cleanup_old_flow()',
    'SELECT flow_ensure_partition(current_date + 9)',
    'CREATE TEMPORARY TABLE mine (a integer)',
  ])('may not %s', async (statement) => {
    await expect(query(urlOf('reader'), statement)).rejects.toMatchObject({ code: '42501' })
  })
})

test('on a database that nobody has migrated the engine ends and says so', async () => {
  const url = new URL(await postgres.freshDatabase())
  url.username = 'flow_engine'
  url.password = 'engine-password'
  const done = await flow(['migrate'], { DATABASE_URL: url.href })
  expect(done.code).toBe(1)
  expect(done.stderr).toMatch(/^flow: .*permission denied.*\n$/)
})
