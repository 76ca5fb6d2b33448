import type { HeldPrints } from '../domain/held-prints.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'

/**
 * How long a print waits for the NBBO that was asked for, ms of the reading clock: a request takes
 * some 50 to 150 ms, and is given up before this.
 */
export const LOOKUP_HOLD_MS = 1_000

/** Reading clock between two looks for overdue prints, ms. */
const LOOK_MS = 25

/** Prints of one contract that wait at once. */
const WAITING_MAX = 1_024

const NOTHING: readonly number[] = []

/**
 * Held prints of notable premium that wait for the NBBO which has been asked for, by contract and
 * in the order of their arrival. A print waits at most LOOKUP_HOLD_MS.
 */
export class PendingPrints {
  readonly #held: HeldPrints
  readonly #slots = new Map<number, number[]>()
  #count = 0
  /** Sum of the reading clocks at the last look. */
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(held: HeldPrints) {
    this.#held = held
  }

  /**
   * Whether the reading clocks have moved on enough since the last look to look for overdue prints:
   * to do it with every slab would cost more than the prints.
   */
  isLookDue(clocks: ArrayLike<number>): boolean {
    let sum = 0 // moves with any of them; one that stands must not hide the others
    for (let i = 0; i < clocks.length; i++) if (clocks[i]! > 0) sum += clocks[i]!
    // less than at the last look: a connection has no clock yet since a restart
    if (sum === 0 || Math.abs(sum - this.#lookedAt) < LOOK_MS) return false
    this.#lookedAt = sum
    return true
  }

  get count(): number {
    return this.#count
  }

  /** Contracts with a print that waits, the one that began to wait first ahead. */
  get contracts(): IterableIterator<number> {
    return this.#slots.keys()
  }

  add(contract: number, slot: number): void {
    const slots = this.#slots.get(contract)
    if (slots === undefined) this.#slots.set(contract, [slot])
    else slots.push(slot)
    this.#count++
  }

  remove(contract: number, slot: number): void {
    this.#take(contract, (other) => other === slot)
  }

  /** Those that have waited for too long at `clock`, the contract's reading clock. */
  takeOverdue(contract: number, clock: number): readonly number[] {
    const slots = this.#slots.get(contract)
    if (slots === undefined) return NOTHING
    // a contract's clock never goes back, so the overdue ones stand first
    const { clock: since } = this.#held
    let overdue = 0
    while (overdue < slots.length && clock - since[slots[overdue]!]! > LOOKUP_HOLD_MS) overdue++
    return overdue === 0 ? NOTHING : this.#takeFirst(contract, slots, overdue)
  }

  /** The oldest of a contract that has as many as may wait; so one storm costs no more. */
  takeExcess(contract: number): readonly number[] {
    const slots = this.#slots.get(contract)
    if (slots === undefined || slots.length < WAITING_MAX) return NOTHING
    return this.#takeFirst(contract, slots, 1)
  }

  /** Those whose time lies in [from, to]. */
  takeBetween(contract: number, from: number, to: number): readonly number[] {
    const { time } = this.#held
    return this.#take(contract, (slot) => time[slot]! >= from && time[slot]! <= to)
  }

  takeAll(contract: number): readonly number[] {
    return this.#take(contract, () => true)
  }

  /** The prints themselves are saved with the held prints. */
  save(out: StateWriter): void {
    out.part('pending prints', 1)
    out.number(this.#lookedAt)
    out.column(Uint32Array.from(this.#slots.keys()))
    out.column(Uint32Array.from(this.#slots.values(), (slots) => slots.length))
    out.column(Uint32Array.from([...this.#slots.values()].flat()))
  }

  /** Into a fresh instance. */
  load(from: StateReader): void {
    from.part('pending prints', 1)
    this.#lookedAt = from.number()
    const contracts = from.column(Uint32Array)
    const lengths = from.column(Uint32Array)
    const slots = from.column(Uint32Array)
    contracts.forEach((contract, i) => {
      const end = this.#count + lengths[i]!
      this.#slots.set(contract, [...slots.subarray(this.#count, end)])
      this.#count = end
    })
  }

  #takeFirst(contract: number, slots: number[], count: number): readonly number[] {
    this.#count -= count
    if (count === slots.length) this.#slots.delete(contract)
    return slots.splice(0, count)
  }

  #take(contract: number, isTaken: (slot: number) => boolean): readonly number[] {
    const slots = this.#slots.get(contract)
    if (slots === undefined) return NOTHING
    const taken = slots.filter(isTaken)
    if (taken.length === 0) return NOTHING
    this.#count -= taken.length
    if (taken.length === slots.length) this.#slots.delete(contract)
    else
      this.#slots.set(
        contract,
        slots.filter((slot) => !isTaken(slot)),
      )
    return taken
  }
}
