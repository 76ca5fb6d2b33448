import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newBatch } from '../../src/writer/batch.ts'
import { CopyBuffer, rowOffsets } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import type { StoreError } from '../../src/writer/messages.ts'
import { Sink } from '../../src/writer/sink.ts'
import { definitionsOf, slabOf } from '../writer/rows.ts'
import { query, startTestPostgres, type TestPostgres, urlWithDatabase } from './database.ts'
import { newSeen, numbered, postRows, startedWriter, TICKER, until } from './started-writer.ts'

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})

function withLogin(user: string, password: string, host?: string): string {
  const changed = new URL(url)
  changed.username = user
  changed.password = password
  if (host !== undefined) changed.host = host
  return changed.href
}

describe('a start that waiting cannot help ends with the reason', () => {
  it('for a wrong password, which is not told', async () => {
    const seen = newSeen()
    const start = startedWriter(withLogin('postgres', 'hush-hush'), { seen })
    const error = await start.catch((reason: Error) => reason)
    expect(`${error}`).toContain('password authentication failed')
    expect(seen.errors.map((one) => one.reason)).toEqual(['auth'])
    expect(JSON.stringify(seen) + String(error)).not.toContain('hush-hush')
  })

  it('for a database that does not exist', async () => {
    await expect(startedWriter(urlWithDatabase(url, 'nowhere'))).rejects.toThrow('"nowhere"')
  })

  it('for a role that may not create tables', async () => {
    await query(server.adminUrl, "CREATE ROLE guest LOGIN PASSWORD 'guest'")
    await expect(startedWriter(withLogin('guest', 'guest'))).rejects.toThrow('permission denied')
  })

  it('for a URL that is none, which is not told', async () => {
    const start = startedWriter('postgresql://user:hush-hush@host:notaport/flow')
    const error = await start.catch((reason: Error) => reason)
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).not.toContain('hush-hush')
  })
})

describe('a start', () => {
  it('waits for a database that is not there, with one line, until it is stopped', async () => {
    const seen = newSeen()
    const abort = new AbortController()
    const start = startedWriter(withLogin('postgres', 'x', '127.0.0.1:1'), {
      seen,
      signal: abort.signal,
    })
    const failed = start.catch((error: Error) => error.message)
    await until('three attempts', () => seen.errors.length >= 3)
    expect(seen.waiting).toHaveLength(1)
    expect(seen.waiting[0]).toMatchObject({ state: 'waiting', reason: 'connection' })
    abort.abort()
    expect(await failed).toContain('stopped before the database was there')
  })
})

describe('rows that PostgreSQL refuses', () => {
  it('are set aside and counted, and every other row of the batch is stored', async () => {
    const encoder = new RowEncoder('opra')
    encoder.define(definitionsOf([TICKER]))
    const batch = newBatch(new CopyBuffer())
    encoder.encode(slabOf(numbered(1, 50)), 0, 50, batch.copy, 100, 1 << 20)
    const offsets = rowOffsets(batch.copy.bytes.subarray(0, batch.copy.length))
    // the first letter of the symbol becomes a byte that no UTF-8 text holds
    for (const row of [0, 17, 49]) batch.copy.bytes[offsets[row]! + 6] = 0xff
    const errors: StoreError[] = []
    const sink = new Sink({
      databaseUrl: url,
      isFeed: true,
      isAgain: false,
      retentionDays: null,
      minSize: 10,
      tickerOf: () => TICKER,
      onStoreError: (error) => errors.push(error),
      onWaiting: () => {},
    })
    await sink.start()
    const { setAside } = await sink.store(batch)
    await sink.stop()
    expect(setAside).toBe(3)
    expect(new Set(errors.map((error) => error.reason))).toEqual(new Set(['data']))
    expect(errors).toHaveLength(4) // the batch, then each row
    const rows = await query<{ arrival: number }>(url, 'SELECT arrival FROM options_flow_history')
    const stored = new Set(rows.map((row) => row.arrival))
    expect(rows).toHaveLength(47)
    expect([1, 18, 50].filter((arrival) => stored.has(arrival))).toEqual([])
  })
})

it('keeps trying when the role loses its rights later, and tells once', async () => {
  await query(server.adminUrl, "CREATE ROLE worker LOGIN PASSWORD 'secret-word'")
  await query(url, 'GRANT ALL ON SCHEMA public TO worker')
  const seen = newSeen()
  const { writer } = await startedWriter(withLogin('worker', 'secret-word'), { seen })
  await query(server.adminUrl, 'ALTER ROLE worker NOLOGIN')
  await query(
    server.adminUrl,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'worker'",
  )
  postRows(writer, numbered(1, 5))
  await until('a refused login', () => seen.errors.some((error) => error.reason === 'auth'))
  await query(server.adminUrl, 'ALTER ROLE worker LOGIN')
  await writer.drain()
  expect(seen.fatal).toEqual([])
  expect(JSON.stringify(seen)).not.toContain('secret-word')
  expect(await query(url, 'SELECT FROM options_flow_history')).toHaveLength(5)
  await writer.stop()
})
