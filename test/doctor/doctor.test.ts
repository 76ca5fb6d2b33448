import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { checkDatabase } from '../../src/doctor/database.ts'
import { checkDisk } from '../../src/doctor/disk.ts'
import { doctorText } from '../../src/doctor/doctor-text.ts'
import { checkEngine } from '../../src/doctor/engine.ts'
import { checkFeed, planOf } from '../../src/doctor/feed.ts'
import { type Finding, fail, ok, skip, warn } from '../../src/doctor/finding.ts'
import { checkMachine } from '../../src/doctor/machine.ts'
import { checkRest } from '../../src/doctor/rest.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import { type Fault, parseFault } from '../../src/simulator/faults.ts'
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { SCHEMA_VERSION } from '../../src/writer/migrate.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'

const KEY = 'k3y-of-a-customer'
const never = new AbortController().signal
const cleanups: (() => unknown)[] = []
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-doctor-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const words = (findings: readonly Finding[]) =>
  findings.map(({ name, state, found }) => `${state} ${name}: ${found}`)

async function vendor(faults: readonly string[], more: Partial<SimulatorOptions> = {}) {
  const simulator = await startSimulator({
    source: { kind: 'synthetic', seed: 1, rate: 10 },
    apiKey: KEY,
    faults: faults.map(parseFault) as Fault[],
    ...more,
  })
  cleanups.push(() => simulator.close())
  return simulator
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

describe('key and plan', () => {
  it('are fine with a key that the vendor takes, and the connection is free again', async () => {
    const { wsUrl } = await vendor([])
    for (let again = 0; again < 2; again++) {
      expect(words(await checkFeed({ url: wsUrl, apiKey: KEY }, never))).toEqual([
        `ok feed: ${wsUrl} answers`,
        'ok key: the vendor takes it',
        'ok plan: trades and quotes',
      ])
    }
  })

  it.each<[string, readonly string[], Partial<SimulatorOptions>, RegExp]>([
    ['a wrong key', ['authfail'], {}, /^fail key: the vendor says: authentication failed/],
    ['a plan without the feed', ['noplan'], {}, /^fail key: .*plan doesn't include websocket/],
    ['a connection too many', ['maxconn'], {}, /^warn key: .*Maximum number of websocket conn/],
    ['a key that was not seen', ['authtimeout'], { authTimeoutMs: 200 }, /^warn key: .*No auth/],
  ])('%s: the words of the vendor', async (_, faults, more, expected) => {
    const { wsUrl } = await vendor(faults, more)
    const findings = await checkFeed({ url: wsUrl, apiKey: KEY }, never)
    expect(words(findings)[1]).toMatch(expected)
    expect(findings[1]!.todo).not.toBeNull()
    expect(JSON.stringify(findings)).not.toContain(KEY)
  })

  it.each([
    ['AM', /^fail plan: no trades: not authorized, not authorized$/],
    ['T', /^warn plan: trades, but no quotes: not authorized; prints have no side$/],
    ['TQ', /^ok plan: trades and quotes$/],
  ])('a plan that has the channels %s', async (channels, expected) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    cleanups.push(() => server.close())
    server.on('connection', (socket) => {
      const say = (status: string, message: string) =>
        socket.send(JSON.stringify([{ ev: 'status', status, message }]))
      say('connected', 'Connected Successfully')
      socket.on('message', (data) => {
        const { action, params } = JSON.parse(String(data)) as { action: string; params: string }
        if (action === 'auth') return say('auth_success', 'authenticated')
        for (const topic of params.split(',')) {
          if (channels.includes(topic.split('.')[0]!)) say('success', `subscribed to: ${topic}`)
          else say('error', 'not authorized')
        }
      })
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const findings = await checkFeed({ url: `ws://127.0.0.1:${port}`, apiKey: KEY }, never)
    expect(words(findings)[2]).toMatch(expected)
  })

  it.each([
    [['T'], 'warn plan: trades, no quotes, 15 minutes late (a delayed host)'],
    [['T', 'Q'], 'warn plan: trades and quotes, 15 minutes late (a delayed host)'],
  ])('a host that is late, with the channels %s', (channels, expected) => {
    const answers = channels.map((channel) => ({
      status: 'success',
      message: `subscribed to: ${channel}.O:SPY251219C00650000`,
    }))
    expect(words(planOf(answers, true, String))).toEqual([expected])
  })

  it('nobody there: what was tried, without the key', async () => {
    const port = await listening(createServer((socket) => socket.destroy()))
    const url = `ws://127.0.0.1:${port}/options?apiKey=${KEY}`
    const [finding] = await checkFeed({ url, apiKey: KEY }, never)
    expect(finding).toMatchObject({ name: 'feed', state: 'fail' })
    expect(JSON.stringify(finding)).not.toContain(KEY)
  })
})

describe('REST and clock', () => {
  const restAt = async (answer: RequestListener) => {
    const port = await listening(createHttpServer(answer))
    return checkRest({ url: `http://127.0.0.1:${port}`, apiKey: KEY }, never)
  }

  it('are fine with the vendor', async () => {
    const { restUrl } = await vendor([])
    const findings = await checkRest({ url: restUrl, apiKey: KEY }, never)
    expect(findings.map(({ state }) => state)).toEqual(['ok', 'ok'])
    const [refused] = await checkRest({ url: restUrl, apiKey: 'another-key' }, never)
    expect(refused).toMatchObject({ state: 'fail', todo: expect.stringContaining('MASSIVE_API') })
  })

  it.each([
    [200, 0, 'ok', 'ok', /agrees/],
    [200, -60_000, 'ok', 'warn', /^[56]\d\.\d s or more ahead of that of the vendor/],
    [200, 60_000, 'ok', 'warn', /^[56]\d\.\d s or more behind that of the vendor/],
    [403, 0, 'fail', 'ok', /agrees/],
    [429, 0, 'warn', 'ok', /agrees/],
    [500, 0, 'warn', 'ok', /agrees/],
  ])('%i, a clock that is off by %i ms', async (status, off, rest, clock, found) => {
    const findings = await restAt((_, response) => {
      response.writeHead(status, { date: new Date(Date.now() + off).toUTCString() }).end('{}')
    })
    expect(findings.map(({ state }) => state)).toEqual([rest, clock])
    expect(findings[1]!.found).toMatch(found)
  })

  it('nobody there: fail', async () => {
    const findings = await checkRest({ url: 'http://127.0.0.1:1', apiKey: KEY }, never)
    expect(findings).toMatchObject([{ state: 'fail', found: expect.stringContaining('127.0.0.1') }])
  })
})

describe('the database', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startTestPostgres()
  })
  afterAll(() => server.stop())

  const check = (url: string, schema = SCHEMA_VERSION) =>
    checkDatabase({ url, name: 'the database', schema, clean: (text) => text }, never)

  it('is new, then migrated, then older or newer than the program', async () => {
    const url = await server.freshDatabase()
    expect(words(await check(url))[1]).toMatch(/^warn schema: not there yet/)
    await migrateDatabase(url)
    expect(words(await check(url))).toEqual([
      expect.stringMatching(/^ok database: the database, PostgreSQL \d\d.*, \d+ MiB$/),
      `ok schema: version ${SCHEMA_VERSION}`,
      'ok flow: none is stored yet',
    ])
    expect((await check(url, SCHEMA_VERSION + 1))[1]).toMatchObject({ state: 'warn' })
    expect((await check(url, SCHEMA_VERSION - 1))[1]).toMatchObject({ state: 'fail' })
  })

  it('tells what is stored, without a look at the whole table', async () => {
    const url = await server.freshDatabase()
    await migrateDatabase(url)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const at = Date.UTC(2026, 10, 20, 15, 30, 0, 250)
    await client.query(`SELECT flow_ensure_partition('2026-11-20')`)
    for (const [symbol, timestamp] of [
      ['SPX', at - 90_000],
      ['SPY', at],
      ['QQQ', at - 3_600_000],
    ]) {
      await client.query(
        `INSERT INTO options_flow_history (timestamp, size, dte, expiration, is_sweep, is_block,
           is_above_ask, is_below_bid, is_unusual_volume, symbol, contract_ticker, price, premium,
           trade_type, sentiment, aggressiveness, strike, option_type)
         VALUES ($1, 10, 1, '2026-11-21', false, false, false, false, false, $2, 'O:X', 1, 1000,
           'REGULAR', 'NEUTRAL', 'NORMAL', 100, 'call')`,
        [timestamp, symbol],
      )
    }
    await client.end()
    expect(words(await check(url))[2]).toBe(
      'ok flow: symbols: 3, since 2026-11-20, the newest print of 2026-11-20T15:30:00.250Z',
    )
  })

  it('says when a role may not write, a password is wrong, a database is not there', async () => {
    const url = await server.freshDatabase()
    await migrateDatabase(url)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`DROP ROLE IF EXISTS doctor_reader`)
    await client.query(`CREATE ROLE doctor_reader LOGIN PASSWORD 'reader-pw'`)
    const as = (user: string, password: string, database?: string) => {
      const other = new URL(url)
      Object.assign(other, { username: user, password })
      if (database !== undefined) other.pathname = database
      return other.href
    }
    const asReader = async (schema?: number) => {
      const [, found] = await check(as('doctor_reader', 'reader-pw'), schema)
      expect(found!.todo).toContain('docs/security.md')
      return words([found!])[0]
    }
    const empty = as('doctor_reader', 'reader-pw', new URL(await server.freshDatabase()).pathname)
    expect(words(await check(empty))[1]).toMatch(/^fail schema: not there yet, and .* may not make/)
    expect(await asReader()).toMatch(/^fail schema: permission denied/)
    await client.query('GRANT SELECT ON ALL TABLES IN SCHEMA public TO doctor_reader')
    expect(await asReader(SCHEMA_VERSION + 1)).toMatch(/^fail schema: .*may not change it/)
    await client.query('GRANT INSERT, UPDATE, DELETE ON options_flow_history TO doctor_reader')
    expect(await asReader()).toMatch(/^fail schema: .*may not write to every table/)
    await client.query(
      'GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO doctor_reader',
    )
    await client.query('REVOKE INSERT, UPDATE, DELETE ON flow_migrations FROM doctor_reader')
    expect((await check(as('doctor_reader', 'reader-pw')))[1]).toMatchObject({ state: 'ok' })
    const [wrong] = await check(as('doctor_reader', 'wrong-pw'))
    expect(wrong).toMatchObject({ state: 'fail', todo: expect.stringContaining('password') })
    const [missing] = await check(as('doctor_reader', 'reader-pw', '/nowhere'))
    expect(missing).toMatchObject({ state: 'fail', todo: expect.stringContaining('make that') })
    await client.query('DROP OWNED BY doctor_reader')
    await client.query('DROP ROLE doctor_reader')
    await client.end()
  })

  it('that nobody answers for is a fail', async () => {
    const [finding] = await check('postgres://me@127.0.0.1:1/flow')
    expect(finding).toMatchObject({ state: 'fail', found: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('disk and machine', () => {
  const disk = { dataDir: '', journalMaxMib: 256, isEmbedded: false }

  it('a directory that is not there yet counts as the one it will be made in', async () => {
    const dataDir = join(folder, 'not', 'there', 'yet')
    expect(await checkDisk({ ...disk, dataDir })).toMatchObject([{ state: 'ok' }])
  })

  it('warns where the journal finds no room', async () => {
    const asked = { ...disk, dataDir: folder, journalMaxMib: 1_048_576 * 1024 }
    expect(await checkDisk(asked)).toMatchObject([
      { state: 'warn', todo: expect.stringContaining('FLOW_JOURNAL_MAX_MIB') },
    ])
  })

  it('does not want the room twice that the journal has already', async () => {
    const dataDir = join(folder, 'running')
    mkdirSync(join(dataDir, 'journal', 'state'), { recursive: true })
    const { bavail, bsize } = statfsSync(folder)
    const journalMaxMib = Math.ceil((bavail * bsize) / 2 ** 20) + 4096
    expect(await checkDisk({ ...disk, dataDir, journalMaxMib })).toMatchObject([{ state: 'warn' }])
    // as large as it needs to be, without a byte on the disk
    const segment = join(dataDir, 'journal', 'state', 'segment')
    writeFileSync(segment, '')
    truncateSync(segment, 8192 * 2 ** 20)
    expect(await checkDisk({ ...disk, dataDir, journalMaxMib })).toMatchObject([{ state: 'ok' }])
  })

  it.skipIf(process.platform !== 'linux')('fails where there are no files', async () => {
    expect(await checkDisk({ ...disk, dataDir: '/proc/flow' })).toMatchObject([
      { state: 'fail', found: expect.stringContaining('/proc') },
    ])
  })

  it('fails where something else is in the way', async () => {
    const path = join(folder, 'file')
    writeFileSync(path, '')
    expect(await checkDisk({ ...disk, dataDir: path })).toMatchObject([{ state: 'fail' }])
  })

  it.skipIf(process.getuid?.() === 0)('fails where nothing may be written', async () => {
    const locked = mkdtempSync(join(folder, 'locked-'))
    chmodSync(locked, 0o500)
    expect(await checkDisk({ ...disk, dataDir: locked })).toMatchObject([{ state: 'fail' }])
  })

  it.each([
    [2, 1, 8e9, 4096, ['ok', 'ok', 'ok']],
    [2, 3, 8e9, 4096, ['warn', 'ok', 'ok']],
    [2, 2, 5e8, 256, ['ok', 'warn', 'warn']],
  ])('%i cores, %i shards, %d bytes, %i files', async (cores, shards, memory, files, states) => {
    const limitsFile = join(folder, 'limits')
    writeFileSync(
      limitsFile,
      `Limit  Soft Limit  Hard Limit\nMax open files  ${files}  9999  files\n`,
    )
    const findings = await checkMachine({ cores, shards, memory, limitsFile })
    expect(findings.map(({ state }) => state)).toEqual(states)
  })
})

describe('the address of the engine', () => {
  it('is free, or taken by something else', async () => {
    const port = await listening(createServer((socket) => socket.destroy()))
    const taken = await checkEngine({ host: '127.0.0.1', port, dataDir: folder }, never)
    expect(taken).toMatchObject({ isRunning: false, findings: [{ state: 'fail' }] })
    await cleanups.pop()!()
    const free = await checkEngine({ host: '127.0.0.1', port, dataDir: folder }, never)
    expect(free).toMatchObject({ isRunning: false, findings: [{ state: 'ok' }] })
  })

  it.each([
    ['ready', { status: 'ready' }, 'ok'],
    ['not ready', { error: 'the feed is not subscribed' }, 'warn'],
  ])('has an engine that is %s', async (_, ready, state) => {
    const port = await listening(
      createHttpServer(({ url }, response) => {
        response.end(JSON.stringify(url === '/healthz' ? { status: 'alive' } : ready))
      }),
    )
    const found = await checkEngine({ host: '127.0.0.1', port, dataDir: folder }, never)
    expect(found).toMatchObject({ isRunning: true, findings: [{ state }] })
  })
})

describe('all checks together', () => {
  it('end in time, whatever one of them does, and one that throws says why', async () => {
    let aborted = false
    const findings = await runChecks(
      [
        { name: 'a', run: async () => [ok('a', 'fine')] },
        {
          name: 'hangs',
          run: (signal) => {
            signal.addEventListener('abort', () => {
              aborted = true
            })
            return new Promise(() => {})
          },
        },
        { name: 'throws', run: () => Promise.reject(new Error('out of order')) },
      ],
      100,
    )
    expect(words(findings)).toEqual([
      'ok a: fine',
      'fail hangs: no answer within 0.1 s',
      'fail throws: out of order',
    ])
    expect(aborted).toBe(true)
  })

  it('are told in lines, with what to do, and summed up', () => {
    const text = doctorText([
      ok('key', 'taken'),
      warn('database', 'old', 'renew it'),
      fail('disk', 'full', 'free some'),
      skip('alerts', 'none'),
    ])
    expect(text).toBe(`ok    key       taken
warn  database  old
                renew it
FAIL  disk      full
                free some
-     alerts    none

1 to mend before the engine can work, 1 to look at.
`)
    expect(doctorText([ok('key', 'taken')])).toContain('Nothing is wrong.')
  })
})
