import { grown } from '../domain/columns.ts'
import { isAdjusted, parseContract } from '../domain/contract.ts'
import {
  CONDITION_SET_NONE,
  CONTRACT_ADJUSTED,
  CONTRACT_CALL,
  CONTRACT_WORDS,
  type ShardDefinitions,
  type ShardKnowledge,
  type UnderlyingProfile,
} from '../slab/definitions.ts'
import type { Dictionary } from './dictionary.ts'
import type { UnusedProfiles } from './unused-profiles.ts'

/**
 * Which shard a contract belongs to, and its number there. The shard is a function of the
 * underlying, so that quotes and prints of a contract, and all that shares an event time, meet in
 * one shard.
 */
export class ShardMap {
  readonly #dictionary: Dictionary
  readonly #shards: number
  #known = 0
  shard = new Uint8Array(1024)
  local = new Uint32Array(1024)
  readonly #contractsOf: number[]
  readonly #fresh: number[][]
  readonly #setsSent: number[]
  readonly #profiles: Pick<UnusedProfiles, 'take'> | null

  constructor(
    dictionary: Dictionary,
    shards: number,
    profiles: Pick<UnusedProfiles, 'take'> | null = null,
  ) {
    this.#dictionary = dictionary
    this.#profiles = profiles
    this.#shards = shards
    this.#contractsOf = new Array<number>(shards).fill(0)
    this.#fresh = Array.from({ length: shards }, () => [])
    this.#setsSent = new Array<number>(shards).fill(CONDITION_SET_NONE + 1)
  }

  /** Gives every contract that the dictionary has learnt since the last call its shard. */
  learn(): void {
    const size = this.#dictionary.size
    if (size === this.#known) return
    if (size > this.shard.length) {
      const n = Math.max(size, this.shard.length * 2)
      this.shard = grown(this.shard, new Uint8Array(n))
      this.local = grown(this.local, new Uint32Array(n))
    }
    for (let contract = this.#known; contract < size; contract++) {
      const shard = this.#dictionary.underlyingId(contract) % this.#shards
      this.shard[contract] = shard
      this.local[contract] = this.#contractsOf[shard]!++
      this.#fresh[shard]!.push(contract)
    }
    this.#known = size
  }

  /**
   * The shard has been restored with what it had been told: it is not told again. To be called
   * for each shard once the dictionary is loaded, ahead of the first `takeDefinitions`. Throws when
   * the shard knows more than the dictionary: they are not of one moment.
   */
  skipKnown(shard: number, known: ShardKnowledge): void {
    this.learn()
    const { contracts, nextConditionSet } = known
    const { nextConditionSet: next } = this.#dictionary
    const had = this.#contractsOf[shard]!
    if (contracts > had || nextConditionSet > next) {
      const came = `the state of shard ${shard} has ${contracts} and ${nextConditionSet}`
      throw new Error(`the dictionary has ${had} contracts and ${next} condition sets, ${came}`)
    }
    const fresh = this.#fresh[shard]!
    this.#fresh[shard] = fresh.slice(contracts)
    this.#setsSent[shard] = nextConditionSet
  }

  /** What this shard has not been told yet; null when it knows all. */
  takeDefinitions(shard: number): ShardDefinitions | null {
    const fresh = this.#fresh[shard]!
    const firstConditionSet = this.#setsSent[shard]!
    const nextSet = this.#dictionary.nextConditionSet
    if (fresh.length === 0 && firstConditionSet === nextSet) return null
    const contracts = new Uint32Array(fresh.length * CONTRACT_WORDS)
    fresh.forEach((contract, i) => {
      const parsed = parseContract(this.#dictionary.ticker(contract))!
      const underlying = this.#dictionary.underlyingId(contract)
      const adjusted = isAdjusted(parsed.root) ? CONTRACT_ADJUSTED : 0
      const flags = adjusted | (parsed.isCall ? CONTRACT_CALL : 0)
      const words = [contract, underlying, parsed.expirationDay, flags]
      contracts.set([...words, parsed.strikeMills], i * CONTRACT_WORDS)
    })
    this.#fresh[shard] = []
    this.#setsSent[shard] = nextSet
    const { conditionSets } = this.#dictionary.definitionsSince(this.#known, firstConditionSet)
    return { contracts, firstConditionSet, conditionSets, profiles: this.#profilesOf(fresh) }
  }

  #profilesOf(contracts: readonly number[]): UnderlyingProfile[] {
    if (this.#profiles === null) return []
    const found: UnderlyingProfile[] = []
    for (const contract of contracts) {
      const underlying = this.#dictionary.underlyingId(contract)
      const profile = this.#profiles.take(this.#dictionary.underlyings[underlying]!)
      if (profile !== undefined) found.push({ underlying, profile })
    }
    return found
  }
}
