import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const CONNECT_MS_MAX = 10_000
const QUERY_MS_MAX = 10_000
/** The server finds out within 25 s that we are gone, and lets go of our lock. */
const KEEP_ALIVE = `SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;
  SET tcp_keepalives_count = 3`
const RETRY_MS_MIN = 250
const RETRY_MS_MAX = 10_000

export type Query = <R extends object>(text: string, values: readonly unknown[]) => Promise<R[]>

export type AlertDatabaseOptions = {
  /** Holds the password: never logged. */
  readonly databaseUrl: string
  /** Runs on each new connection before anything else. */
  readonly onConnect: (query: Query) => Promise<void>
  /** Once when the database cannot be asked, in words without its address. */
  readonly onProblem: (words: string) => void
  readonly signal: AbortSignal
}

/** One connection of the alerts, made anew when it is lost. */
export class AlertDatabase {
  readonly #options: AlertDatabaseOptions
  #client: Promise<pg.Client> | null = null
  /** The query before: a client runs one at a time, and pg 9 will not queue them. */
  #before: Promise<unknown> = Promise.resolve()
  #isTroubled = false

  constructor(options: AlertDatabaseOptions) {
    this.#options = options
  }

  /** Rows of one query. Rejects when the database is away, or answers with an error. */
  readonly query: Query = <R extends object>(text: string, values: readonly unknown[]) => {
    const asked = this.#before.then(async () => {
      const client = await this.#connected()
      return (await client.query<R & pg.QueryResultRow>(text, [...values])).rows as R[]
    })
    this.#before = asked.catch(() => {})
    return asked
  }

  /**
   * The same work until the database takes it, with capped and jittered waits. Rejects at the stop,
   * and at once for what would fail for ever: a query that does not fit, data that are refused.
   */
  async steadily<T>(work: () => Promise<T>, signal = this.#options.signal): Promise<T> {
    const { onProblem } = this.#options
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted()
      try {
        const done = await work()
        this.#isTroubled = false
        return done
      } catch (error) {
        if (isLasting(error)) throw error
        if (!this.#isTroubled && !signal.aborted) onProblem(wordsOf(error))
        this.#isTroubled = true
        const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 10))
        await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal })
      }
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null)
    await client?.end().catch(() => {})
  }

  #connected(): Promise<pg.Client> {
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = null
      throw error
    })
    return this.#client
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.databaseUrl,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: QUERY_MS_MAX,
      query_timeout: 2 * QUERY_MS_MAX, // a server that has gone says nothing
      keepAlive: true,
      application_name: 'flow-alerts',
    })
    const forget = (): void => {
      this.#client = null
    }
    client.on('error', forget)
    client.on('end', forget)
    await client.connect()
    const query: Query = async <R extends object>(text: string, values: readonly unknown[]) =>
      (await client.query<R & pg.QueryResultRow>(text, [...values])).rows
    try {
      await client.query(KEEP_ALIVE)
      await this.#options.onConnect(query)
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
    return client
  }
}

/** Bugs, and SQLSTATEs of what does not get better: wrong data, broken rules, no such table. */
function isLasting(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true
  return error instanceof pg.DatabaseError && /^(?:22|23|42)/.test(error.code ?? '')
}

/** An error of the database in a few words, without an address or a password. */
export function wordsOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (error instanceof pg.DatabaseError) return `${error.message} (${error.code})`
  return String(code ?? message ?? error)
}
