import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { DAY_MS } from '../domain/new-york.ts'
import type { StoredMark } from '../slab/stored-mark.ts'
import type { Batch } from './batch.ts'
import { closeOpenGaps, fitOf, idOf, lastSign, othersSettled } from './before.ts'
import { type Connection, connect } from './connection.ts'
import type { MarkFit, Resumes, StoredBefore, StoreError, Waiting } from './messages.ts'
import { migrate } from './migrate.ts'
import { loadProfiles, loadReferences } from './reference-store.ts'
import { storedUpTo } from './repeats.ts'
import { describeError, isLasting, reasonOf } from './store-error.ts'
import { type Stored, storeBatch, storeBatchInParts } from './transaction.ts'
import { makePartitionsAhead, writeRetention } from './upkeep.ts'

const RETRY_MS_MIN = 100
const RETRY_MS_MAX = 10_000
/**
 * A batch that gets no answer for this long is tried anew; doubled each time, eightfold at most.
 */
const ANSWER_MS_MAX = 120_000

export type SinkOptions = {
  readonly databaseUrl: string
  readonly isFeed: boolean
  readonly isAgain: boolean
  readonly retentionDays: number | null
  /** FLOW_MIN_SIZE, contracts. */
  readonly minSize: number
  readonly tickerOf: (contract: number) => string
  readonly onStoreError: (error: StoreError) => void
  readonly onWaiting: (waiting: Waiting) => void
}

/** The database will not take what we bring until someone changes something. */
export class RefusedError extends Error {}

/** One connection that stores one batch after the other, each exactly once, and never gives up. */
export class Sink {
  readonly #options: SinkOptions
  readonly #writer = randomUUID()
  readonly #stop = new AbortController()
  readonly #days = new Set<number>()
  /** By UTC day: the newest row that was there before this process stored any. */
  readonly #storedUpTo = new Map<number, number>()
  #connection: Connection | null = null
  #batchNumber = 0
  #newest = -1
  /** How prints that come again from the journal are known where they have no sequence. */
  #resumes: Resumes = 'nothing'
  #waitingFor: string | null = null
  #waitingSince = 0

  constructor(options: SinkOptions) {
    this.#options = options
  }

