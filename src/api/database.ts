import pg from 'pg'
import { RequestError } from '../metrics/routes.ts'

const CONNECTIONS_MAX = 4
/** How long one request may keep the database at work, ms. */
export const QUERY_MS_MAX = 10_000
const CONNECT_MS_MAX = 5_000

/**
 * What the API reads the store through: a few connections of its own, each query cut off in
 * time.
 */
export type Database = {
  query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<R[]>
  close(): Promise<void>
}

export function openDatabase(databaseUrl: string): Database {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: CONNECTIONS_MAX,
    statement_timeout: QUERY_MS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    application_name: 'flow-api',
  })
  // an idle connection that is lost is replaced by the next query
  pool.on('error', () => {})
  return {
    async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]) {
      try {
        return (await pool.query<R>(text, [...values])).rows
      } catch (error) {
        throw isCutOff(error) ? takesLong() : error
      }
    },
    close: () => pool.end(),
  }
}

export function takesLong(): RequestError {
  const seconds = QUERY_MS_MAX / 1000
  return new RequestError(
    422,
    `the query takes more than ${seconds} s: ask for a symbol, or for less time with since`,
  )
}

/** 57014: the statement timeout. */
function isCutOff(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '57014'
}
