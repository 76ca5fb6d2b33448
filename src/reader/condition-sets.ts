import { policyOf } from '../domain/conditions.ts'
import type { StateReader, StateWriter } from '../domain/state.ts'
import { CONDITION_SET_NONE } from '../slab/definitions.ts'

/** Set ids are u16 and 0 means none. */
export const CONDITION_SETS_MAX = 65_535

export const CONDITIONS_FULL = -1

/** Ids below this are found by index. The vendor's option conditions are 201 to 248. */
const DIRECT_IDS = 1024

/** Condition lists of prints, each known list as a small number. Order is part of a list. */
export class ConditionSets {
  readonly #lists: (readonly (number | string)[])[] = [[]]
  readonly #unknown: number[] = [0]
  readonly #byKey = new Map<string, number>()
  readonly #byId = new Uint16Array(DIRECT_IDS)

  /** The id that the next new list gets: known sets are 1 to nextSet - 1. */
  get nextSet(): number {
    return this.#lists.length
  }

  /** Id of the list, 0 for an empty one, CONDITIONS_FULL where it is new and no id is left. */
  idOf(list: readonly (number | string)[]): number {
    if (list.length === 0) return CONDITION_SET_NONE
    const first = list[0]!
    const isDirect =
      list.length === 1 && typeof first === 'number' && first >= 0 && first < DIRECT_IDS
    if (isDirect) {
      const known = this.#byId[first]
      if (known) return known // undefined for a fraction
    }
    const key = JSON.stringify(list) // keeps the number 219 and the text "219" apart
    let id = this.#byKey.get(key)
    if (id === undefined) {
      if (this.#lists.length > CONDITION_SETS_MAX) return CONDITIONS_FULL
      const copy = [...list]
      id = this.#lists.push(copy) - 1
      this.#unknown.push(policyOf(copy).unknown)
      this.#byKey.set(key, id)
    }
    if (isDirect) this.#byId[first] = id
    return id
  }

  /** How many conditions of the set no table names. */
  unknownIn(set: number): number {
    return this.#unknown[set]!
  }

  /** The conditions of a set. */
  list(set: number): readonly (number | string)[] {
    return this.#lists[set]!
  }

  save(out: StateWriter): void {
    out.part('condition sets', 1)
    out.number(this.#lists.length)
    for (const list of this.#lists) out.list(list)
  }

  /** Into a fresh instance: each list gets the id that it had. */
  load(from: StateReader): void {
    from.part('condition sets', 1)
    const sets = from.number()
    for (let set = 0; set < sets; set++) {
      const id = this.idOf(from.list())
      if (id !== set) throw new Error(`saved condition sets: expected set ${set}, came set ${id}`)
    }
  }

  since(set: number): readonly (readonly (number | string)[])[] {
    return this.#lists.slice(set)
  }
}
