import { grown } from '../domain/columns.ts'
import { CONTRACT_MULTIPLIER } from '../domain/contract.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import { KIND_PRINT } from '../slab/event-slab.ts'
import type { EventColumns } from './event-columns.ts'
import { topScores } from './top-scores.ts'

/** Most contracts that one round may add a connection: bounds what the vendor hears from us. */
const ADDED_MAX = 200
/** Of these, most that may be asked for at once instead of at the end of the round. */
const AT_ONCE_MAX = 20
/** Contracts that found no place and are looked at again in the next round, a connection. */
const CARRIED_MAX = 200

/** Rounds (of a second) in which the premium of a contract counts half of what it did. */
const PREMIUM_HALF_LIFE = 300
/** A print is worth this many dollars besides its premium, half of it after RECENT_HALF_LIFE. */
const RECENT_DOLLARS = 25_000
const RECENT_HALF_LIFE = 30

/** A newcomer must score this many times what it displaces: two that are alike do not alternate. */
const MARGIN = 1.25
/** The same while what it displaces has been quoted for less than HOLD_ROUNDS. */
const HOLD_MARGIN = 8
const HOLD_ROUNDS = 10

const FREE = 0
const WANTED = 1
const QUOTED = 2

const PREMIUM_FADE = fading(PREMIUM_HALF_LIFE)
const RECENT_FADE = fading(RECENT_HALF_LIFE)
const NO_CHANGES: readonly QuoteChanges[] = []

/** What to ask of one connection, the unsubscribes first: so it stays within the vendor's cap. */
export type QuoteChanges = {
  readonly connection: number
  readonly unsubscribe: readonly number[]
  readonly subscribe: readonly number[]
}

export type QuotePlannerOptions = {
  readonly connections: number
  /** The vendor's cap of quoted contracts a connection. */
  readonly max: number
  /** A print of this premium (dollars) has its contract asked for at once; 0: none does. */
  readonly largePremium: number
  /** Asked once a contract, when it first trades. */
  readonly connectionOf: (contract: number) => number
}

/**
 * Which contracts are quoted: as many as the vendor allows on each connection, those in which the
 * most premium has traded of late. The score of a contract is the premium of its prints, each
 * halved every 5 minutes, and a bonus for having traded just now. A contract is asked for at the
 * end of the round in which it has traded, on a large print at once.
 */
export class QuotePlanner {
  readonly #options: QuotePlannerOptions
  readonly #quoted: readonly Set<number>[]
  /** By connection: contracts that have traded and are not quoted, each once. */
  readonly #wanted: number[][]
  /** By connection: what this round has asked for already. */
  readonly #atOnce: Uint8Array
  readonly #multipliers = new Map<number, number>()
  #round = 1
  #subscribed = 0
  #unsubscribed = 0

  // by contract
  #state = new Uint8Array(1024)
  /** 1 + its connection; 0: not known yet. */
  #home = new Uint8Array(1024)
  /** Round of the last print; 0: none yet. */
  #traded = new Uint32Array(1024)
  /** Round in which it was asked for. */
  #since = new Uint32Array(1024)
  /** Dollars, as of the round of the last print. */
  #premium = new Float64Array(1024)

  constructor(options: QuotePlannerOptions) {
    this.#options = options
    this.#quoted = Array.from({ length: options.connections }, () => new Set<number>())
    this.#wanted = this.#quoted.map(() => [])
    this.#atOnce = new Uint8Array(options.connections)
  }

  /** Contracts quoted now, over all connections. */
  get quoted(): number {
    return this.#quoted.reduce((sum, set) => sum + set.size, 0)
  }

  /** How many subscribes this planner has asked for since its start, adopted ones included. */
  get subscribed(): number {
    return this.#subscribed
  }

  get unsubscribed(): number {
    return this.#unsubscribed
  }

  /** Contracts quoted now on a connection. */
  quotedOn(connection: number): Iterable<number> {
    return this.#quoted[connection] ?? []
  }

