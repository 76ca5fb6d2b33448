/** Rows that the scratch columns keep between frames: 64 KiB of frame need fewer. */
const ROWS_KEPT = 4096

/**
 * The prints and quotes of one frame in event order, with the columns of an event slab that a frame
 * can fill (slab/event-slab.ts says what each means). A row needs some 50 bytes of JSON and takes
 * 47 here, so columns, which grow by doubling, stay below 32 MiB for a frame of 16 MiB.
 */
export class EventColumns {
  rows = 0
  capacity = ROWS_KEPT
  time = new Float64Array(ROWS_KEPT)
  priceA = new Float64Array(ROWS_KEPT)
  priceB = new Float64Array(ROWS_KEPT)
  contract = new Uint32Array(ROWS_KEPT)
  sizeA = new Int32Array(ROWS_KEPT)
  sizeB = new Int32Array(ROWS_KEPT)
  conditions = new Uint16Array(ROWS_KEPT)
  kind = new Uint8Array(ROWS_KEPT)

  /** Forgets the rows, and gives back the memory that a huge frame took. */
  clear(): void {
    this.rows = 0
    if (this.capacity > ROWS_KEPT) this.#resize(ROWS_KEPT)
  }

  /** Index of a new row. Its columns hold what was there before. */
  append(): number {
    if (this.rows === this.capacity) this.#resize(this.capacity * 2)
    return this.rows++
  }

  #resize(capacity: number): void {
    const kept = this.rows
    const time = new Float64Array(capacity)
    const priceA = new Float64Array(capacity)
    const priceB = new Float64Array(capacity)
    const contract = new Uint32Array(capacity)
    const sizeA = new Int32Array(capacity)
    const sizeB = new Int32Array(capacity)
    const conditions = new Uint16Array(capacity)
    const kind = new Uint8Array(capacity)
    time.set(this.time.subarray(0, kept))
    priceA.set(this.priceA.subarray(0, kept))
    priceB.set(this.priceB.subarray(0, kept))
    contract.set(this.contract.subarray(0, kept))
    sizeA.set(this.sizeA.subarray(0, kept))
    sizeB.set(this.sizeB.subarray(0, kept))
    conditions.set(this.conditions.subarray(0, kept))
    kind.set(this.kind.subarray(0, kept))
    this.capacity = capacity
    this.time = time
    this.priceA = priceA
    this.priceB = priceB
    this.contract = contract
    this.sizeA = sizeA
    this.sizeB = sizeB
    this.conditions = conditions
    this.kind = kind
  }
}
