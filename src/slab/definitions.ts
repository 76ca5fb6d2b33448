/**
 * What a dense id stands for. The reader hands ids out in order and sends each definition once,
 * ahead of the first slab that uses it, so every thread holds the same append-only tables.
 */
export type Definitions = {
  /** Tickers of the contracts firstContract, firstContract + 1, ... */
  readonly firstContract: number
  readonly contracts: readonly string[]
  /** Condition lists of the sets firstConditionSet, ... A string condition is kept as it came. */
  readonly firstConditionSet: number
  readonly conditionSets: readonly (readonly (number | string)[])[]
}

/** Set 0 is a print without conditions; it is never sent. */
export const CONDITION_SET_NONE = 0

/** u32 words of one contract in ShardDefinitions.contracts. */
export const CONTRACT_WORDS = 5

export const CONTRACT_CALL = 1
/** Delivers something else than 100 shares: an adjusted series. */
export const CONTRACT_ADJUSTED = 2

/** How much of the definitions a shard has: of the next contract and set on it must be told. */
export type ShardKnowledge = {
  /** Contracts that it has numbered. */
  readonly contracts: number
  readonly nextConditionSet: number
}

/** What was learnt of the sizes of an underlying's prints (domain/size-profiles.ts), as bytes. */
export type UnderlyingProfile = { readonly underlying: number; readonly profile: Uint8Array }

/**
 * What one shard must know. It numbers its own contracts 0, 1, ... in the order in which they come
 * here, and event slabs name them by that number, so that its columns hold its own contracts only.
 */
export type ShardDefinitions = {
  /**
   * Five words a contract: its id in the engine, underlying id, expiration day, CONTRACT_ flags,
   * strike in 1/1,000 dollar.
   */
  readonly contracts: Uint32Array
  readonly firstConditionSet: number
  readonly conditionSets: readonly (readonly (number | string)[])[]
  /** Of underlyings that are new in `contracts`: what earlier sessions have taught. */
  readonly profiles: readonly UnderlyingProfile[]
}
