import { grown } from '../domain/columns.ts'
import { KIND_PRINT } from '../slab/event-slab.ts'
import type { EventColumns } from './event-columns.ts'

/** Most contracts that one round may add a connection: bounds what the vendor hears from us. */
const ADDED_MAX = 200

const NOT_QUOTED = 0

export type QuoteChanges = {
  readonly connection: number
  readonly unsubscribe: readonly number[]
  readonly subscribe: readonly number[]
}

/**
 * Which contracts are quoted: those that traded last, as many as the vendor allows on each
 * connection. A contract is asked for in the round after it has traded; the one that has not traded
 * for longest makes room.
 */
export class QuoteFollower {
  readonly #max: number
  readonly #connectionOf: (contract: number) => number
  #round = 1
  /** Round in which the contract last traded; 0: never. */
  #traded = new Uint32Array(1024)
  /** 1 + connection while quoted or wanted; 0: neither. */
  #state = new Uint8Array(1024)
  #wanted: number[] = []
  readonly #quoted: Set<number>[]

  /** `max`: the vendor's cap of quoted contracts a connection. */
  constructor(connections: number, max: number, connectionOf: (contract: number) => number) {
    this.#max = max
    this.#connectionOf = connectionOf
    this.#quoted = Array.from({ length: connections }, () => new Set<number>())
  }

  /** Contracts quoted now, over all connections. */
  get quoted(): number {
    return this.#quoted.reduce((sum, set) => sum + set.size, 0)
  }

  /** Takes over contracts that are asked for from the start, at most `max` a connection. */
  adopt(connection: number, contracts: readonly number[]): void {
    for (const id of contracts) {
      if (id >= this.#traded.length) this.#grow(id + 1)
      this.#state[id] = 1 + connection
      this.#quoted[connection]!.add(id)
    }
  }

  /** Looks at the prints of a decoded frame. `contracts`: how many contracts there are. */
  see(columns: EventColumns, contracts: number): void {
    if (contracts > this.#traded.length) this.#grow(contracts)
    const { rows, kind, contract } = columns
    for (let row = 0; row < rows; row++) {
      if (kind[row] !== KIND_PRINT) continue
      const id = contract[row]!
      this.#traded[id] = this.#round
      if (this.#state[id] === NOT_QUOTED) {
        this.#state[id] = 1 + this.#connectionOf(id)
        this.#wanted.push(id)
      }
    }
  }

  /** Ends a round: what to ask for on each connection, unsubscribes first. */
  turn(): QuoteChanges[] {
    const wanted = this.#wanted
    this.#wanted = []
    this.#round++
    return this.#quoted.map((quoted, connection) => {
      const mine = wanted.filter((id) => this.#state[id] === 1 + connection)
      // the latest to trade; the others are wanted again when they trade again
      const left = Math.max(0, mine.length - Math.min(ADDED_MAX, this.#max))
      for (const id of mine.slice(0, left)) this.#state[id] = NOT_QUOTED
      const subscribe = mine.slice(left)
      const over = Math.max(0, quoted.size + subscribe.length - this.#max)
      const unsubscribe = this.#longestSilent(quoted, over)
      for (const id of unsubscribe) {
        quoted.delete(id)
        this.#state[id] = NOT_QUOTED
      }
      for (const id of subscribe) quoted.add(id)
      return { connection, unsubscribe, subscribe }
    })
  }

  #longestSilent(quoted: ReadonlySet<number>, count: number): number[] {
    if (count === 0) return []
    return [...quoted].sort((a, b) => this.#traded[a]! - this.#traded[b]!).slice(0, count)
  }

  #grow(contracts: number): void {
    const n = Math.max(contracts, this.#traded.length * 2)
    this.#traded = grown(this.#traded, new Uint32Array(n))
    this.#state = grown(this.#state, new Uint8Array(n))
  }
}
