import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scan } from '../../examples/composite-scanner.ts'
import { SETTINGS } from '../../src/config.ts'
import { boostOf } from '../../src/config-flow.ts'
import { STALE_MS } from '../../src/flow/flow-analysis-engine.ts'
import { applyFlowBoost, BOOST_DEFAULTS, FlowAnalysisEngine } from '../../src/index.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { reachableDirectory, withClient } from '../pg/database.ts'
import { ROW, type StoredFlow, storeFlow } from './stored-flow.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const AT = ROW.timestamp + 60_000

/** 400 prints of large money that buys calls, as of AT. */
const BULLISH: StoredFlow[] = Array.from({ length: 400 }, (_, sequence) => ({
  ...ROW,
  sequence,
  timestamp: AT - 100 - sequence * 100,
  received_at: AT - 50 - sequence * 100,
  trade_type: 'SWEEP',
  aggressiveness: 'AGGRESSIVE',
  premium: 200_000,
}))

let postgres: EmbeddedPostgres
let url: string
let dataDir: string
/** Where scripts run: nobody's .env and no data directory. */
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flow-library-'))
  dataDir = await reachableDirectory()
  postgres = await startEmbeddedPostgres({ dataDir, onLog: () => {} })
  url = postgres.url
  await migrateDatabase(url)
  await withClient(url, (client) => storeFlow(client, BULLISH))
})
afterAll(async () => {
  await postgres.stop()
  for (const directory of [folder, dataDir]) rmSync(directory, { recursive: true, force: true })
})

/** A script of somebody else, in a folder of its own; its time is limited. */
function script(text: string, env: Record<string, string> = {}) {
  const library = JSON.stringify(join(ROOT, 'src/index.ts'))
  const code = `import { FlowAnalysisEngine, applyFlowBoost } from ${library}\n${text}`
  const options = { cwd: folder, timeout: 30_000, env: { PATH: process.env.PATH ?? '', ...env } }
  return run(process.execPath, ['--input-type=module', '--eval', code], options)
}

const ASKING = `
const engine = new FlowAnalysisEngine()
const context = await engine.getFlowContext('SPXW', 'short', { asOf: ${AT} })
console.log(context?.symbol, context?.tradeCount, engine.applyFlowBoost(55, context, 'LONG'))
`

