import { grown } from '../domain/columns.ts'
import { type ConditionPolicy, policyOf } from '../domain/conditions.ts'
import type { Column, StateReader, StateWriter } from '../domain/state.ts'
import {
  CONTRACT_ADJUSTED,
  CONTRACT_CALL,
  CONTRACT_WORDS,
  type ShardDefinitions,
} from '../slab/definitions.ts'

/** The shard's own copy of those definitions, as columns. */
export class ContractTable {
  #count = 0
  /** The engine's id, for the writer. */
  id = new Uint32Array(256)
  underlying = new Uint32Array(256)
  expirationDay = new Uint32Array(256)
  isCall = new Uint8Array(256)
  isAdjusted = new Uint8Array(256)
  /** 1/1,000 dollar. */
  strikeMills = new Uint32Array(256)
  /** Policy of each condition set; set 0 is the empty list. */
  readonly policies: ConditionPolicy[] = [policyOf([])]
  /** The conditions of each set, to be saved. */
  readonly #lists: (readonly (number | string)[])[] = [[]]
  /** One more than the largest underlying id. */
  underlyings = 0

  get count(): number {
    return this.#count
  }

  define(definitions: ShardDefinitions): void {
    const words = definitions.contracts
    for (let at = 0; at < words.length; at += CONTRACT_WORDS) {
      if (this.#count === this.id.length) this.#grow()
      const contract = this.#count++
      this.id[contract] = words[at]!
      this.underlying[contract] = words[at + 1]!
      this.expirationDay[contract] = words[at + 2]!
      const flags = words[at + 3]!
      this.isCall[contract] = (flags & CONTRACT_CALL) === 0 ? 0 : 1
      this.isAdjusted[contract] = (flags & CONTRACT_ADJUSTED) === 0 ? 0 : 1
      this.strikeMills[contract] = words[at + 4]!
      this.underlyings = Math.max(this.underlyings, words[at + 1]! + 1)
    }
    definitions.conditionSets.forEach((list, i) => {
      this.#defineSet(definitions.firstConditionSet + i, list)
    })
  }

  save(out: StateWriter): void {
    out.part('contracts', 1)
    out.number(this.#count)
    out.number(this.underlyings)
    for (const column of this.#columns()) out.column(column, this.#count)
    out.number(this.#lists.length)
    for (const list of this.#lists) out.list(list)
  }

  /** Into a fresh instance. */
  load(from: StateReader): void {
    from.part('contracts', 1)
    this.#count = from.number()
    this.underlyings = from.number()
    while (this.id.length < this.#count) this.#grow()
    for (const column of this.#columns()) from.into(column, this.#count)
    const sets = from.number()
    for (let set = 0; set < sets; set++) this.#defineSet(set, from.list())
  }

  #defineSet(set: number, list: readonly (number | string)[]): void {
    this.policies[set] = policyOf(list)
    this.#lists[set] = list
  }

  #columns(): Column[] {
    const { id, underlying, expirationDay, isCall, isAdjusted, strikeMills } = this
    return [id, underlying, expirationDay, isCall, isAdjusted, strikeMills]
  }

  #grow(): void {
    const n = this.id.length * 2
    this.id = grown(this.id, new Uint32Array(n))
    this.underlying = grown(this.underlying, new Uint32Array(n))
    this.expirationDay = grown(this.expirationDay, new Uint32Array(n))
    this.isCall = grown(this.isCall, new Uint8Array(n))
    this.isAdjusted = grown(this.isAdjusted, new Uint8Array(n))
    this.strikeMills = grown(this.strikeMills, new Uint32Array(n))
  }
}
