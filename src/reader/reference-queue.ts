import { parseContract } from '../domain/contract.ts'
import type { ContractReference } from './evidence.ts'
import { isoDate, isWeekend } from './reference-day.ts'
import { CHAIN_PAGE_ROWS } from './underlying-names.ts'

/** Contracts that wait to be asked about: two hours at the ordinary budget. */
const WAITING_MAX = 100_000
/** Contracts that have their answer of the day: all that trade on a busy one (364,438). */
const SETTLED_MAX = 500_000
/** Contracts that traded and are asked about again on the next morning. */
const TRADED_MAX = 200_000

/**
 * What to ask next. `isPlain`: an index by its plain name, because the server does not know it with
 * the prefix.
 */
export type ReferenceTask = {
  /** The New York day asked about, days since 1970-01-01. */
  readonly day: number
  readonly underlying: string
  readonly isPlain: boolean
  /** Requests that failed in a row. */
  readonly tries: number
} & (
  | {
      readonly kind: 'chain'
      /** The page to ask for; null: the first. */
      readonly url: string | null
      /** Pages and contracts that came. */
      readonly pages: number
      readonly contracts: number
    }
  | { readonly kind: 'contract'; readonly ticker: string }
)

/**
 * What a New York day still has to ask about: the chains of the watched underlyings, then single
 * contracts that traded without an answer, those of adjusted roots first, because their multiplier
 * is rarely 100. Each once a day.
 */
export class ReferenceQueue {
  readonly #underlyings: '*' | readonly string[]
  #cached: readonly ContractReference[]
  /** Chains to begin or to go on with, and what is asked again. */
  readonly #first: ReferenceTask[] = []
  /** Chains of the day that have not ended. They bring most contracts, so the others wait. */
  #openChains = 0
  /** Tickers in the order in which they came. */
  readonly #adjusted = new Set<string>()
  readonly #ordinary = new Set<string>()
  readonly #settled = new Set<string>()
  /** With every underlying watched; the one that traded last is the last. */
  readonly #traded = new Set<string>()
  #day = -1

  /**
   * `cached`: references that the database holds. Those of the day that begins first are not asked
   * for again; contracts of older ones are taken as traded.
   */
  constructor(underlyings: '*' | readonly string[], cached: readonly ContractReference[]) {
    this.#underlyings = underlyings
    this.#cached = cached
    for (const { ticker } of cached) this.#carry(ticker)
  }

  /** The day asked about, days since 1970-01-01; -1: none has begun. */
  get day(): number {
    return this.#day
  }

  /** A new day: nothing of it is known but what was cached. */
  begin(day: number): void {
    const date = isoDate(day)
    const known = this.#cached.filter((reference) => reference.date === date)
    this.#day = day
    this.#cached = []
    this.#settled.clear()
    for (const { ticker } of known) this.settle(ticker)
    const missing = this.#underlyings === '*' ? [] : withoutChain(this.#underlyings, known)
    this.#openChains = missing.length
    this.#first.length = 0
    for (const underlying of missing) {
      const chain = { kind: 'chain', url: null, pages: 0, contracts: 0 } as const
      this.#first.push({ ...chain, day, underlying, isPlain: false, tries: 0 })
    }
    if (!isWeekend(day)) for (const ticker of this.#traded) this.#wait(ticker)
  }

  /** A contract traded. False: it has no answer today, and there is no room to ask for one. */
  note(ticker: string): boolean {
    this.#carry(ticker)
    return this.#wait(ticker)
  }

  /** A contract has its answer of the day, or is being asked about. */
  settle(ticker: string): void {
    this.#adjusted.delete(ticker)
    this.#ordinary.delete(ticker)
    if (this.#settled.size < SETTLED_MAX) this.#settled.add(ticker)
  }

  next(): ReferenceTask | undefined {
    const first = this.#first.shift()
    if (first !== undefined || this.#day < 0 || this.#openChains > 0) return first
    for (const waiting of [this.#adjusted, this.#ordinary]) {
      for (const ticker of waiting) {
        this.settle(ticker)
        const { underlying, expirationDay } = parseContract(ticker)!
        if (expirationDay < this.#day) continue
        return { kind: 'contract', ticker, day: this.#day, underlying, isPlain: false, tries: 0 }
      }
    }
    return undefined
  }

  /** Hands a task of this day out again, before all others. */
  again(task: ReferenceTask): void {
    if (task.day === this.#day) this.#first.unshift(task)
  }

  /** A task has come to its end, good or bad. */
  end(task: ReferenceTask): void {
    if (task.day === this.#day && task.kind === 'chain') this.#openChains--
  }

  #carry(ticker: string): void {
    // with a list, the chain of the next morning has them all
    if (this.#underlyings !== '*') return
    this.#traded.delete(ticker)
    this.#traded.add(ticker)
    if (this.#traded.size > TRADED_MAX) this.#traded.delete(this.#traded.values().next().value!)
  }

  #wait(ticker: string): boolean {
    if (this.#settled.has(ticker)) return true
    const contract = parseContract(ticker)
    if (contract === null) return true
    const waiting = /\d$/.test(contract.root) ? this.#adjusted : this.#ordinary
    if (waiting.has(ticker)) return true
    if (this.#adjusted.size + this.#ordinary.size >= WAITING_MAX) return false
    if (this.#settled.size >= SETTLED_MAX) return false
    waiting.add(ticker)
    return true
  }
}

/**
 * Underlyings whose chain the cache does not hold. A fetch that was broken off leaves whole pages,
 * so only a number of contracts that is none of whole pages is taken for a whole chain. A chain of
 * just whole pages is asked for once more at a restart, which costs its few requests.
 */
function withoutChain(
  underlyings: readonly string[],
  known: readonly ContractReference[],
): readonly string[] {
  const counts = new Map<string, number>()
  for (const { ticker } of known) {
    const underlying = parseContract(ticker)?.underlying ?? ''
    counts.set(underlying, (counts.get(underlying) ?? 0) + 1)
  }
  return underlyings.filter((underlying) => (counts.get(underlying) ?? 0) % CHAIN_PAGE_ROWS === 0)
}
