import { policyOf } from '../domain/conditions.ts'
import type { TradeType } from '../domain/labels.ts'
import type { Cancel } from '../slab/cancel.ts'
import { EXCHANGE_NONE } from '../slab/event-slab.ts'
import type { FlowEvent } from '../writer/events.ts'
import { eventOf } from './fill-events.ts'
import { eventOfRow, groupsOf, type Member } from './groups.ts'
import type { KnownPrint } from './match.ts'
import { type Average, labelsIn, type Part, withAverage } from './relabel.ts'
import type { FillRules, Rerun } from './rerun.ts'
import { type Revision, revisionsOf } from './revisions.ts'
import { affectedBy, isIn, missedOf, type Scope } from './scope.ts'
import type { SlabRow } from './slab-row.ts'
import type { StoredRow } from './stored-rows.ts'
import { volumesOf } from './volumes.ts'

/**
 * Arrival numbers of filled prints begin here, and go by their place in the day's tape, or are the
 * next free one of their ms: no number that the engine has given.
 */
export const FILL_ARRIVAL = 2 ** 30

export type MergeInput = {
  readonly ticker: string
  readonly prints: readonly KnownPrint[]
  readonly stored: readonly StoredRow[]
  readonly run: Rerun
  readonly scope: Scope
  readonly rules: FillRules
  /** For new prints of a contract that has no average size of its own; null: none. */
  readonly average: Average | null
}

export type Merge = {
  /** New rows, by time: nothing of them is in the table. */
  readonly inserts: readonly SlabRow[]
  /** Stored rows of which at least one column changes. */
  readonly revisions: readonly Revision[]
  /** Events that are new or have another version. */
  readonly events: readonly FlowEvent[]
  /** Events of which no leg is left. */
  readonly emptied: readonly string[]
  /** Cancels that are not on record; `contract` says nothing. */
  readonly cancels: readonly Cancel[]
  /** Contracts of the day that the engine does not know of. */
  readonly missedVolume: number
}

/**
 * What the table lacks of a contract's day, and what changes by it: the windows around what was
 * missed, and the day's volume from there on. A row keeps its quote, side, averages and
 * percentiles, which are what was known when it came; none is ever taken out but by a cancel.
 * Merged again it gives nothing.
 */
export function merge(input: MergeInput): Merge {
  const { ticker, prints, stored, run, scope, rules } = input
  const cancelled = new Set(run.cancels.map(({ removed }) => removed))
  const rows = run.rows.map((row, place) => (cancelled.has(place) ? null : row))
  const missing = missedOf(prints, run.rows, scope)
  // the tape itself took some of it back
  const missed = missing.map((isMissing, place) => (cancelled.has(place) ? 0 : isMissing))
  const cancels = newCancels(input)
  const seeds = missed.slice()
  for (const { removed } of cancels) if (removed >= 0) seeds[removed] = 1
  const affected = affectedBy(seeds, prints, rules.windowMs, scope)
  const members = membersOf(input, rows, missed, affected, new Set(cancels.map((c) => c.removed)))
  const { groups, emptied } = groupsOf(ticker, members)
  const eventOfMember = new Map(
    groups.flatMap(({ id, part, members: legs }) => {
      return legs.map((leg) => [leg, part === null ? null : id] as const)
    }),
  )
  const windows = members.map((member) => ({ member, event: eventOfMember.get(member) ?? null }))
  const volumes = volumesOf(prints, stored, rows, missing, run.cancels, (c) => cancels.includes(c))
  return {
    inserts: windows
      .filter(({ member }) => member.stored === null)
      .map(({ member, event }) => insertOf(rows[member.place]!, member.arrival, event)),
    revisions: revisionsOf(windows, volumes.byRow, rules.rules),
    events: groups
      .filter(({ isChanged }) => isChanged)
      .map((group) => eventOf(ticker, group, prints, rows, rules)),
    emptied,
    cancels: cancels.map(({ print, removed }) => cancelOf(input, print, removed)),
    missedVolume: volumes.missed,
  }
}

type NewCancel = { readonly print: number; readonly removed: number }

/** Cancels of the tape that are not on record. */
function newCancels({ prints, run, scope }: MergeInput): NewCancel[] {
  return run.cancels.filter(({ print }) => {
    return !prints[print]!.isRecorded && isIn(scope.inserts, prints[print]!.print.t)
  })
}

/**
 * What takes part in events: the new rows (`rows` then holds them with their average), and the
 * stored ones whose window may be another.
 */
