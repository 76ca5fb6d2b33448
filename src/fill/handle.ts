import { Worker } from 'node:worker_threads'
import type { PendingVolume } from './late-volumes.ts'
import type { FilledContract, FillerData, FromFiller, ToFiller } from './messages.ts'
import type { TapeResult } from './rest-pages.ts'

/** How long the thread may take to end what it does. */
const STOP_MS_MAX = 3_000
/** Nothing waits for a fill, so it begins again later after a bug, so many times. */
const RESTARTS_MAX = 5
const RESTART_MS = 30_000

export type FillerOptions = FillerData & {
  /** A contract is filled and committed. */
  readonly onFilled: (filled: FilledContract) => void
  /**
   * The contract's shard is to count a volume. Gives when it is put before it, epoch ms: what was
   * received at or before that moment does not have the volume, what is received later does. Null:
   * not now, it comes again.
   */
  readonly onVolume: (filled: PendingVolume) => number | null
  /** Each request to the REST server that was answered or failed. */
  readonly onRequest: (result: TapeResult) => void
  /** Gaps that are open, or have ended and are not done. */
  readonly onGaps: (open: number) => void
  readonly onLog: (line: string, isWarning: boolean) => void
}

/** The running filler. */
export type FillerHandle = {
  /** A gap has ended, and what was received before is committed. */
  look(): void
  /** Ends the thread; a contract that is under way is left as it was. */
  stop(): Promise<void>
}

/**
 * Starts the thread that fills gaps of today over REST and counts those that are open. It connects
 * by itself, waits for a database
 * or REST server that is away, and never throws.
 */
export function startFiller(options: FillerOptions): FillerHandle {
  const { databaseUrl, restUrl, apiKey, perSecond, retentionDays, rules } = options
  const workerData: FillerData = { databaseUrl, restUrl, apiKey, perSecond, retentionDays, rules }
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  let worker: Worker | null = null
  let ended = Promise.resolve()
  let restarts = 0
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  /** By gap and contract: told by this process, and not on record yet. At most one or two. */
  const told = new Map<string, number>()

  const start = (): void => {
    const started = new Worker(new URL(`./thread.${suffix}`, import.meta.url), { workerData })
    worker = started
    ended = new Promise((resolve) => started.once('exit', () => resolve()))
    started.on('message', (message: FromFiller) => {
      if (message.kind === 'volume') answer(message)
      else if (message.kind === 'noted') told.delete(keyOf(message))
      else take(message, options)
    })
    started.once('error', (error) => {
      if (isStopped) return
      options.onLog(`the filler of gaps failed: ${error.message}`, true)
      if (++restarts <= RESTARTS_MAX) timer = setTimeout(start, RESTART_MS).unref()
    })
  }
  const answer = (volume: PendingVolume): void => {
    const { gapId, ticker } = volume
    send({ kind: 'told', gapId, ticker, toldAt: tellOnce(volume) })
  }
  /** A thread that has failed, or lost its connection, asks again. */
  const tellOnce = (volume: PendingVolume): number | null => {
    if (isStopped) return null
    const toldAt = told.get(keyOf(volume)) ?? options.onVolume(volume)
    if (toldAt !== null) told.set(keyOf(volume), toldAt)
    return toldAt
  }
  const send = (message: ToFiller): void => worker?.postMessage(message)
  start()
  return {
    look: () => send({ kind: 'look' }),
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      send({ kind: 'stop' })
      const patience = setTimeout(() => void worker?.terminate(), STOP_MS_MAX)
      await ended
      clearTimeout(patience)
    },
  }
}

function keyOf({ gapId, ticker }: Pick<PendingVolume, 'gapId' | 'ticker'>): string {
  return `${gapId} ${ticker}`
}

type Notice = Exclude<FromFiller, { readonly kind: 'volume' | 'noted' }>

function take(message: Notice, options: FillerOptions): void {
  switch (message.kind) {
    case 'filled':
      options.onFilled(message)
      return
    case 'request':
      options.onRequest(message.result)
      return
    case 'gaps':
      options.onGaps(message.open)
      return
    case 'log':
      options.onLog(message.line, message.isWarning)
  }
}
