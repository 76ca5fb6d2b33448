import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { drift } from '../rollup/drift.ts'
import { startCuttingProxy } from './cutting-proxy.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import {
  numbered,
  postRows,
  type Seen,
  type StartedWriter,
  startedWriter,
  until,
} from './started-writer.ts'

let server: TestPostgres
let url: string
let running: StartedWriter[] = []

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})
afterEach(async () => {
  await Promise.all(running.map(({ writer }) => writer.stop()))
  running = []
  expect(await drift(url)).toEqual([])
})

async function start(on = url): Promise<StartedWriter> {
  const started = await startedWriter(on)
  running.push(started)
  return started
}

/** Arrivals stored more or less often than once; `count` rows were posted from 1 on. */
async function wronglyStored(count: number): Promise<unknown[]> {
  return query(
    url,
    `SELECT arrival, count(timestamp)::integer AS n FROM options_flow_history
     RIGHT JOIN generate_series(1, ${count}) AS arrival USING (arrival)
     GROUP BY arrival HAVING count(timestamp) <> 1`,
  )
}

function reasons(seen: Seen): string[] {
  return [...new Set(seen.errors.map((error) => error.reason))]
}

describe('each row is stored exactly once', () => {
  it('when the connection is lost after COMMIT was sent and before its answer came', async () => {
    let isArmed = false
    let commits = 0
    const proxy = await startCuttingProxy(url, {
      onServerBytes: (chunk, client) => {
        // every other answer to a COMMIT of the writer is lost
        if (!isArmed || !chunk.includes('COMMIT\0') || ++commits % 2 === 0) return true
        client.destroy()
        return false
      },
    })
    const { writer, seen } = await start(proxy.url)
    isArmed = true
    let slabs = 0
    // a slow database takes many slabs with one commit
    while (slabs < 12 || commits < 4) {
      postRows(writer, numbered(slabs++ * 100 + 1, 100))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await writer.drain()
    expect(reasons(seen)).toContain('connection')
    expect(await wronglyStored(slabs * 100)).toEqual([])
    expect(writer.rowsWaiting).toBe(0)
    await proxy.close()
  })

  it('when the line goes half open in the middle of a COPY that the server still waits for', async () => {
    let bytes = 0
    const proxy = await startCuttingProxy(url, {
      onClientBytes: (chunk, client, connection) => {
        bytes += chunk.length
        if (connection !== 1 || bytes < 1_000_000) return true
        client.destroy()
        return false
      },
    })
    const { writer, seen } = await start(proxy.url)
    for (let slab = 0; slab < 5; slab++) postRows(writer, numbered(slab * 4096 + 1, 4096))
    await writer.drain()
    expect(proxy.connections()).toBeGreaterThan(1)
    expect(reasons(seen)).toContain('connection')
    expect(await wronglyStored(5 * 4096)).toEqual([])
    await proxy.close()
  })

  it('when its server process is terminated again and again', async () => {
    const { writer, seen } = await start()
    let isPosting = true
    const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'flow-writer-%' AND datname = current_database()`
    const killer = (async () => {
      for (let round = 0; isPosting || round < 8; round++) {
        await query(url, kill)
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    })()
    for (let slab = 0; slab < 10; slab++) {
      postRows(writer, numbered(slab * 4096 + 1, 4096))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    isPosting = false
    await killer
    await writer.drain()
    expect(seen.errors.length).toBeGreaterThan(0)
    expect(await wronglyStored(10 * 4096)).toEqual([])
    expect(seen.waiting.at(-1)).toMatchObject({ state: 'storing' })
  })

  it('when the whole server is killed in the middle of a COPY and recovers', async () => {
    const { writer, seen } = await start()
    let slabs = 0
    const post = (): void => postRows(writer, numbered(slabs++ * 4096 + 1, 4096))
    while (slabs < 10) post()
    const [found] = await query<{ directory: string }>(
      server.adminUrl,
      "SELECT current_setting('data_directory') AS directory",
    )
    await until('a first commit', () => seen.committed.length > 0)
    const text = await readFile(join(found!.directory, 'postmaster.pid'), 'utf8')
    process.kill(Number(text.split('\n')[0]), 'SIGKILL')
    // a server process that is at work notices late that the others are gone
    while (seen.errors.length === 0) {
      post()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await writer.drain()
    expect(await wronglyStored(slabs * 4096)).toEqual([])
  })
})

describe('a database that takes nothing for a while', () => {
  it.each([
    ['disk_full', '53100'],
    ['resources', '53200'],
    ['timeout', '57014'],
    ['permission', '42501'],
  ])('is waited for: %s', async (reason, sqlstate) => {
    const { writer, seen } = await start()
    await query(
      url,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE 'not now' USING ERRCODE = '${sqlstate}'; END $$`,
    )
    await query(
      url,
      `CREATE TRIGGER refuse BEFORE INSERT ON options_flow_history
       FOR EACH ROW EXECUTE FUNCTION refuse()`,
    )
    postRows(writer, numbered(1, 10))
    await until('three attempts', () => seen.errors.length >= 3)
    expect(reasons(seen)).toEqual([reason])
    // one line for the change, however many attempts
    expect(seen.waiting).toMatchObject([{ state: 'waiting', reason }])
    expect(writer.rowsWaiting).toBe(10)
    await query(url, 'DROP TRIGGER refuse ON options_flow_history')
    await writer.drain()
    expect(await wronglyStored(10)).toEqual([])
    expect(seen.waiting).toHaveLength(2)
    expect(seen.waiting[1]).toMatchObject({ state: 'storing' })
  })

  it('is waited for while it is read-only', async () => {
    const { writer, seen } = await start()
    const name = new URL(url).pathname.slice(1)
    await query(server.adminUrl, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'flow-writer-%' AND datname = '${name}'`
    await query(server.adminUrl, kill)
    postRows(writer, numbered(1, 10))
    await until('read_only', () => reasons(seen).includes('read_only'))
    await query(server.adminUrl, `ALTER DATABASE ${name} RESET default_transaction_read_only`)
    await query(server.adminUrl, kill)
    await writer.drain()
    expect(await wronglyStored(10)).toEqual([])
  })

  it('does not cut batches short by time limits of its own', async () => {
    const name = new URL(url).pathname.slice(1)
    await start()
    await query(server.adminUrl, `ALTER DATABASE ${name} SET statement_timeout = 1`)
    const { writer, seen } = await start()
    postRows(writer, numbered(1, 4096))
    await writer.drain()
    expect(seen.errors).toEqual([])
    await query(server.adminUrl, `ALTER DATABASE ${name} RESET statement_timeout`)
  })
})
