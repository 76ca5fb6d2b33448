import { grown } from './columns.ts'
import { type HeldPrints, NO_PRINT } from './held-prints.ts'
import type { Column, StateReader, StateWriter } from './state.ts'

const FIRST_WINDOWS = 256

export const NO_WINDOW = -1

/**
 * The open windows of sweeps and splits (rules.md, opra): at most one a contract and side. A window
 * knows its legs (a list of held prints), the smallest and largest of their times, their sizes and
 * whether they came from more than one exchange. For each underlying a heap orders its windows by
 * their last leg, so that the ones which event time has passed are found without looking at the
 * rest.
 */
export class Windows {
  readonly #held: HeldPrints
  readonly #windowMs: number
  #free: number[] = []
  #used = 0
  readonly #heaps: number[][] = []
  /** Underlyings with an open window. */
  readonly active = new Set<number>()
  /** Window of a contract's buys (2 x contract) and sells (2 x contract + 1), plus 1; 0: none. */
  #open = new Int32Array(512)

  underlying = new Uint32Array(FIRST_WINDOWS)
  first = new Float64Array(FIRST_WINDOWS)
  last = new Float64Array(FIRST_WINDOWS)
  legs = new Uint32Array(FIRST_WINDOWS)
  /** Sum of the legs' sizes, contracts. */
  size = new Float64Array(FIRST_WINDOWS)
  head = new Int32Array(FIRST_WINDOWS)
  #tail = new Int32Array(FIRST_WINDOWS)
  #key = new Uint32Array(FIRST_WINDOWS)
  #exchange = new Int32Array(FIRST_WINDOWS)
  #venues = new Uint8Array(FIRST_WINDOWS)
  #heapAt = new Uint32Array(FIRST_WINDOWS)

  /** `windowMs`: W of rules.md. */
  constructor(held: HeldPrints, windowMs: number) {
    this.#held = held
    this.#windowMs = windowMs
  }

