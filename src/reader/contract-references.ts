import { newYorkDay } from '../domain/new-york.ts'
import {
  type ChainPage,
  type ContractSnapshot,
  parseChainPage,
  parseContractSnapshot,
} from './contract-snapshots.ts'
import type { ContractReference } from './evidence.ts'
import { isoDate, nextMorning, openDay } from './reference-day.ts'
import { ReferenceQueue, type ReferenceTask } from './reference-queue.ts'
import { RequestLanes } from './request-lanes.ts'
import { fetchJson, RestError, restUrl } from './rest.ts'
import type { RestBudget } from './rest-budget.ts'
import {
  CHAIN_PAGE_ROWS,
  chainPath,
  contractPath,
  isIndex,
  vendorName,
} from './underlying-names.ts'

const HOUR_MS = 3_600_000
/** Requests on their way at the same time. */
const LANES = 4
/** Pages of one chain: 50,000 contracts, twice the largest. */
const PAGES_MAX = 200
/** A page of 250 contracts is about 0.3 MiB. */
const BODY_BYTES_MAX = 4 * 1024 * 1024
/** A chain is worth waiting for: with the longest delays this is about an hour. */
const CHAIN_TRIES_MAX = 20
const CONTRACT_TRIES_MAX = 3
/** How often the date is looked at while there is nothing to ask. */
const IDLE_MS = 60_000

export type ReferenceResult = 'ok' | 'empty' | 'failed' | 'throttled' | 'over_budget'

export type ContractReferencesOptions = {
  /** FLOW_REST_URL. */
  readonly baseUrl: string
  readonly apiKey: string
  readonly budget: RestBudget
  /** The watched underlyings; with '*' only contracts that trade are asked about. */
  readonly underlyings: '*' | readonly string[]
  /** What the database holds, of today and of earlier days. */
  readonly cached: readonly ContractReference[]
  /** At most 250 at a time, in the order in which they come; never empty. */
  readonly onReferences: (references: readonly ContractReference[]) => void
  /** Each request; also, as over_budget, each contract that there is no room to ask about. */
  readonly onResult: (result: ReferenceResult) => void
  /** For the log: one of each kind an hour. Never holds the API key. */
  readonly onWarning: (message: string) => void
  /** Epoch ms. */
  readonly now?: () => number
  /** First delay after a failure, ms; doubled up to 5 minutes. */
  readonly backoffMinMs?: number
  /** For one request, body included. */
  readonly timeoutMs?: number
}

/**
 * Open interest and multiplier over REST, once a New York day from 06:45 on: the chains of the
 * watched underlyings, then each contract that trades without an answer. In the background of the
 * request budget; no failure is fatal. A plan without these requests turns it off for the day.
 */
export class ContractReferences {
  readonly #options: ContractReferencesOptions
  readonly #now: () => number
  readonly #queue: ReferenceQueue
  readonly #lanes: RequestLanes<ReferenceTask>
  /** When a warning of each kind was last given, epoch ms. */
  readonly #warnedAt = new Map<string, number>()
  /** Day on which the vendor said that the plan has no such requests. */
  #refusedDay = -1
  /** Indices that the server knows by their plain names. */
  readonly #plain = new Set<string>()

  constructor(options: ContractReferencesOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#queue = new ReferenceQueue(options.underlyings, options.cached)
    this.#lanes = new RequestLanes({
      lanes: LANES,
      budget: options.budget,
      next: () => this.#nextTask(),
      work: (task, signal) => this.#ask(task, signal),
      idleMs: () => Math.min(IDLE_MS, nextMorning(this.#now()) - this.#now()),
      ...(options.backoffMinMs === undefined ? {} : { backoffMinMs: options.backoffMinMs }),
    })
  }

  start(): void {
    this.#lanes.start()
  }

