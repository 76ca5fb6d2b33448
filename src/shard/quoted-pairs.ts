import type { StateReader, StateWriter } from '../domain/state.ts'

/** Pair without the contract of one side. */
export const NO_CONTRACT = -1

/** Ticks of 1/10,000 dollar in one of the 1/1,000 dollar that strikes come in. */
export const TICKS_PER_MILL = 10

/** Call and put of one strike (ticks), by the shard's numbers of their contracts. */
type Pair = { readonly strike: number; call: number; put: number }

/** The quoted pairs of one expiration by strike, 1/1,000 dollar. */
export type Expiration = { readonly day: number; readonly pairs: Map<number, Pair> }

/** What the parity price of one underlying comes from, and what it was. */
export type QuotedPairs = {
  /** Nearest first. */
  readonly expirations: Expiration[]
  pairs: number
  /** New York date of the newest print that asked. */
  day: number
  parity: number
  parityAt: number
}

const UNDERLYING_FIELDS = 6
const PAIR_FIELDS = 3

/** By underlying id. The order of expirations and of the pairs of each is kept. */
export function savePairs(out: StateWriter, all: readonly (QuotedPairs | undefined)[]): void {
  const underlyings: number[] = []
  const expirations: number[] = []
  const pairs: number[] = []
  all.forEach((one, id) => {
    if (one === undefined) return
    underlyings.push(id, one.pairs, one.day, one.parity, one.parityAt, one.expirations.length)
    for (const expiration of one.expirations) {
      expirations.push(expiration.day, expiration.pairs.size)
      for (const [mills, { call, put }] of expiration.pairs) pairs.push(mills, call, put)
    }
  })
  out.column(Float64Array.from(underlyings))
  out.column(Float64Array.from(expirations))
  out.column(Int32Array.from(pairs))
}

/** The reverse of `savePairs`, into an empty array. */
export function loadPairs(from: StateReader, all: (QuotedPairs | undefined)[]): void {
  const underlyings = from.column(Float64Array)
  const expirations = from.column(Float64Array)
  const pairs = from.column(Int32Array)
  let expirationAt = 0
  let pairAt = 0
  for (let at = 0; at < underlyings.length; at += UNDERLYING_FIELDS) {
    const [id, count, day, parity, parityAt, length] = underlyings.subarray(at)
    const one: QuotedPairs = {
      expirations: [],
      pairs: count!,
      day: day!,
      parity: parity!,
      parityAt: parityAt!,
    }
    for (let i = 0; i < length!; i++) {
      const expiration: Expiration = { day: expirations[expirationAt++]!, pairs: new Map() }
      const end = pairAt + expirations[expirationAt++]! * PAIR_FIELDS
      for (; pairAt < end; pairAt += PAIR_FIELDS) {
        const mills = pairs[pairAt]!
        const strike = mills * TICKS_PER_MILL
        expiration.pairs.set(mills, { strike, call: pairs[pairAt + 1]!, put: pairs[pairAt + 2]! })
      }
      one.expirations.push(expiration)
    }
    all[id!] = one
  }
}
