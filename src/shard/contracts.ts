import { grown } from '../domain/columns.ts'
import { type ConditionPolicy, policyOf } from '../domain/conditions.ts'
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
      this.policies[definitions.firstConditionSet + i] = policyOf(list)
    })
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
