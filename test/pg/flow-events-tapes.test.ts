import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { flow, killLeftovers } from '../e2e/flow-process.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { type Logged, logged, replaced } from './event-rows.ts'

const TAPES = [
  ['tapes/vix-2016-06-01-morning.frames.jsonl.gz', 'opra'],
  ['tapes/vix-2016-06-01-morning.frames.jsonl.gz', 'seed'],
  ['tapes/spy-2024-06-14-500C.frames.jsonl.gz', 'opra'],
  ['tapes/spy-2023-03-13-390P.trades_v1.csv.gz', 'opra'],
  ['conformance/edge-sweep-3-exchanges.frames.jsonl', 'opra'],
] as const

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(killLeftovers)
afterAll(() => postgres.stop())

async function replay(url: string, name: string, rules: string): Promise<void> {
  const file = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
  const settings = { DATABASE_URL: url, FLOW_RULES: rules, FLOW_SYMBOLS: '*', FLOW_SHARDS: '2' }
  const run = await flow(['replay', file], settings)
  expect([run.code, run.stderr]).toEqual([0, ''])
}

/** The same from the rows: their legs by event_id, and what else is a block or a sweep alone. */
const NAIVE_SQL = `
SELECT * FROM (SELECT coalesce(event_id, contract_ticker || '-' || timestamp || '-' || arrival) AS event_id,
  max(symbol) AS symbol, count(*)::integer AS leg_count, sum(size)::text AS total_size,
  trim_scale(sum(premium))::text AS total_premium, min(side) AS side, max(side) AS side_too,
  min(sentiment) AS sentiment, min(timestamp)::text AS started_at, max(timestamp)::text AS ended_at,
  (max(timestamp) - min(timestamp))::integer AS span_ms,
  trim_scale(round(sum(price * size) / sum(size), 6))::text AS vwap,
  array_agg(DISTINCT exchange ORDER BY exchange) AS venues,
  CASE WHEN count(*) = 1 THEN min(trade_type)
    WHEN count(DISTINCT exchange) > 1 THEN 'SWEEP' ELSE 'SPLIT' END AS kind
FROM options_flow_history
WHERE event_id IS NOT NULL OR trade_type IN ('BLOCK', 'SWEEP')
GROUP BY 1) AS events ORDER BY event_id COLLATE "C"`

const FROM_LOG_SQL = `
SELECT event_id, symbol, leg_count, total_size::text, trim_scale(total_premium)::text AS total_premium,
  side, side AS side_too, sentiment, started_at::text, ended_at::text, span_ms,
  trim_scale(vwap)::text AS vwap,
  (SELECT array_agg(venue ORDER BY venue) FROM unnest(exchanges) AS venue) AS venues, kind
FROM flow_events WHERE NOT is_void ORDER BY event_id COLLATE "C"`

describe.each(TAPES)('the tape %s under %s', (name, rules) => {
  it('gives a log that equals what its rows add up to, once however often it is played', async () => {
    const url = await postgres.freshDatabase()
    await replay(url, name, rules)
    const naive = await query(url, NAIVE_SQL)
    expect(naive.length).toBeGreaterThan(0)
    expect(await query(url, FROM_LOG_SQL)).toEqual(naive)
    const once = await logged(url)
    for (const event of once) expectTold(event)
    await replay(url, name, rules)
    expect(await logged(url)).toEqual(once)
    expect(await replaced(url)).toHaveLength(
      once.reduce((sum, { revision }) => sum + revision - 1, 0),
    )
  })
})

/** A sweep that the window of 500 ms found is one at 500 ms; the words name its size. */
function expectTold({ kind, leg_count, sweep_windows_ms, why, total_size }: Logged): void {
  expect(sweep_windows_ms.includes(500)).toBe(kind === 'SWEEP' && leg_count > 1)
  expect(why).toContain(`${Number(total_size).toLocaleString('en-US')} contracts`)
}
