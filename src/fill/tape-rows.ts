import { type ContractTape, TAPE_PRINTS_MAX, type TapePrint, TapeTooLongError } from './tape.ts'

/** What an archive's rows are put in order by, beside their `t`. */
type Order = {
  /** Nanoseconds within the ms, 0 to 999,999. */
  readonly ns: number
  /** 0 where the source has none. */
  readonly sequence: number
}

/** The rows of one contract as they come from an archive, and their order. */
export class TapeRows<T extends { readonly t: number }> {
  readonly #rows: T[] = []
  readonly #ns: number[] = []
  readonly #sequences: number[] = []

  get count(): number {
    return this.#rows.length
  }

  push(row: T, { ns, sequence }: Order): void {
    this.#rows.push(row)
    this.#ns.push(ns)
    this.#sequences.push(sequence)
  }

  /** By time in nanoseconds, then sequence; equals as they came. */
  inOrder(): readonly T[] {
    const rows = this.#rows
    const compare = (a: number, b: number): number =>
      rows[a]!.t - rows[b]!.t ||
      this.#ns[a]! - this.#ns[b]! ||
      this.#sequences[a]! - this.#sequences[b]!
    let isSorted = true
    for (let i = 1; i < rows.length && isSorted; i++) isSorted = compare(i - 1, i) <= 0
    if (isSorted) return rows
    return Array.from(rows, (_, i) => i)
      .sort(compare)
      .map((i) => rows[i]!)
  }
}

/** The prints of one contract; throws TapeTooLongError for more than `printsMax` of them. */
export class ContractRows {
  readonly ticker: string
  readonly #rows = new TapeRows<TapePrint>()
  readonly #printsMax: number

  constructor(ticker: string, printsMax: number = TAPE_PRINTS_MAX) {
    this.ticker = ticker
    this.#printsMax = printsMax
  }

  /** `ns`: nanoseconds within the print's ms. */
  push(print: TapePrint, ns: number): void {
    if (this.#rows.count >= this.#printsMax)
      throw new TapeTooLongError(this.ticker, this.#printsMax)
    this.#rows.push(print, { ns, sequence: print.q ?? 0 })
  }

  tape(): ContractTape {
    return { ticker: this.ticker, prints: this.#rows.inOrder() }
  }
}
