import { setTimeout as sleep } from 'node:timers/promises'
import { brokenLine, refusedLine } from './advice.ts'
import type { AlertDatabase } from './database.ts'
import { type AlertFacts, isSameStory } from './facts.ts'
import type { AlertKey, Begun, Ledger } from './ledger.ts'
import type { Change } from './message.ts'
import type { AlertResult } from './messages.ts'
import { post } from './post.ts'
import { RateWindow } from './rate-window.ts'
import type { Sink } from './rules.ts'
import { requestOf } from './sink-request.ts'
import { type Verdict, verdictOf } from './verdict.ts'

/** Alerts that wait for one sink. */
export const QUEUE_MAX = 1_000
export const TRIES_MAX = 6
const TOO_OLD = 'too old when its turn came'
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 60_000
/** A sink that is gone is left alone for so long: Discord counts such requests. */
const BROKEN_MS = 10 * 60_000

/** One version of one alert for one sink. */
export type Job = {
  readonly rule: string
  readonly facts: AlertFacts
  /** Whether this version meets the rule. */
  readonly stillMatches: boolean
  /** Not sent after this, epoch ms. */
  readonly expiresAt: number
  /** The same while the sink knows of no version. */
  readonly firstUntil: number
  /** Tries that earlier processes have made. */
  readonly attempts: number
}

export type SenderOptions = {
  readonly sink: Sink
  readonly secrets: readonly string[]
  readonly ledger: Ledger
  readonly database: AlertDatabase
  readonly onResult: (result: AlertResult) => void
  readonly onLog: (line: string, isWarning: boolean) => void
  /** Nothing more is begun. */
  readonly stopping: AbortSignal
  /** What is under way is cut off. */
  readonly cutting: AbortSignal
  /** First wait before another try. Default 1 s. */
  readonly retryMinMs?: number
}

