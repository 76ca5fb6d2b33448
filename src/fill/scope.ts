import type { KnownPrint } from './match.ts'
import type { SlabRow } from './slab-row.ts'

/** Epoch ms, both included. */
export type Span = { readonly from: number; readonly to: number }

/** What a fill may touch. */
export type Scope = {
  /** Prints that are put in: what lies outside may still be on its way to the table. */
  readonly inserts: Span
  /** When nothing was received: prints too small to be stored were missed too. */
  readonly gaps: readonly Span[]
}

export function isIn(span: Span, time: number): boolean {
  return time >= span.from && time <= span.to
}

/** By place: 1 for a print that was missed, be it stored now or too small for it. */
export function missedOf(
  prints: readonly KnownPrint[],
  rows: readonly (SlabRow | null)[],
  { inserts, gaps }: Scope,
): Uint8Array {
  return Uint8Array.from(prints, ({ print, isCancel, stored }, place) => {
    if (isCancel || stored >= 0 || !isIn(inserts, print.t)) return 0
    return rows[place] !== null || gaps.some((gap) => isIn(gap, print.t)) ? 1 : 0
  })
}

/**
 * By place: 1 for a print whose window may be another one because of those in `seeds`: from one of
 * them to it no step in time is longer than the window. Windows end where the scope ends.
 */
export function affectedBy(
  seeds: Uint8Array,
  prints: readonly KnownPrint[],
  windowMs: number,
  { inserts }: Scope,
): Uint8Array {
  const affected = new Uint8Array(prints.length)
  const spread = (places: Iterable<number>): void => {
    let last = Number.NaN
    for (const place of places) {
      const time = prints[place]!.print.t
      const isNear = Math.abs(time - last) <= windowMs && isIn(inserts, time)
      if (seeds[place] !== 1 && !isNear) continue
      affected[place] = 1
      last = time
    }
  }
  spread(prints.keys())
  spread([...prints.keys()].reverse())
  return affected
}
