import { spawn } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DetectorReport } from '../../src/backtest/backtest.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { ROW, type StoredFlow, storeFlow } from '../flow/stored-flow.ts'
import { startTestPostgres, type TestPostgres, withClient } from '../pg/database.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../../examples/signals.csv', import.meta.url))
const DAYS = 40
const NOON = Date.UTC(2025, 5, 2, 16)
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const HEADER = 'detector,symbol,timestamp,direction,score,pnl'

let postgres: TestPostgres
let env: Readonly<Record<string, string>>
let cwd: string

beforeAll(async () => {
  postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  await migrateDatabase(url)
  await withClient(url, async (client) => {
    for (let day = 0; day < DAYS; day++) {
      const date = new Date(NOON + day * DAY_MS).toISOString().slice(0, 10)
      await client.query('SELECT flow_ensure_partition($1::date)', [date])
    }
    const rows = Array.from({ length: DAYS }, (_, day) => flowOf(day)).flat()
    await storeFlow(client, rows)
  })
  env = { PATH: process.env.PATH ?? '', DATABASE_URL: url, FLOW_RETENTION_DAYS: '0' }
  cwd = await mkdtemp(join(tmpdir(), 'flow-backtest-'))
})
afterAll(async () => {
  await postgres.stop()
})

const isBullish = (day: number): boolean => day % 3 !== 0

/** Sweeps in the minutes before noon, and a minute after it many more that say the opposite. */
function flowOf(day: number): StoredFlow[] {
  const noon = NOON + day * DAY_MS
  const sweep = (at: number, is: boolean, n: number): StoredFlow => ({
    ...ROW,
    ...{ timestamp: at, received_at: at + 12, sequence: n + 1, size: 600, premium: 2_000_000 },
    ...{ trade_type: 'SWEEP', aggressiveness: 'AGGRESSIVE', sentiment: is ? 'BULLISH' : 'BEARISH' },
    option_type: is ? 'call' : 'put',
  })
  return [
    ...Array.from({ length: 12 }, (_, n) => sweep(noon - (12 - n) * 20_000, isBullish(day), n)),
    ...Array.from({ length: 60 }, (_, n) => sweep(noon + MINUTE_MS + n, !isBullish(day), 100 + n)),
  ]
}

/** Two signals at noon of each day: the flow of the morning is right about them. */
function signalsCsv(): string {
  const rows = Array.from({ length: DAYS }, (_, day) => {
    const time = NOON + day * DAY_MS
    const won = isBullish(day)
    return [
      `MOMENTUM_BREAKOUT,SPX,${time},LONG,55,${won ? 2 : -1}`,
      `MOMENTUM_BREAKOUT,SPXW,${new Date(time).toISOString()},SHORT,55,${won ? -1 : 2}`,
    ]
  })
  const others = [
    `QUIET,IWM,${NOON},LONG,55,1`,
    `QUIET,SPX,4000000000000,LONG,55,1`,
    `QUIET,SPX,1732483200,LONG,55,1`,
  ]
  return [HEADER, ...rows.flat(), ...others].join('\n')
}

type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

async function flow(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...env, ...more } })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (data: Buffer) => {
    texts.stdout += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    texts.stderr += data.toString()
  })
  return new Promise<Run>((resolve) => child.on('close', (code) => resolve({ code, ...texts })))
}

async function written(text: string): Promise<string> {
  const path = join(cwd, 'signals.csv')
  await writeFile(path, text)
  return path
}

