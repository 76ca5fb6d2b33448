/**
 * Limits of one engine, fixed at start. Each bounds memory; what happens at the limit stands in
 * docs/architecture.md.
 */
export type Limits = {
  readonly eventSlabs: number
  readonly rowSlabs: number
  readonly contracts: number
  /** Cancels that may wait for the database before reading stops. */
  readonly cancels: number
  /** For each shard. */
  readonly heldPrints: number
  readonly printLogRows: number
  readonly quoteRows: number
}

const CONTRACTS_MAX = 4_000_000
const CANCELS_MAX = 20_000
const HELD_PRINTS_MAX = 1 << 20
/** For each of up to four shards, more than a day of the busiest symbols: 64 bytes a print. */
const PRINT_LOG_ROWS = 1 << 22
/** The same for quotes, 32 bytes each. */
const QUOTE_ROWS_MAX = 1 << 23

/**
 * `shards`: those that can have work. Memory is reserved and only touched as prints come, so a
 * shard's share must not shrink with shards that have little to remember.
 */
export function limitsFor(shards: number): Limits {
  const share = shards <= 4 ? 1 : shards <= 16 ? 2 : 4
  return {
    eventSlabs: 8 + 4 * shards,
    rowSlabs: 32 + 4 * shards,
    contracts: CONTRACTS_MAX,
    cancels: CANCELS_MAX,
    heldPrints: HELD_PRINTS_MAX,
    printLogRows: PRINT_LOG_ROWS / share,
    quoteRows: QUOTE_ROWS_MAX / share,
  }
}
