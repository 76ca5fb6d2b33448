import { CONDITION_SET_NONE } from '../slab/definitions.ts'
import type { Dictionary } from './dictionary.ts'

/**
 * OPRA sends one condition a print. What is longer than these is cut, so that memory has a
 * bound.
 */
export const CONDITIONS_PER_PRINT_MAX = 32
export const CONDITION_CHARS_MAX = 32

/** The conditions of the print that is being read, in their order. */
export class ConditionScratch {
  readonly #list: (number | string)[] = new Array(CONDITIONS_PER_PRINT_MAX).fill(0)
  readonly #single = [0]
  #count = 0

  clear(): void {
    this.#count = 0
  }

  /** Adds a whole number; anything else is no condition id and is left out. */
  add(id: number): void {
    if (!Number.isSafeInteger(id) || this.#count === CONDITIONS_PER_PRINT_MAX) return
    this.#list[this.#count++] = id + 0 // -0 is 0
  }

  /** Adds a text, unless it is too long or holds a NUL, which PostgreSQL has no text for. */
  addText(text: string): void {
    if (text.length > CONDITION_CHARS_MAX || text.includes('\0')) return
    if (this.#count === CONDITIONS_PER_PRINT_MAX) return
    this.#list[this.#count++] = text
  }

  /** The dictionary's id for the list, or CONDITIONS_FULL. */
  internIn(dictionary: Dictionary): number {
    if (this.#count === 0) return CONDITION_SET_NONE
    const first = this.#list[0]!
    if (this.#count > 1 || typeof first === 'string') {
      return dictionary.conditionSet(this.#list.slice(0, this.#count))
    }
    this.#single[0] = first
    return dictionary.conditionSet(this.#single)
  }
}
