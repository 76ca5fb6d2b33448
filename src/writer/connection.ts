import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { COPY_COLUMNS } from './copy-blocks.ts'
import { COPY_HEADER, COPY_TRAILER } from './copy-buffer.ts'

const CONNECT_MS_MAX = 10_000
const KEEPALIVE_MS = 10_000
/** The server reads a whole message before it works on it: smaller ones overlap the two. */
const CHUNK_BYTES = 1 << 18

const COPY_COLUMNS_SQL = `(${COPY_COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`

/**
 * What we need of a session, whatever the role's defaults are: no time limit of the server cuts a
 * batch short, and a server that lost us notices within a minute and lets go of our locks.
 */
const SESSION_SQL = [
  'SET statement_timeout = 0',
  'SET lock_timeout = 0',
  'SET idle_in_transaction_session_timeout = 0',
  'SET client_min_messages = warning',
  'SET tcp_keepalives_idle = 20',
  'SET tcp_keepalives_interval = 10',
  'SET tcp_keepalives_count = 4',
].join('; ')

/** One connection; `broken` rejects when it is lost, whatever was under way. */
export type Connection = {
  readonly client: pg.Client
  readonly broken: Promise<never>
  /** As `work` ends, or rejects once the connection is lost. Keeps nothing of it afterwards. */
  orLost<T>(work: Promise<T>): Promise<T>
  /** Cuts the connection now, with this error for whoever waits on it. */
  cut(error: Error): void
}

/** Connects and sets up the session. `name` is what the database shows us as, up to 63 letters. */
export async function connect(databaseUrl: string, name: string): Promise<Connection> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    connectionTimeoutMillis: CONNECT_MS_MAX,
  })
  const lost = Promise.withResolvers<never>()
  lost.promise.catch(() => {}) // nobody may be waiting when it happens
  const waiting = new Set<(error: Error) => void>()
  let loss: Error | null = null
  const lose = (error: Error): void => {
    loss ??= error
    lost.reject(error)
    for (const reject of waiting) reject(error)
  }
  // not a race with `broken`: each would leave something on a promise that lives for days
  const orLost = <T>(work: Promise<T>): Promise<T> => {
    if (loss !== null) return Promise.reject(loss)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    waiting.add(reject)
    const done = (): boolean => waiting.delete(reject)
    work.then(resolve, reject).then(done, done)
    return promise
  }
  client.on('error', lose)
  client.on('end', () => lose(new Error('the connection to PostgreSQL was lost')))
  const cut = (error: Error): void => {
    lose(error)
    // end() would wait for the statement under way, which may be the one that hangs
    ;(
      client as unknown as { connection: { stream: { destroy(): void } } }
    ).connection.stream.destroy()
  }
  try {
    await client.connect()
    await client.query(`${SESSION_SQL}; SET application_name = '${name}'`)
  } catch (error) {
    cut(error as Error)
    throw error
  }
  return { client, broken: lost.promise, orLost, cut }
}

/** Sends encoded rows; when it resolves the server has taken them all into the open transaction. */
export function copyRows(
  client: pg.Client,
  rows: Buffer,
  table: 'options_flow_history' | 'flow_incoming',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(`COPY ${table} ${COPY_COLUMNS_SQL}`))
    stream.on('error', reject)
    stream.on('finish', resolve)
    stream.write(COPY_HEADER)
    for (let at = 0; at < rows.length; at += CHUNK_BYTES) {
      stream.write(rows.subarray(at, at + CHUNK_BYTES))
    }
    stream.end(COPY_TRAILER)
  })
}
