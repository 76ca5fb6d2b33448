import pg from 'pg'
import { connectAdvice } from '../postgres/connect-advice.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const VERSION_MIN = 140_000
const CONNECT_MS_MAX = 4_000
const QUERY_MS_MAX = 4_000
const MIB = 1024 * 1024
/** Of the connections that the server allows, how many may be taken before the engine comes. */
const CONNECTIONS_NEEDED = 10
const MINUTE_MS = 60_000
/** PostgreSQL's code for a right that is not there. */
const DENIED = '42501'
const GRANT = 'grant the role of the engine what docs/security.md says'
const MIGRATE_AS_OWNER = 'run flow migrate as the owner of the database (docs/security.md)'

type Facts = {
  readonly version: string
  readonly number: number
  readonly bytes: number
  readonly free: number
  readonly has: boolean
  /** Whether this role may make tables. */
  readonly mayCreate: boolean
}
type Schema = {
  readonly version: number
  /** Whether this role may write to every table that the engine writes to. */
  readonly mayWrite: boolean
  /** Whether this role may change the tables themselves. */
  readonly owns: boolean
}

export type DatabaseAsked = {
  readonly url: string
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
    const { message } = error as Error
    return [fail('database', `${name}: ${clean(message)}`, connectAdvice(error))]
  }
  try {
    const facts = (await client.query<Facts>(FACTS_SQL)).rows[0]!
    const findings = serverOf(facts, name)
    try {
      if (facts.has) findings.push(...(await storedIn(client, schema)))
      else findings.push(schemaMissing(facts))
    } catch (error) {
      const { message, code } = error as Error & { code?: string }
      if (code === DENIED) findings.push(fail('schema', clean(message), GRANT))
      else findings.push(warn('schema', clean(message), 'see what keeps the server busy'))
    }
    return findings
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
  to_regclass('flow_migrations') IS NOT NULL AS has,
  coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreate"`

const SCHEMA_SQL = `SELECT
  (SELECT coalesce(max(version), 0) FROM flow_migrations)::integer AS version,
  (SELECT bool_and(has_table_privilege(pg_class.oid, wanted))
    FROM pg_class, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS wanted
    WHERE relnamespace = (SELECT relnamespace FROM pg_class
        WHERE oid = 'options_flow_history'::regclass)
      AND relkind IN ('r', 'p') AND NOT relispartition
      AND (relname LIKE 'flow\\_%' OR relname = 'options_flow_history')
      AND relname <> 'flow_migrations') AS "mayWrite",
  (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class
    WHERE oid = 'options_flow_history'::regclass) AS owns`

/**
 * From symbol to symbol along the primary key: the greatest timestamp of the flow itself is not
 * indexed, and to look for it would read the whole table.
 */
const SUMS_SQL = `WITH RECURSIVE seen AS (
    (SELECT symbol FROM flow_minute_sums ORDER BY symbol LIMIT 1)
    UNION ALL
    SELECT (SELECT symbol FROM flow_minute_sums AS next
      WHERE next.symbol > seen.symbol ORDER BY symbol LIMIT 1)
    FROM seen WHERE seen.symbol IS NOT NULL)
  SELECT count(*)::integer AS symbols,
    max((SELECT max(minute) FROM flow_minute_sums AS sums WHERE sums.symbol = seen.symbol))
      AS minute,
    min((SELECT min(minute) FROM flow_minute_sums AS sums WHERE sums.symbol = seen.symbol))
      AS first
  FROM seen WHERE symbol IS NOT NULL`

const NEWEST_SQL = `SELECT max(timestamp)::float8 AS newest FROM options_flow_history
  WHERE timestamp >= $1 AND timestamp < $2`

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

function schemaMissing({ mayCreate }: Facts): Finding {
  if (mayCreate) return warn('schema', 'not there yet', 'the engine makes it, or run flow migrate')
  return fail('schema', 'not there yet, and this role may not make it', MIGRATE_AS_OWNER)
}

async function storedIn(client: pg.Client, known: number): Promise<readonly Finding[]> {
  const found = (await client.query<Schema>(SCHEMA_SQL)).rows[0]!
  const schema = schemaOf(found, known)
  // other versions may store their flow otherwise
  return found.version === known ? [schema, await flowIn(client)] : [schema]
}

function schemaOf({ version, mayWrite, owns }: Schema, known: number): Finding {
  const found = `version ${version} of ${known}`
  if (version > known) {
    const newer = `version ${version}, and this program knows ${known}`
    return fail('schema', newer, 'start the newer program that made it, or use another database')
  }
  if (version < known) {
    if (!owns) return fail('schema', `${found}, and this role may not change it`, MIGRATE_AS_OWNER)
    return warn('schema', found, 'the engine brings it up to date, or run flow migrate')
  }
  if (!mayWrite) return fail('schema', 'this role may not write to every table of it', GRANT)
  return ok('schema', `version ${version}`)
}

/** Symbols that are stored, from when on, and the newest print; asked of the sums by minute. */
async function flowIn(client: pg.Client): Promise<Finding> {
  type Sums = { readonly symbols: number; readonly first: number; readonly minute: number | null }
  const { symbols, first, minute } = (await client.query<Sums>(SUMS_SQL)).rows[0]!
  if (minute === null) return ok('flow', 'none is stored yet')
  const since = new Date(first * MINUTE_MS).toISOString().slice(0, 10)
  const from = minute * MINUTE_MS
  const asked = await client.query<{ newest: number | null }>(NEWEST_SQL, [from, from + MINUTE_MS])
  const newest = new Date(asked.rows[0]!.newest ?? from).toISOString()
  return ok('flow', `symbols: ${symbols}, since ${since}, the newest print of ${newest}`)
}
