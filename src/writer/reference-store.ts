import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { type Connection, connect } from './connection.ts'
import type { Reference, SizeProfile, StoreError } from './messages.ts'
import { describeError, reasonOf } from './store-error.ts'

/** Entries that wait for the database; the one that waits longest goes first. */
export const PROFILES_MAX = 10_000
export const REFERENCES_MAX = 200_000

/** How long the first entry waits for company, and how long all wait after a failure. */
const FLUSH_MS = 1_000
const RETRY_MS = 10_000
/** A statement that takes longer than this is given up until the next attempt. */
const ANSWER_MS_MAX = 5_000
const PROFILES_A_STATEMENT = 256
const REFERENCES_A_STATEMENT = 5_000

const PROFILES_SQL = `
INSERT INTO flow_size_profiles AS old (symbol, day, profile, updated_at)
SELECT symbol, date '1970-01-01' + day, profile, $4
FROM unnest($1::text[], $2::integer[], $3::bytea[]) AS new (symbol, day, profile)
ON CONFLICT (symbol) DO UPDATE
  SET day = excluded.day, profile = excluded.profile, updated_at = excluded.updated_at
  WHERE old.day <= excluded.day`

const REFERENCES_SQL = `
INSERT INTO flow_contracts AS old (contract_ticker, day, open_interest, multiplier, fetched_at)
SELECT ticker, day, open_interest, multiplier, $5
FROM unnest($1::text[], $2::date[], $3::integer[], $4::integer[])
  AS new (ticker, day, open_interest, multiplier)
ON CONFLICT (contract_ticker) DO UPDATE
  SET day = excluded.day, open_interest = excluded.open_interest,
    multiplier = excluded.multiplier, fetched_at = excluded.fetched_at
  WHERE old.day <= excluded.day`

type Options = {
  readonly databaseUrl: string
  readonly onStoreError: (error: StoreError) => void
}

/**
 * What a restart goes on from and no row depends on: size profiles of underlyings, open interest
 * and multipliers of contracts. The latest of each wins, that of a later day over any. Stored on a
 * connection of its own; what cannot be stored now waits, within limits.
 */
export class ReferenceStore {
  readonly #options: Options
  #profiles = new Map<string, SizeProfile>()
  #references = new Map<string, Reference>()
  #timer: NodeJS.Timeout | null = null
  #underWay: Promise<void> = Promise.resolve()
  #connection: Connection | null = null
  #isStopped = false

  constructor(options: Options) {
    this.#options = options
  }

