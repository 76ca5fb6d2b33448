import { parseContract } from '../domain/contract.ts'
import {
  type EventCause,
  type EventLeg,
  filledNote,
  totalsOf,
  whyOf,
} from '../domain/flow-event.ts'
import { AVERAGE_SCOPE_TEXT, SENTIMENT_TEXT, SIDE_TEXT, TradeType } from '../domain/labels.ts'
import { type FlowEvent, sumsOf } from '../writer/events.ts'
import type { Group, Member } from './groups.ts'
import type { KnownPrint } from './match.ts'
import type { FillRules } from './rerun.ts'
import type { SlabRow } from './slab-row.ts'

/** The event as it is now: all its legs, and in words which of them were filled in. */
export function eventOf(
  ticker: string,
  { id, part, members }: Group,
  prints: readonly KnownPrint[],
  rows: readonly (SlabRow | null)[],
  { rules, minSize }: FillRules,
): FlowEvent {
  const [first] = members as readonly [Member, ...Member[]]
  const legs = members.map((member) => legOf(ticker, member, prints[member.place]!))
  const { stored } = first
  const row = rows[first.place] ?? null
  const totals = totalsOf(legs, stored?.multiplier ?? row!.multiplier)
  const side = SIDE_TEXT[stored?.side ?? row!.side]!
  const cause = part === null ? causeOf(first, row, rules) : { by: 'window' as const }
  const why = whyOf(cause, side, legs, totals)
  const isBlock = part === null && first.tradeType === TradeType.Block
  return {
    event_id: id,
    kind: part === 'split' ? 'SPLIT' : isBlock ? 'BLOCK' : 'SWEEP',
    symbol: parseContract(ticker)?.underlying ?? ticker,
    contract_ticker: ticker,
    side,
    sentiment: stored?.sentiment ?? SENTIMENT_TEXT[row!.sentiment]!,
    ...sumsOf(legs, totals, minSize),
    why: `${why}; ${filledNote(members.filter((member) => member.stored === null).length)}`,
  }
}

function legOf(ticker: string, { arrival, stored }: Member, known: KnownPrint): EventLeg {
  const { print, price, exchange } = known
  const sequence = stored === null ? (print.q ?? Number.NaN) : stored.sequence
  return {
    contract: ticker,
    sequence: Number.isNaN(sequence) ? null : sequence,
    timestamp: print.t,
    arrival,
    price,
    size: print.s,
    exchange,
  }
}

/** Why a print is an event by itself: its size, or its conditions. */
function causeOf(
  { stored, tradeType }: Member,
  row: SlabRow | null,
  rules: FillRules['rules'],
): EventCause {
  if (tradeType !== TradeType.Block) {
    return rules === 'opra' ? { by: 'iso' } : { by: 'condition', condition: null }
  }
  if (stored !== null) {
    const { averageCount: count, averageScope: scope } = stored
    const sum = count === 0 ? 0 : Math.round(stored.averageSize * count)
    return { by: 'size', sum, count, scope }
  }
  const { averageSum: sum, averageCount: count, averageScope } = row!
  return { by: 'size', sum, count, scope: AVERAGE_SCOPE_TEXT[averageScope]! }
}
