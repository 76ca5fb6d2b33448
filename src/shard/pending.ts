import type { HeldPrints } from '../domain/held-prints.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'

/**
 * How long a print waits for the NBBO that was asked for, ms of the reading clock: a request takes
 * some 50 to 150 ms, and is given up before this.
 */
export const LOOKUP_HOLD_MS = 1_000

const NOTHING: readonly number[] = []

/**
 * Held prints of notable premium that wait for the NBBO which has been asked for, by contract and
 * in the order of their arrival. A print waits at most LOOKUP_HOLD_MS.
 */
export class PendingPrints {
  readonly #held: HeldPrints
  readonly #slots = new Map<number, number[]>()
  #count = 0

  constructor(held: HeldPrints) {
    this.#held = held
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

  /** Whether a held print waits here. */
  has(contract: number, slot: number): boolean {
    return this.#slots.get(contract)?.includes(slot) ?? false
  }

  remove(contract: number, slot: number): void {
    this.#take(contract, (other) => other === slot)
  }

  /** Those that have waited for too long at `clock`, the contract's reading clock. */
  takeOverdue(contract: number, clock: number): readonly number[] {
    const { clock: since } = this.#held
    return this.#take(contract, (slot) => clock - since[slot]! > LOOKUP_HOLD_MS)
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
    out.column(Uint32Array.from(this.#slots.keys()))
    out.column(Uint32Array.from(this.#slots.values(), (slots) => slots.length))
    out.column(Uint32Array.from([...this.#slots.values()].flat()))
  }

  /** Into a fresh instance. */
  load(from: StateReader): void {
    from.part('pending prints', 1)
    const contracts = from.column(Uint32Array)
    const lengths = from.column(Uint32Array)
    const slots = from.column(Uint32Array)
    contracts.forEach((contract, i) => {
      const end = this.#count + lengths[i]!
      this.#slots.set(contract, [...slots.subarray(this.#count, end)])
      this.#count = end
    })
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
