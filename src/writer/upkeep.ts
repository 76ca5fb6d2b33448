import type { Client } from 'pg'
import { connect } from './connection.ts'
import { migrate } from './migrate.ts'

/** A writer that has been away for longer than this is not coming back. */
const WRITERS_KEPT_MS = 30 * 86_400_000

/** A start reads those of the last days. Long enough for any weekend and a wrong clock. */
const REFERENCE_DAYS = 7

/** What cleanup_old_flow() goes by from now on; null leaves what is set. */
export async function writeRetention(client: Client, days: number | null): Promise<void> {
  if (days === null) return
  await client.query(
    `INSERT INTO flow_settings (name, value) VALUES ('retention_days', $1)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    [`${days}`],
  )
}

/** Makes the partitions of today and the next three days (UTC). */
export async function makePartitionsAhead(client: Client): Promise<void> {
  await client.query(
    `SELECT flow_ensure_partition(day::date) FROM generate_series(
       (now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + 3, interval '1 day') AS day`,
  )
}

/**
 * The regular work on the store, on a connection of its own; returns the rows that were removed.
 */
export async function upkeep(
  databaseUrl: string,
  { mayDrop }: { mayDrop: boolean },
): Promise<number> {
  return withConnection(databaseUrl, 'flow-upkeep', async (client) => {
    await makePartitionsAhead(client)
    const oldest = Date.now() - WRITERS_KEPT_MS
    await client.query('DELETE FROM flow_batches WHERE committed_at < $1', [oldest])
    const stale = 'DELETE FROM flow_contracts WHERE day < current_date - $1::integer'
    await client.query(stale, [REFERENCE_DAYS])
    return mayDrop ? removeOldFlow(client) : 0
  })
}

/** `flow cleanup`: brings the schema up to date and removes what is older than the retention. */
export function cleanupDatabase(databaseUrl: string, days: number | null): Promise<number> {
  return withConnection(databaseUrl, 'flow-cleanup', async (client) => {
    await migrate(client)
    await writeRetention(client, days)
    return removeOldFlow(client)
  })
}

/** `flow migrate`: the names of the migrations that were applied. */
export function migrateDatabase(databaseUrl: string): Promise<readonly string[]> {
  return withConnection(databaseUrl, 'flow-migrate', migrate)
}

async function removeOldFlow(client: Client): Promise<number> {
  const result = await client.query<{ removed: string }>('SELECT cleanup_old_flow() AS removed')
  return Number(result.rows[0]!.removed)
}

/** Does some work on a connection of its own. */
export async function withConnection<T>(
  databaseUrl: string,
  name: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { client } = await connect(databaseUrl, name)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