  /** Takes over contracts that are asked for from the start, at most `max` a connection. */
  adopt(connection: number, contracts: readonly number[]): void {
    for (const id of contracts) {
      if (id >= this.#state.length) this.#grow(id + 1)
      if (this.#state[id] === QUOTED) continue
      this.#home[id] = 1 + connection
      this.#quote(connection, id)
    }
  }

  /** Shares that a contract stands for, where these are not 100. */
  setMultiplier(contract: number, multiplier: number): void {
    if (multiplier === CONTRACT_MULTIPLIER) this.#multipliers.delete(contract)
    else this.#multipliers.set(contract, multiplier)
  }

  /**
   * Looks at the prints of a decoded frame (a cancel counts as one: it is rare). `contracts`: how
   * many contracts there are. The result is what a large print asks for right now, most often
   * nothing.
   */
  see(columns: EventColumns, contracts: number): readonly QuoteChanges[] {
    if (contracts > this.#state.length) this.#grow(contracts)
    const large = this.#options.largePremium || Number.POSITIVE_INFINITY
    const { rows, kind, contract, priceA, sizeA } = columns
    const state = this.#state
    const traded = this.#traded
    const premium = this.#premium
    const round = this.#round
    let changes = NO_CHANGES
    for (let row = 0; row < rows; row++) {
      if (kind[row] !== KIND_PRINT) continue
      const id = contract[row]!
      const shares =
        this.#multipliers.size === 0
          ? CONTRACT_MULTIPLIER
          : (this.#multipliers.get(id) ?? CONTRACT_MULTIPLIER)
      const dollars = (priceA[row]! * sizeA[row]! * shares) / TICKS_PER_DOLLAR
      if (traded[id] !== round) {
        premium[id] = premium[id]! * faded(PREMIUM_FADE, round - traded[id]!)
        traded[id] = round
      }
      premium[id] = premium[id]! + dollars
      if (state[id] === QUOTED) continue
      if (state[id] === FREE) this.#want(id)
      if (dollars < large) continue
      const change = this.#askAtOnce(id)
      if (change !== null) changes = [...changes, change]
    }
    return changes
  }

  /** Ends a round of one second: what to ask for, of each connection that is to be asked. */
  turn(): QuoteChanges[] {
    const changes = this.#quoted.map((_, connection) => this.#turnOf(connection))
    this.#round++
    return changes.filter((change) => change.unsubscribe.length + change.subscribe.length > 0)
  }

  #turnOf(connection: number): QuoteChanges {
    const quoted = this.#quoted[connection]!
    const { max } = this.#options
    const allowed = Math.min(ADDED_MAX - this.#atOnce[connection]!, max)
    this.#atOnce[connection] = 0
    const wanted = this.#takeWanted(connection)
    const best = topScores(wanted, allowed + CARRIED_MAX, (id) => this.#score(id))
    const room = max - quoted.size
    const weakest = this.#weakest(quoted, Math.min(best.length, allowed) - room)
    const subscribe: number[] = []
    const unsubscribe: number[] = []
    for (const { id, score } of best) {
      if (subscribe.length === allowed) break
      if (subscribe.length >= room) {
        const weak = weakest[unsubscribe.length]
        if (weak === undefined || score <= -weak.score) break // those that follow are no better
        unsubscribe.push(weak.id)
      }
      subscribe.push(id)
    }
    for (const id of unsubscribe) this.#unquote(connection, id)
    for (const id of subscribe) this.#quote(connection, id)
    for (const { id } of best.slice(subscribe.length, subscribe.length + CARRIED_MAX)) {
      if (this.#round - this.#traded[id]! < HOLD_ROUNDS) this.#want(id)
    }
    return { connection, unsubscribe, subscribe }
  }

  /**
   * Room for a contract at once, or null: the round has had its share, or all others are better.
   */
  #askAtOnce(id: number): QuoteChanges | null {
    const connection = this.#home[id]! - 1
    if (this.#atOnce[connection]! >= AT_ONCE_MAX) return null
    const quoted = this.#quoted[connection]!
    const unsubscribe: number[] = []
    if (quoted.size >= this.#options.max) {
      // what has only just been asked for gives way too: the changes at once are few in a round
      const [weak] = topScores(quoted, 1, (other) => -this.#score(other) * MARGIN)
      if (weak === undefined || this.#score(id) <= -weak.score) return null
      this.#unquote(connection, weak.id)
      unsubscribe.push(weak.id)
    }
    this.#atOnce[connection]!++
    this.#quote(connection, id)
    return { connection, unsubscribe, subscribe: [id] }
  }

  /** Dollars, as of now. */
  #score(id: number): number {
    const age = this.#round - this.#traded[id]!
    return (
      this.#premium[id]! * faded(PREMIUM_FADE, age) +
      (this.#traded[id] === 0 ? 0 : RECENT_DOLLARS * faded(RECENT_FADE, age))
    )
  }

  /** The quoted that give way first; minus their score is what a newcomer must exceed. */
  #weakest(quoted: ReadonlySet<number>, count: number) {
    return topScores(quoted, count, (id) => {
      const isHeld = this.#round - this.#since[id]! < HOLD_ROUNDS
      return -this.#score(id) * (isHeld ? HOLD_MARGIN : MARGIN)
    })
  }

  #want(id: number): void {
    if (this.#home[id] === 0) this.#home[id] = 1 + this.#options.connectionOf(id)
    this.#state[id] = WANTED
    this.#wanted[this.#home[id]! - 1]!.push(id)
  }

  /** Each once: one that was quoted at once and let go again may be in the list twice. */
  #takeWanted(connection: number): number[] {
    const state = this.#state
    const wanted = this.#wanted[connection]!.filter((id) => {
      if (state[id] !== WANTED) return false
      state[id] = FREE
      return true
    })
    this.#wanted[connection] = []
    return wanted
  }

  #quote(connection: number, id: number): void {
    this.#quoted[connection]!.add(id)
    this.#state[id] = QUOTED
    this.#since[id] = this.#round
    this.#subscribed++
  }

  #unquote(connection: number, id: number): void {
    this.#quoted[connection]!.delete(id)
    this.#state[id] = FREE
    this.#unsubscribed++
  }

  #grow(contracts: number): void {
    const from = this.#state.length
    const n = Math.max(contracts, from * 2)
    this.#state = grown(this.#state, new Uint8Array(n))
    this.#home = grown(this.#home, new Uint8Array(n))
    this.#traded = grown(this.#traded, new Uint32Array(n))
    this.#since = grown(this.#since, new Uint32Array(n))
    this.#premium = grown(this.#premium, new Float64Array(n))
  }
}

/** What is left after 0, 1, 2, ... rounds, until next to nothing is. */
function fading(halfLife: number): Float64Array {
  return Float64Array.from({ length: 20 * halfLife }, (_, rounds) => 2 ** (-rounds / halfLife))
}

function faded(fade: Float64Array, rounds: number): number {
  return rounds < fade.length ? fade[rounds]! : 0
}
