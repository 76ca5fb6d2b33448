import { underlyingOf } from '../domain/contract.ts'
import { StateReader, StateWriter } from '../domain/state.ts'
import type { Definitions } from '../slab/definitions.ts'
import { ConditionSets } from './condition-sets.ts'
import { rootKeyOf, rootTextOf, TICKER_BYTES_MAX, TICKER_BYTES_MIN } from './ticker-bytes.ts'

export const TICKER_INVALID = -1
export const TICKER_NOT_WATCHED = -2
export const CONTRACTS_FULL = -3

const WORDS = 6 // a ticker is at most 23 bytes; the 24th holds its length
const CONTRACTS_FIRST = 1024
const ROOT_SLOTS = 2 ** 15 // the tape has about 6,000 roots; 256 KiB in all
const UNDERLYING_UNKNOWN = -1
const UNDERLYING_NOT_WATCHED = -2

/**
 * Contract tickers to dense ids, straight from a frame's bytes. Known tickers are found in an
 * open-addressing table; any other one is parsed, and its root looked up in a cache of fixed size,
 * so contracts that nobody watches cost no memory.
 *
 *   slots  u32 x 2..4 a contract   id + 1, 0: free
 *   arena  u32 x 6 a contract      ticker bytes, zeros, length        36 to 72 bytes a contract
 *   owner  u32 x 1 a contract      underlying id
 */
export class Dictionary {
  readonly #contractsMax: number
  readonly #watchesAll: boolean
  readonly #underlyings: string[]
  readonly #underlyingIds: Map<string, number>
  readonly #conditionSets = new ConditionSets()
  /** By underlying id: its first contract. */
  readonly #firstContract: number[] = []
  readonly #rootKeys = new Uint32Array(ROOT_SLOTS)
  readonly #rootOwners = new Int32Array(ROOT_SLOTS)
  #size = 0
  #arena: Uint32Array
  #owner: Uint32Array
  #slots: Uint32Array

  /**
   * `contractsMax`: contracts that get an id, 1 to 2^24. Underlyings get ids in the set's order.
   */
  constructor(options: { watched: ReadonlySet<string> | '*'; contractsMax: number }) {
    this.#contractsMax = options.contractsMax
    this.#watchesAll = options.watched === '*'
    this.#underlyings = options.watched === '*' ? [] : [...options.watched]
    this.#underlyingIds = new Map(this.#underlyings.map((name, id) => [name, id]))
    const contracts = Math.min(CONTRACTS_FIRST, options.contractsMax)
    this.#arena = new Uint32Array(contracts * WORDS)
    this.#owner = new Uint32Array(contracts)
    this.#slots = new Uint32Array(2 * CONTRACTS_FIRST)
  }

  /** Contracts known so far: ids are 0 to size - 1. */
  get size(): number {
    return this.#size
  }

  /** Names by underlying id: first the watched ones in their order, then as first seen. */
  get underlyings(): readonly string[] {
    return this.#underlyings
  }

  /** The id that the next new condition list gets. */
  get nextConditionSet(): number {
    return this.#conditionSets.nextSet
  }

