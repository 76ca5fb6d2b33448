import { grown } from './columns.ts'
import { CONTRACT, F64, QUOTE, ROW_BYTES, SEQUENCE, SIZE, W32 } from './print-log-row.ts'
import type { StateReader, StateWriter } from './state.ts'

/** What a print log holds, and how it is saved; print-log.ts says what is done with it. */
export class PrintLogMemory {
  protected readonly rows: number
  protected readonly mask: number
  protected readonly bucketMask: number
  protected next = 1
  protected readonly f64: Float64Array
  protected readonly u32: Uint32Array
  protected readonly i32: Int32Array
  protected readonly u16: Uint16Array
  protected readonly u8: Uint8Array
  protected readonly buckets: Uint32Array
  protected newest = new Uint32Array(256)
  /** Of each contract: its newest day, and the largest sequence of that day. */
  protected topDay = new Uint16Array(256)
  protected topSequence = new Float64Array(256)
  /** How many prints of a contract await a quote; few contracts have any. */
  protected readonly awaiting = new Map<number, number>()

  /**
   * `rows`: a power of two. Memory is reserved at once and touched as prints come: 66 bytes a
   * row.
   */
  constructor(rows: number) {
    if (!Number.isInteger(Math.log2(rows)) || rows < 2) {
      throw new Error(`print log rows must be a power of two, were ${rows}`)
    }
    this.rows = rows
    this.mask = rows - 1
    this.bucketMask = rows / 2 - 1
    const buffer = new ArrayBuffer(rows * ROW_BYTES)
    this.f64 = new Float64Array(buffer)
    this.u32 = new Uint32Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.u8 = new Uint8Array(buffer)
    this.buckets = new Uint32Array(rows / 2)
  }

  ensure(contracts: number): void {
    if (contracts <= this.newest.length) return
    const size = Math.max(contracts, this.newest.length * 2)
    this.newest = grown(this.newest, new Uint32Array(size))
    this.topDay = grown(this.topDay, new Uint16Array(size))
    this.topSequence = grown(this.topSequence, new Float64Array(size))
  }

  save(out: StateWriter, contracts: number): void {
    out.part('print log', 1)
    out.number(this.rows)
    out.number(this.next)
    const slots = this.#hasComeRound ? this.rows : Math.min(this.next, this.rows)
    out.column(this.u8, slots * ROW_BYTES)
    out.column(this.newest, contracts)
    out.column(this.topDay, contracts)
    out.column(this.topSequence, contracts)
  }

  /** Into a fresh instance of as many rows, as `save` was told. */
  load(from: StateReader, contracts: number): void {
    this.ensure(contracts)
    from.part('print log', 1)
    const rows = from.number()
    if (rows !== this.rows) {
      throw new Error(`saved prints: expected a log of ${this.rows} rows, came ${rows}`)
    }
    this.next = from.number()
    from.into(this.u8)
    from.into(this.newest, contracts)
    from.into(this.topDay, contracts)
    from.into(this.topSequence, contracts)
    this.#fillBuckets()
  }

  protected bucketOf(contract: number, sequence: number): number {
    const low = sequence | 0
    const high = (sequence / 4_294_967_296) | 0
    let h = Math.imul(contract ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(low, 0xc2b2ae35)
    h = Math.imul(h ^ (h >>> 15) ^ high, 0x27d4eb2f)
    return (h ^ (h >>> 13)) & this.bucketMask
  }

  protected await(contract: number, change: number): void {
    const count = (this.awaiting.get(contract) ?? 0) + change
    if (count > 0) this.awaiting.set(contract, count)
    else this.awaiting.delete(contract)
  }

  /** Whether all slots are taken: the first one is the last to be, and no print has size 0. */
  get #hasComeRound(): boolean {
    return this.i32[SIZE] !== 0
  }

  /**
   * Puts the newest print of each bucket at its head; the chains behind it are in the rows. Counts
   * the prints that await a quote.
   */
  #fillBuckets(): void {
    const prints = this.#hasComeRound ? this.rows : this.next - 1
    for (let back = 1; back <= prints; back++) {
      const index = (this.next - back) >>> 0
      const at = index & this.mask
      if (this.u8[at * ROW_BYTES + QUOTE] === 1) this.await(this.u32[at * W32 + CONTRACT]!, 1)
      const sequence = this.f64[at * F64 + SEQUENCE]!
      if (!(sequence > 0)) continue
      const bucket = this.bucketOf(this.u32[at * W32 + CONTRACT]!, sequence)
      if (this.buckets[bucket] === 0) this.buckets[bucket] = index
    }
  }
}