describe('new FlowAnalysisEngine()', () => {
  it('reads DATABASE_URL, and the script ends once it has closed', async () => {
    const { stdout } = await script(`${ASKING} await engine.close()`, { DATABASE_URL: url })
    expect(stdout).toBe('SPX 400 66\n')
  })

  it('does not keep a script alive that forgets to close it', async () => {
    const { stdout } = await script(ASKING, { DATABASE_URL: url })
    expect(stdout).toBe('SPX 400 66\n')
  })

  it('finds the embedded PostgreSQL of an engine that runs', async () => {
    const { stdout } = await script(`${ASKING} await engine.close()`, { FLOW_DATA_DIR: dataDir })
    expect(stdout).toBe('SPX 400 66\n')
    const named = ASKING.replace('Engine()', `Engine({ dataDir: ${JSON.stringify(dataDir)} })`)
    const elsewhere = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }
    expect((await script(named, elsewhere)).stdout).toBe('SPX 400 66\n')
  })

  it('takes what is given as undefined for not given', async () => {
    const options =
      '{ databaseUrl: undefined, staleMs: undefined, boost: { weakPercent: undefined } }'
    const text = `${ASKING.replace('Engine()', `Engine(${options})`)}
console.log(engine.applyFlowBoost(50, { sentiment: 'BULLISH', institutionalScore: 60 }, 'LONG'))`
    expect((await script(text, { DATABASE_URL: url })).stdout).toBe('SPX 400 66\n55\n')
  })

  it('reads .env, and its boosts', async () => {
    writeFileSync(join(folder, '.env'), `DATABASE_URL=${url}\nFLOW_BOOST_STRONG_PERCENT=40\n`)
    try {
      expect((await script(`${ASKING} await engine.close()`)).stdout).toBe('SPX 400 77\n')
    } finally {
      rmSync(join(folder, '.env'))
    }
  })

  it('finds the engine again that was started anew with another port and password', async () => {
    const moved = await reachableDirectory()
    const start = () => startEmbeddedPostgres({ dataDir: moved, onLog: () => {} })
    const fill = async (server: EmbeddedPostgres) => {
      await migrateDatabase(server.url)
      await withClient(server.url, (client) => storeFlow(client, BULLISH))
    }
    let server = await start()
    const engine = new FlowAnalysisEngine({ dataDir: moved })
    const count = async () =>
      (await engine.getFlowContext('SPX', 'short', { asOf: AT }))?.tradeCount
    try {
      await fill(server)
      expect(await count()).toBe(400)
      const { port } = new URL(server.url)
      await server.stop()
      // somebody else has its port, and its data are lost
      const other = createServer((socket) => socket.destroy()).listen(Number(port), '127.0.0.1')
      rmSync(moved, { recursive: true, force: true })
      await expect(count()).rejects.toThrow()
      server = await start()
      await fill(server)
      expect(new URL(server.url).port).not.toBe(port)
      expect(await count()).toBe(400)
      other.close()
    } finally {
      await engine.close()
      await server.stop()
      rmSync(moved, { recursive: true, force: true })
    }
  })

  it('says what to do where there is no database', async () => {
    const failed = await script(ASKING).catch((error: { stderr: string }) => error)
    expect(failed.stderr).toMatch(/no database: .*DATABASE_URL.* no engine runs .*flow run/s)
  })

  it('says what is wrong in the environment, without a secret', async () => {
    const env = { DATABASE_URL: 'mysql://me:s3cret@host/x', FLOW_STALE_MS: 'soon' }
    const failed = await script(ASKING, env).catch((error: { stderr: string }) => error)
    expect(failed.stderr).toMatch(/DATABASE_URL: expected/)
    expect(failed.stderr).toMatch(/FLOW_STALE_MS: expected a whole number/)
    expect(failed.stderr).not.toContain('s3cret')
  })

  it.each([
    ['staleMs: NaN', /staleMs: expected a whole number from 1 to 86400000.*came NaN/],
    ['boost: { strongPercent: 500 }', /boost\.strongPercent: expected .* to 100 .*came 500/],
    ['boost: { weakScore: 80 }', /boost\.weakScore: expected at most strongScore \(70\), came 80/],
    ['boost: { strong: 80 }', /boost\.strong: there is no such setting/],
  ])('refuses { %s } with a ConfigError', async (options, expected) => {
    const text = `
import { ConfigError } from ${JSON.stringify(join(ROOT, 'src/index.ts'))}
try {
  new FlowAnalysisEngine({ ${options} })
} catch (error) {
  console.log(error instanceof ConfigError, error.message)
}`
    expect((await script(text)).stdout).toMatch(new RegExp(`^true .*${expected.source}`, 's'))
  })

  it('boosts without a database', async () => {
    const text = `
const context = { sentiment: 'BULLISH', institutionalScore: 72 }
console.log(applyFlowBoost(55, context, 'LONG'),
  new FlowAnalysisEngine().applyFlowBoost(55, context, 'SHORT'))`
    expect((await script(text)).stdout).toBe('66 44\n')
  })
})

