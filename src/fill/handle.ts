import { Worker } from 'node:worker_threads'
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
 * Starts the thread that fills gaps of today over REST. It connects by itself, waits for a database
 * or REST server that is away, and never throws.
 */
export function startFiller(options: FillerOptions): FillerHandle {
  const { databaseUrl, restUrl, apiKey, perSecond, rules } = options
  const workerData: FillerData = { databaseUrl, restUrl, apiKey, perSecond, rules }
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  let worker: Worker | null = null
  let ended = Promise.resolve()
  let restarts = 0
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const start = (): void => {
    const started = new Worker(new URL(`./thread.${suffix}`, import.meta.url), { workerData })
    worker = started
    ended = new Promise((resolve) => started.once('exit', () => resolve()))
    started.on('message', (message: FromFiller) => take(message, options))
    started.once('error', (error) => {
      if (isStopped) return
      options.onLog(`the filler of gaps failed: ${error.message}`, true)
      if (++restarts <= RESTARTS_MAX) timer = setTimeout(start, RESTART_MS).unref()
    })
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

function take(message: FromFiller, options: FillerOptions): void {
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
