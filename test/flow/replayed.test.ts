import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flowRoute } from '../../src/api/flow.ts'
import { FlowAnalysisEngine as Base } from '../../src/flow/flow-analysis-engine.ts'
import { FlowAnalysisEngine } from '../../src/index.ts'
import { startHttp } from '../../src/metrics/server.ts'
import { flow } from '../e2e/flow-process.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'

const TAPE = join(import.meta.dirname, '../fixtures/tapes/vix-2016-06-01-morning.frames.jsonl.gz')
const HOUR_MS = 3_600_000

let postgres: TestPostgres
let url: string
/** Receive times of the stored prints, first, middle and last. */
let moments: readonly number[]

beforeAll(async () => {
  postgres = await startTestPostgres()
  url = await postgres.freshDatabase()
  const run = await flow(['replay', TAPE], { DATABASE_URL: url, FLOW_SYMBOLS: 'VIX' })
  expect(run.code, run.said).toBe(0)
  const [row] = await query<{ moments: number[] }>(
    url,
    `SELECT percentile_disc(ARRAY[0.02, 0.5, 1]) WITHIN GROUP (ORDER BY
       coalesce(received_at, timestamp))::float8[] AS moments FROM options_flow_history`,
  )
  moments = row!.moments
})
afterAll(() => postgres.stop())

/** What the rows say, without a rollup. */
async function fromRows(windowMs: number, at: number): Promise<Record<string, unknown>> {
  const [row] = await query(
    url,
    `SELECT count(*)::float8 AS "tradeCount", sum(size)::float8 AS "totalVolume",
       sum(premium)::float8 AS "totalPremium",
       coalesce(sum(size) FILTER (WHERE option_type = 'call'), 0)::float8 AS "callVolume",
       coalesce(sum(size) FILTER (WHERE option_type = 'put'), 0)::float8 AS "putVolume",
       coalesce(sum(premium) FILTER (WHERE option_type = 'put'), 0)::float8 AS "putPremium",
       coalesce(sum(size) FILTER (WHERE side = 'BUY'), 0)::float8 AS "buyVolume",
       coalesce(sum(premium) FILTER (WHERE side = 'SELL'), 0)::float8 AS "sellPremium",
       (count(*) FILTER (WHERE trade_type = 'SWEEP'))::float8 AS "sweepCount",
       (count(*) FILTER (WHERE trade_type = 'BLOCK'))::float8 AS "blockCount",
       (count(*) FILTER (WHERE trade_type = 'SPLIT'))::float8 AS "splitCount",
       (count(*) FILTER (WHERE trade_type = 'LARGE'))::float8 AS "largeCount",
       coalesce(sum(CASE sentiment WHEN 'BULLISH' THEN premium WHEN 'BEARISH' THEN - premium END)
         FILTER (WHERE side IN ('BUY', 'SELL')), 0)::float8 AS "netPremium",
       greatest(0, $2 - max(timestamp))::float8 AS "dataAge"
     FROM options_flow_history WHERE symbol = 'VIX' AND timestamp > $1
       AND coalesce(received_at, timestamp) <= $2`,
    [at - windowMs, at],
  )
  return row as Record<string, unknown>
}

describe('a context of a replayed recording', () => {
  it('is that of its rows, at every moment', async () => {
    const engine = new FlowAnalysisEngine({ databaseUrl: url })
    for (const asOf of moments) {
      for (const [window, hours] of [
        ['short', 1],
        ['medium', 4],
        ['long', 24],
      ] as const) {
        const context = await engine.getFlowContext('VIX', window, { asOf })
        expect(context).toMatchObject(await fromRows(hours * HOUR_MS, asOf))
      }
    }
    await engine.close()
  })

  it('is the same from engine, HTTP, command and library', async () => {
    const asOf = moments[2]!
    const base = new Base({ databaseUrl: url })
    const library = new FlowAnalysisEngine({ databaseUrl: url })
    const http = await startHttp({
      host: '127.0.0.1',
      port: 0,
      registry: new Registry(),
      notReady: () => null,
      stats: () => ({}),
      routes: [flowRoute(() => base)],
      onError: () => {},
    })
    const expected = await base.getFlowContext('VIXW', 'medium', { asOf })
    expect(expected?.tradeCount).toBeGreaterThan(10)
    expect(await library.getFlowContext('VIX', 'medium', { asOf })).toEqual(expected)
    const answer = await fetch(`${http.url}/api/flow/VIX?window=medium&asOf=${asOf}`)
    expect(await answer.json()).toEqual(expected)
    const words = ['context', 'vix', '--window', 'medium', '--as-of', new Date(asOf).toISOString()]
    const told = await flow([...words, '--json'], { DATABASE_URL: url })
    expect(JSON.parse(told.stdout)).toEqual(expected)
    await Promise.all([http.close(), base.close(), library.close()])
  })
})

describe('flow context', () => {
  const settings = (): Record<string, string> => ({ DATABASE_URL: url })

  it('draws a table that fits a terminal', async () => {
    const run = await flow(['context', 'VIX', '--as-of', `${moments[2]}`], settings())
    expect(run.code, run.said).toBe(0)
    const lines = run.stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^VIX, 4h to 0?1 Jun 2016, \d\d:\d\d:\d\d New York$/)
    expect(run.stdout).toMatch(/^recommendation {2}[A-Z_]+: [a-z]/m)
    expect(run.stdout).toMatch(/ if all without a side were bearish \/ bullish$/m)
    expect(run.stdout).toMatch(/^│ calls +│ +[\d,]+ │ +\d+ % │ +\$[\d.]+[KMB]? │ +\d+ % │$/m)
    expect(run.stdout).toMatch(/^confidence +[█░]{20} +\d+$/m)
    for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(80)
    const frame = lines.filter((line) => /^[┌│├└]/.test(line))
    expect(new Set(frame.map((line) => [...line].length)).size).toBe(1)
  })

  it.each<[readonly string[], number, RegExp]>([
    [['VIX'], 1, /no flow of VIX in the 4h to .*; for an earlier time give --as-of/],
    [['V-X'], 2, /symbol: expected an underlying such as SPX/],
    [['SPX'], 1, /no flow of SPX in the 4h to .*: stored are VIX$/m],
    [['VIX', '--as-of', '2020-01-01T00:00Z'], 1, /no flow of VIX in the 4h to 2020-01-01T.{13}$/m],
    [['VIX', '--as-of', 'noon'], 2, /--as-of: expected epoch milliseconds or ISO 8601 with a zone/],
    [['VIX', '--as-of', '2025-11-21T10:30:00'], 2, /--as-of: .* has no zone/],
    [['VIX', '--as-of', '2026-02-31T00:00:00Z'], 2, /--as-of: no such date/],
    [['VIX', '--as-of', '1795391572'], 2, /--as-of: .* looks like seconds/],
    [['VIX', '--as-of', '2099-01-01T00:00Z'], 2, /asOf: expected whole epoch ms, at most now/],
    [['VIX', '--window', '4h'], 2, /short, medium, long/],
    [[], 2, /missing required argument/],
  ])('refuses %j', async (words, code, message) => {
    const run = await flow(['context', ...words], settings())
    expect(run.code, run.said).toBe(code)
    expect(run.stderr).toMatch(message)
    expect(run.stdout).toBe('')
  })
})
