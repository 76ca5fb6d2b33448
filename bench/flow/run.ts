/**
 * `npm run bench:contexts -- [--rows 2000000] [--days 25] [--symbols 20] [--rounds 500]`: how long a
 * context of 24 hours takes over so many stored prints, live and as of a moment, and by which plan.
 * Writes nothing but what it prints; its database goes with it.
 */
import { statfs } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Client } from 'pg'
import { FlowAnalysisEngine } from '../../src/flow/flow-analysis-engine.ts'
import { CONTEXT_SQL, valuesOf } from '../../src/flow/query.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { startDatabase } from '../kit/database.ts'
import { quantile } from '../kit/figures.ts'
import { load, symbolOf } from './load.ts'

const DAY_MS = 86_400_000
const BYTES_A_ROW = 450
const WARM_UP = 50

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    days: { type: 'string', default: '25' },
    symbols: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '500' },
  },
})
const [rows, days, symbols, rounds] = [values.rows, values.days, values.symbols, values.rounds].map(
  Number,
) as [number, number, number, number]
if (![rows, days, symbols, rounds].every((value) => Number.isInteger(value) && value > 0)) {
  console.error('expected whole numbers above 0: --rows, --days, --symbols, --rounds')
  process.exit(2)
}
const { bavail, bsize } = await statfs(tmpdir())
if (bavail * bsize < rows * BYTES_A_ROW) {
  console.error(`${rows} rows need ${Math.ceil((rows * BYTES_A_ROW) / 1e9)} GB in ${tmpdir()}`)
  process.exit(1)
}

const database = await startDatabase()
try {
  await migrateDatabase(database.url)
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} cores, PostgreSQL ${database.version}`,
  )
  const until = Date.now()
  const stored = await load(database.client, { rows, days, symbols, until })
  const { client } = database
  const [size] = (
    await client.query(`SELECT pg_size_pretty(pg_database_size(current_database())) AS size,
      (SELECT count(*) FROM flow_minute_sums)::integer AS minutes,
      (SELECT count(*) FROM flow_corrections)::integer AS corrections`)
  ).rows
  console.log(
    `${stored.toLocaleString('en-US')} rows, ${size.minutes} minute sums, ${size.corrections} corrections, ${size.size}`,
  )
  const engine = new FlowAnalysisEngine({ databaseUrl: database.url })
  await check(client, engine, until)
  for (const symbol of [symbolOf(0), symbolOf(1), symbolOf(symbols - 1)]) {
    await measure(engine, symbol, () => undefined, 'live')
    // another second each, so that no two ask the same
    await measure(engine, symbol, (i) => until - (i % 3600) * 1000, 'as of the last hour')
    await measure(engine, symbol, (i) => until - DAY_MS * (2 + (i % (days - 3))), 'as of any day')
  }
  await engine.close()
  for (const isAsOf of [false, true]) await explain(client, symbolOf(0), until, isAsOf)
} finally {
  // run by root the database may live elsewhere than in the directory that is removed
  await database.client.query('TRUNCATE options_flow_history').catch(() => {})
  await database.stop()
}

/** The answer first: a context has the sums of the rows. */
async function check(client: Client, engine: FlowAnalysisEngine, until: number): Promise<void> {
  const asOf = until - 3_600_123
  const found = await engine.getFlowContext(symbolOf(0), 'long', { asOf })
  const { rows: of } = await client.query(
    `SELECT count(*)::integer AS trades, sum(premium)::float8 AS premium
     FROM options_flow_history WHERE symbol = $1 AND timestamp > $2 AND timestamp <= $3
       AND received_at <= $3`,
    [symbolOf(0), asOf - DAY_MS, asOf],
  )
  if (found?.tradeCount !== of[0].trades || found?.totalPremium !== of[0].premium) {
    throw new Error(`wrong answer: ${found?.tradeCount} prints, ${of[0].trades} rows`)
  }
}

async function measure(
  engine: FlowAnalysisEngine,
  symbol: string,
  asOfOf: (round: number) => number | undefined,
  name: string,
): Promise<void> {
  const times: number[] = []
  let prints = 0
  for (let round = -WARM_UP; round < rounds; round++) {
    const asOf = asOfOf(round + WARM_UP)
    const startedAt = performance.now()
    const context = await engine.getFlowContext(symbol, 'long', { asOf })
    if (round >= 0) times.push(performance.now() - startedAt)
    prints = context?.tradeCount ?? 0
  }
  times.sort((a, b) => a - b)
  const [median, p99] = [quantile(times, 0.5), quantile(times, 0.99)].map((ms) => ms.toFixed(2))
  const load = loadavg()[0]!.toFixed(1)
  const of = `${prints.toLocaleString('en-US')} prints in the window`
  console.log(`${symbol} ${name}: median ${median} ms, p99 ${p99} ms (${of}; load ${load})`)
}

/** The plan in short: what it reads, how often, how many pages. */
async function explain(client: Client, symbol: string, until: number, isAsOf: boolean) {
  const asked = { symbol, windowMs: DAY_MS, at: until - 3_600_123, isAsOf }
  const literals = valuesOf(asked).map((value) =>
    typeof value === 'string' ? `'${value}'` : `${value}`,
  )
  await client.query('SET plan_cache_mode = force_generic_plan')
  await client.query(`PREPARE context AS ${CONTEXT_SQL}`)
  const text = `EXPLAIN (ANALYZE, BUFFERS) EXECUTE context(${literals.join(', ')})`
  await client.query(text)
  const lines = (await client.query(text)).rows.map((row) => String(row['QUERY PLAN']))
  await client.query('DEALLOCATE context')
  console.log(`\nplan ${isAsOf ? 'as of' : 'live'}`)
  const told = /Scan|Subplans Removed|Execution Time|Planning Time|^ {2}Buffers/
  for (const line of lines.filter((l) => told.test(l) && !/never executed/.test(l))) {
    console.log(line.replace(/\(cost=[^)]*\) /, '').slice(0, 160))
  }
}
