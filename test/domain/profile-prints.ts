import type { SizeProfiles } from '../../src/domain/size-profiles.ts'

export const DAY = 20_000

export type Print = {
  readonly underlying: number
  readonly day: number
  readonly volume: number
  readonly size: number
  readonly premium: number
}
export type Ranks = readonly [size: number, premium: number, sample: number]

export function rankOf(profiles: SizeProfiles, print: Print): Ranks {
  profiles.rank(print.underlying, print.volume, print.size, print.premium)
  return [profiles.sizePercentile, profiles.premiumPercentile, profiles.sample]
}

export function push(profiles: SizeProfiles, print: Print): void {
  profiles.push(print.underlying, print.day, print.volume, print.size, print.premium)
}

export const PRINT: Print = { underlying: 0, day: DAY, volume: 0, size: 1, premium: 100 }

/** Prints of the sizes 1 to `count`, the premium 100 dollars a contract. */
export function learn(profiles: SizeProfiles, count: number, print: Partial<Print> = {}): void {
  for (let size = 1; size <= count; size++) {
    push(profiles, { ...PRINT, size, premium: 100 * size, ...print })
  }
}

/** Numbers of a linear congruential generator (Numerical Recipes), 0 to below 1. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Prints of three underlyings over five days, heavy tails, late ones of the day before too. */
export function market(seed: number, count: number): Print[] {
  const next = numbers(seed)
  return Array.from({ length: count }, (_, i) => {
    const size = Math.min(2 ** 31 - 1, Math.ceil((next() + 1e-9) ** -1.2))
    return {
      underlying: Math.floor(3 * next() ** 2) * 150,
      day: DAY + Math.floor((5 * i) / count) - (next() < 0.01 ? 1 : 0),
      volume: Math.floor(10 ** (5 * next() ** 2)),
      size,
      premium: Math.round(100 * size * 10 * next() ** 3) / 100,
    }
  })
}
