import pg from 'pg'
import { type Finding, fail, ok, skip, warn } from './finding.ts'

const VERSION_MIN = 140_000
const CONNECT_MS_MAX = 4_000
const QUERY_MS_MAX = 4_000
const MIB = 1024 * 1024
/** Of the connections that the server allows, how many may be taken before the engine comes. */
const CONNECTIONS_NEEDED = 10

type Facts = {
  readonly version: string
  readonly number: number
  readonly bytes: number
  readonly free: number
  readonly has: boolean
}
type Stored = {
  readonly schema: number
  readonly may: boolean
  readonly days: number
  readonly newest: number | null
}

export type DatabaseAsked = {
  /** Null: the embedded PostgreSQL, which is not running. */
  readonly url: string | null
  /** What a person knows it by; without the password. */
  readonly name: string
  /** How many migrations this program knows. */
  readonly schema: number
  /** Takes secrets out of what the server says. */
  readonly clean: (text: string) => string
}

/** PostgreSQL: there, new enough, ours to write to, migrated, with room for our connections. */
export async function checkDatabase(
  { url, name, schema, clean }: DatabaseAsked,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (url === null) return [skip('database', `${name} is not running; it starts with the engine`)]
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: QUERY_MS_MAX,
    application_name: 'flow-doctor',
  })
  client.on('error', () => {})
  const hangUp = (): void => void client.end().catch(() => {})
  signal.addEventListener('abort', hangUp, { once: true })
  try {
    await client.connect()
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    return [fail('database', `${name}: ${clean(message)}`, adviceFor(code ?? ''))]
  }
  try {
    const facts = (await client.query<Facts>(FACTS_SQL)).rows[0]!
    const findings = serverOf(facts, name)
    if (!facts.has) {
      findings.push(warn('schema', 'not there yet', 'the engine makes it, or run flow migrate'))
      return findings
    }
    const stored = (await client.query<Stored>(STORED_SQL)).rows[0]!
    return [...findings, schemaOf(stored, schema), ...flowOf(stored)]
  } finally {
    signal.removeEventListener('abort', hangUp)
    await client.end().catch(() => {})
  }
}

const FACTS_SQL = `SELECT current_setting('server_version') AS version,
  current_setting('server_version_num')::integer AS number,
  pg_database_size(current_database())::float8 AS bytes,
  (current_setting('max_connections')::integer
    - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'))::integer AS free,
  to_regclass('flow_migrations') IS NOT NULL AS has`

const STORED_SQL = `SELECT
  (SELECT coalesce(max(version), 0) FROM flow_migrations)::integer AS schema,
  (SELECT bool_and(has_table_privilege('options_flow_history', wanted))
    FROM unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS wanted) AS may,
  (SELECT count(*) FROM pg_inherits
    WHERE inhparent = 'options_flow_history'::regclass)::integer AS days,
  (SELECT max(timestamp)::float8 FROM options_flow_history) AS newest`

function serverOf({ version, number, bytes, free }: Facts, name: string): Finding[] {
  const size = `${Math.round(bytes / MIB)} MiB`
  const found = `${name}, PostgreSQL ${version}, ${size}`
  const findings = [
    number < VERSION_MIN
      ? fail('database', found, 'use PostgreSQL 14 or later')
      : ok('database', found),
  ]
  if (free < CONNECTIONS_NEEDED) {
    const todo = `raise max_connections: the engine takes up to ${CONNECTIONS_NEEDED}`
    findings.push(warn('connections', `${free} left of the server's`, todo))
  }
  return findings
}

function schemaOf({ schema, may }: Stored, known: number): Finding {
  if (schema > known) {
    const found = `version ${schema}, and this program knows ${known}`
    return fail('schema', found, 'start the newer program that made it, or use another database')
  }
  if (!may) {
    const todo = 'grant the role of the engine what docs/security.md says'
    return fail('schema', 'this role may not write to options_flow_history', todo)
  }
  if (schema < known) {
    const found = `version ${schema} of ${known}`
    return warn('schema', found, 'the engine brings it up to date, or run flow migrate')
  }
  return ok('schema', `version ${schema}`)
}

function flowOf({ days, newest }: Stored): Finding[] {
  if (newest === null) return [ok('flow', 'none is stored yet')]
  return [ok('flow', `${days} days, the newest print of ${new Date(newest).toISOString()}`)]
}

function adviceFor(code: string): string {
  if (code.startsWith('28')) return 'check user and password of DATABASE_URL'
  if (code === '3D000') return 'make that database, or name another in DATABASE_URL'
  if (code === '53300') return 'raise max_connections of the server, or end what holds them'
  return 'check DATABASE_URL and that the server runs and may be reached from here'
}
