import { setTimeout as sleep } from 'node:timers/promises'
import { EventFollower } from '../follow/event-follower.ts'
import { AlertDatabase, wordsOf } from './database.ts'
import { type AlertFacts, factsOfEvent, factsOfPrint } from './facts.ts'
import { Ledger } from './ledger.ts'
import { Lookups, type LookupsOptions } from './lookups.ts'
import type { AlerterData, FromAlerter, ToAlerter } from './messages.ts'
import { Questions } from './questions.ts'
import { type AlertRules, secretsOfRules } from './rules.ts'
import { Sender } from './sender.ts'
import { Subjects } from './subjects.ts'

/** Events and prints that wait to be looked at. */
const INTAKE_MAX = 10_000
/** How often it is looked for what processes that are gone have left. */
const ADOPT_MS = 5_000
const CLEANUP_MS = 3_600_000
const DAY_MS = 86_400_000
const LOCK_KEYS = 2 ** 31 - 1
/** What is under way at the stop may take so long. */
const FINISH_MS = 2_000

export type AlerterOptions = AlerterData & {
  readonly tell: (message: FromAlerter) => void
  readonly contextOf: LookupsOptions['contextOf']
  /** Of the senders; default 1 s. */
  readonly retryMinMs?: number
}

type Waiting = { readonly facts: AlertFacts; readonly isPrint: boolean }

/**
 * Looks at each version of each event, and at the prints it is given, finds the rules they meet and
 * sees to it that their sinks are told. One after the other, so that cooldowns hold.
 */
export class Alerter {
  readonly #options: AlerterOptions
  readonly #stopping = new AbortController()
  readonly #cutting = new AbortController()
  readonly #database: AlertDatabase
  readonly #ledger: Ledger
  readonly #subjects: Subjects
  readonly #senders: readonly Sender[]
  readonly #waiting: Waiting[] = []
  #wake: () => void = () => {}

  constructor(options: AlerterOptions) {
    this.#options = options
    const { databaseUrl, rules, tell, retryMinMs } = options
    const onLog = (line: string, isWarning: boolean): void => tell({ kind: 'log', line, isWarning })
    const stopping = this.#stopping.signal
    // also after a bug: what waits for an event must end, or nobody hears of the bug
    stopping.addEventListener('abort', () => this.#wake(), { once: true })
    this.#database = new AlertDatabase({
      databaseUrl,
      onConnect: (query) => this.#ledger.lock(query),
      onProblem: (words) => onLog(`alerts wait for the database: ${words}`, true),
      signal: stopping,
    })
    const { query } = this.#database
    this.#ledger = new Ledger(query, 1 + Math.floor(Math.random() * (LOCK_KEYS - 1)))
    const secrets = secretsOfRules(rules)
    const senders = new Map(
      rules.sinks.map((sink) => [
        sink.name,
        new Sender({
          sink,
          secrets,
          ledger: this.#ledger,
          database: this.#database,
          onResult: (result) => tell({ kind: 'result', sinkKind: sink.kind, result }),
          onLog,
          stopping,
          cutting: this.#cutting.signal,
          ...(retryMinMs === undefined ? {} : { retryMinMs }),
        }),
      ]),
    )
    this.#senders = [...senders.values()]
    this.#subjects = new Subjects({
      rules,
      ledger: this.#ledger,
      database: this.#database,
      lookups: new Lookups({ query, contextOf: options.contextOf, now: Date.now }),
      add: (sink, job) => senders.get(sink)!.add(job),
      questions: new Questions({
        database: this.#database,
        onGivenUp: (line) => onLog(line, true),
        onSkipped: () => tell({ kind: 'lost', subjects: 1 }),
        now: Date.now,
      }),
      onSuppressed: (sinkKind) => tell({ kind: 'result', sinkKind, result: 'suppressed' }),
    })
  }

  /** Messages of the main thread. */
  handle(message: ToAlerter): void {
    if (message.kind === 'stop') this.stop()
    else this.#add(message.prints.map((print) => ({ facts: factsOfPrint(print), isPrint: true })))
  }

  /** Ends it; a request that is under way may take 2 s more. */
  stop(): void {
    this.#stopping.abort()
    setTimeout(() => this.#cutting.abort(), FINISH_MS).unref()
  }

  /** Until it is stopped. Rejects after a bug. */
  async run(): Promise<void> {
    const { rules, tell } = this.#options
    const follower = new EventFollower({
      query: this.#database.query,
      since: Date.now() - lookBackMs(rules),
      onEvents: (events) => {
        const found = events.map(factsOfEvent).filter((facts) => facts !== null)
        this.#add(found.map((facts) => ({ facts, isPrint: false })))
      },
      onMissed: ({ count }) => tell({ kind: 'lost', subjects: count }),
      onProblem: (line) => tell({ kind: 'log', isWarning: true, line: `alerts: ${line}` }),
    })
    const parts = [this.#work(), this.#keep(), ...this.#senders.map((sender) => sender.run())]
    try {
      await Promise.all(parts)
    } finally {
      this.#stopping.abort()
      await follower.stop()
      await Promise.allSettled(parts)
      await this.#database.close()
    }
  }

  #add(found: readonly Waiting[]): void {
    const { tell } = this.#options
    this.#waiting.push(...found)
    const lost = this.#waiting.splice(0, Math.max(0, this.#waiting.length - INTAKE_MAX))
    if (lost.length > 0) tell({ kind: 'lost', subjects: lost.length })
    this.#takenPrints(lost)
    this.#wake()
  }

  /** The main thread may send as many more. */
  #takenPrints(taken: readonly Waiting[]): void {
    const prints = taken.filter(({ isPrint }) => isPrint).length
    if (prints > 0) this.#options.tell({ kind: 'taken', prints })
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const next = this.#waiting.shift()
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      await this.#look(next.facts)
      if (!signal.aborted) this.#takenPrints([next])
    }
  }

  /** One event that the database cannot work on is left out; the others go on. */
  async #look(facts: AlertFacts): Promise<void> {
    try {
      await this.#subjects.look(facts)
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      if (error instanceof TypeError) throw error
      const line = `no alert of ${facts.subject}: ${wordsOf(error)}`
      this.#options.tell({ kind: 'log', isWarning: true, line })
    }
  }

  /** Takes over what others have left, and removes what is old. */
  async #keep(): Promise<void> {
    const { signal } = this.#stopping
    const { retentionDays } = this.#options
    let cleanedAt = Number.NEGATIVE_INFINITY
    while (!signal.aborted) {
      try {
        const rows = await this.#database.steadily(() => this.#ledger.adopt())
        for (const row of rows) await this.#subjects.resume(row)
        if (retentionDays > 0 && Date.now() - cleanedAt > CLEANUP_MS) {
          cleanedAt = Date.now()
          const cutoff = cleanedAt - retentionDays * DAY_MS
          await this.#database.steadily(() => this.#ledger.removeBefore(cutoff))
        }
        await sleep(ADOPT_MS, undefined, { signal })
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  }
}

/** What was recorded while no process ran and may still be told. */
function lookBackMs({ rules }: AlertRules): number {
  return Math.max(...rules.map(({ maxAgeMs }) => maxAgeMs))
}
