import { expect, test } from 'vitest'
import { Lookups } from '../../src/alerts/lookups.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres } from '../pg/database.ts'
import { FACTS } from './samples.ts'

test('repeats read the events of one contract in their time, not those of the symbol', async () => {
  const postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  await migrateDatabase(url)
  // a day of 200 contracts, and the one that is asked for among them
  await query(
    url,
    `INSERT INTO flow_events (started_at, ended_at, total_size, recorded_at, revision, span_ms,
       leg_count, event_id, reason, kind, symbol, contract_ticker, side, sentiment, legs,
       total_premium, exchanges)
     SELECT $1::bigint - n * 2000, $1::bigint, 1, $1::bigint, 1, 0, 1, 'event-' || n, 'found', 'SWEEP', $2,
       CASE WHEN n % 200 = 0 THEN $3 ELSE 'O:SPY' || n % 200 END, 'BUY', 'BULLISH', '[]', 1, '{}'
     FROM generate_series(0, 39999) AS n`,
    [FACTS.started_at, FACTS.symbol, FACTS.contract_ticker],
  )
  await query(url, 'ANALYZE flow_events')
  const plans: string[] = []
  const lookups = new Lookups({
    query: async <R extends object>(text: string, values: readonly unknown[]) => {
      const plan = await query<object>(url, `EXPLAIN (ANALYZE, TIMING off) ${text}`, [...values])
      plans.push(JSON.stringify(plan))
      return query<R>(url, text, [...values])
    },
    contextOf: async () => null,
    now: Date.now,
  })
  expect(await lookups.repeatsOf(FACTS, ['SWEEP'], 86_400_000)).toBe(200)
  expect(await lookups.repeatsOf(FACTS, ['SWEEP'], 400_000)).toBe(1)
  expect(await lookups.repeatsOf(FACTS, ['BLOCK'], 86_400_000)).toBe(0)
  for (const plan of plans) expect(plan).toContain('flow_events_contract_started_at')
  await postgres.stop()
})
