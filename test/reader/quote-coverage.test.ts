import { expect, it } from 'vitest'
import { EventColumns } from '../../src/reader/event-columns.ts'
import { type QuoteChanges, QuotePlanner } from '../../src/reader/quote-planner.ts'
import { type SyntheticEvent, SyntheticTape } from '../../src/simulator/synthetic.ts'
import { KIND_PRINT } from '../../src/slab/event-slab.ts'

const ROUND_MS = 1000
const START = Date.UTC(2026, 10, 20, 15)

type Print = { readonly time: number; readonly contract: number; readonly dollars: number }

/** What chooses the quoted contracts; told of each print after it was counted. */
type Chooser = {
  see(print: Print): readonly QuoteChanges[]
  turn(): readonly QuoteChanges[]
}

function tape(minutes: number): Print[] {
  const source = new SyntheticTape({ start: START, seed: 11, rate: 60, quotesPerPrint: 0 })
  const contracts = new Map<string, number>()
  const prints: Print[] = []
  const events: SyntheticEvent[] = []
  while (source.time < START + minutes * 60_000) {
    const time = source.time
    events.length = 0
    source.take(events)
    for (const event of events) {
      if (event.kind !== 'T') continue
      const { ticker } = event.contract
      if (!contracts.has(ticker)) contracts.set(ticker, contracts.size)
      prints.push({ time, contract: contracts.get(ticker)!, dollars: event.price * event.size })
    }
  }
  return prints
}

function byPremium(max: number): Chooser {
  const plan = new QuotePlanner({
    connections: 1,
    max,
    largePremium: 25_000,
    connectionOf: () => 0,
  })
  const columns = new EventColumns()
  const row = columns.append()
  columns.kind[row] = KIND_PRINT
  columns.sizeA[row] = 1
  return {
    see: ({ contract, dollars }) => {
      columns.contract[row] = contract
      columns.priceA[row] = dollars * 100
      return plan.see(columns, contract + 1)
    },
    turn: () => plan.turn(),
  }
}

/** The contracts that traded last, as the engine chose them once: the yardstick. */
function byRecency(max: number): Chooser {
  const last = new Set<number>() // the oldest first
  let quoted = new Set<number>()
  return {
    see: ({ contract }) => {
      last.delete(contract)
      last.add(contract)
      return []
    },
    turn: () => {
      const wanted = new Set([...last].slice(-max))
      const unsubscribe = [...quoted].filter((id) => !wanted.has(id))
      const subscribe = [...wanted].filter((id) => !quoted.has(id))
      quoted = wanted
      return [{ connection: 0, unsubscribe, subscribe }]
    },
  }
}

/** What a print counts for at most: a larger one without a quote is looked up over REST. */
const COUNTED_DOLLARS = 25_000

/** Share of premium that traded in contracts quoted at that moment, and subscribes a minute. */
function coverage(prints: readonly Print[], chooser: Chooser) {
  const quoted = new Set<number>()
  let added = 0
  const apply = (changes: readonly QuoteChanges[]) => {
    for (const { unsubscribe, subscribe } of changes) {
      for (const id of unsubscribe) quoted.delete(id)
      for (const id of subscribe) quoted.add(id)
      added += subscribe.length
    }
  }
  let next = START + ROUND_MS
  let premium = 0
  let covered = 0
  for (const print of prints) {
    for (; print.time >= next; next += ROUND_MS) apply(chooser.turn())
    const dollars = Math.min(print.dollars, COUNTED_DOLLARS)
    premium += dollars
    if (quoted.has(print.contract)) covered += dollars
    apply(chooser.see(print))
  }
  return { share: covered / premium, addedAMinute: (added * 60 * ROUND_MS) / (next - START) }
}

// measured with this seed: about 1.5 to 1.9 times the premium, with a tenth of the changes
it('covers more premium than the contracts that traded last, with far fewer changes', () => {
  const prints = tape(6)
  for (const max of [50, 100, 200]) {
    const old = coverage(prints, byRecency(max))
    const now = coverage(prints, byPremium(max))
    expect(now.share / old.share, `with ${max}`).toBeGreaterThan(1.3)
    expect(old.addedAMinute / now.addedAMinute, `with ${max}`).toBeGreaterThan(8)
  }
})
