import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { flow, killLeftovers } from './flow-process.ts'
import { SECRET_KEY } from './prints.ts'

const SIGNALS = join(import.meta.dirname, '../../examples/signals.csv')

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(killLeftovers)
afterAll(() => postgres.stop())

describe('a wrong configuration', () => {
  it('is one line for each wrong name, exit code 2, and nothing is opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flow-wrong-'))
    const vendor = await startVendor([(peer) => peer.accept()])
    try {
      const dataDir = join(folder, 'data')
      const run = await flow(['run', '--shards', '65'], {
        FLOW_DATA_DIR: dataDir,
        FLOW_FEED_URL: vendor.url,
        FLOW_HTTP_PORT: '70000',
        FLOW_RULES: 'best',
        FLOW_MIN_SIZE: 'ten',
        FLOW_SYMBOLS: 'SPY,S&P',
        FLOW_SUBSCRIBE: 'all',
        DATABASE_URL: 'mysql://user:pa55w0rd@localhost/flow',
        MASSIVE_API_KEY: `${SECRET_KEY} two`,
      })
      expect(run.code).toBe(2)
      const wrong = run.stderr.trim().split('\n')
      for (const name of [
        'FLOW_HTTP_PORT',
        'FLOW_RULES',
        'FLOW_MIN_SIZE',
        'FLOW_SYMBOLS',
        'FLOW_SUBSCRIBE',
        'FLOW_SHARDS',
        'DATABASE_URL',
        'MASSIVE_API_KEY',
      ]) {
        expect(wrong.filter((line) => line.includes(`${name}: expected`))).toHaveLength(1)
      }
      expect(wrong).toHaveLength(8)
      expect(run.stdout).toBe('')
      expect(run.said).not.toContain('pa55w0rd')
      expect(run.said).not.toContain(SECRET_KEY)
      expect(existsSync(dataDir)).toBe(false)
      expect(vendor.peers).toHaveLength(0)
    } finally {
      await vendor.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it.each([
    [['replay']],
    [['replay', 'x.csv', '--speed', '5']],
    [['run', '--no-such-flag']],
    [['fly']],
    [['simulate', '--rate', 'fast']],
  ])('of the call itself is exit code 2: flow %j', async (args) => {
    const run = await flow(args, {})
    expect(run.code).toBe(2)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('a start that cannot be', () => {
  it('names the port that another program has, and ends with exit code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    try {
      const run = await flow(['run'], {
        FLOW_HTTP_PORT: `${port}`,
        DATABASE_URL: postgres.adminUrl,
      })
      expect(run.code).toBe(1)
      expect(run.stderr.trim().split('\n')).toHaveLength(1)
      expect(run.stderr).toContain('FLOW_HTTP_PORT')
      expect(run.stderr).toContain(`${port}`)
    } finally {
      other.close()
    }
  })

  it.each([
    ['a wrong password', (url: URL) => (url.password = 'wr0ng-pa55'), /password|auth/i],
    ['a database that is not there', (url: URL) => (url.pathname = '/nowhere'), /nowhere/],
  ])('tells %s without the password, and ends with exit code 1', async (_, change, words) => {
    const url = new URL(postgres.adminUrl)
    change(url)
    const engine = new Engine({ DATABASE_URL: url.href, FLOW_FEED_URL: 'ws://127.0.0.1:9/x' })
    expect(await engine.exited).toBe(1)
    expect(engine.said).toMatch(words)
    expect(engine.said).not.toContain(url.password)
  })

  it('tells a file that is not there, and ends with exit code 2: the call is wrong', async () => {
    const run = await flow(['replay', '/no/such/tape.csv'], { DATABASE_URL: postgres.adminUrl })
    expect(run.code).toBe(2)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    expect(run.stderr).toContain('/no/such/tape.csv')
  })
})

it('a data directory that cannot be written is told with what to do, exit code 1', async () => {
  const vendor = await startVendor([(peer) => peer.accept()])
  try {
    const run = await flow(['run'], {
      DATABASE_URL: await postgres.freshDatabase(),
      FLOW_DATA_DIR: '/dev/null/data',
      FLOW_FEED_URL: vendor.url,
      FLOW_HTTP_PORT: '0',
    })
    expect(run.code).toBe(1)
    expect(run.said).toMatch(
      /cannot be kept in \/dev\/null\/data: ENOTDIR.*make the directory writable, or set FLOW_DATA_DIR/,
    )
  } finally {
    await vendor.close()
  }
})

it.each([
  [['explain', 'O:SPY271217C00650000', '1']],
  [['context', 'SPY']],
  [['backtest', '--signals', SIGNALS]],
])('%j where no engine has run yet says so, and makes no database', async (words) => {
  const folder = mkdtempSync(join(tmpdir(), 'flow-unused-'))
  try {
    const dataDir = join(folder, 'data')
    const run = await flow(words, { FLOW_DATA_DIR: dataDir })
    expect([run.code, run.stdout]).toEqual([1, ''])
    expect(run.stderr).toContain(`no flow is stored in ${dataDir} yet: start the engine first`)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    expect(existsSync(dataDir)).toBe(false)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
