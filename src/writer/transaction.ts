import type { Client } from 'pg'
import type { Group } from '../rollup/minute-sums.ts'
import { storeSums } from '../rollup/store-sums.ts'
import { type Batch, isEmpty } from './batch.ts'
import { copyRows } from './connection.ts'
import { rowOffsets } from './copy-buffer.ts'
import { storeEvents } from './event-store.ts'
import { storeCancel, storeGap } from './extras.ts'
import type { Resumes } from './messages.ts'
import { copyNewRows, type Inserted, type Times } from './repeats.ts'
import { storeRequote } from './requotes.ts'
import { reasonOf } from './store-error.ts'

export type Stored = {
  /** Rows that PostgreSQL refuses for what they hold. */
  readonly setAside: number
  /** Rows that an earlier process had stored. */
  readonly repeated: number
  /** Rows that a late quote gave new labels. */
  readonly revised: number
  readonly copyMs: number
  readonly commitMs: number
}

type Job = {
  /** Told what the batch is about to bring: its COMMIT goes out, and the answer may be lost. */
  readonly onCommit: (stored: Stored) => void
  readonly client: Client
  /** Names this writer in flow_batches. */
  readonly writer: string
  readonly batchNumber: number
  readonly batch: Batch
  readonly tickerOf: (contract: number) => string
  /** Newest row that an earlier process has stored of the batch's days, epoch ms; -1: none. */
  readonly storedUpTo: number
  /** FLOW_MIN_SIZE, contracts. */
  readonly minSize: number
  readonly resumes: Resumes
}

/**
 * Stores one batch in one transaction; null when an earlier attempt of the same batch did after
 * all. The claim comes first: it waits for an earlier attempt that the server still works on, and
 * finds no row to change when that one commits.
 */
export async function storeBatch(job: Job): Promise<Stored | null> {
  const { client, batch, storedUpTo } = job
  if (!(await claim(job))) {
    await client.query('ROLLBACK')
    return null
  }
  const startedAt = performance.now()
  const { bytes, length, rows } = batch.copy
  const { repeated, groups } =
    length > 0 ? await storeRows(job, bytes.subarray(0, length), rows) : NOTHING
  await storeEvents(client, batch.events, storedUpTo)
  let revised = 0
  for (const extra of extrasOf(job)) if (await extra()) revised++
  await storeSums(client, groups)
  return commit(job, { setAside: 0, repeated, revised, copyMs: performance.now() - startedAt })
}

const NOTHING: Inserted = { repeated: 0, groups: [] }

/**
 * storeBatch for a batch with something in it that PostgreSQL refuses: what it takes is stored,
 * what it refuses is set aside and told to `onSetAside`, found by halving.
 */
export async function storeBatchInParts(
  job: Job,
  onSetAside: (error: Error) => void,
): Promise<Stored | null> {
  const { client, batch, storedUpTo } = job
  if (!(await claim(job))) {
    await client.query('ROLLBACK')
    return null
  }
  const startedAt = performance.now()
  const rows = batch.copy.bytes.subarray(0, batch.copy.length)
  const offsets = rowOffsets(rows)
  let repeated = 0
  const groups: Group[] = []
  const copyRange = async (first: number, end: number): Promise<void> => {
    const part = rows.subarray(offsets[first], offsets[end])
    const inserted = await copyNewRows(client, part, end - first, timesOf(job), job.resumes)
    repeated += inserted.repeated
    groups.push(...inserted.groups)
  }
  const setAside = await inParts(client, offsets.length - 1, copyRange, onSetAside)
  const eventRange = (first: number, end: number): Promise<void> =>
    storeEvents(client, batch.events.slice(first, end), storedUpTo)
  await inParts(client, batch.events.length, eventRange, onSetAside)
  let revised = 0
  for (const extra of extrasOf(job)) {
    const error = await attempt(client, async () => {
      if (await extra()) revised++
    })
    if (error !== null) onSetAside(error)
  }
  // what PostgreSQL may have against a sum is nothing against the rows
  const error = await attempt(client, () => storeSums(client, groups))
  if (error !== null) onSetAside(error)
  return commit(job, { setAside, repeated, revised, copyMs: performance.now() - startedAt })
}