describe('FlowAnalysisEngine', () => {
  it('is stale by its own measure', async () => {
    const asked = { asOf: AT + 1000 }
    for (const [staleMs, isStale] of [
      [1099, true],
      [1100, false],
    ] as const) {
      const engine = new FlowAnalysisEngine({ databaseUrl: url, staleMs })
      const context = await engine.getFlowContext('SPX', 'short', asked)
      expect(context).toMatchObject({ dataAge: 1100, isStale })
      expect(engine.applyFlowBoost(55, context, 'LONG')).toBe(isStale ? 55 : 66)
      await engine.close()
    }
  })

  it('refuses what cannot be, and everything once it is closed', async () => {
    const engine = new FlowAnalysisEngine({ databaseUrl: url })
    const soon = { asOf: Date.now() + 60_000 }
    // another machine's clock is a little ahead
    const now = await engine.getFlowContext('SPX', 'short', { asOf: Date.now() + 3000 })
    expect(now).toBeNull()
    await expect(engine.getFlowContext('SPX', 'short', soon)).rejects.toThrow(/at most now/)
    await expect(engine.getFlowContext('S P X', 'short')).rejects.toThrow(/underlying such as SPX/)
    await expect(engine.getFlowContext('SPX', '4h' as 'short')).rejects.toThrow(/short, medium/)
    expect(await engine.getFlowContext('SPX', 'short', { asOf: 0 })).toBeNull()
    await engine.close()
    await expect(engine.getFlowContext('SPX', 'short')).rejects.toThrow(/is closed/)
    await engine.close()
  })

  it('says what to do where the database is not ours', async () => {
    await withClient(url, (client) => client.query('CREATE DATABASE empty'))
    const databaseUrl = Object.assign(new URL(url), { pathname: '/empty' }).href
    const engine = new FlowAnalysisEngine({ databaseUrl })
    await expect(engine.getFlowContext('SPX', 'short')).rejects.toThrow(/run flow migrate/)
    await engine.close()
  })

  it('has the defaults of the configuration', () => {
    const defaults = Object.entries(SETTINGS)
      .filter(([key]) => key.startsWith('boost'))
      .map(([key, setting]) => [key, Number(setting.fallback)])
    expect(boostOf(Object.fromEntries(defaults))).toEqual(BOOST_DEFAULTS)
    expect(Number(SETTINGS.staleMs.fallback)).toBe(STALE_MS)
    expect(applyFlowBoost(55, { sentiment: 'BULLISH', institutionalScore: 72 }, 'LONG')).toBe(66)
  })
})

describe('examples/composite-scanner.ts', () => {
  it('raises what flow supports, lowers what it opposes, leaves the rest', async () => {
    const engine = new FlowAnalysisEngine({ databaseUrl: url })
    const composite = { scalp: 50, day: 50, swing: 50 }
    const signal = { detector: 'A', symbol: 'SPX', score: 55, composite } as const
    const scanned = await scan(
      engine,
      [
        { ...signal, direction: 'SHORT' },
        { ...signal, direction: 'LONG' },
        { ...signal, direction: 'LONG', symbol: 'NDX' },
      ],
      AT,
    )
    await engine.close()
    expect(scanned.map(({ symbol, direction, boosted }) => [symbol, direction, boosted])).toEqual([
      ['SPX', 'LONG', 66],
      ['NDX', 'LONG', 55],
      ['SPX', 'SHORT', 44],
    ])
    const [supported, , opposed] = scanned
    expect(supported!.context).toMatchObject({ recommendation: 'FOLLOW_FLOW' })
    const added = (percent: number): number =>
      50 + (supported!.context!.institutionalScore * percent) / 100
    expect(supported!.boostedComposite).toEqual({
      scalp: added(15),
      day: added(12),
      swing: added(10),
    })
    expect(opposed!.boostedComposite).toEqual(composite)
  })

  it('runs as it is, and ends', async () => {
    const env = { PATH: process.env.PATH ?? '', DATABASE_URL: url }
    const file = join(ROOT, 'examples/composite-scanner.ts')
    const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout: 30_000, env })
    expect(stdout).toMatch(/^SPY SHORT MEAN_REVERSION: 62 -> 62 \(no flow\)$/m)
    expect(stdout.trim().split('\n')).toHaveLength(2)
  })
})
