import { expect, it } from 'vitest'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { Random } from '../../src/simulator/random.ts'

it('lets as many lookups begin in any second as it was given, and no more', () => {
  let now = 5000
  const budget = new RestBudget(3, () => now)
  const begun: number[] = []
  const random = new Random(7)
  for (let i = 0; i < 2000; i++) {
    now += random.int(0, 400)
    if (budget.tryTake('lookup')) begun.push(now)
    const last = begun.filter((at) => at > now - 1000)
    expect(last.length).toBeLessThanOrEqual(3)
    expect(budget.usedRatio()).toBe(last.length / 3)
  }
  expect(begun.length).toBeGreaterThan(900)
})

it('refuses only while the last second is full', () => {
  let now = 0
  const budget = new RestBudget(2, () => now)
  expect([1, 2, 3].map(() => budget.tryTake('lookup'))).toEqual([true, true, false])
  now = 999
  expect(budget.tryTake('lookup')).toBe(false)
  now = 1000
  expect([1, 2, 3].map(() => budget.tryTake('lookup'))).toEqual([true, true, false])
})

it('keeps half for lookups, whoever used the other half', () => {
  const budget = new RestBudget(5, () => 0)
  expect(budget.tryTake('lookup')).toBe(true)
  expect(budget.tryTake('background')).toBe(true)
  expect(budget.tryTake('background')).toBe(true)
  expect(budget.tryTake('background')).toBe(false)
  expect(budget.tryTake('lookup')).toBe(true)
  expect(budget.tryTake('lookup')).toBe(true)
  expect(budget.tryTake('lookup')).toBe(false)
  expect(budget.usedRatio()).toBe(1)
})

it('gives background work its turn even with a budget of one', () => {
  expect(new RestBudget(1, () => 0).tryTake('background')).toBe(true)
})

it('makes background work wait until a request of its share has left the last second', async () => {
  let now = 0
  const budget = new RestBudget(2, () => now)
  const { signal } = new AbortController()
  await budget.take('background', signal)
  now = 998
  let isTaken = false
  const taking = budget.take('background', signal).then(() => {
    isTaken = true
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(isTaken).toBe(false) // the clock stands still
  now = 1000
  await taking
  expect(budget.usedRatio()).toBe(0.5)
})

it('stops waiting when told to', async () => {
  const budget = new RestBudget(1, () => 0)
  const abort = new AbortController()
  await budget.take('lookup', abort.signal)
  const taking = budget.take('lookup', abort.signal)
  abort.abort()
  await expect(taking).rejects.toThrow(/abort/i)
  await expect(budget.take('lookup', abort.signal)).rejects.toThrow(/abort/i)
})
