import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

/** An embedded PostgreSQL on a fresh directory, and a client to look into it. */
export type BenchDatabase = {
  readonly url: string
  readonly client: pg.Client
  readonly version: string
  rows(): Promise<number>
  /** Empties the history and lets PostgreSQL finish its writing, so that runs do not add up. */
  reset(): Promise<void>
  stop(): Promise<void>
}

export async function startDatabase(): Promise<BenchDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'flow-bench-'))
  const postgres = await startEmbeddedPostgres({ dataDir, onLog: () => {} })
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  const shown = await client.query<{ server_version: string }>('SHOW server_version')
  return {
    url: postgres.url,
    client,
    version: shown.rows[0]!.server_version,
    rows: async () => {
      const text = 'SELECT count(*)::integer AS rows FROM options_flow_history'
      return (await client.query<{ rows: number }>(text)).rows[0]!.rows
    },
    reset: async () => {
      await client.query('TRUNCATE options_flow_history')
      await client.query('CHECKPOINT')
    },
    stop: async () => {
      await client.end()
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
