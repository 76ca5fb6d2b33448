import type { Dictionary } from '../reader/dictionary.ts'
import type { Writer } from '../writer/handle.ts'

/** Tells a writer the contracts and condition lists that it does not know yet. */
export class Definer {
  readonly #dictionary: Dictionary
  #contracts = 0
  #sets: number

  /** Of a new dictionary: what it is loaded with later is told too. */
  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    this.#sets = dictionary.nextConditionSet
  }

  tell(writer: Pick<Writer, 'define'>): void {
    const { size, nextConditionSet } = this.#dictionary
    if (size === this.#contracts && nextConditionSet === this.#sets) return
    writer.define(this.#dictionary.definitionsSince(this.#contracts, this.#sets))
    this.#contracts = size
    this.#sets = nextConditionSet
  }
}
