/**
 * A fixed set of slabs. A free slab is a credit: whoever wants to fill one takes it here and the
 * one who has emptied it brings it back, so `slabsMax` bounds the memory of everything in flight.
 */
export class SlabPool {
  readonly #free: ArrayBuffer[]
  readonly slabsMax: number

  constructor(slabsMax: number, slabBytes: number) {
    this.slabsMax = slabsMax
    this.#free = Array.from({ length: slabsMax }, () => new ArrayBuffer(slabBytes))
  }

  /** Credits left, 0 to slabsMax. */
  get free(): number {
    return this.#free.length
  }

  acquire(): ArrayBuffer | undefined {
    return this.#free.pop()
  }

  release(slab: ArrayBuffer): void {
    if (slab.byteLength === 0) throw new Error('a slab that was moved away cannot be released')
    if (this.#free.length === this.slabsMax || this.#free.includes(slab))
      throw new Error('slab released twice')
    this.#free.push(slab)
  }
}
