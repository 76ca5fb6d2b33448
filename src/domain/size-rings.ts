import { grown } from './columns.ts'
import type { StateReader, StateWriter } from './state.ts'

/**
 * The sizes of the last `window` prints of each of many things (contracts, underlyings), with their
 * sum, in one arena. A thing that has printed four times holds four sizes, not `window`: most of a
 * million contracts print a few times a day. Sums are exact: 1,024 x 2^31 is far below 2^53.
 *
 *   arena: |..block of 4..|....block of 16....|........block of 64........|  freed ones are reused
 */
const FIRST_CAPACITY = 4
const GROWTH = 4

const WORDS = 4
const BLOCK = 0
const CAPACITY = 1
const SEEN = 2

export class SizeRings {
  readonly window: number
  #arena = new Uint32Array(1 << 12)
  #arenaUsed = 0
  /** Free blocks by capacity. */
  readonly #free = new Map<number, number[]>()
  /** BLOCK, CAPACITY and SEEN of each id side by side: one cache line instead of three. */
  #ids = new Uint32Array(256 * WORDS)
  #sum = new Float64Array(256)

  /** `window`: a power of four from 4 to 16,384, so that every block is a power of two. */
  constructor(window: number) {
    const power = Math.log2(window) / Math.log2(GROWTH)
    if (!Number.isInteger(power) || power < 1 || power > 7) {
      throw new Error(`window must be a power of four from 4 to 16,384, was ${window}`)
    }
    this.window = window
  }

  /** Makes room for ids below `count`. */
  ensure(count: number): void {
    if (count <= this.#sum.length) return
    const size = Math.max(count, this.#sum.length * 2)
    this.#ids = grown(this.#ids, new Uint32Array(size * WORDS))
    this.#sum = grown(this.#sum, new Float64Array(size))
  }

  /** How many of the last `window` prints there are, 0 to window. */
  count(id: number): number {
    const seen = this.#ids[id * WORDS + SEEN]!
    return seen < this.window ? seen : this.window
  }

  /** Sum of their sizes. */
  sum(id: number): number {
    return this.#sum[id]!
  }

  push(id: number, size: number): void {
    const ids = this.#ids
    const at = id * WORDS
    const seen = ids[at + SEEN]!
    let capacity = ids[at + CAPACITY]!
    if (seen === capacity && capacity < this.window) capacity = this.#grow(at, capacity)
    const slot = ids[at + BLOCK]! + (seen & (capacity - 1))
    if (seen >= this.window) this.#sum[id]! -= this.#arena[slot]!
    this.#arena[slot] = size
    this.#sum[id]! += size
    // the count only has to tell the slot and "full": it never leaves [0, 2 x window)
    ids[at + SEEN] = seen + 1 === 2 * this.window ? this.window : seen + 1
  }

  save(out: StateWriter, ids: number): void {
    out.part('size rings', 1)
    out.number(this.window)
    out.number(this.#arenaUsed)
    out.column(this.#arena, this.#arenaUsed)
    out.column(this.#ids, ids * WORDS)
    out.column(this.#sum, ids)
    for (let capacity = FIRST_CAPACITY; capacity <= this.window; capacity *= GROWTH) {
      out.column(Uint32Array.from(this.#freeList(capacity)))
    }
  }

  /** Into a fresh instance of the same window, as `save` was told. */
  load(from: StateReader, ids: number): void {
    this.ensure(ids)
    from.part('size rings', 1)
    const window = from.number()
    if (window !== this.window) {
      throw new Error(`saved sizes: expected a window of ${this.window} prints, came ${window}`)
    }
    this.#arenaUsed = from.number()
    this.#arena = new Uint32Array(Math.max(this.#arenaUsed, this.#arena.length))
    from.into(this.#arena, this.#arenaUsed)
    from.into(this.#ids, ids * WORDS)
    from.into(this.#sum, ids)
    for (let capacity = FIRST_CAPACITY; capacity <= this.window; capacity *= GROWTH) {
      this.#free.set(capacity, [...from.column(Uint32Array)])
    }
  }

  #grow(at: number, capacity: number): number {
    const next = capacity === 0 ? FIRST_CAPACITY : Math.min(capacity * GROWTH, this.window)
    const from = this.#ids[at + BLOCK]!
    const to = this.#allocate(next)
    this.#arena.copyWithin(to, from, from + capacity)
    if (capacity > 0) this.#freeList(capacity).push(from)
    this.#ids[at + BLOCK] = to
    this.#ids[at + CAPACITY] = next
    return next
  }

  #allocate(capacity: number): number {
    const reused = this.#freeList(capacity).pop()
    if (reused !== undefined) return reused
    const at = this.#arenaUsed
    this.#arenaUsed += capacity
    if (this.#arenaUsed > this.#arena.length) {
      const size = Math.max(this.#arenaUsed, this.#arena.length * 2)
      this.#arena = grown(this.#arena, new Uint32Array(size))
    }
    return at
  }

  #freeList(capacity: number): number[] {
    let list = this.#free.get(capacity)
    if (list === undefined) {
      list = []
      this.#free.set(capacity, list)
    }
    return list
  }
}