/** Sends the alerts of one sink, one after the other, within its rate. */
export class Sender {
  readonly #options: SenderOptions
  readonly #rate: RateWindow
  readonly #queue: Job[] = []
  #wake: () => void = () => {}
  #brokenUntil = 0
  #isTroubled = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#rate = new RateWindow(options.sink.rate)
    options.stopping.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /**
   * Takes a job; a newer version takes the place of one that waits. At the limit the oldest is
   * given up.
   */
  async add(job: Job): Promise<void> {
    const { ledger, database, onResult } = this.#options
    const waiting = this.#queue.findIndex(
      ({ rule, facts }) => rule === job.rule && facts.subject === job.facts.subject,
    )
    if (waiting >= 0 && this.#queue[waiting]!.facts.revision >= job.facts.revision) return
    if (waiting >= 0) {
      this.#queue[waiting] = { ...job, attempts: this.#queue[waiting]!.attempts }
      return
    }
    this.#queue.push(job)
    this.#wake()
    if (this.#queue.length <= QUEUE_MAX) return
    const oldest = this.#keyOf(this.#queue.shift()!)
    onResult('dropped')
    await database.steadily(() => ledger.failed(oldest, 'too many alerts waited', true))
  }

  /** Until it is stopped. A failure of the database is waited for; anything else is a bug. */
  async run(): Promise<void> {
    const { stopping } = this.#options
    try {
      while (!stopping.aborted) {
        const job = this.#queue.shift()
        if (job !== undefined) await this.#send(job)
        else await this.#woken()
      }
    } catch (error) {
      if (!stopping.aborted) throw error
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  async #send(first: Job): Promise<void> {
    const { sink, ledger, database, stopping, onResult, onLog } = this.#options
    const key = this.#keyOf(first)
    const giveUp = async (result: AlertResult, note: string): Promise<void> => {
      onResult(result)
      await database.steadily(() => ledger.failed(key, note, true))
    }
    for (let job = first; ; ) {
      const now = Date.now()
      if (now > job.expiresAt) return giveUp('dropped', TOO_OLD)
      if (now < this.#brokenUntil) return giveUp('given_up', 'the sink refuses all alerts')
      const waitMs = this.#rate.take(performance.now())
      if (waitMs > 0) {
        await sleep(waitMs, undefined, { signal: stopping })
        continue
      }
      const attempt = job.attempts + 1
      const begun = await database.steadily(() => ledger.begin(key, job.facts, attempt, Date.now()))
      if (begun === undefined) return
      if (begun.revision_sent === null && Date.now() > job.firstUntil) {
        return giveUp('dropped', TOO_OLD)
      }
      const silence = begun.revision_sent === null ? silenceOf(job) : null
      if (silence !== null) {
        onResult('suppressed')
        return database.steadily(() => ledger.suppress(key, silence))
      }
      const { told } = begun
      if (told !== null && isSameStory(told, job.facts)) {
        return database.steadily(() => ledger.nothingNew(key))
      }
      const verdict = await this.#try(job, begun)
      if (verdict === null) return // cut off at the stop: the next start finds it
      if (verdict.kind === 'delivered') {
        if (this.#isTroubled) onLog(`alerts to ${sink.name} work again`, false)
        this.#isTroubled = false
        onResult(begun.revision_sent === null ? 'sent' : 'corrected')
        const { messageId } = verdict
        // also at a stop: what a sink has is not sent to it again
        const note = () => ledger.sent(key, job.facts, messageId, Date.now())
        return database.steadily(note, this.#options.cutting)
      }
      const { words } = verdict
      if (verdict.kind === 'refused') {
        this.#tellRefused(job.rule, words, verdict.isSinkBroken)
        return giveUp('given_up', words)
      }
      if (!this.#isTroubled) onLog(`alerts to ${sink.name} are tried again: ${words}`, true)
      this.#isTroubled = true
      if (attempt >= TRIES_MAX) return giveUp('given_up', `${words}; tried ${attempt} times`)
      onResult('retried')
      await database.steadily(() => ledger.failed(key, words, false))
      await sleep(this.#delayMs(attempt, verdict.afterMs), undefined, { signal: stopping })
      job = this.#newest({ ...job, attempts: attempt })
    }
  }

  /** A version that came while this one was tried takes its place. */
  #newest(job: Job): Job {
    const at = this.#queue.findIndex(
      ({ rule, facts }) => rule === job.rule && facts.subject === job.facts.subject,
    )
    const [waiting] = at < 0 ? [] : this.#queue.splice(at, 1)
    const isNewer = waiting !== undefined && waiting.facts.revision > job.facts.revision
    return isNewer ? { ...waiting, attempts: job.attempts } : job
  }

  /** Null: it was cut off, and nobody knows whether the sink has it. */
  async #try(job: Job, begun: Begun): Promise<Verdict | null> {
    const { sink, secrets, cutting } = this.#options
    const { rule, facts, stillMatches } = job
    const change = changeOf(job, begun)
    const messageId = begun.revision_sent === null ? null : begun.message_id
    const request = requestOf(sink, { change, rule, facts, stillMatches }, messageId, Date.now())
    const answer = await post(request, sink, cutting)
    if (answer.kind === 'none' && cutting.aborted) return null
    return verdictOf(sink.kind, answer, request.method, Date.now(), secrets)
  }

  #tellRefused(rule: string, words: string, isSinkBroken: boolean): void {
    const { sink, onLog } = this.#options
    if (!isSinkBroken) {
      onLog(refusedLine(sink.name, sink.kind, rule, words), true)
      return
    }
    this.#brokenUntil = Date.now() + BROKEN_MS
    onLog(brokenLine(sink.name, sink.kind, words, BROKEN_MS / 60_000), true)
  }

  /** Doubled with each try, jittered, and never less than the sink asks for. */
  #delayMs(attempt: number, askedMs: number): number {
    const rung = (this.#options.retryMinMs ?? RETRY_MS_MIN) * 2 ** (attempt - 1)
    return Math.max(askedMs, Math.min(RETRY_MS_MAX, rung) * (0.5 + Math.random() / 2))
  }

  #keyOf({ rule, facts }: Job): AlertKey {
    return { subject: facts.subject, rule, sink: this.#options.sink.name }
  }
}

/** Why there is nothing to tell of a version while the sink knows of none; null: there is. */
function silenceOf({ facts, stillMatches }: Job): string | null {
  if (facts.is_void) return 'cancelled before it was told'
  return stillMatches ? null : 'it met its rule no longer before it was told'
}

function changeOf({ facts }: Job, { revision_sent: sent }: Begun): Change {
  if (sent === null) return 'alert'
  return facts.is_void ? 'cancelled' : 'revision'
}
