/**
 * A day's tape of one contract, as a vendor's archive (REST or flat file) has it. Sources:
 * `/v3/trades`, `/v3/quotes` and the flat file trades_v1 of the vendor. What identifies a print:
 *
 * - Archives give times in nanoseconds, the feed in milliseconds. All times here are floored to
 *   ms, as the feed's own are, so the same print has the same time from each source.
 * - REST and the feed have a sequence, unique (nearly) within contract and New York day. The flat
 *   file has none: there equal prints can be counted and not told apart.
 */

/** A print of an archive. */
export type TapePrint = {
  /** Vendor time (sip), epoch ms; nanoseconds are floored. */
  readonly t: number
  /** Price, dollars. */
  readonly p: number
  /** Contracts. */
  readonly s: number
  /** Vendor exchange id; null where the source has none. */
  readonly x: number | null
  /** Vendor condition ids; empty where there is none. */
  readonly c: readonly number[]
  /** Vendor sequence, above 0; null where the source has none. */
  readonly q: number | null
}

/** An NBBO of an archive. */
export type TapeQuote = {
  /** Vendor time (sip), epoch ms; nanoseconds are floored. */
  readonly t: number
  /** Bid and ask, dollars; 0 or more. */
  readonly bp: number
  readonly ap: number
  /** Bid and ask size, contracts; 0 where the source has none. */
  readonly bs: number
  readonly as: number
}

/** All prints of one contract over one span of time, cancels included. */
export type ContractTape = {
  readonly ticker: string
  /** By vendor time in nanoseconds, then sequence; of equals in the order of the source. */
  readonly prints: readonly TapePrint[]
}

/**
 * Prints of a contract and day. The busiest contracts have some 100,000. A fill holds them all with
 * the rows that it makes of them, nearly 4 KiB each: so many take less than 512 MiB.
 */
export const TAPE_PRINTS_MAX = 120_000

/** A tape that has more prints than TAPE_PRINTS_MAX: the contract is left out and counted. */
export class TapeTooLongError extends Error {
  override readonly name = 'TapeTooLongError'
  readonly ticker: string

  constructor(ticker: string, printsMax: number) {
    super(
      `tape of ${ticker}: expected at most ${printsMax} prints of one contract and day, ` +
        'more came; the contract is left out',
    )
    this.ticker = ticker
  }
}
