import { describe, expect, test } from 'vitest'
import { ReferenceQueue } from '../../src/reader/reference-queue.ts'
import { tickersOf } from './reference-asker.ts'

const MONDAY = 20_773 // 2026-11-16, days since 1970-01-01

/** The tickers of the tasks that the queue hands out until there is none; chains by their name. */
function drain(queue: ReferenceQueue): string[] {
  const names: string[] = []
  for (let task = queue.next(); task !== undefined; task = queue.next()) {
    names.push(task.kind === 'chain' ? task.underlying : task.ticker)
    queue.end(task)
  }
  return names
}

describe('single contracts', () => {
  const [a, b, c] = tickersOf('SPY', 3) as [string, string, string]
  const [adjusted] = tickersOf('SPY1', 1) as [string]

  test('wait for their day, come once a day, adjusted roots first', () => {
    const queue = new ReferenceQueue('*', [])
    for (const ticker of [a, b, adjusted, a]) queue.note(ticker)
    expect(drain(queue)).toEqual([])
    queue.begin(MONDAY)
    expect(drain(queue)).toEqual([adjusted, a, b])
    for (const ticker of [a, c]) queue.note(ticker)
    expect(drain(queue)).toEqual([c])
  })

  test('that traded come again on the next weekday, before they expire', () => {
    const expiring = 'O:SPY261117C00100000'
    const queue = new ReferenceQueue('*', [{ ticker: c, date: '2026-11-13' }])
    queue.begin(MONDAY)
    for (const ticker of [a, expiring]) queue.note(ticker)
    expect(drain(queue)).toEqual([c, a, expiring])
    queue.begin(MONDAY + 1)
    expect(drain(queue)).toEqual([c, a, expiring])
    queue.begin(MONDAY + 2)
    expect(drain(queue)).toEqual([c, a])
    queue.begin(MONDAY + 5)
    expect(drain(queue)).toEqual([])
    queue.begin(MONDAY + 7)
    expect(drain(queue)).toEqual([c, a])
  })

  test('wait while a chain of the day is open, and need none after it', () => {
    const queue = new ReferenceQueue(['SPY'], [])
    for (const ticker of [a, b]) queue.note(ticker)
    queue.begin(MONDAY)
    const chain = queue.next()
    expect(chain).toMatchObject({ kind: 'chain', underlying: 'SPY', day: MONDAY, url: null })
    expect(queue.next()).toBe(undefined)
    queue.again({ ...chain!, tries: 1 })
    expect(queue.next()).toMatchObject({ kind: 'chain', tries: 1 })
    queue.settle(a)
    queue.end(chain!)
    expect(drain(queue)).toEqual([b])
  })

  test('of a day that is over are neither asked again nor do they end a chain of today', () => {
    const queue = new ReferenceQueue(['SPY'], [])
    queue.begin(MONDAY)
    const old = queue.next()!
    queue.begin(MONDAY + 1)
    queue.note(a)
    queue.again(old)
    queue.end(old)
    const chain = queue.next()!
    expect(chain.day).toBe(MONDAY + 1)
    expect(queue.next()).toBe(undefined)
    queue.end(chain)
    expect(drain(queue)).toEqual([a])
  })

  test('that find no room are told, and the others keep their place', () => {
    const queue = new ReferenceQueue('*', [])
    queue.begin(MONDAY)
    const many = tickersOf('SPY', 99_999, 1)
    const adjustedToo = tickersOf('SPY2', 2)
    const noted = [...many, ...adjustedToo].map((ticker) => queue.note(ticker))
    expect(noted.filter((fits) => !fits).length).toBe(1)
    expect(noted.at(-1)).toBe(false)
    expect(queue.note(many[0]!)).toBe(true)
    expect(queue.next()).toMatchObject({ ticker: adjustedToo[0] })
    expect(queue.note(adjustedToo[1]!)).toBe(true)
  })
})

test.each([1, 2, 3])('any order of calls is like the plain model, seed %i', (seed) => {
  let state = seed
  const random = (n: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  const tickers = [...tickersOf('SPY', 8), ...tickersOf('SPY7', 4)]
  const queue = new ReferenceQueue('*', [])
  const model = {
    day: -1,
    settled: new Set<string>(),
    waiting: [] as string[],
    traded: [] as string[],
  }
  const wait = (ticker: string) => {
    if (!model.settled.has(ticker) && !model.waiting.includes(ticker)) model.waiting.push(ticker)
  }
  const settle = (ticker: string) => {
    model.settled.add(ticker)
    model.waiting = model.waiting.filter((one) => one !== ticker)
  }
  let handedOut = 0
  for (let step = 0; step < 3000; step++) {
    const ticker = tickers[random(tickers.length)]!
    const action = random(60)
    if (action === 0) {
      const day = model.day < 0 ? MONDAY : model.day + 1
      model.day = day
      model.settled.clear()
      if ((day - MONDAY) % 7 < 5) model.traded.forEach(wait)
      queue.begin(day)
    } else if (action < 30) {
      wait(ticker)
      model.traded = [...model.traded.filter((one) => one !== ticker), ticker]
      queue.note(ticker)
    } else if (action < 35) {
      settle(ticker)
      queue.settle(ticker)
    } else {
      const isAdjusted = (one: string) => one.startsWith('O:SPY7')
      const first = model.waiting.find(isAdjusted) ?? model.waiting[0]
      const expected = model.day < 0 ? undefined : first
      const task = queue.next()
      expect(task?.kind === 'contract' ? task.ticker : undefined).toBe(expected)
      if (expected === undefined) continue
      handedOut++
      settle(expected)
    }
  }
  expect(handedOut).toBeGreaterThan(100)
})