async function commit(
  { client, onCommit }: Job,
  brought: Omit<Stored, 'commitMs'>,
): Promise<Stored> {
  onCommit({ ...brought, commitMs: 0 })
  const startedAt = performance.now()
  await client.query('COMMIT')
  return { ...brought, commitMs: performance.now() - startedAt }
}

/** What goes a statement at a time, in order; each tells whether it revised a stored row. */
function extrasOf(job: Job): (() => Promise<boolean>)[] {
  const { client, batch, tickerOf, storedUpTo } = job
  return [
    ...batch.requotes.map((requote) => () => {
      return storeRequote(client, requote, tickerOf(requote.contract), storedUpTo)
    }),
    ...batch.cancels.map((cancel) => async () => {
      await storeCancel(client, cancel, tickerOf(cancel.contract), job)
      return false
    }),
    ...batch.gaps.map((gap) => async () => {
      await storeGap(client, gap)
      return false
    }),
  ]
}

/** Stores 0 to `count` by halves, until what is refused stands alone; gives how many were. */
async function inParts(
  client: Client,
  count: number,
  store: (first: number, end: number) => Promise<void>,
  onSetAside: (error: Error) => void,
): Promise<number> {
  const storeRange = async (first: number, end: number): Promise<number> => {
    if (first === end) return 0
    const error = await attempt(client, () => store(first, end))
    if (error === null) return 0
    if (end - first === 1) {
      onSetAside(error)
      return 1
    }
    const middle = (first + end) >> 1
    return (await storeRange(first, middle)) + (await storeRange(middle, end))
  }
  return storeRange(0, count)
}

/** The error with which PostgreSQL refused the work for its data, which is then undone, or null. */
async function attempt(client: Client, work: () => Promise<void>): Promise<Error | null> {
  await client.query('SAVEPOINT part')
  try {
    await work()
    await client.query('RELEASE part')
    return null
  } catch (error) {
    if (reasonOf(error) !== 'data') throw error
    await client.query('ROLLBACK TO part; RELEASE part')
    return error as Error
  }
}

async function storeRows(job: Job, rows: Buffer, count: number): Promise<Inserted> {
  const { client, batch, resumes } = job
  const times = timesOf(job)
  if (times !== null) return copyNewRows(client, rows, count, times, resumes)
  await copyRows(client, rows, 'options_flow_history')
  return { repeated: 0, groups: batch.copy.sums.toGroups() }
}

/** Between which times a row of the batch may be stored already; null: none is. */
function timesOf({ batch, storedUpTo }: Job): Times | null {
  const { timeMin, timeMax } = batch.copy
  return timeMin > storedUpTo ? null : { min: timeMin, max: Math.min(timeMax, storedUpTo) }
}

/** Opens the transaction and marks the batch as stored in it; false when it is stored already. */
async function claim({ client, writer, batchNumber, batch }: Job): Promise<boolean> {
  const { receivedTo } = batch
  const mark = Number.isNaN(receivedTo) ? '' : `, received_to = ${Math.floor(receivedTo)}`
  // a state that is saved after a drain waits for a batch that brings nothing
  const drained = isEmpty(batch) ? 'drained' : 'false'
  const set = `batch = ${batchNumber}, committed_at = ${Date.now()}, drained = ${drained}${mark}`
  const where = `writer = '${writer}' AND batch < ${batchNumber}`
  const begin = `BEGIN; UPDATE flow_batches SET ${set} WHERE ${where}`
  // several statements in one message give several results, which the types do not know
  const results = (await client.query(begin)) as unknown as { rowCount: number | null }[]
  if (results.at(-1)?.rowCount === 1) return true
  const select = 'SELECT 1 FROM flow_batches WHERE writer = $1'
  if ((await client.query(select, [writer])).rowCount === 1) return false
  // the database lost our row: another one was put in its place, or a backup
  const insert = `INSERT INTO flow_batches (writer, batch, committed_at, received_to)
    VALUES ($1, $2, $3, $3)`
  await client.query(insert, [writer, batchNumber, Date.now()])
  return true
}
