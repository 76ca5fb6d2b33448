import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { chmod, lstat, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

export type TestPostgres = {
  /** Connection string of a new, empty database. */
  freshDatabase(): Promise<string>
  readonly adminUrl: string
  stop(): Promise<void>
}

/** A directory that every user can reach, so that PostgreSQL lives in it and goes with it. */
export async function reachableDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'flow-test-'))
  await chmod(directory, 0o755)
  return directory
}

/** Another file makes the cluster that all copy: it may take its time, and may have been killed. */
const MADE_MS_MAX = 60_000

/**
 * A data directory with a new cluster: a copy of one that all test files of a run share, for to make
 * one costs more than most tests.
 */
async function newCluster(): Promise<string> {
  const dataDir = await reachableDirectory()
  const made = join(tmpdir(), 'flow-cluster')
  const end = performance.now() + MADE_MS_MAX
  const isMaker = await mkdir(`${made}.lock`).then(
    () => true,
    () => false,
  )
  if (isMaker) {
    const first = await reachableDirectory()
    await (await startEmbeddedPostgres({ dataDir: first, onLog: () => {} })).stop()
    // all of them would want to listen where it did
    await rm(join(first, 'postgres', 'port'), { force: true })
    // where PostgreSQL's user cannot reach it, the cluster lies elsewhere: each file makes its own
    if ((await lstat(join(first, 'postgres'))).isDirectory()) await rename(first, made)
    else await writeFile(made, '')
  }
  while (!existsSync(made)) {
    if (performance.now() > end) return dataDir
    await sleep(50)
  }
  if (statSync(made).isDirectory()) await promisify(execFile)('cp', ['-a', `${made}/.`, dataDir])
  return dataDir
}

/** A real PostgreSQL for one test file. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const dataDir = await newCluster()
  const server = await startEmbeddedPostgres({ dataDir, onLog: () => {} })
  let databases = 0
  return {
    adminUrl: server.url,
    freshDatabase: async () => {
      databases++
      const name = `test_${databases}`
      await withClient(server.url, (client) => client.query(`CREATE DATABASE ${name}`))
      return urlWithDatabase(server.url, name)
    },
    stop: async () => {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export function urlWithDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // tests that stop the server see it here
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/** The rows of one query; bigint and numeric come as exact text. */
export function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return withClient(url, async (client) => (await client.query<Row>(text, [...values])).rows)
}
