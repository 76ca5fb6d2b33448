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