describe('flow backtest', () => {
  test('judges the signals with the flow that was known at their time', async () => {
    const signals = await written(signalsCsv())
    const report = join(cwd, 'report.html')
    const { code, stdout, stderr } = await flow([
      ...['backtest', '--signals', signals, '--json', '--html', report],
    ])
    expect(stderr).toMatch(/line 84: timestamp: .*looks like seconds; the row is left out/)
    expect(stderr).toMatch(/1 signal is later than now/)
    expect(code).toBe(0)
    const told = JSON.parse(stdout) as { detectors: DetectorReport[] }
    expect(told).toMatchObject({ badRows: 1, future: 1, testsMade: 2, window: 'medium' })
    const [momentum, quiet] = told.detectors
    expect(momentum).toMatchObject({
      before: { detector: 'MOMENTUM_BREAKOUT', winRate: 0.5, profitFactor: 2, totalTrades: 80 },
      after: { detector: 'MOMENTUM_BREAKOUT', winRate: 1, profitFactor: null, totalTrades: 40 },
      coverage: { supported: 40, opposed: 40, withoutContext: 0 },
      verdict: { kind: 'better' },
    })
    expect(quiet).toMatchObject({
      before: { totalTrades: 2 },
      coverage: { withoutContext: 2 },
      verdict: {
        kind: 'not judged',
        text: 'no flow is stored for any of its signals; nothing is claimed',
      },
    })
    expect(stderr).not.toMatch(/no flow is stored for/)
    expect(await readFile(report, 'utf8')).toContain('MOMENTUM_BREAKOUT')
  })

  test('warns where flow knows nothing of most signals', async () => {
    const rows = ['A,SPX', 'A,IWM', 'A,NDX'].map((what) => `${what},${NOON},LONG,55,1`)
    const { code, stderr } = await flow([
      ...['backtest', '--signals', await written([HEADER, ...rows].join('\n'))],
    ])
    expect(code).toBe(0)
    expect(stderr).toMatch(/no flow is stored for 2 of 3 signals: docs\/backtest\.md/)
  })

  test('tells a person', async () => {
    const { code, stdout } = await flow(['backtest', '--signals', await written(signalsCsv())])
    expect(code).toBe(0)
    expect(stdout).toMatch(/82 signals of signals\.csv, each with the flow of the 4h before it/)
    expect(stdout).toMatch(/MOMENTUM_BREAKOUT\n {2}before +80 .*\n {2}after +40 .*100\.0 %/)
    expect(stdout).toContain(
      'better beyond what its mix of LONG and SHORT makes: win rate +45.5 points',
    )
  })

  test('takes the settings of the boost', async () => {
    const signals = await written(signalsCsv())
    const { stdout } = await flow(['backtest', '--signals', signals, '--json'], {
      FLOW_BOOST_WEAK_SCORE: '100',
      FLOW_BOOST_STRONG_SCORE: '100',
    })
    const [momentum] = (JSON.parse(stdout) as { detectors: DetectorReport[] }).detectors
    expect(momentum).toMatchObject({ after: { totalTrades: 80 }, coverage: { neutral: 80 } })
  })

  test('reads the example', async () => {
    const { code, stdout, stderr } = await flow(['backtest', '--signals', EXAMPLE, '--json'])
    expect(stderr).not.toMatch(/line \d/)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ badRows: 0, repeated: 0 })
  })

  test.each([
    ['no file', [], /expected --signals FILE: a CSV with detector,symbol,timestamp/],
    ['a file that is not there', ['--signals', 'no.csv'], /--signals: .*ENOENT/],
    ['another file', ['--signals', 'other.csv'], /other\.csv: expected a header .*lacks detector/],
    ['a file of nothing right', ['--signals', 'bad.csv'], /came none \(1 rows are wrong; line 2: /],
    ['a threshold that nothing uses', ['--min-score', '5'], /--min-score: expected with --filter/],
    ['no threshold', ['--filter', 'score'], /expected --min-score too/],
    ['a report that cannot be', ['--html', 'no/x.html'], /--html: .*ENOENT/],
    ['a seed that is none', ['--seed', '1.5'], /expected a whole number from 0/],
  ])('%s is a wrong call: exit code 2', async (_, args, line) => {
    await writeFile(join(cwd, 'other.csv'), 'a,b\n1,2\n')
    await writeFile(join(cwd, 'bad.csv'), `${HEADER}\nM,SPX,now,LONG,1,1\n`)
    const { code, stdout, stderr } = await flow(['backtest', ...args])
    expect(stderr).toMatch(line)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})

describe('flow optimise', () => {
  test('says that what is in force stays where nothing else is better', async () => {
    const args = ['optimise', '--signals', await written(signalsCsv()), '--min-score', '60']
    const { code, stdout } = await flow(args)
    expect(stdout).toMatch(/keep the settings in force: /)
    expect(stdout).not.toContain('FLOW_BOOST_')
    expect(code).toBe(0)
    const json = JSON.parse((await flow([...args, '--json'])).stdout)
    expect(json).toMatchObject({ settings: null, set: [], candidates: 64 })
    expect(json.folds.length).toBeGreaterThan(2)
  })

  test('without a threshold is a wrong call', async () => {
    const { code, stderr } = await flow(['optimise', '--signals', await written(signalsCsv())])
    expect(stderr).toMatch(/expected --min-score N/)
    expect(code).toBe(2)
  })
})
