import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { Engine } from './engine.ts'
import { type Account, eventually, imbalance, killLeftovers } from './flow-process.ts'
import { countRows } from './table.ts'

const PRINTS = 400_000

let postgres: TestPostgres
let simulator: Simulator
const stopped = new Set<number>()
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  for (const pid of stopped) process.kill(pid, 'SIGCONT')
  stopped.clear()
  await simulator.close()
})
afterAll(() => postgres.stop())

async function flooded(): Promise<{ engine: Engine; url: string }> {
  simulator = await startSimulator({
    source: { kind: 'synthetic', seed: 23, rate: 'max', prints: PRINTS },
  })
  const url = await postgres.freshDatabase()
  const engine = new Engine({ DATABASE_URL: url, FLOW_FEED_URL: simulator.wsUrl })
  await engine.received(10_000)
  return { engine, url }
}

/** Process ids of the sessions in the database that have a statement under way, ours left out. */
async function busySessions(url: string): Promise<number[]> {
  const rows = await query<{ pid: number }>(
    url,
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
       AND query LIKE 'COPY %'`,
  ).catch(() => [])
  return rows.map(({ pid }) => pid)
}

async function expectExactlyOnce(url: string, account: Account): Promise<void> {
  expect([imbalance(account), account.received]).toEqual([0, PRINTS])
  const [counts] = await query<{ removed: string; twice: string }>(
    url,
    `SELECT (SELECT count(*) FROM flow_cancels WHERE was_stored) AS removed,
       (SELECT count(*) - count(DISTINCT (contract_ticker, arrival, timestamp))
        FROM options_flow_history) AS twice`,
  )
  expect(counts!.twice).toBe('0')
  expect(await countRows(url)).toBe(account.stored - Number(counts!.removed))
}

it('stores each row once though PostgreSQL crashes in the middle of COPY, three times', async () => {
  const { engine, url } = await flooded()
  for (let crash = 0; crash < 3; crash++) {
    const [pid] = await eventually('a COPY under way', async () => {
      const pids = await busySessions(url)
      return pids.length > 0 && pids
    })
    // one killed process takes all others with it, and PostgreSQL goes into recovery
    process.kill(pid!, 'SIGKILL')
    await eventually('PostgreSQL again', () => countRows(url).then(String, () => null))
  }
  await simulator.finished
  await engine.received(PRINTS)
  const errors = [...(await engine.metrics())].filter(([name]) =>
    name.startsWith('flow_store_errors_total'),
  )
  expect(errors.reduce((sum, [, n]) => sum + n, 0)).toBeGreaterThan(0)
  await expectExactlyOnce(url, await engine.drain())
})

it('stores each row once though the session of the writer hangs, and lives on', async () => {
  const { engine, url } = await flooded()
  const [pid] = await eventually('a COPY under way', async () => {
    const pids = await busySessions(url)
    return pids.length > 0 && pids
  })
  process.kill(pid!, 'SIGSTOP')
  stopped.add(pid!)
  await eventually('no credits', async () => (await engine.stats()).credits === 0)
  await sleep(1000)
  expect((await engine.get('/healthz')).status).toBe(200)
  process.kill(pid!, 'SIGCONT')
  stopped.delete(pid!)
  await simulator.finished
  await engine.received(PRINTS)
  await expectExactlyOnce(url, await engine.drain())
})
