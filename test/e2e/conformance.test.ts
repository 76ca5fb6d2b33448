import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { flow, imbalance, killLeftovers } from './flow-process.ts'
import { type Row, tableRows } from './table.ts'

// Cases of LuxAlgo/whale-options@f87f74e (MIT) as vendor frames, with what rules.md demands of
// them.
const folder = new URL('../fixtures/conformance/', import.meta.url)
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.expect.json'))
  .map((name) => name.slice(0, -'.expect.json'.length))

/** About the case, not about the row. */
const NO_COLUMNS = new Set(['peer_seq', 'event'])

type Expected = {
  settings: Record<string, string | number>
  prints: number
  cancel_messages: number
  rows: Row[]
  seed_rows: Row[]
  cancels: { cancel_sequence: number; removes_sequence: number | null }[]
  account: Record<string, number>
}

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(async () => {
  await killLeftovers()
  await postgres.stop()
})

describe.concurrent.each(cases)('%s', (name) => {
  const expected: Expected = JSON.parse(
    readFileSync(new URL(`${name}.expect.json`, folder), 'utf8'),
  )
  const file = fileURLToPath(new URL(`${name}.frames.jsonl`, folder))
  const settings = Object.fromEntries(
    Object.entries(expected.settings).map(([key, value]) => [key, String(value)]),
  )

  async function replay(rules: 'opra' | 'seed') {
    const url = await postgres.freshDatabase()
    const run = await flow(['replay', file], {
      ...settings,
      DATABASE_URL: url,
      FLOW_RULES: rules,
      FLOW_SHARDS: '1',
    })
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(imbalance(run.account)).toBe(0)
    expect(run.account.received).toBe(expected.prints + expected.cancel_messages)
    return { url, account: run.account, rows: await tableRows(url) }
  }

  it('puts every field that rules.md demands into the table', async ({ expect }) => {
    const { url, account, rows } = await replay('opra')
    const bySequence = (a: Row, b: Row) => Number(a.sequence) - Number(b.sequence)
    rows.sort(bySequence)
    const wanted = [...expected.rows].sort(bySequence)
    const asked = (row: Row, like: Row) =>
      Object.fromEntries(
        Object.keys(like)
          .filter((key) => !NO_COLUMNS.has(key))
          .map((key) => [key, row[key]]),
      )
    expect(rows.map((row, i) => asked(row, wanted[i] ?? row))).toEqual(
      wanted.map((row) => asked(row, row)),
    )
    expect(account).toMatchObject(expected.account)

    // one label, one event_id; no label, no event
    const ids = new Map<unknown, unknown>()
    wanted.forEach(({ event }, i) => {
      if (!ids.has(event)) ids.set(event, rows[i]!.event_id)
      expect(rows[i]!.event_id).toBe(event === null ? null : ids.get(event))
    })
    expect(new Set(ids.values()).size).toBe(ids.size)

    // receive times are those of the recording: 5 ms after the print
    for (const row of rows) expect(Number(row.received_at) - Number(row.timestamp)).toBe(5)

    const cancels = await query<{ c: string; r: string | null; was_stored: boolean }>(
      url,
      'SELECT sequence AS c, removed_sequence AS r, was_stored FROM flow_cancels ORDER BY sequence',
    )
    expect(cancels.map(({ c, r }) => [Number(c), r === null ? null : Number(r)])).toEqual(
      expected.cancels.map((cancel) => [cancel.cancel_sequence, cancel.removes_sequence]),
    )
    // the case's cancel comes inside the window: its print has not been stored yet
    expect(cancels.every(({ was_stored }) => !was_stored)).toBe(true)
  })

  it('gives the labels of the original specification under seed', async ({ expect }) => {
    const { rows } = await replay('seed')
    expect(rows).toHaveLength(expected.seed_rows.length)
    for (const wanted of expected.seed_rows) {
      const row = rows.find(({ sequence }) => sequence === wanted.sequence)
      expect(row).toMatchObject(wanted)
      expect(row).toMatchObject({ event_id: null, event_legs: null, event_span_ms: null })
    }
  })
})
