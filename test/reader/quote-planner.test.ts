import { expect, it } from 'vitest'
import { EventColumns } from '../../src/reader/event-columns.ts'
import { type QuoteChanges, QuotePlanner } from '../../src/reader/quote-planner.ts'
import { Random } from '../../src/simulator/random.ts'
import { KIND_PRINT, KIND_QUOTE } from '../../src/slab/event-slab.ts'

type Print = readonly [contract: number, dollars: number]

const columns = new EventColumns()

/** One contract at 1/100 of `dollars` each. */
function prints(...of: readonly Print[]): EventColumns {
  columns.clear()
  for (const [contract, dollars] of of) {
    const row = columns.append()
    columns.kind[row] = KIND_PRINT
    columns.contract[row] = contract
    columns.priceA[row] = dollars * 100
    columns.sizeA[row] = 1
  }
  return columns
}

function planner(max: number, largePremium = 0, connections = 1): QuotePlanner {
  const connectionOf = (contract: number) => contract % connections
  return new QuotePlanner({ connections, max, largePremium, connectionOf })
}

/** Prints and the end of their round; gives what was asked for at that end. */
function round(plan: QuotePlanner, ...of: readonly Print[]): QuoteChanges[] {
  expect(plan.see(prints(...of), 5000)).toEqual([])
  return plan.turn()
}

function pass(plan: QuotePlanner, rounds: number): void {
  for (let i = 0; i < rounds; i++) expect(plan.turn()).toEqual([])
}

it('asks once for each contract that trades, best first, not for one that is only quoted', () => {
  const plan = planner(10)
  const frame = prints([3, 100], [7, 500], [3, 100])
  const row = frame.append()
  frame.kind[row] = KIND_QUOTE
  frame.contract[row] = 5
  plan.see(frame, 8)
  expect(plan.turn()).toEqual([{ connection: 0, unsubscribe: [], subscribe: [7, 3] }])
  expect(round(plan, [3, 900])).toEqual([])
  expect([plan.quoted, plan.subscribed, plan.unsubscribed]).toEqual([2, 2, 0])
})

it('lets the contract of the least premium go for one of more, and for no one of less', () => {
  const plan = planner(3)
  round(plan, [1, 60_000], [2, 20_000], [3, 40_000])
  pass(plan, 10)
  expect(round(plan, [4, 30_000])).toEqual([{ connection: 0, unsubscribe: [2], subscribe: [4] }])
  pass(plan, 10)
  expect(round(plan, [5, 10_000])).toEqual([])
  expect([plan.quoted, plan.subscribed, plan.unsubscribed]).toEqual([3, 4, 1])
})

it('adds up the prints of a contract', () => {
  const plan = planner(1)
  round(plan, [1, 50_000])
  pass(plan, 10)
  expect(round(plan, [2, 25_000])).toEqual([])
  expect(round(plan, [2, 25_000])).toEqual([])
  expect(round(plan, [2, 25_000])).toEqual([{ connection: 0, unsubscribe: [1], subscribe: [2] }])
})

it('takes the shares of a contract into its premium', () => {
  const plan = planner(1)
  plan.setMultiplier(2, 10)
  plan.setMultiplier(3, 150)
  plan.setMultiplier(4, 10)
  plan.setMultiplier(4, 100)
  round(plan, [1, 50_000], [2, 200_000])
  expect(plan.turn()).toEqual([])
  pass(plan, 9)
  expect(round(plan, [2, 200_000])).toEqual([]) // 20,000
  expect(round(plan, [3, 50_000])[0]!.subscribe).toEqual([3]) // 75,000
  pass(plan, 10)
  expect(round(plan, [4, 120_000])[0]!.subscribe).toEqual([4])
})

it('lets premium count half after five minutes', () => {
  const after = (rounds: number, dollars: number) => {
    const plan = planner(1)
    round(plan, [1, 1_000_000])
    pass(plan, rounds)
    return round(plan, [2, dollars]).length
  }
  // a newcomer must be 1.25 times as good, and has 25,000 more for having traded just now
  expect([after(299, 599_000), after(299, 601_000)]).toEqual([0, 1])
  expect([after(599, 286_500), after(599, 288_500)]).toEqual([0, 1])
})

it('lets the one that has not traded for longest go where premium says nothing', () => {
  const plan = planner(3)
  for (const contract of [1, 2, 3, 1]) {
    round(plan, [contract, 1])
    pass(plan, 10)
  }
  expect(round(plan, [4, 1])).toEqual([{ connection: 0, unsubscribe: [2], subscribe: [4] }])
})

it('keeps for ten rounds all but what is much worse', () => {
  const plan = planner(1)
  round(plan, [1, 20_000])
  expect(round(plan, [2, 300_000])).toEqual([]) // less than 8 times as good
  expect(round(plan, [3, 340_000])).toEqual([{ connection: 0, unsubscribe: [1], subscribe: [3] }])
})