  /**
   * Id of the contract whose ticker stands in bytes[start, end), new ones included, or
   * TICKER_INVALID, TICKER_NOT_WATCHED, CONTRACTS_FULL, in this order (rules.md, Checks).
   */
  lookup(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length < TICKER_BYTES_MIN || length > TICKER_BYTES_MAX) return TICKER_INVALID
    const w0 = word(bytes, start)
    const w1 = word(bytes, start + 4)
    const w2 = word(bytes, start + 8)
    const w3 = word(bytes, start + 12)
    const w4 =
      bytes[start + 16]! |
      (bytes[start + 17]! << 8) |
      (length > 18 ? bytes[start + 18]! << 16 : 0) |
      (length > 19 ? bytes[start + 19]! << 24 : 0)
    const w5 =
      (length > 20 ? bytes[start + 20]! : 0) |
      (length > 21 ? bytes[start + 21]! << 8 : 0) |
      (length > 22 ? bytes[start + 22]! << 16 : 0) |
      (length << 24)
    const slots = this.#slots
    const arena = this.#arena
    const mask = slots.length - 1
    let slot = hash(w0, w1, w2, w3, w4, w5) & mask
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      const at = (entry - 1) * WORDS
      if (
        (arena[at + 4]! | 0) === w4 &&
        (arena[at + 3]! | 0) === w3 &&
        (arena[at + 5]! | 0) === w5 &&
        (arena[at + 2]! | 0) === w2 &&
        (arena[at + 1]! | 0) === w1 &&
        (arena[at]! | 0) === w0
      ) {
        return entry - 1
      }
      slot = (slot + 1) & mask
    }
    const owner = this.#ownerOf(bytes, start, end)
    return owner < 0 ? owner : this.#add(slot, owner, [w0, w1, w2, w3, w4, w5])
  }

  /** The ticker as the vendor writes it. `id` 0 to size - 1. */
  ticker(id: number): string {
    this.#check(id)
    const at = id * WORDS
    const length = this.#arena[at + WORDS - 1]! >>> 24
    let text = ''
    for (let i = 0; i < length; i++) {
      text += String.fromCharCode((this.#arena[at + (i >> 2)]! >>> (8 * (i & 3))) & 0xff)
    }
    return text
  }

  /** Index into `underlyings`. `id` 0 to size - 1. */
  underlyingId(id: number): number {
    this.#check(id)
    return this.#owner[id]!
  }

  /** Id of some contract of an underlying (`SPX`), or TICKER_INVALID while none is known. */
  contractOf(underlying: string): number {
    return this.#firstContract[this.#underlyingIds.get(underlying) ?? -1] ?? TICKER_INVALID
  }

  /**
   * Id of a print's condition list, 1 to 65,535; 0 for an empty one; CONDITIONS_FULL: none left.
   */
  conditionSet(list: readonly (number | string)[]): number {
    return this.#conditionSets.idOf(list)
  }

  /** The conditions of a set, as idOf was given them. `set` 0 to nextConditionSet - 1. */
  conditionsOf(set: number): readonly (number | string)[] {
    return this.#conditionSets.list(set)
  }

  /** How many conditions of the set no table names. */
  unknownConditions(set: number): number {
    return this.#conditionSets.unknownIn(set)
  }

  /**
   * What was defined from contract `contract` and condition set `set` on, for a consumer that has
   * all before. A new consumer starts at 0 and 1; the next call goes on at `size`,
   * `nextConditionSet`.
   */
  definitionsSince(contract: number, set: number): Definitions {
    const contracts: string[] = []
    for (let id = contract; id < this.#size; id++) contracts.push(this.ticker(id))
    return {
      firstContract: contract,
      contracts,
      firstConditionSet: set,
      conditionSets: this.#conditionSets.since(set),
    }
  }

  /** All contracts, underlyings and condition lists with their ids. */
  save(): Uint8Array<ArrayBuffer> {
    const out = new StateWriter()
    out.part('dictionary', 1)
    out.list(this.#underlyings)
    out.number(this.#size)
    out.column(this.#arena, this.#size * WORDS)
    out.column(this.#owner, this.#size)
    this.#conditionSets.save(out)
    return out.bytes()
  }

  /**
   * Takes over what a dictionary of the same watched underlyings has saved, before anything else.
   * Throws for bytes that do not fit; this one is of no use then.
   */
  load(bytes: Uint8Array): void {
    if (this.#size > 0 || this.nextConditionSet > 1) {
      throw new Error('a saved dictionary is for a fresh one')
    }
    const from = new StateReader(bytes)
    from.part('dictionary', 1)
    this.#loadUnderlyings(from.list().map(String))
    const size = from.number()
    if (size > this.#contractsMax) {
      throw new Error(
        `saved dictionary: expected at most ${this.#contractsMax} contracts, came ${size}`,
      )
    }
    while (this.#owner.length < size) this.#growArena()
    from.into(this.#arena, size * WORDS)
    from.into(this.#owner, size)
    this.#size = size
    for (let id = 0; id < size; id++) this.#firstContract[this.#owner[id]!] ??= id
    let slots = this.#slots.length
    while (size * 2 > slots) slots *= 2
    this.#fillSlots(slots)
    this.#conditionSets.load(from)
    from.end()
  }

  /** Watched ones have the ids of their order, so they must be the same. */
  #loadUnderlyings(names: readonly string[]): void {
    const watched = this.#underlyings
    const fits = this.#watchesAll || names.length === watched.length
    if (!fits || watched.some((name, id) => name !== names[id])) {
      const [expected, came] = [watched.join(', '), names.join(', ')]
      throw new Error(`saved dictionary: expected the underlyings ${expected}, came ${came}`)
    }
    for (const name of names.slice(watched.length)) {
      this.#underlyingIds.set(name, this.#underlyings.push(name) - 1)
    }
  }

  /** Underlying id of a contract that is not in the table yet, or why it gets no id. */
  #ownerOf(bytes: Uint8Array, start: number, end: number): number {
    const key = rootKeyOf(bytes, start, end)
    if (key === 0) return TICKER_INVALID
    const slot = Math.imul(key, 0x9e3779b1) >>> 17
    let owner = this.#rootKeys[slot] === key ? this.#rootOwners[slot]! : UNDERLYING_UNKNOWN
    if (owner === UNDERLYING_NOT_WATCHED) return TICKER_NOT_WATCHED
    if (owner === UNDERLYING_UNKNOWN) {
      const name = underlyingOf(rootTextOf(bytes, start, end))
      owner = this.#underlyingIds.get(name) ?? UNDERLYING_NOT_WATCHED
      if (owner === UNDERLYING_NOT_WATCHED && this.#watchesAll) {
        if (this.#size === this.#contractsMax) return CONTRACTS_FULL
        owner = this.#underlyings.push(name) - 1
        this.#underlyingIds.set(name, owner)
      }
      this.#rootKeys[slot] = key
      this.#rootOwners[slot] = owner
      if (owner === UNDERLYING_NOT_WATCHED) return TICKER_NOT_WATCHED
    }
    return this.#size === this.#contractsMax ? CONTRACTS_FULL : owner
  }

  #add(slot: number, owner: number, words: readonly number[]): number {
    const id = this.#size
    if (id === this.#owner.length) this.#growArena()
    this.#arena.set(words, id * WORDS)
    this.#owner[id] = owner
    this.#firstContract[owner] ??= id
    this.#slots[slot] = id + 1
    this.#size = id + 1
    if (this.#size * 2 > this.#slots.length) this.#fillSlots(this.#slots.length * 2)
    return id
  }

  #growArena(): void {
    const contracts = Math.min(this.#owner.length * 2, this.#contractsMax)
    const arena = new Uint32Array(contracts * WORDS)
    arena.set(this.#arena)
    this.#arena = arena
    const owner = new Uint32Array(contracts)
    owner.set(this.#owner)
    this.#owner = owner
  }

  /** A table of `length` slots, a power of two, in place of the one there is. */
  #fillSlots(length: number): void {
    const slots = new Uint32Array(length)
    const mask = slots.length - 1
    const a = this.#arena
    for (let id = 0; id < this.#size; id++) {
      const at = id * WORDS
      let slot = hash(a[at]!, a[at + 1]!, a[at + 2]!, a[at + 3]!, a[at + 4]!, a[at + 5]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = id + 1
    }
    this.#slots = slots
  }

  #check(id: number): void {
    if (!(id >= 0 && id < this.#size)) {
      throw new RangeError(`contract id must be 0 to ${this.#size - 1}, was ${id}`)
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** Tickers differ in a few digits only, so every word is multiplied in and the high bits folded. */
function hash(w0: number, w1: number, w2: number, w3: number, w4: number, w5: number): number {
  let h = Math.imul(w0 ^ 0x2f0b4c47, 0x85ebca6b) ^ Math.imul(w1, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15) ^ w2, 0x27d4eb2f) ^ Math.imul(w3, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 13) ^ w4, 0x85ebca6b) ^ Math.imul(w5, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16), 0x27d4eb2f)
  return h ^ (h >>> 15)
}
