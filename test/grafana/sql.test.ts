import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, killLeftovers } from '../e2e/flow-process.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { allTargets, type Target } from './checked-in.ts'
import { type Chosen, sqlOf } from './macros.ts'
import { type Running, SYMBOLS, startRunning } from './running.ts'

const TARGETS = allTargets().filter(({ source }) => source === 'postgresql')

let postgres: TestPostgres
let running: Running
let client: pg.Client
/** Asks as Grafana should: may read every table, and call no function of ours. */
let reader: pg.Client
beforeAll(async () => {
  postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  running = await startRunning(url)
  client = new pg.Client({ connectionString: url })
  await client.connect()
  reader = new pg.Client({ connectionString: url })
  await reader.connect()
  await client.query(`CREATE ROLE dashboards_reader;
    REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO dashboards_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO dashboards_reader`)
  await reader.query('SET ROLE dashboards_reader')
})
afterAll(async () => {
  await reader.end()
  await client.end()
  await running.close()
  await killLeftovers()
  await postgres.stop()
})

/** The last hour, as a dashboard would ask for it now. */
function chosen(): Chosen {
  const to = Math.floor(Date.now() / 1000)
  return { from: to - 3600, to, symbols: SYMBOLS }
}

const ask = (text: string) => reader.query<Record<string, unknown>>(sqlOf(text, chosen()))

/** What Grafana would have nothing to draw of; null if all is well. */
function missingIn({ fields, rows }: pg.QueryResult<Record<string, unknown>>): string | null {
  if (rows.length === 0) return 'no rows'
  const empty = fields.filter(({ name }) => rows.every((row) => row[name] === null))
  return empty.length === 0 ? null : `nothing in ${empty.map(({ name }) => name).join()}`
}

describe.each(TARGETS.map((target) => [target.where, target] as const))('%s', (_, target) => {
  test('has something to show of the flow that the engine stored', async () => {
    let missing: string | null = null
    await eventually(target.where, async () => {
      missing = missingIn(await ask(target.text))
      return missing === null
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${missing}`)
    })
  })

  if (target.format !== 'time_series') return
  test('is a time series as Grafana reads one', async () => {
    const { fields, rows } = await ask(target.text)
    expect(fields[0]!.name).toBe('time')
    const times = rows.map((row) => Number(row.time))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    for (const time of times) expect(time % 60).toBe(0)
    const { from, to } = chosen()
    expect(Math.min(...times)).toBeGreaterThanOrEqual(from - 60)
    expect(Math.max(...times)).toBeLessThanOrEqual(to + 60)
    expectNumbers(fields)
  })
})

/** Grafana draws what is a number; a text names a series, and only in "metric". */
function expectNumbers(fields: readonly pg.FieldDef[]): void {
  const { FLOAT8, TEXT } = pg.types.builtins
  for (const { name, dataTypeID } of fields) {
    expect([name, dataTypeID]).toEqual([name, name === 'metric' ? TEXT : FLOAT8])
  }
}

test.each(TARGETS.map((target) => [target.where, target] as const))(
  '%s is no error while there is no symbol to choose',
  async (_, { text }) => {
    await expect(client.query(sqlOf(text, { ...chosen(), symbols: [] }))).resolves.toBeDefined()
  },
)

const PARTITIONED = TARGETS.filter(({ text }) => text.includes('options_flow_history'))

test.each(PARTITIONED.map((target) => [target.where, target] as const))(
  '%s reads the partitions of the time range only',
  async (_, { text }) => {
    // another day has a partition, too
    await client.query(`SELECT flow_ensure_partition((now() - interval '3 days')::date)`)
    const plan = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sqlOf(text, chosen())}`)
    const lines = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
    const day = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10)
    const name = await client.query<{ name: string }>(
      `SELECT relid::regclass::text AS name FROM pg_partition_tree('options_flow_history')
       WHERE relid::regclass::text LIKE '%' || $1`,
      [day.replaceAll('-', '')],
    )
    const old = name.rows.map((row) => row.name)
    expect(old).toHaveLength(1)
    expect(lines).not.toContain(old[0])
    expect(lines).toContain('options_flow_history')
  },
)

test('the sums of the figures are those of the stored rows', async () => {
  await running.engine.drain()
  const premium = (target: Target | undefined) => ask(target!.text)
  const { rows } = await premium(TARGETS.find(({ where }) => where === 'flow: Premium'))
  const stored = await client.query<{ sum: number }>(
    'SELECT sum(premium)::float8 AS sum FROM options_flow_history',
  )
  expect(rows[0]!.value).toBeCloseTo(stored.rows[0]!.sum, 2)
})
