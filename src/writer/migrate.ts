import type { Client } from 'pg'
import { sql as flowHistory } from './migrations/0001_flow_history.ts'
import { sql as evidence } from './migrations/0002_evidence.ts'
import { sql as fills } from './migrations/0003_fills.ts'
import { sql as gapParts } from './migrations/0004_gap_parts.ts'
import { sql as rollups } from './migrations/0005_rollups.ts'
import { sql as follow } from './migrations/0006_follow.ts'
import { sql as alerts } from './migrations/0007_alerts.ts'
import { sql as repeats } from './migrations/0008_repeats.ts'
import { sql as received } from './migrations/0009_received.ts'

/** In order; the place in the list plus one is the number. Never change one that was released. */
const MIGRATIONS = [
  { name: '0001_flow_history', sql: flowHistory },
  { name: '0002_evidence', sql: evidence },
  { name: '0003_fills', sql: fills },
  { name: '0004_gap_parts', sql: gapParts },
  { name: '0005_rollups', sql: rollups },
  { name: '0006_follow', sql: follow },
  { name: '0007_alerts', sql: alerts },
  { name: '0008_repeats', sql: repeats },
  { name: '0009_received', sql: received },
] as const

/** The schema that this program makes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length

/** SQLSTATEs of a table and of a column that is there already. */
const ALREADY_THERE = ['42P07', '42701']

/** Serialises the migrations of several processes; held to the end of each transaction. */
const LOCK = 'SELECT pg_advisory_xact_lock(7306093, 1)'

/** The database cannot be used by this program, and waiting will not change that. */
export class SchemaError extends Error {}

/**
 * Brings the database up to this program's schema and returns the names of what was applied. Safe
 * to run again and by several processes at once: each migration is one transaction under a lock.
 */
export async function migrate(client: Client): Promise<readonly string[]> {
  await inTransaction(client, async () => {
    // PostgreSQL wants the right to create even where there is nothing left to create
    const text = "SELECT to_regclass('flow_migrations') IS NOT NULL AS found"
    if ((await client.query<{ found: boolean }>(text)).rows[0]!.found) return
    await client.query(`CREATE TABLE IF NOT EXISTS flow_migrations (
      version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
    )`)
  })
  const applied: string[] = []
  for (const [index, migration] of MIGRATIONS.entries()) {
    await inTransaction(client, async () => {
      if ((await versionOf(client)) > index) return
      await client.query(migration.sql).catch((error: Error & { code?: string }) => {
        throw ALREADY_THERE.includes(error.code ?? '') ? alreadyThere(error) : error
      })
      const values = [index + 1, migration.name]
      await client.query('INSERT INTO flow_migrations (version, name) VALUES ($1, $2)', values)
      applied.push(migration.name)
    })
  }
  return applied
}

async function versionOf(client: Client): Promise<number> {
  const text = 'SELECT coalesce(max(version), 0)::integer AS version FROM flow_migrations'
  const version = (await client.query<{ version: number }>(text)).rows[0]!.version
  if (version > MIGRATIONS.length) {
    throw new SchemaError(
      `the database is at schema version ${version} and this program knows ${MIGRATIONS.length}: ` +
        'start the newer program that made it, or use another database',
    )
  }
  return version
}

function alreadyThere(cause: Error): SchemaError {
  return new SchemaError(
    `the database has a table or column of ours that we did not make (${cause.message}): ` +
      'rename it or use another database; nothing was changed',
    { cause },
  )
}

async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(LOCK)
    await work()
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}) // the first error is the one that counts
    throw error
  }
}