  /** How far it has stored. */
  get mark(): StoredMark {
    return { writer: this.#writer, batch: this.#batchNumber, newest: this.#newest }
  }

  /** What comes goes on from a state or journal of before; `newest` of the mark it had, or -1. */
  resume(resumes: Resumes, newest: number): void {
    this.#resumes = resumes
    this.#newest = newest
  }

  /** How the database stands to the mark of an earlier writer. */
  fitOf(stored: StoredMark): Promise<MarkFit> {
    return this.#retry(false, ({ client }) => fitOf(client, stored))
  }

  /**
   * Waits for the database, brings its schema up to date and returns what it holds from earlier
   * writers. Throws RefusedError for what waiting does not change.
   */
  start(): Promise<StoredBefore> {
    return this.#retry(!this.#options.isAgain, async ({ client }) => {
      await migrate(client)
      await writeRetention(client, this.#options.retentionDays)
      await makePartitionsAhead(client)
      await othersSettled(client, this.#writer)
      const previous = await lastSign(client, this.#writer)
      const isFirst = this.#options.isFeed && !this.#options.isAgain
      if (isFirst && previous !== null) await closeOpenGaps(client, previous)
      const insert = `INSERT INTO flow_batches (writer, batch, committed_at, received_to, is_feed)
        VALUES ($1, 0, $2, $3, $4) ON CONFLICT DO NOTHING`
      const { isFeed } = this.#options
      const now = Date.now()
      // nothing is received yet: a crash before that leaves the gap begin where it did
      const receivedTo = isFeed ? (previous?.receivedTo ?? now) : now
      await client.query(insert, [this.#writer, now, receivedTo, isFeed])
      const databaseId = await idOf(client)
      if (!this.#options.isFeed) return { databaseId, previous, profiles: [], references: [] }
      const profiles = await loadProfiles(client)
      const references = await loadReferences(client)
      return { databaseId, previous, profiles, references }
    })
  }

  /** Stores the batch, however long that takes. */
  async store(batch: Batch): Promise<Stored> {
    const batchNumber = this.#batchNumber + 1
    const { tickerOf, minSize } = this.#options
    const resumes = this.#resumes
    const writer = this.#writer
    let inParts = false
    let sent: Stored | null = null
    const onCommit = (about: Stored): void => {
      sent = about
    }
    const stored = await this.#retry(false, async ({ client }) => {
      try {
        await this.#ensureDays(client, batch)
        const storedUpTo = await this.#storedBefore(client, batch)
        const about = { tickerOf, storedUpTo, minSize, resumes, onCommit }
        const job = { client, writer, batchNumber, batch, ...about }
        if (inParts) return await storeBatchInParts(job, (error) => this.#tell(error))
        return await storeBatch(job)
      } catch (error) {
        if (reasonOf(error) === 'data') inParts = true
        throw error
      }
    })
    this.#batchNumber = batchNumber
    if (batch.copy.rows > 0) this.#newest = Math.max(this.#newest, batch.copy.timeMax)
    // the answer was lost, and a look into the database has shown that it is stored
    return stored ?? sent ?? { setAside: 0, repeated: 0, revised: 0, copyMs: 0, commitMs: 0 }
  }

  /** Marks that nothing of this writer is left to store; a crash would leave the mark unset. */
  async markDrained(receivedTo: number): Promise<void> {
    await this.#retry(false, async ({ client }) => {
      const update = `UPDATE flow_batches SET drained = true, committed_at = $2,
        received_to = coalesce($3, received_to) WHERE writer = $1`
      const mark = Number.isNaN(receivedTo) ? null : Math.floor(receivedTo)
      await client.query(update, [this.#writer, Date.now(), mark])
    })
  }

  /** Gives up: ends what is under way and closes the connection. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the writer was stopped'))
    const connection = this.#connection
    this.#connection = null
    if (connection === null) return
    const ended = connection.client.end().catch(() => {})
    await Promise.race([ended, sleep(1_000, undefined, { ref: false })])
    connection.cut(new Error('the writer was stopped'))
  }

  /** The one retry loop: capped, jittered, and for ever. */
  async #retry<T>(isStart: boolean, work: (connection: Connection) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      this.#stop.signal.throwIfAborted()
      try {
        const connection = await this.#connected()
        const result = await withAnswer(connection, work(connection), attempt)
        this.#recovered()
        return result
      } catch (error) {
        this.#connection?.cut(error as Error)
        this.#connection = null
        this.#stop.signal.throwIfAborted()
        const { reason, message } = this.#tell(error)
        if (isStart && isLasting(reason)) throw new RefusedError(message, { cause: error })
        if (reason === 'data' && attempt === 0) continue // the next attempt finds the row
        this.#waits({ reason, message })
        const delayMs = Math.min(RETRY_MS_MIN * 2 ** Math.min(attempt, 10), RETRY_MS_MAX)
        await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal: this.#stop.signal })
      }
    }
  }

  async #connected(): Promise<Connection> {
    if (this.#connection !== null) return this.#connection
    const name = `flow-writer-${this.#writer}`
    const connection = await connect(this.#options.databaseUrl, name)
    // a server process of ours that has not noticed yet that its connection is gone keeps locks
    const others = 'FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()'
    const text = `SELECT pg_terminate_backend(pid) ${others}`
    this.#connection = connection // from here on a failure cuts it
    await withAnswer(connection, connection.client.query(text, [name]), 0)
    this.#days.clear()
    return connection
  }

  async #ensureDays(client: Client, batch: Batch): Promise<void> {
    for (const day of batch.copy.days) {
      if (this.#days.has(day)) continue
      // dates that PostgreSQL does not have go where the function would send them: to DEFAULT
      if (Math.abs(day) < 100_000) {
        await client.query("SELECT flow_ensure_partition(date '1970-01-01' + $1::integer)", [day])
      }
      this.#days.add(day)
    }
  }

  /** Looked up once a day of the tape, before the first row of that day is stored. */
  async #storedBefore(client: Client, { copy, requotes, cancels }: Batch): Promise<number> {
    const days = new Set(copy.days)
    for (const { time } of [...requotes, ...cancels]) days.add(Math.floor(time / DAY_MS))
    let newest = -1
    for (const day of days) {
      let upTo = this.#storedUpTo.get(day)
      if (upTo === undefined) {
        upTo = await storedUpTo(client, day * DAY_MS, (day + 1) * DAY_MS)
        this.#storedUpTo.set(day, upTo)
      }
      newest = Math.max(newest, upTo)
    }
    return newest
  }

  #tell(error: unknown): StoreError {
    const message = describeError(error, this.#options.databaseUrl)
    const failure = { reason: reasonOf(error), message }
    this.#options.onStoreError(failure)
    return failure
  }

  /** Tells the first failure, and then only one of another kind. */
  #waits(failure: StoreError): void {
    if (this.#waitingFor === null) this.#waitingSince = performance.now()
    if (this.#waitingFor === failure.reason) return
    this.#waitingFor = failure.reason
    this.#options.onWaiting({ state: 'waiting', ...failure })
  }

  #recovered(): void {
    if (this.#waitingFor === null) return
    this.#waitingFor = null
    const waitedMs = performance.now() - this.#waitingSince
    this.#options.onWaiting({ state: 'storing', waitedMs })
  }
}

async function withAnswer<T>(
  connection: Connection,
  work: Promise<T>,
  attempt: number,
): Promise<T> {
  const patienceMs = ANSWER_MS_MAX * 2 ** Math.min(attempt, 3)
  const timer = setTimeout(() => {
    connection.cut(new Error(`PostgreSQL gave no answer for ${patienceMs / 1000} s`))
  }, patienceMs)
  try {
    return await connection.orLost(work)
  } finally {
    clearTimeout(timer)
    work.catch(() => {}) // it fails behind a broken connection, which was told already
  }
}
