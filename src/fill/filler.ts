import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS, newYorkDay, startOfNewYorkDay } from '../domain/new-york.ts'
import { RestBreaker } from '../reader/rest-breaker.ts'
import { RestBudget } from '../reader/rest-budget.ts'
import { type Connection, connect } from '../writer/connection.ts'
import { describeError } from '../writer/store-error.ts'
import { fillGap, isSettled, TapesDeniedError } from './gap-fill.ts'
import { countOpen, type EndedGap, nextGap, receivedTo } from './gap-queue.ts'
import { pendingOf } from './late-volumes.ts'
import { LaterLooks } from './later-looks.ts'
import type { FillerData, FromFiller, Told } from './messages.ts'
import type { TapeAsker } from './rest-pages.ts'
import { VolumeTeller } from './volume-teller.ts'

/** How often gaps are looked for without being told. */
const LOOK_MS = 60_000
/** How often it is looked whether all that a gap or a volume waits for is stored. */
const SETTLE_MS = 1_000
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 60_000
const PAUSED_MS = 250
/** So long after midnight gaps of the day before are still filled. */
const OLD_DAY_MS = 3_600_000

/**
 * Fills gaps of today, the oldest first, one contract after the other. A database or a REST server
 * that is away only delays it.
 */
export class Filler {
  readonly #data: FillerData
  readonly #tell: (message: FromFiller) => void
  readonly #stop = new AbortController()
  readonly #breaker: RestBreaker
  readonly #asker: TapeAsker
  readonly #volumes: VolumeTeller
  readonly #later = new LaterLooks()
  #connection: Connection | null = null
  #wake: () => void = () => {}
  #isAsked = false
  #mayFill: boolean

  constructor(data: FillerData, tell: (message: FromFiller) => void) {
    this.#data = data
    this.#tell = tell
    this.#mayFill = data.perSecond > 0
    this.#volumes = new VolumeTeller(tell)
    this.#breaker = new RestBreaker({
      what: 'fills of gaps',
      onWarn: (line) => this.#warn(line),
      now: () => performance.now(),
    })
    this.#asker = {
      rest: { baseUrl: data.restUrl, apiKey: data.apiKey },
      budget: new RestBudget(Math.max(1, data.perSecond)),
      priority: 'lookup',
      onResult: (result) => tell({ kind: 'request', result }),
      onProblem: (line) => this.#warn(line),
    }
  }

  /** There may be something to fill. */
  look(): void {
    this.#isAsked = true
    this.#wake()
  }

  /** The answer to a volume that was to be told. */
  handleTold(told: Told): void {
    this.#volumes.handleTold(told)
  }

  /**
   * Ends what is under way; a contract that is not committed is not filled. A volume of which a
   * shard was told is noted first: else the next start tells it again.
   */
  stop(): void {
    this.#stop.abort(new Error('the filler was stopped'))
    this.#wake()
    void this.#volumes.settled().then(() => {
      this.#connection?.cut(new Error('the filler was stopped'))
    })
  }

  /** Until it is stopped; with a key that may not read tapes it only counts the gaps. */
  async run(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      try {
        await this.#work()
        failures = 0
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#connection?.cut(error as Error)
        this.#connection = null
        const words = describeError(error, this.#data.databaseUrl)
        if (error instanceof TapesDeniedError) {
          this.#warn(`gaps are not filled: ${words}`)
          this.#mayFill = false
          continue
        }
        if (failures === 0 && this.#mayFill)
          this.#warn(`the fill of a gap is tried again: ${words}`)
        const delayMs = Math.min(RETRY_MS_MIN * 2 ** failures, RETRY_MS_MAX)
        failures = Math.min(failures + 1, 10)
        await this.#wait(delayMs * (0.5 + Math.random() / 2))
      }
    }
  }

  /** Fills what can be filled now, then waits to be told, or for a while. */
  async #work(): Promise<void> {
    this.#isAsked = false
    const connection = await this.#connected()
    const { client } = connection
    await this.#racing(connection, this.#volumes.turn(client, this.#stop.signal))
    const now = Date.now()
    const since = startOfNewYorkDay(newYorkDay(now - OLD_DAY_MS))
    await this.#count(connection, now)
    if (!this.#mayFill) {
      if (!this.#isAsked) await this.#wait(LOOK_MS)
      return
    }
    const first = await this.#racing(connection, nextGap(client, since))
    const gap = first ?? (await this.#racing(connection, this.#later.next(client, since, now)))
    const pending = await this.#racing(connection, pendingOf(client, gap?.gapId ?? null))
    if (gap === null) {
      const isPending = pending.own || pending.others
      if (!this.#isAsked) await this.#wait(isPending ? SETTLE_MS : LOOK_MS)
      return
    }
    // a contract of both gaps would be short of the same volume again
    if (pending.others) {
      await this.#wait(SETTLE_MS)
      return
    }
    const { rules } = this.#data
    if (!isSettled(gap, rules, await this.#racing(connection, receivedTo(client)))) {
      await this.#wait(SETTLE_MS)
      return
    }
    await this.#fill(gap, first === null, connection)
    this.#later.note(gap, now)
  }

  async #count(connection: Connection, now: number): Promise<void> {
    const { retentionDays } = this.#data
    const since = retentionDays === 0 ? 0 : now - retentionDays * DAY_MS
    const open = await this.#racing(connection, countOpen(connection.client, since))
    this.#tell({ kind: 'gaps', open })
  }

  async #fill(gap: EndedGap, isLater: boolean, connection: Connection): Promise<void> {
    let prints = 0
    const leftOut = await this.#racing(
      connection,
      fillGap(gap, {
        isLater,
        client: connection.client,
        asker: this.#asker,
        rules: this.#data.rules,
        signal: this.#stop.signal,
        storedTo: () => this.#volumes.storedTo(connection.client),
        mayAsk: async () => {
          await this.#volumes.turn(connection.client, this.#stop.signal)
          await this.#mayAsk()
        },
        onAnswer: (error) => {
          if (error === null) this.#breaker.noteSuccess()
          else this.#breaker.noteFailure(error)
        },
        onFilled: (filled) => {
          prints += filled.prints
          this.#tell({ kind: 'filled', ...filled })
        },
        onWarn: (line) => this.#warn(line),
      }),
    )
    if (isLater && prints === 0) return
    const seconds = Math.round((gap.endedAt - gap.startedAt) / 100) / 10
    const status = leftOut === 0 ? 'is filled' : `is filled but for ${leftOut} contracts`
    const line = `a gap of ${seconds} s (${gap.reason}) ${status}: ${prints} prints`
    this.#tell({ kind: 'log', isWarning: false, line })
  }

  async #mayAsk(): Promise<void> {
    while (this.#breaker.pausedFor !== null) {
      await sleep(PAUSED_MS, undefined, { signal: this.#stop.signal })
    }
  }

  async #connected(): Promise<Connection> {
    this.#connection ??= await connect(this.#data.databaseUrl, 'flow-filler')
    if (this.#stop.signal.aborted) this.#connection.cut(new Error('the filler was stopped'))
    return this.#connection
  }

  /** A lost connection ends the work, whatever it waits for. */
  async #racing<T>({ broken }: Connection, work: Promise<T>): Promise<T> {
    work.catch(() => {}) // it may fail behind the connection
    return Promise.race([work, broken])
  }

  async #wait(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #warn(line: string): void {
    this.#tell({ kind: 'log', isWarning: true, line })
  }
}
