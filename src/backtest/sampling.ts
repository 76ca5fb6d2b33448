import { newYorkDay } from '../domain/new-york.ts'
import type { Signal } from './signal.ts'

/**
 * The block of a signal: its New York day, or `blockDays` of them. All underlyings share it, because
 * they move together: SPX, SPY and QQQ on one afternoon are one event and not three.
 */
export function blockOf({ timestamp }: Pick<Signal, 'timestamp'>, blockDays: number): number {
  return Math.floor(newYorkDay(timestamp) / blockDays)
}

/** A seed of its own for each purpose, so that one more detector changes no other's figures. */
export function seedFor(seed: number, purpose: string): number {
  let mixed = (seed ^ 0x811c9dc5) >>> 0 // FNV-1a over the characters, begun from the seed
  for (const character of purpose) {
    mixed = Math.imul(mixed ^ character.codePointAt(0)!, 0x01000193) >>> 0
  }
  return mixed
}
