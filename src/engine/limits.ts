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
/** Of all shards together: about a day of the default symbols. */
const PRINT_LOG_ROWS = 1 << 22
const QUOTE_ROWS_MAX = 1 << 23

export function limitsFor(shards: number): Limits {
  const share = 2 ** Math.ceil(Math.log2(shards)) // a power of two, so that logs stay one
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
