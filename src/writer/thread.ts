/**
 * The writer thread: slabs in, transactions out. A plain worker, because it needs its event loop:
 * while PostgreSQL works on one batch the next one is encoded.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { StoredMark } from '../slab/stored-mark.ts'
import { type Batch, flushDelayMs } from './batch.ts'
import { RowEncoder } from './copy-rows.ts'
import { EventAssembler } from './events.ts'
import { Forming } from './forming.ts'
import type { FromWriter, StoreError, ToWriter, WriterData } from './messages.ts'
import { ReferenceStore } from './reference-store.ts'
import { RefusedError, Sink } from './sink.ts'
import { describeError, reasonOf } from './store-error.ts'
import type { Stored } from './transaction.ts'
import { upkeep } from './upkeep.ts'

const UPKEEP_PERIOD_MS = 3_600_000

if (parentPort === null) throw new Error('thread.ts runs as a worker thread: use handle.ts')
const port: MessagePort = parentPort
const { databaseUrl, rules, minSize, isFeed, isAgain, retentionDays } = workerData as WriterData
const onStoreError = (error: StoreError): void => tell({ kind: 'store-error', ...error })

const encoder = new RowEncoder(rules)
const tickerOf = (contract: number): string => encoder.tickerOf(contract)
const forming = new Forming(encoder, new EventAssembler({ rules, minSize, tickerOf }))
const sink = new Sink({
  databaseUrl,
  isFeed,
  isAgain,
  retentionDays,
  minSize,
  tickerOf,
  onStoreError,
  onWaiting: (waiting) => tell({ kind: 'waiting', waiting }),
})
const references = new ReferenceStore({ databaseUrl, onStoreError })

/** Number of the drain that was asked for last, and of the last that is done. */
let drainAsked = 0
let drainDone = 0
/** What main wants to know the database stands to. */
let fitAsked: StoredMark | null = null
let stopping = false
let wake: () => void = () => {}

function tell(message: FromWriter, moved: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, moved)
}

function take(message: ToWriter): void {
  switch (message.kind) {
    case 'definitions':
      forming.define(message.definitions)
      return
    case 'rows':
      forming.addSlab(message)
      break
    case 'cancels':
      for (const cancel of message.cancels) forming.addCancel(cancel)
      break
    case 'requotes':
      for (const requote of message.requotes) forming.addRequote(requote)
      break
    case 'gaps':
      for (const gap of message.gaps) forming.addGap(gap)
      break
    case 'profiles':
      references.recordProfiles(message.profiles)
      return
    case 'references':
      references.recordReferences(message.references)
      return
    case 'mark':
      forming.addMark(message.receivedTo)
      return
    case 'settle':
      forming.addSettle(message.settle)
      break
    case 'resume':
      sink.resume(message.resumes, message.newest)
      return
    case 'fit':
      fitAsked = message.stored
      break
    case 'drain':
      drainAsked = message.drain
      break
    case 'stop':
      stopping = true
      void sink.stop()
      references.stop()
      break
  }
  wake()
}

/** Until the forming batch is due, the drain is asked for, or the writer is stopped. */
async function untilDue(lastCommitAt: number): Promise<void> {
  while (!stopping && fitAsked === null) {
    const draining = drainAsked > drainDone
    const state = { now: performance.now(), lastCommitAt, draining }
    const delayMs = flushDelayMs(forming.batch, state)
    if (delayMs === 0 || draining) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

async function storeForEver(): Promise<void> {
  let lastCommitAt = performance.now()
  while (!stopping) {
    await untilDue(lastCommitAt)
    if (stopping) return
    if (fitAsked !== null) {
      const stored = fitAsked
      fitAsked = null
      tell({ kind: 'fitted', fit: await sink.fitOf(stored) })
      continue
    }
    if (drainAsked > drainDone && Number.isNaN(forming.batch.firstAt)) {
      const drain = drainAsked
      await references.flush()
      await sink.markDrained(forming.batch.receivedTo)
      drainDone = drain
      tell({ kind: 'drained', drain })
      continue
    }
    await storeNext()
    lastCommitAt = performance.now()
  }
}

/**
 * While PostgreSQL works on one batch the next one is encoded, with a look at the socket
 * between.
 */
async function storeNext(): Promise<void> {
  const batch = forming.take()
  const [stored] = await Promise.all([sink.store(batch), fillInSteps()])
  tellCommitted(batch, stored)
  forming.release(batch)
}

async function fillInSteps(): Promise<void> {
  do await nextTurn()
  while (forming.fillStep())
}

function tellCommitted(batch: Batch, stored: Stored): void {
  const { setAside, repeated, revised, copyMs, commitMs } = stored
  const { copy, requotes, cancels, slabs, settles, encodeMs } = batch
  const buffers = slabs.map((slab) => slab.buffer)
  const counts = {
    rows: copy.rows - setAside - repeated,
    setAside,
    repeated,
    bytes: copy.length,
    cancels: cancels.length,
    requotes: requotes.length,
    revised,
  }
  const committedAt = performance.timeOrigin + performance.now()
  const times = { encodeMs, copyMs, commitMs, committedAt }
  const { batch: number, newest } = sink.mark
  tell({ kind: 'committed', batch: number, newest, ...counts, ...times, settles, slabs }, buffers)
}

async function keepUp(): Promise<void> {
  try {
    const mayDrop = retentionDays !== null && retentionDays > 0
    const removed = await upkeep(databaseUrl, { mayDrop })
    if (removed > 0)
      tell({ kind: 'log', line: `removed ${removed} rows of flow past the retention` })
  } catch (error) {
    // nothing waits for it: the next hour tries again, and a batch makes the partition it needs
    const message = `upkeep failed: ${describeError(error, databaseUrl)}`
    tell({ kind: 'store-error', reason: reasonOf(error), message })
  }
}

async function main(): Promise<void> {
  port.on('message', take)
  try {
    tell({ kind: 'ready', writer: sink.mark.writer, ...(await sink.start()) })
    void keepUp()
    const upkeepTimer = setInterval(() => void keepUp(), UPKEEP_PERIOD_MS)
    await storeForEver()
    clearInterval(upkeepTimer)
  } catch (error) {
    if (error instanceof RefusedError) tell({ kind: 'refused', message: error.message })
    else if (!stopping) throw error
  }
  port.close()
}

await main()
