import { Worker } from 'node:worker_threads'
import type { LivePrint } from '../domain/live-flow.ts'
import type { AlerterData, AlertResult, FromAlerter, ToAlerter } from './messages.ts'
import type { SinkKind } from './rules.ts'

/** How long the thread may take to end what it does. */
const STOP_MS_MAX = 3_000
/** Prints that the thread may have to look at. */
const PRINTS_MAX = 2_000
/** Nothing waits for an alert, so it begins again later after a bug, so many times an hour. */
const RESTARTS_MAX = 5
const RESTARTS_MS = 3_600_000
const RESTART_MS = 10_000

export type AlertsOptions = AlerterData & {
  readonly onResult: (sinkKind: SinkKind, result: AlertResult) => void
  /** Events or prints that came too fast to be looked at, or waited still at the end. */
  readonly onLost: (subjects: number) => void
  readonly onLog: (line: string, isWarning: boolean) => void
  /** Wait before the thread begins again after a bug. Default 10 s. */
  readonly restartMs?: number
}

/** The running alerts. */
export type AlertsHandle = {
  /** Looks at single prints; those that are too many are counted as lost. */
  see(prints: readonly LivePrint[]): void
  /** Ends the thread, within 3 s. What it has claimed and not sent comes with the next start. */
  stop(): Promise<void>
}

/** Starts the thread that sends alerts. It waits for a database that is away and never throws. */
export function startAlerts(options: AlertsOptions): AlertsHandle {
  const { databaseUrl, rules, retentionDays } = options
  const workerData: AlerterData = { databaseUrl, rules, retentionDays }
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  let worker: Worker | null = null
  let ended = Promise.resolve()
  let restarts: readonly number[] = []
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let underWay = 0

  const start = (): void => {
    const started = new Worker(new URL(`./thread.${suffix}`, import.meta.url), { workerData })
    worker = started
    ended = new Promise((resolve) => started.once('exit', () => resolve()))
    started.once('exit', () => {
      // what it looked at to the end it has told of before
      if (underWay > 0) options.onLost(underWay)
      if (underWay > 0 && isStopped) options.onLog(leftText(underWay), true)
      underWay = 0
    })
    started.on('message', (message: FromAlerter) => {
      if (message.kind === 'taken') underWay -= message.prints
      else take(message, options)
    })
    started.once('error', (error) => {
      worker = null
      if (isStopped) return
      options.onLog(`the alerts failed: ${error.message}`, true)
      restart()
    })
  }
  const restart = (): void => {
    const now = performance.now()
    restarts = restarts.filter((at) => now - at < RESTARTS_MS)
    if (restarts.length < RESTARTS_MAX) {
      restarts = [...restarts, now]
      timer = setTimeout(start, options.restartMs ?? RESTART_MS).unref()
    } else {
      const line = `the alerts failed ${RESTARTS_MAX + 1} times within an hour and are not started`
      options.onLog(`${line} again: nothing is told; put it right and restart the engine`, true)
    }
  }
  const send = (message: ToAlerter): void => worker?.postMessage(message)
  start()
  return {
    see: (prints) => {
      const room = worker === null || isStopped ? 0 : PRINTS_MAX - underWay
      const taken = prints.slice(0, room)
      if (taken.length < prints.length) options.onLost(prints.length - taken.length)
      if (taken.length === 0) return
      underWay += taken.length
      send({ kind: 'prints', prints: taken })
    },
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

function leftText(prints: number): string {
  return `alerts: ${prints} single prints were not looked at before the stop and are not told`
}

function take(
  message: Exclude<FromAlerter, { readonly kind: 'taken' }>,
  options: AlertsOptions,
): void {
  switch (message.kind) {
    case 'result':
      options.onResult(message.sinkKind, message.result)
      return
    case 'lost':
      options.onLost(message.subjects)
      return
    case 'log':
      options.onLog(message.line, message.isWarning)
  }
}
