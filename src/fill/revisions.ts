import type { Aggressiveness, TradeType } from '../domain/labels.ts'
import type { Rules } from '../shard/labeller.ts'
import type { Member } from './groups.ts'
import { labelsIn } from './relabel.ts'
import type { StoredRow } from './stored-rows.ts'

/** What a stored row is from now on. */
export type Revision = {
  readonly row: StoredRow
  readonly tradeType: TradeType
  readonly isSweep: boolean
  readonly aggressiveness: Aggressiveness
  readonly isUnusual: boolean
  readonly eventId: string | null
  readonly eventLegs: number
  readonly eventSpan: number
  readonly dayVolume: number
}

/** A print and the sweep or split that it is a leg of from now on; null: none. */
export type InWindow = { readonly member: Member; readonly event: string | null }

/**
 * The stored rows of which a column changes: by their window, and by the day's volume, which
 * decides what is unusual where open interest is known.
 */
export function revisionsOf(
  windows: readonly InWindow[],
  volumes: ReadonlyMap<StoredRow, number>,
  rules: Rules,
): Revision[] {
  const changes = new Map<StoredRow, Revision>()
  const change = (row: StoredRow, part: Partial<Revision>): void => {
    changes.set(row, { ...(changes.get(row) ?? unchanged(row)), ...part })
  }
  for (const { member, event } of windows) {
    const { stored: row, part, legs, span } = member
    if (row === null) continue
    const closed = { eventId: event, eventLegs: legs, eventSpan: span }
    change(row, { ...labelsIn(part, row, rules), ...closed })
  }
  for (const [row, dayVolume] of volumes) {
    const isUnusual = row.openInterest < 0 ? row.isUnusual : dayVolume > row.openInterest
    change(row, { dayVolume, isUnusual })
  }
  return [...changes.values()].filter(isRevised)
}

function unchanged(row: StoredRow): Revision {
  const { tradeType, isSweep, aggressiveness, isUnusual } = row
  const { eventId, eventLegs, eventSpan, dayVolume } = row
  const labels = { tradeType, isSweep, aggressiveness, isUnusual }
  return { row, ...labels, eventId, eventLegs, eventSpan, dayVolume }
}

function isRevised(revision: Revision): boolean {
  const { row, ...columns } = revision
  const names = Object.keys(columns) as (keyof typeof columns)[]
  return names.some((name) => !Object.is(columns[name], row[name]))
}