  /**
   * Contracts that printed, by ticker; for each at least once a New York day, more often costs next
   * to nothing. Only watched ones.
   */
  noteTraded(tickers: Iterable<string>): void {
    if (newYorkDay(this.#now()) === this.#refusedDay) return
    for (const ticker of tickers) {
      if (this.#queue.note(ticker)) continue
      this.#options.onResult('over_budget')
      this.#warn(
        'full',
        'more contracts trade than can be asked for their open interest: some stay without it ' +
          'today; raise FLOW_REST_PER_SECOND or watch fewer symbols',
      )
    }
    this.#lanes.wake()
  }

  /** Ends the requests on their way. Nothing is handed on after it. */
  stop(): Promise<void> {
    return this.#lanes.stop()
  }

  /** The next task that may be done now. */
  #nextTask(): ReferenceTask | undefined {
    const day = openDay(this.#now())
    if (day === null || day === this.#refusedDay) return undefined
    if (day !== this.#queue.day) {
      this.#queue.begin(day)
      this.#lanes.wake()
    }
    return this.#queue.next()
  }

  async #ask(task: ReferenceTask, signal: AbortSignal): Promise<void> {
    const answer = await this.#request(task, signal).catch((error: Error) => error)
    if (signal.aborted) return
    if (answer instanceof Error) this.#failed(task, answer)
    else this.#answered(task, answer)
    this.#lanes.wake()
  }

  async #request(task: ReferenceTask, signal: AbortSignal): Promise<ChainPage> {
    const { baseUrl, apiKey, timeoutMs } = this.#options
    const json = await fetchJson(this.#urlOf(task), {
      baseUrl,
      apiKey,
      triesMax: 1, // each try takes from the budget
      bodyBytesMax: BODY_BYTES_MAX,
      signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    if (task.kind === 'contract') return parseContractSnapshot(json, task.ticker)
    return parseChainPage(json, task.underlying, { baseUrl, apiKey })
  }

  #urlOf(task: ReferenceTask): string {
    const { underlying } = task
    const isPlain = task.isPlain || this.#plain.has(underlying)
    const name = isPlain ? underlying : vendorName(underlying)
    if (task.kind === 'contract') {
      return restUrl(this.#options.baseUrl, contractPath(name, task.ticker))
    }
    return task.url ?? restUrl(this.#options.baseUrl, chainPath(name))
  }

  #answered(task: ReferenceTask, page: ChainPage): void {
    const { contracts } = page
    this.#lanes.succeeded()
    this.#options.onResult(contracts.length > 0 ? 'ok' : 'empty')
    if (contracts.length > 0 && task.isPlain) this.#plain.add(task.underlying)
    if (page.skipped > 0) {
      this.#warn('rows', `${page.skipped} rows of ${nameOf(task)} name no contract: left out`)
    }
    this.#handOn(contracts, task.day)
    if (task.kind === 'chain') this.#goOn(task, page)
  }

  #handOn(contracts: readonly ContractSnapshot[], day: number): void {
    const date = isoDate(day)
    if (day === this.#queue.day) for (const { ticker } of contracts) this.#queue.settle(ticker)
    for (let first = 0; first < contracts.length; first += CHAIN_PAGE_ROWS) {
      const some = contracts.slice(first, first + CHAIN_PAGE_ROWS)
      this.#options.onReferences(some.map((contract) => ({ ...contract, date })))
    }
  }

  #goOn(chain: ReferenceTask & { kind: 'chain' }, page: ChainPage): void {
    const pages = chain.pages + 1
    const contracts = chain.contracts + page.contracts.length
    if (page.next !== undefined && pages < PAGES_MAX) {
      this.#queue.again({ ...chain, url: page.next, pages, contracts, tries: 0 })
    } else if (contracts === 0) this.#nothing(chain)
    else {
      if (page.next !== undefined) {
        this.#warn('endless', `${nameOf(chain)} did not end after ${pages} pages: left there`)
      }
      this.#queue.end(chain)
    }
  }

  /** The server knows nothing under this name: an index is asked for under its plain one too. */
  #nothing(task: ReferenceTask): void {
    const isPlain = task.isPlain || this.#plain.has(task.underlying)
    if (isIndex(task.underlying) && !isPlain) {
      const again = { ...task, isPlain: true, tries: 0 }
      this.#queue.again(again.kind === 'chain' ? { ...again, url: null } : again)
      return
    }
    if (task.kind === 'chain') {
      this.#warn(
        `chain ${task.underlying}`,
        `${task.underlying} has no options chain: is it spelt as the vendor spells it?`,
      )
    }
    this.#queue.end(task)
  }

  #failed(task: ReferenceTask, error: Error): void {
    const { status, mayRetry, retryAfterMs } =
      error instanceof RestError ? error : new RestError(error.message, null, false)
    // a page in the middle of a chain that is not there is no answer
    const isUnknown = status === 404 && !(task.kind === 'chain' && task.contracts > 0)
    const result = isUnknown ? 'empty' : status === 429 ? 'throttled' : 'failed'
    this.#options.onResult(result)
    if (status === 401 || status === 403) {
      this.#refuse(task, error)
      return
    }
    if (isUnknown) {
      this.#nothing(task)
      return
    }
    if (mayRetry) this.#lanes.pause(retryAfterMs)
    const triesMax = task.kind === 'chain' ? CHAIN_TRIES_MAX : CONTRACT_TRIES_MAX
    const isTriedAgain = mayRetry && task.tries + 1 < triesMax
    if (isTriedAgain) this.#queue.again({ ...task, tries: task.tries + 1 })
    else this.#queue.end(task)
    const outcome = isTriedAgain ? 'tried again' : 'not tried again today'
    this.#warn(
      `${task.kind} ${result} ${outcome}`,
      `no open interest from ${nameOf(task)}: ${error.message}; ${outcome}`,
    )
  }

  #refuse(task: ReferenceTask, error: Error): void {
    this.#refusedDay = Math.max(this.#refusedDay, task.day)
    this.#warn(
      'plan',
      'no open interest and no multipliers today, 100 is taken: the vendor refuses option ' +
        `snapshots. ${error.message}`,
    )
  }

  #warn(kind: string, message: string): void {
    const now = this.#now()
    if (now - (this.#warnedAt.get(kind) ?? Number.NEGATIVE_INFINITY) < HOUR_MS) return
    this.#warnedAt.set(kind, now)
    this.#options.onWarning(message)
  }
}

function nameOf(task: ReferenceTask): string {
  return task.kind === 'chain' ? `the chain of ${task.underlying}` : `contract ${task.ticker}`
}