it('gives what found no place another look, while it has traded of late', () => {
  const plan = planner(1)
  round(plan, [1, 20_000])
  pass(plan, 7)
  expect(round(plan, [2, 30_000])).toEqual([])
  expect(plan.turn()).toEqual([]) // the tenth round
  expect(plan.turn()).toEqual([{ connection: 0, unsubscribe: [1], subscribe: [2] }])
})

it('asks at once for the contract of a large print that is not quoted', () => {
  const plan = planner(2, 25_000)
  expect(plan.see(prints([1, 24_999], [2, 25_000], [2, 90_000]), 10)).toEqual([
    { connection: 0, unsubscribe: [], subscribe: [2] },
  ])
  expect(plan.turn()).toEqual([{ connection: 0, unsubscribe: [], subscribe: [1] }])
  pass(plan, 10)
  expect(plan.see(prints([3, 40_000]), 10)).toEqual([
    { connection: 0, unsubscribe: [1], subscribe: [3] },
  ])
  expect(plan.see(prints([4, 26_000]), 10)).toEqual([]) // all others are better
  expect(plan.turn()).toEqual([])
  expect([plan.quoted, plan.subscribed, plan.unsubscribed]).toEqual([2, 3, 1])
})

it('asks at once for 20 contracts a round and connection, for the others at its end', () => {
  const plan = planner(1000, 25_000, 2)
  const large = Array.from({ length: 60 }, (_, i) => [i, 30_000] as const)
  const first = plan.see(prints(...large), 60)
  expect(first.map(({ subscribe }) => subscribe)).toEqual(large.slice(0, 40).map(([id]) => [id]))
  expect(plan.turn().map(({ subscribe }) => subscribe.length)).toEqual([10, 10])
  expect(plan.see(prints([60, 30_000]), 61)).toHaveLength(1)
})

it('adds at most 200 contracts a round and connection, and forgets what was left over twice', () => {
  const plan = planner(1000, 25_000)
  const dollars = (contract: number) => 10 + ((contract * 7919) % 20_000)
  const all = Array.from({ length: 100_000 }, (_, id) => id)
  const frame = prints(...all.map((id) => [id, dollars(id)] as const), [3, 30_000])
  expect(plan.see(frame, all.length)).toHaveLength(1)
  const asked = [plan.turn(), plan.turn(), plan.turn()].map((c) => c[0]?.subscribe ?? [])
  expect(asked.map((ids) => ids.length)).toEqual([199, 200, 0])
  const best = all.filter((id) => id !== 3).sort((a, b) => dollars(b) - dollars(a))
  const premiums = [...asked[0]!, ...asked[1]!].map(dollars)
  expect(premiums).toEqual(best.slice(0, 399).map(dollars))
})

it('quotes what it was given at the start until something trades', () => {
  const plan = planner(2, 0, 2)
  plan.adopt(1, [1, 3])
  plan.adopt(1, [3])
  expect([plan.quoted, plan.subscribed]).toEqual([2, 2])
  expect(round(plan, [1, 10])).toEqual([])
  expect(round(plan, [5, 10])).toEqual([{ connection: 1, unsubscribe: [3], subscribe: [5] }])
})

it('holds the cap on every connection, for any tape', () => {
  const max = 30 // less than trade in one round
  const plan = planner(max, 25_000, 2)
  const asked = [new Set<number>(), new Set<number>()]
  const random = new Random(5)
  let added = 0
  const apply = (changes: readonly QuoteChanges[], addedMax: number) => {
    for (const { connection, unsubscribe, subscribe } of changes) {
      const mine = asked[connection]!
      for (const id of unsubscribe) expect(mine.delete(id)).toBe(true)
      for (const id of subscribe) {
        expect(id % 2).toBe(connection)
        expect(mine.has(id)).toBe(false)
        mine.add(id)
      }
      added += subscribe.length
      expect(subscribe.length).toBeLessThanOrEqual(addedMax)
      expect(mine.size).toBeLessThanOrEqual(max)
    }
  }
  for (let second = 0; second < 300; second++) {
    for (let frame = 0; frame < 4; frame++) {
      const some = Array.from({ length: 30 }, () => {
        const dollars = Math.floor(random.exponential(5000) ** 1.3)
        return [random.int(0, second < 150 ? 3000 : 400), dollars] as const
      })
      apply(plan.see(prints(...some), 3001), 1)
    }
    apply(plan.turn(), max)
  }
  expect([asked[0]!.size, asked[1]!.size]).toEqual([max, max])
  expect([plan.quoted, plan.subscribed]).toEqual([2 * max, added])
  expect(plan.subscribed - plan.unsubscribed).toBe(plan.quoted)
})
