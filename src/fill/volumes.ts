import type { KnownPrint } from './match.ts'
import type { Rerun } from './rerun.ts'
import type { SlabRow } from './slab-row.ts'
import type { StoredRow } from './stored-rows.ts'

export type Volumes = {
  /** Contracts of the day up to each stored row behind the first print that was missed. */
  readonly byRow: ReadonlyMap<StoredRow, number>
  /** Contracts of the day that the engine does not count; below 0 after a missed cancel. */
  readonly missed: number
}

/**
 * The day's volume with what was missed. A row that came after the tape was read gets what the
 * newest row of the tape lacks. `missing`: by place, 1 for a print that was missed, also if the
 * tape takes it back later; `cancels`: all of the tape; `isNew`: those that the engine has missed.
 */
export function volumesOf(
  prints: readonly KnownPrint[],
  stored: readonly StoredRow[],
  rows: readonly (SlabRow | null)[],
  missing: Uint8Array,
  cancels: Rerun['cancels'],
  isNew: (cancel: Rerun['cancels'][number]) => boolean,
): Volumes {
  const byRow = new Map<StoredRow, number>()
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  let missed = 0
  prints.forEach(({ print }, place) => {
    if (missing[place] !== 1) return
    first = Math.min(first, place)
    last = place
    missed += print.s
  })
  for (const cancel of cancels) {
    const isOfMissing = missing[cancel.removed] === 1
    if (!isOfMissing && !isNew(cancel)) continue
    first = Math.min(first, cancel.print)
    last = Math.max(last, cancel.print)
    const gone = prints[cancel.removed]
    if (isOfMissing || (gone !== undefined && gone.stored >= 0)) missed -= gone!.print.s
  }
  if (first === Number.POSITIVE_INFINITY) return { byRow, missed: 0 }
  for (const [place, known] of prints.entries()) {
    const row = place <= first || known.stored < 0 ? undefined : stored[known.stored]
    const volume = rows[place]?.dayVolume
    if (row === undefined || volume === undefined) continue
    if (Number.isNaN(volume) || Number.isNaN(row.dayVolume)) continue
    byRow.set(row, volume)
    // what it had counted tells exactly, also of prints too small to be stored
    if (place > last) missed = volume - row.dayVolume
  }
  const end = prints.at(-1)!.print.t
  for (const row of stored) {
    if (row.time > end && !Number.isNaN(row.dayVolume)) byRow.set(row, row.dayVolume + missed)
  }
  return { byRow, missed }
}