  recordProfiles(profiles: readonly SizeProfile[]): void {
    for (const profile of profiles) put(this.#profiles, profile.symbol, profile, PROFILES_MAX)
    this.#schedule(FLUSH_MS)
  }

  recordReferences(references: readonly Reference[]): void {
    for (const one of references) put(this.#references, one.ticker, one, REFERENCES_MAX)
    this.#schedule(FLUSH_MS)
  }

  /** One attempt to store all that waits; a failure is told, not thrown. */
  flush(): Promise<void> {
    this.#underWay = this.#underWay.then(() => this.#store())
    return this.#underWay
  }

  /** Gives up what is under way; nothing is stored any more. */
  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#connection?.cut(new Error('the writer was stopped'))
  }

  #schedule(delayMs: number): void {
    const waits = this.#profiles.size + this.#references.size
    if (this.#timer !== null || this.#isStopped || waits === 0) return
    this.#timer = setTimeout(() => void this.flush(), delayMs)
  }

  async #store(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#isStopped || this.#profiles.size + this.#references.size === 0) return
    try {
      const connection = await connect(this.#options.databaseUrl, 'flow-references')
      this.#connection = connection
      if (this.#isStopped) throw new Error('the writer was stopped')
      await this.#storeEach(connection)
      await Promise.race([connection.client.end(), sleep(ANSWER_MS_MAX, undefined, { ref: false })])
      connection.cut(new Error('the connection is no longer needed'))
    } catch (error) {
      this.#connection?.cut(error as Error)
      if (!this.#isStopped) this.#tell(error)
    }
    this.#connection = null
    this.#schedule(RETRY_MS)
  }

  /** In the order of their keys, so that two processes do not wait for each other's rows. */
  async #storeEach(connection: Connection): Promise<void> {
    const profiles = inOrder(this.#profiles)
    for (let at = 0; at < profiles.length; at += PROFILES_A_STATEMENT) {
      const part = profiles.slice(at, at + PROFILES_A_STATEMENT)
      await this.#attempt(connection, PROFILES_SQL, [
        part.map(([symbol]) => symbol),
        part.map(([, { day }]) => day),
        part.map(([, { profile }]) => Buffer.from(profile)),
        Date.now(),
      ])
      done(this.#profiles, part)
    }
    const references = inOrder(this.#references)
    for (let at = 0; at < references.length; at += REFERENCES_A_STATEMENT) {
      const part = references.slice(at, at + REFERENCES_A_STATEMENT)
      await this.#attempt(connection, REFERENCES_SQL, [
        part.map(([ticker]) => ticker),
        part.map(([, { date }]) => date),
        part.map(([, { openInterest }]) => openInterest),
        part.map(([, { multiplier }]) => multiplier),
        Date.now(),
      ])
      done(this.#references, part)
    }
  }

  /**
   * What the database refuses for what it holds is told and left out: it would be refused again.
   */
  async #attempt(connection: Connection, text: string, values: readonly unknown[]): Promise<void> {
    const timer = setTimeout(() => {
      connection.cut(new Error(`PostgreSQL gave no answer for ${ANSWER_MS_MAX / 1000} s`))
    }, ANSWER_MS_MAX)
    const work = connection.client.query(text, [...values])
    try {
      await connection.orLost(work)
    } catch (error) {
      if (reasonOf(error) !== 'data') throw error
      this.#tell(error)
    } finally {
      clearTimeout(timer)
      work.catch(() => {}) // it fails behind a broken connection, which was told already
    }
  }

  #tell(error: unknown): void {
    const message = describeError(error, this.#options.databaseUrl)
    this.#options.onStoreError({ reason: reasonOf(error), message })
  }
}

/** The size profiles of all underlyings, those of the latest days first. */
export async function loadProfiles(
  client: Client,
): Promise<readonly Pick<SizeProfile, 'symbol' | 'profile'>[]> {
  const text = `SELECT symbol, profile FROM flow_size_profiles ORDER BY day DESC, symbol
    LIMIT ${PROFILES_MAX}`
  const { rows } = await client.query<{ symbol: string; profile: Buffer }>(text)
  // a buffer of the client is a part of a larger one, which would cross to the main thread whole
  return rows.map(({ symbol, profile }) => ({ symbol, profile: new Uint8Array(profile) }))
}

/**
 * What was last heard of contracts, the newest days first: those of earlier days name contracts
 * that may trade again.
 */
export async function loadReferences(client: Client): Promise<readonly Reference[]> {
  const text = `SELECT contract_ticker AS ticker, day::text AS date,
      open_interest AS "openInterest", multiplier
    FROM flow_contracts ORDER BY day DESC, contract_ticker LIMIT ${REFERENCES_MAX}`
  return (await client.query<Reference>(text)).rows
}

function put<T>(waiting: Map<string, T>, key: string, value: T, most: number): void {
  waiting.delete(key) // the newest stands last
  waiting.set(key, value)
  if (waiting.size <= most) return
  for (const oldest of waiting.keys()) {
    waiting.delete(oldest)
    return
  }
}

function inOrder<T>(waiting: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...waiting].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What came again meanwhile stays. */
function done<T>(waiting: Map<string, T>, stored: readonly (readonly [string, T])[]): void {
  for (const [key, value] of stored) if (waiting.get(key) === value) waiting.delete(key)
}
