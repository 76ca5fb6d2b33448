import { expect, test } from 'vitest'
import { RequestLanes, type RequestLanesOptions } from '../../src/reader/request-lanes.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { afterwards } from './feed-fixture.ts'
import { eventually } from './feed-owner.ts'

type Options = Partial<RequestLanesOptions<number>>

/** Lanes that do the tasks 0 to `count` - 1, and when each began. */
function lanes(count: number, options: Options = {}) {
  const begun: number[] = []
  let next = 0
  const made: RequestLanes<number> = new RequestLanes<number>({
    lanes: 1,
    budget: new RestBudget(1000),
    next: () => (next < count ? next++ : undefined),
    work: async () => {
      begun.push(performance.now())
    },
    idleMs: () => 1,
    backoffMinMs: 20,
    ...options,
  })
  afterwards(() => made.stop())
  return { made, begun, gaps: () => begun.slice(1).map((time, i) => time - (begun[i] ?? 0)) }
}

test('every task takes one request from the background of the budget', async () => {
  let now = 0
  const budget = new RestBudget(4, () => now)
  const { made, begun } = lanes(3, { lanes: 3, budget })
  made.start()
  await eventually(() => expect(begun.length).toBe(2)) // half of the budget is left for lookups
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(begun.length).toBe(2)
  now = 1001
  await made.stop()
  expect(begun.length).toBe(2)
})

test('after a failure all lanes wait, twice as long each time', async () => {
  const { made, begun, gaps } = lanes(4, {
    work: async () => {
      begun.push(performance.now())
      made.pause(0)
    },
  })
  made.start()
  await eventually(() => expect(begun.length).toBe(4))
  gaps().forEach((gap, i) => {
    expect(gap).toBeGreaterThan([20, 40, 80][i]! - 2)
  })
})

test('a request that goes well makes the next wait short again', async () => {
  const { made, begun } = lanes(40, {
    backoffMinMs: 1,
    work: async (task) => {
      begun.push(performance.now())
      if (task % 2 === 0)
        made.pause(0) // doubled each time, the twentieth would take minutes
      else made.succeeded()
    },
  })
  made.start()
  await eventually(() => expect(begun.length).toBe(40))
})

test('failures at the same time count once', async () => {
  const { made, begun } = lanes(1, { backoffMinMs: 1 })
  for (let i = 0; i < 60; i++) made.pause(0) // doubled each time, it would take 5 minutes
  made.start()
  await eventually(() => expect(begun.length).toBe(1))
})

test('a server that asks for more patience gets it', async () => {
  const { made, begun, gaps } = lanes(2, {
    work: async (task) => {
      begun.push(performance.now())
      if (task === 0) made.pause(150)
    },
  })
  made.start()
  await eventually(() => expect(begun.length).toBe(2))
  expect(gaps()[0]).toBeGreaterThan(148)
})

test('a lane that sleeps is woken by news', async () => {
  let task: number | undefined
  const next = () => {
    const mine = task
    task = undefined
    return mine
  }
  const { made, begun } = lanes(0, { next, idleMs: () => 3_600_000 })
  made.start()
  await new Promise((resolve) => setTimeout(resolve, 5))
  task = 1
  made.wake()
  await eventually(() => expect(begun.length).toBe(1))
})

test('stop ends the wait for the budget, a pause and a sleep', async () => {
  const empty = new RestBudget(1, () => 0)
  expect(empty.tryTake('lookup')).toBe(true)
  const waiting = lanes(1, { budget: empty })
  const paused = lanes(1)
  paused.made.pause(3_600_000)
  const asleep = lanes(0, { idleMs: () => 3_600_000 })
  for (const { made } of [waiting, paused, asleep]) made.start()
  await Promise.all([waiting, paused, asleep].map(({ made }) => made.stop()))
  expect([waiting, paused].flatMap(({ begun }) => begun)).toEqual([])
})
