import { Worker } from 'node:worker_threads'
import type { Cancel } from '../slab/cancel.ts'
import type { Definitions } from '../slab/definitions.ts'
import type { Requote } from '../slab/requote.ts'
import type { StoredMark } from '../slab/stored-mark.ts'
import type {
  Committed,
  FromWriter,
  Gap,
  MarkFit,
  PostedSlab,
  Reference,
  Resumes,
  SizeProfile,
  StoredBefore,
  StoreError,
  ToWriter,
  Waiting,
  WriterData,
} from './messages.ts'

export type WriterOptions = WriterData & {
  /** A batch is stored; its slabs come back and are free. */
  readonly onCommitted: (committed: Committed) => void
  /** Each failed attempt; the batch is tried again. */
  readonly onStoreError: (error: StoreError) => void
  /** Each change between waiting for the database and storing. */
  readonly onWaiting: (waiting: Waiting) => void
  /** The thread died of a bug: what it held is not stored and its slabs are lost. */
  readonly onFatal: (error: Error) => void
  readonly onLog: (line: string) => void
  /** Ends a start that still waits for the database. */
  readonly signal?: AbortSignal
}

export type Writer = StoredBefore & {
  /** How the database stands to what an earlier writer had stored. One at a time. */
  fitOf(stored: StoredMark): Promise<MarkFit>
  /** Ahead of the first slab: what comes goes on from a state or journal of an earlier process. */
  resume(resumes: Resumes, newest: number): void
  /** Must come ahead of the first slab that uses the definitions. */
  define(definitions: Definitions): void
  /** Moves the slab away; it comes back by `onCommitted` once its rows are stored. */
  post(slab: PostedSlab): void
  /** Applied after all rows that were posted before. */
  cancel(cancels: readonly Cancel[]): void
  /** Applied after all rows that were posted before. */
  requote(requotes: readonly Requote[]): void
  recordGaps(gaps: readonly Gap[]): void
  /** Best effort, for the next start: the latest of each symbol is kept. */
  recordProfiles(profiles: readonly SizeProfile[]): void
  /** Best effort, for the next start: the latest of each contract is kept. */
  recordReferences(references: readonly Reference[]): void
  /** What is received before this moment is stored once all that was posted before is. */
  mark(receivedTo: number): void
  /** Resolves when everything that was posted before is committed; more may be posted. */
  settled(): Promise<StoredMark>
  /** The same, and marks that nothing is left: only when nothing more is posted. */
  drain(): Promise<void>
  /** Ends the thread at once; what is not committed is not stored. */
  stop(): Promise<void>
  /** Rows that were posted and are not committed yet. */
  readonly rowsWaiting: number
}

/** How long the thread may take to close its connections. */
const STOP_MS_MAX = 3_000

/**
 * Starts the writer thread and resolves when the database is there and its schema is up to date,
 * however long that takes. Rejects what waiting does not change, with what to do.
 */
export function startWriter(options: WriterOptions): Promise<Writer> {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const { databaseUrl, rules, minSize, isFeed, isAgain, retentionDays, signal } = options
  const workerData: WriterData = { databaseUrl, rules, minSize, isFeed, isAgain, retentionDays }
  const worker = new Worker(new URL(`./thread.${suffix}`, import.meta.url), { workerData })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const drains = new Map<number, (done: undefined) => void>()
  const settles = new Map<number, (mark: StoredMark) => void>()
  const fits: ((fit: MarkFit) => void)[] = []
  let name = ''
  let drainsAsked = 0
  let settlesAsked = 0
  let rowsWaiting = 0
  let isReady = false
  let isStopped = false

  const send = (message: ToWriter, moved: readonly ArrayBuffer[] = []): void =>
    worker.postMessage(message, moved)
  const stop = async (): Promise<void> => {
    isStopped = true
    send({ kind: 'stop' })
    const patience = setTimeout(() => void worker.terminate(), STOP_MS_MAX)
    await ended
    clearTimeout(patience)
  }
  const markOf = ({ batch, newest }: Committed): StoredMark => ({ writer: name, batch, newest })
  const writerOf = ({ databaseId, previous, profiles, references }: StoredBefore): Writer => ({
    databaseId,
    previous,
    profiles,
    references,
    fitOf: (stored) =>
      new Promise((resolve) => {
        fits.push(resolve)
        send({ kind: 'fit', stored })
      }),
    resume: (resumes, newest) => send({ kind: 'resume', resumes, newest }),
    define: (definitions) => send({ kind: 'definitions', definitions }),
    post: (slab) => {
      rowsWaiting += slab.rows
      send({ kind: 'rows', ...slab }, [slab.buffer])
    },
    cancel: (cancels) => send({ kind: 'cancels', cancels }),
    requote: (requotes) => send({ kind: 'requotes', requotes }),
    recordGaps: (gaps) => send({ kind: 'gaps', gaps }),
    recordProfiles: (profiles) => send({ kind: 'profiles', profiles }),
    recordReferences: (references) => send({ kind: 'references', references }),
    mark: (receivedTo) => send({ kind: 'mark', receivedTo }),
    settled: () =>
      new Promise((resolve) => {
        settlesAsked++
        settles.set(settlesAsked, resolve)
        send({ kind: 'settle', settle: settlesAsked })
      }),
    drain: () =>
      new Promise<undefined>((resolve) => {
        drainsAsked++
        drains.set(drainsAsked, resolve)
        send({ kind: 'drain', drain: drainsAsked })
      }),
    stop,
    get rowsWaiting() {
      return rowsWaiting
    },
  })

  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      if (!isReady) reject(error)
      else if (!isStopped) options.onFatal(error)
      isStopped = true // an error and the exit that follows it are one end
    }
    worker.on('message', (message: FromWriter) => {
      switch (message.kind) {
        case 'ready':
          isReady = true
          name = message.writer
          resolve(writerOf(message))
          break
        case 'committed':
          rowsWaiting -= message.rows + message.setAside + message.repeated
          options.onCommitted(message)
          finish(settles, message.settles, markOf(message))
          break
        case 'fitted':
          fits.shift()?.(message.fit)
          break
        case 'store-error':
          options.onStoreError(message)
          break
        case 'waiting':
          options.onWaiting(message.waiting)
          break
        case 'log':
          options.onLog(message.line)
          break
        case 'refused':
          reject(new Error(`the database cannot be used: ${message.message}`))
          break
        case 'drained':
          finish(drains, message.drain, undefined)
          break
      }
    })
    worker.once('error', fail)
    void ended.then(() => fail(new Error('the writer thread ended')))
    signal?.addEventListener('abort', () => {
      if (isReady) return
      reject(new Error('the writer was stopped before the database was there'))
      void stop()
    })
  })
}

/** All that wait for a number up to `upTo` go on. */
function finish<T>(waiting: Map<number, (value: T) => void>, upTo: number, value: T): void {
  for (const [number, done] of waiting) {
    if (number > upTo) continue
    waiting.delete(number)
    done(value)
  }
}