function membersOf(
  { ticker, prints, stored, run, rules, average }: MergeInput,
  rows: (SlabRow | null)[],
  missed: Uint8Array,
  affected: Uint8Array,
  removed: ReadonlySet<number>,
): Member[] {
  const parts = partsOf(run)
  const frozen = frozenEvents(ticker, prints, stored, affected)
  const members: Member[] = []
  // an earlier tape that had fewer prints may have given the number to another print of that ms
  const taken = new Set(stored.map(({ time, arrival }) => `${time}-${arrival}`))
  prints.forEach((known, place) => {
    const row = rows[place] ?? null
    const part = parts[place]!
    const window = part === null ? null : `${row?.eventTime}-${row?.eventArrival}`
    const common = { place, time: known.print.t, part, window }
    const closed = { legs: row?.eventLegs ?? 0, span: row?.eventSpan ?? 0 }
    if (known.stored >= 0) {
      const old = stored[known.stored]!
      const event = eventOfRow(ticker, old)
      if (affected[place] === 0 || removed.has(place)) return
      if (event !== null && frozen.has(event)) return
      const { tradeType } = labelsIn(part, old, rules.rules)
      members.push({ ...common, ...closed, arrival: old.arrival, stored: old, tradeType })
    } else if (missed[place] === 1 && row !== null) {
      const policy = policyOf(known.print.c)
      const isOfType = rules.rules === 'opra' ? policy.isIso : policy.isSeedSweep
      const whole = average === null ? row : withAverage(row, average, part, isOfType, rules.rules)
      rows[place] = whole
      const tradeType = whole.tradeType as TradeType
      let arrival = FILL_ARRIVAL + row.arrival
      while (taken.has(`${row.time}-${arrival}`)) arrival++
      taken.add(`${row.time}-${arrival}`)
      members.push({ ...common, ...closed, arrival, stored: null, tradeType })
    }
  })
  return members
}

/** By place: what the windows of the rerun made of it, those that were cancelled later too. */
function partsOf({ rows }: Rerun): Part[] {
  const venues = new Map<string, Set<number>>()
  const keyOf = (row: SlabRow): string => `${row.eventTime}-${row.eventArrival}`
  for (const row of rows) {
    if (row === null || row.eventLegs === 0) continue
    const key = keyOf(row)
    const known = venues.get(key)
    if (known === undefined) venues.set(key, new Set([row.exchange]))
    else known.add(row.exchange)
  }
  return rows.map((row) => {
    if (row === null || row.eventLegs === 0) return null
    return venues.get(keyOf(row))!.size >= 2 ? 'sweep' : 'split'
  })
}

/** Events with a leg that the tape does not have, or that lies outside: they stay as they are. */
function frozenEvents(
  ticker: string,
  prints: readonly KnownPrint[],
  stored: readonly StoredRow[],
  affected: Uint8Array,
): ReadonlySet<string> {
  const free = new Set<number>()
  prints.forEach((known, place) => {
    if (affected[place] === 1) free.add(known.stored)
  })
  const frozen = new Set<string>()
  stored.forEach((row, i) => {
    const event = eventOfRow(ticker, row)
    if (event !== null && !free.has(i)) frozen.add(event)
  })
  return frozen
}

/** A row of the rerun as it is stored: `event` is named by its contract, a time and an arrival. */
function insertOf(row: SlabRow, arrival: number, event: string | null): SlabRow {
  const fresh = { ...row, recv: Number.NaN, arrival }
  if (event === null) return { ...fresh, eventLegs: 0, eventSpan: 0 }
  const [time, number] = event.split('-').slice(-2)
  return { ...fresh, eventTime: Number(time), eventArrival: Number(number) }
}

function cancelOf({ prints, stored }: MergeInput, place: number, removed: number): Cancel {
  const { print, price } = prints[place]!
  const gone = prints[removed]
  const row = gone === undefined || gone.stored < 0 ? null : stored[gone.stored]!
  return {
    contract: 0,
    time: print.t,
    sequence: print.q ?? Number.NaN,
    recv: Number.NaN,
    price,
    size: print.s,
    exchange: print.x ?? EXCHANGE_NONE,
    removed:
      gone === undefined
        ? null
        : {
            time: gone.print.t,
            sequence: row?.sequence ?? gone.print.q ?? Number.NaN,
            arrival: row?.arrival ?? 0,
            wasStored: row !== null,
          },
  }
}
