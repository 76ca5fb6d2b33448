import type { LivePrint } from '../domain/live-flow.ts'

/** A print on the tape. */
export type TapeRow = {
  /** The same for one print wherever it comes from. */
  readonly key: string
  readonly print: LivePrint
}

export function rowOf(print: LivePrint): TapeRow {
  return { key: `${print.contract_ticker} ${print.timestamp} ${print.arrival}`, print }
}

/**
 * The last prints in the order in which they came, oldest first, at most `max`. A print that comes
 * twice, from the stream and from the store, is kept once.
 */
export class TapeRows {
  readonly max: number
  #rows: TapeRow[] = []
  #keys = new Set<string>()
  #added = 0

  constructor(max: number) {
    this.max = max
  }

  get rows(): readonly TapeRow[] {
    return this.#rows
  }

  /** Prints that were added since the last clear, also those that have made room since. */
  get added(): number {
    return this.#added
  }

  clear(): void {
    this.#rows = []
    this.#keys.clear()
    this.#added = 0
  }

  /** Prints of the stream, as they came. Gives how many were new. */
  append(prints: readonly LivePrint[]): number {
    let fresh = 0
    for (const print of prints) {
      const row = rowOf(print)
      if (this.#keys.has(row.key)) continue
      this.#keys.add(row.key)
      this.#rows.push(row)
      fresh++
    }
    this.#added += fresh
    // in one go, and not for each print: the array is copied
    if (this.#rows.length > this.max) this.#cut()
    return fresh
  }

  /**
   * Prints of the store, in any order: each goes to where it would be, had it been streamed. Those
   * before the oldest of a full tape have made room already. Gives how many were new.
   */
  merge(prints: readonly LivePrint[]): number {
    const fresh: TapeRow[] = []
    const isFull = this.#rows.length >= this.max
    const oldest = isFull ? cameAt(this.#rows[0]!) : Number.NEGATIVE_INFINITY
    for (const row of prints.map(rowOf)) {
      if (cameAt(row) < oldest || this.#keys.has(row.key)) continue
      this.#keys.add(row.key)
      fresh.push(row)
    }
    if (fresh.length === 0) return 0
    this.#rows = [...this.#rows, ...fresh].sort(byComing)
    this.#added += fresh.length
    if (this.#rows.length > this.max) this.#cut()
    return fresh.length
  }

  #cut(): void {
    const gone = this.#rows.splice(0, this.#rows.length - this.max)
    for (const { key } of gone) this.#keys.delete(key)
  }
}

/** A print that was filled was received by nobody: its own time stands for that, epoch ms. */
function cameAt({ print }: TapeRow): number {
  return print.received_at ?? print.timestamp
}

function byComing(a: TapeRow, b: TapeRow): number {
  return cameAt(a) - cameAt(b) || a.print.arrival - b.print.arrival
}
