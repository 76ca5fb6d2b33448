import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { killLeftovers } from '../e2e/flow-process.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { blocksOf, tablesOf, unticked } from './blocks.ts'
import { storeDocumentedFlow } from './stored-flow.ts'

let server: TestPostgres
let client: pg.Client

beforeAll(async () => {
  server = await startTestPostgres()
  const url = await server.freshDatabase()
  await storeDocumentedFlow(url)
  client = new pg.Client({ connectionString: url })
  await client.connect()
})
afterAll(async () => {
  await client?.end()
  await killLeftovers()
  await server.stop()
})

describe('docs/tables.md', () => {
  const documented = () =>
    tablesOf('docs/tables.md')
      .flatMap(({ heading, cells: [column, type, , whenNull] }) =>
        [...heading.matchAll(/`([a-z_]+)`/g)].map(
          ([, table]) =>
            `${table}.${unticked(column!)} ${type}${whenNull === 'never' ? ' NOT NULL' : ''}`,
        ),
      )
      .sort()

  test('has every column of every table with its type, and none that there is not', async () => {
    const { rows } = await client.query<{ line: string }>(
      `SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
         || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS line
       FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
         AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped`,
    )
    expect(documented()).toEqual(rows.map(({ line }) => line).sort())
  })

  test('tells the words of the columns that have few', async () => {
    const meaning = new Map(
      tablesOf('docs/tables.md')
        .filter(({ heading }) => heading === '`options_flow_history`')
        .map(({ cells: [column, , text] }) => [unticked(column!), unticked(text!)]),
    )
    for (const column of ['trade_type', 'sentiment', 'aggressiveness', 'side', 'customer_side']) {
      const { rows } = await client.query<{ word: string }>(
        `SELECT DISTINCT to_jsonb(f) ->> $1 AS word FROM options_flow_history AS f`,
        [column],
      )
      for (const { word } of rows) expect(meaning.get(column), column).toContain(word)
    }
  })
})

/** Documents whose SQL runs elsewhere, and where. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/security.md': 'makes databases and roles: test/security/database-roles.test.ts',
}

describe('SQL in the documents', () => {
  it.each(blocksOf(['sql']).filter(({ path }) => ELSEWHERE[path] === undefined))(
    '$path: $text',
    async ({ path, text }) => {
      const { rows } = await client.query<Record<string, unknown>>(text)
      if (path !== 'docs/recipes.md') return
      expect(rows.length).toBeGreaterThan(0)
      // every column says something in some row
      for (const column of Object.keys(rows[0]!)) {
        const values = rows.map((row) => row[column])
        expect(
          values.some((value) => value !== null),
          column,
        ).toBe(true)
      }
    },
  )
})

describe('docs/recipes.md', () => {
  it.each(blocksOf(['sql'], ['docs/recipes.md']))(
    'reads the days that it asks for and no other: $text',
    async ({ text }) => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(text).toMatch(/FROM/)
      if (!text.includes('options_flow_history')) return
      // two days were stored long ago; a bound of time removes their partitions before the start
      expect(plan).not.toMatch(/options_flow_history_p20250[0-9]/)
    },
  )
})
