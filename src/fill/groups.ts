import { TradeType } from '../domain/labels.ts'
import { eventIdOf } from '../writer/events.ts'
import type { Part } from './relabel.ts'
import type { StoredRow } from './stored-rows.ts'

/** A print that takes part: in the table already, or put in by this fill. */
export type Member = {
  readonly place: number
  readonly time: number
  /** Its own number; that of a new one is of the fill's own range. */
  readonly arrival: number
  /** Null: it is new. */
  readonly stored: StoredRow | null
  /** The window that it is a leg of; null: none. */
  readonly window: string | null
  /** Legs and span when the window closed, 0 without one. */
  readonly legs: number
  readonly span: number
  readonly part: Part
  /** Its type now. */
  readonly tradeType: TradeType
}

/** A sweep or split with the legs that are left of it, or a print that is an event by itself. */
export type Group = {
  readonly id: string
  readonly part: Part
  /** In the order of the tape. */
  readonly members: readonly Member[]
  /** Whether the table does not have it like this yet. */
  readonly isChanged: boolean
}

export type Groups = {
  readonly groups: readonly Group[]
  /** Events of the table of which no leg is left. */
  readonly emptied: readonly string[]
}

/** The event that a stored row is part of, or is by itself; null without one. */
export function eventOfRow(ticker: string, row: StoredRow): string | null {
  if (row.eventId !== null) return row.eventId
  return row.tradeType <= TradeType.Block ? eventIdOf(ticker, row.time, row.arrival) : null
}

/**
 * Puts events together and names them. An event that is in the table keeps its name where most of
 * its legs go, so that it gets a new version and no twin.
 */
export function groupsOf(ticker: string, members: readonly Member[]): Groups {
  const had = new Map<string, number>()
  for (const { stored } of members) {
    const id = stored === null ? null : eventOfRow(ticker, stored)
    if (id !== null) had.set(id, (had.get(id) ?? 0) + 1)
  }
  const windows = new Map<string, Member[]>()
  const named: { readonly id: string; readonly members: readonly Member[] }[] = []
  for (const member of members) {
    const { window, tradeType, time, arrival } = member
    if (window !== null) {
      const legs = windows.get(window)
      if (legs === undefined) windows.set(window, [member])
      else legs.push(member)
    } else if (tradeType <= TradeType.Block) {
      named.push({ id: eventIdOf(ticker, time, arrival), members: [member] })
    }
  }
  const taken = new Set(named.map(({ id }) => id))
  for (const [id, legs] of claims(ticker, [...windows.values()], taken)) {
    named.push({ id, members: legs })
  }
  const groups = named.map(({ id, members: legs }) => ({
    id,
    part: legs[0]!.part,
    members: legs,
    isChanged: isChanged(ticker, id, legs, had.get(id) ?? 0),
  }))
  return { groups, emptied: [...had.keys()].filter((id) => !taken.has(id)) }
}

/** A name for each window: that of the event which most of its legs had, else that of a leg. */
function claims(
  ticker: string,
  windows: readonly (readonly Member[])[],
  taken: Set<string>,
): Map<string, readonly Member[]> {
  const wishes = windows.flatMap((legs) => {
    const counts = new Map<string, number>()
    for (const { stored } of legs) {
      const id = stored === null ? null : eventOfRow(ticker, stored)
      if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    return [...counts].map(([id, count]) => ({ legs, id, count }))
  })
  const given = new Map<string, readonly Member[]>()
  const done = new Set<readonly Member[]>()
  const give = (id: string, legs: readonly Member[]): void => {
    if (taken.has(id) || done.has(legs)) return
    taken.add(id)
    done.add(legs)
    given.set(id, legs)
  }
  for (const { legs, id } of wishes.sort((a, b) => b.count - a.count)) give(id, legs)
  for (const legs of windows) {
    for (const { time, arrival } of legs) give(eventIdOf(ticker, time, arrival), legs)
  }
  return given
}

function isChanged(ticker: string, id: string, legs: readonly Member[], had: number): boolean {
  if (legs.length !== had) return true
  return legs.some(({ stored, window, legs: closed, span, tradeType }) => {
    if (stored === null || eventOfRow(ticker, stored) !== id) return true
    if ((window === null) !== (stored.eventId === null)) return true
    if (window !== null && (stored.eventLegs !== closed || stored.eventSpan !== span)) return true
    return stored.tradeType !== tradeType
  })
}