  ensure(contracts: number): void {
    if (2 * contracts <= this.#open.length) return
    const size = Math.max(2 * contracts, this.#open.length * 2)
    this.#open = grown(this.#open, new Int32Array(size))
  }

  /** The open window of a contract's buys or sells, or NO_WINDOW. */
  of(contract: number, isSell: boolean): number {
    return this.#open[2 * contract + (isSell ? 1 : 0)]! - 1
  }

  /**
   * Whether a print at `time` may join: at most W from the last leg's time, 4W from the first's.
   */
  accepts(window: number, time: number): boolean {
    return (
      Math.abs(time - this.last[window]!) <= this.#windowMs &&
      Math.abs(time - this.first[window]!) <= 4 * this.#windowMs
    )
  }

  /** Whether the legs came from two or more exchanges. An absent exchange is one of its own. */
  isSwept(window: number): boolean {
    return this.#venues[window] === 2
  }

  /** Whether event time has left the window behind: more than W past its last leg. */
  isPast(window: number, eventTime: number): boolean {
    return eventTime - this.last[window]! > this.#windowMs
  }

  /** The window of an underlying that event time left behind first, or NO_WINDOW. */
  expired(underlying: number, eventTime: number): number {
    const heap = this.#heaps[underlying]
    if (heap === undefined || heap.length === 0) return NO_WINDOW
    return this.isPast(heap[0]!, eventTime) ? heap[0]! : NO_WINDOW
  }

  /** Any open window of an underlying, or NO_WINDOW. */
  any(underlying: number): number {
    return this.#heaps[underlying]?.[0] ?? NO_WINDOW
  }

  /** Opens the window of a contract's buys or sells with its first leg, a held print. */
  open(contract: number, isSell: boolean, underlying: number, leg: number): number {
    const window = this.#free.pop() ?? this.#take()
    const key = 2 * contract + (isSell ? 1 : 0)
    this.#key[window] = key
    this.#open[key] = window + 1
    this.underlying[window] = underlying
    this.head[window] = NO_PRINT
    this.#tail[window] = NO_PRINT
    this.#clear(window)
    this.#append(window, leg)
    this.#push(underlying, window)
    return window
  }

  join(window: number, leg: number): void {
    this.#append(window, leg)
    this.#down(this.#heaps[this.underlying[window]!]!, this.#heapAt[window]!)
  }

  /** Takes one leg out again; the window's times, size and venues are then those of the others. */
  removeLeg(window: number, leg: number): void {
    const next = this.#held.next
    let slot = this.head[window]!
    this.head[window] = NO_PRINT
    this.#tail[window] = NO_PRINT
    this.#clear(window)
    while (slot !== NO_PRINT) {
      const following = next[slot]!
      if (slot !== leg) this.#append(window, slot)
      slot = following
    }
    this.#up(this.#heaps[this.underlying[window]!]!, this.#heapAt[window]!)
  }

  /** Forgets a window; its legs stay linked from `head`. */
  close(window: number): void {
    this.#open[this.#key[window]!] = 0
    const heap = this.#heaps[this.underlying[window]!]!
    const at = this.#heapAt[window]!
    const moved = heap.pop()!
    if (moved !== window) {
      heap[at] = moved
      this.#heapAt[moved] = at
      this.#up(heap, at)
      this.#down(heap, this.#heapAt[moved]!)
    }
    if (heap.length === 0) this.active.delete(this.underlying[window]!)
    this.#free.push(window)
  }

  /** Their legs are saved with the held prints. */
  save(out: StateWriter, contracts: number): void {
    out.part('windows', 1)
    out.number(this.#used)
    out.column(Uint32Array.from(this.#free))
    out.column(this.#open, 2 * contracts)
    out.column(Uint32Array.from(this.active))
    out.column(Uint32Array.from(this.#heaps, (heap) => heap.length))
    out.column(Uint32Array.from(this.#heaps.flat()))
    for (const column of this.#columns()) out.column(column, this.#used)
  }

  /** Into a fresh instance, as `save` was told. */
  load(from: StateReader, contracts: number): void {
    this.ensure(contracts)
    from.part('windows', 1)
    this.#used = from.number()
    this.#free = [...from.column(Uint32Array)]
    from.into(this.#open, 2 * contracts)
    for (const underlying of from.column(Uint32Array)) this.active.add(underlying)
    const lengths = from.column(Uint32Array)
    const members = from.column(Uint32Array)
    let at = 0
    for (const length of lengths) {
      this.#heaps.push([...members.subarray(at, at + length)])
      at += length
    }
    while (this.first.length < this.#used) this.#grow()
    for (const column of this.#columns()) from.into(column, this.#used)
  }

  #columns(): Column[] {
    return [
      ...[this.underlying, this.first, this.last, this.legs, this.size, this.head, this.#tail],
      ...[this.#key, this.#exchange, this.#venues, this.#heapAt],
    ]
  }

  #clear(window: number): void {
    this.first[window] = Number.POSITIVE_INFINITY
    this.last[window] = Number.NEGATIVE_INFINITY
    this.legs[window] = 0
    this.size[window] = 0
    this.#venues[window] = 0
  }

  #append(window: number, leg: number): void {
    const held = this.#held
    const tail = this.#tail[window]!
    if (tail === NO_PRINT) this.head[window] = leg
    else held.next[tail] = leg
    this.#tail[window] = leg
    held.next[leg] = NO_PRINT
    held.window[leg] = window
    const time = held.time[leg]!
    if (time < this.first[window]!) this.first[window] = time
    if (time > this.last[window]!) this.last[window] = time
    this.legs[window]!++
    this.size[window]! += held.size[leg]!
    const exchange = held.exchange[leg]!
    if (this.#venues[window] === 0) {
      this.#venues[window] = 1
      this.#exchange[window] = exchange
    } else if (this.#exchange[window] !== exchange) {
      this.#venues[window] = 2
    }
  }

  #push(underlying: number, window: number): void {
    while (this.#heaps.length <= underlying) this.#heaps.push([])
    const heap = this.#heaps[underlying]!
    if (heap.length === 0) this.active.add(underlying)
    heap.push(window)
    this.#heapAt[window] = heap.length - 1
    this.#up(heap, heap.length - 1)
  }

  #up(heap: number[], from: number): void {
    const window = heap[from]!
    const last = this.last[window]!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]!
      if (this.last[above]! <= last) break
      heap[at] = above
      this.#heapAt[above] = at
      at = parent
    }
    heap[at] = window
    this.#heapAt[window] = at
  }

  #down(heap: number[], from: number): void {
    const window = heap[from]!
    const last = this.last[window]!
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.last[heap[child + 1]!]! < this.last[heap[child]!]!)
        child++
      const below = heap[child]!
      if (this.last[below]! >= last) break
      heap[at] = below
      this.#heapAt[below] = at
      at = child
    }
    heap[at] = window
    this.#heapAt[window] = at
  }

  #take(): number {
    if (this.#used === this.first.length) this.#grow()
    return this.#used++
  }

  #grow(): void {
    const n = this.first.length * 2
    this.underlying = grown(this.underlying, new Uint32Array(n))
    this.first = grown(this.first, new Float64Array(n))
    this.last = grown(this.last, new Float64Array(n))
    this.legs = grown(this.legs, new Uint32Array(n))
    this.size = grown(this.size, new Float64Array(n))
    this.head = grown(this.head, new Int32Array(n))
    this.#tail = grown(this.#tail, new Int32Array(n))
    this.#key = grown(this.#key, new Uint32Array(n))
    this.#exchange = grown(this.#exchange, new Int32Array(n))
    this.#venues = grown(this.#venues, new Uint8Array(n))
    this.#heapAt = grown(this.#heapAt, new Uint32Array(n))
  }
}
