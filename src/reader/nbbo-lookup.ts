import { CONTRACT_MULTIPLIER } from '../domain/contract.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import { KIND_PRINT, KIND_QUOTE } from '../slab/event-slab.ts'
import type { EventColumns } from './event-columns.ts'
import type { NbboAnswer } from './evidence.ts'
import { QuoteChains } from './quote-chains.ts'
import { RestBreaker } from './rest-breaker.ts'
import type { RestBudget } from './rest-budget.ts'
import { fetchNbbo } from './rest-quotes.ts'

/** A print is held for a second; an answer that comes later revises its row. */
const TIMEOUT_MS = 900
const IN_FLIGHT_MAX = 16
const WAITING_MAX = 256
/** What has waited this long for its turn is answered with nothing. */
const WAIT_MS_MAX = 900
/** How often what waits for the budget is looked at. */
const BUDGET_MS = 20

const CONDITION_SETS = 65_536

const MAY = 1
const MAY_NOT = 2

/** What became of a lookup. over_budget: not asked, for want of budget or of a place to wait. */
export const LOOKUP_RESULTS = ['ok', 'empty', 'failed', 'throttled', 'over_budget'] as const
export type LookupResult = (typeof LOOKUP_RESULTS)[number]

export type NbboLookupOptions = {
  readonly baseUrl: string
  readonly apiKey: string
  /** Dollars from which on a print is worth a request; 0: none is. */
  readonly lookupPremium: number
  readonly quoteMaxAgeMs: number
  readonly budget: RestBudget
  readonly tickerOf: (contract: number) => string
  /** Whether a quote may sign prints with this condition set; asked once a set. */
  readonly mayHaveSide: (conditionSet: number) => boolean
  /** Never called within `see`, so it may push a frame through the same decoder. */
  readonly onAnswer: (answer: NbboAnswer) => void
  /** Once when lookups begin to fail for good, and once when they work again after that. */
  readonly onWarn: (message: string) => void
  /** A clock in ms that never goes back. */
  readonly now?: () => number
}

type Ask = {
  readonly key: string
  readonly contract: number
  readonly time: number
  /** When it was asked for, by our clock. */
  readonly since: number
}

/**
 * Asks the vendor's REST for the NBBO at the time of each print of large premium that no quote of
 * the feed covers. The prints of a contract in one ms are one ask. Each ask gets exactly one
 * answer, be it late or empty, unless `stop` comes first.
 */
export class NbboLookup {
  /** Asks by what became of them; while the server is given a rest, by why it is. */
  readonly requests: Record<LookupResult, number> = {
    ok: 0,
    empty: 0,
    failed: 0,
    throttled: 0,
    over_budget: 0,
  }

  readonly #options: NbboLookupOptions
  readonly #now: () => number
  readonly #breaker: RestBreaker
  readonly #chains: QuoteChains
  readonly #stopping = new AbortController()
  /** Keys of all asks without an answer yet. */
  readonly #open = new Set<string>()
  readonly #sides = new Uint8Array(CONDITION_SETS)
  readonly #multipliers = new Map<number, number>()
  #waiting: Ask[] = []
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: NbboLookupOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#chains = new QuoteChains(options.quoteMaxAgeMs)
    const { onWarn } = options
    this.#breaker = new RestBreaker({ what: 'NBBO lookups', onWarn, now: this.#now })
  }

  /** Shares that a contract stands for, where these are not 100. */
  setMultiplier(contract: number, multiplier: number): void {
    if (multiplier === CONTRACT_MULTIPLIER) this.#multipliers.delete(contract)
    else this.#multipliers.set(contract, multiplier)
  }

  /** Looks at a decoded frame; frames come in the order in which they were read. */
  see(columns: EventColumns): void {
    if (this.#options.lookupPremium === 0) return
    const chains = this.#chains
    const { rows, kind, contract, time, priceA, priceB, sizeA, conditions } = columns
    const ticks = this.#options.lookupPremium * TICKS_PER_DOLLAR
    for (let row = 0; row < rows; row++) {
      const id = contract[row]!
      if (kind[row] === KIND_QUOTE) {
        chains.add(id, time[row]!, priceA[row]! >= 0 && priceA[row]! < priceB[row]!)
      } else if (kind[row] === KIND_PRINT) {
        const shares =
          this.#multipliers.size === 0
            ? CONTRACT_MULTIPLIER
            : (this.#multipliers.get(id) ?? CONTRACT_MULTIPLIER)
        if (priceA[row]! * sizeA[row]! * shares < ticks) continue
        if (chains.covers(id, time[row]!) || !this.#mayHaveSide(conditions[row]!)) continue
        this.#ask(id, time[row]!)
      }
    }
  }

  /** Ends all requests; no answer comes after it. */
  stop(): void {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  #mayHaveSide(set: number): boolean {
    this.#sides[set] ||= this.#options.mayHaveSide(set) ? MAY : MAY_NOT
    return this.#sides[set] === MAY
  }

  #ask(contract: number, time: number): void {
    const key = `${contract}:${time}`
    if (this.#open.has(key) || this.#stopping.signal.aborted) return
    this.#open.add(key)
    const ask = { key, contract, time, since: this.#now() }
    const hasPlace = this.#waiting.length < WAITING_MAX
    if (hasPlace) this.#waiting.push(ask)
    // later: who calls `see` still reads the frame
    queueMicrotask(() => (hasPlace ? this.#begin() : this.#answer(ask, 'over_budget', null)))
  }

  /** Begins as many requests as may be, and gives up what has waited too long. */
  #begin(): void {
    while (this.#waiting.length > 0) {
      const ask = this.#waiting[0]!
      const refused =
        this.#breaker.pausedFor ??
        (this.#now() - ask.since > WAIT_MS_MAX ? ('over_budget' as const) : null)
      if (refused === null) {
        const places = this.#breaker.isTrying ? 1 : IN_FLIGHT_MAX
        if (this.#inFlight >= places) return // the end of one begins the next
        if (!this.#options.budget.tryTake('lookup')) {
          this.#beginLater()
          return
        }
      }
      this.#waiting.shift()
      if (refused === null) void this.#request(ask)
      else this.#answer(ask, refused, null)
    }
  }

  #beginLater(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#begin()
    }, BUDGET_MS)
    this.#timer.unref()
  }

  async #request(ask: Ask): Promise<void> {
    const { baseUrl, apiKey, tickerOf } = this.#options
    const { signal } = this.#stopping
    this.#inFlight++
    const { quote, error } = await fetchNbbo(tickerOf(ask.contract), ask.time, {
      baseUrl,
      apiKey,
      signal,
      timeoutMs: TIMEOUT_MS,
      triesMax: 1,
    }).then(
      (found) => ({ quote: found, error: null }),
      (reason: unknown) => ({ quote: null, error: { reason } }),
    )
    this.#inFlight--
    if (signal.aborted) return
    if (error === null) {
      this.#breaker.noteSuccess()
      this.#answer(ask, quote === null ? 'empty' : 'ok', quote)
    } else {
      this.#answer(ask, this.#breaker.noteFailure(error.reason), null)
    }
    this.#begin()
  }

  #answer(ask: Ask, result: LookupResult, quote: NbboAnswer['quote']): void {
    if (this.#stopping.signal.aborted) return
    this.#open.delete(ask.key)
    this.requests[result]++
    const { onAnswer, tickerOf } = this.#options
    onAnswer({ ticker: tickerOf(ask.contract), at: ask.time, quote })
  }
}
