import { expect, it } from 'vitest'
import { RestError } from '../../src/reader/rest.ts'
import { RestBreaker } from '../../src/reader/rest-breaker.ts'

function setup() {
  const clock = { now: 1000 }
  const told: string[] = []
  const breaker = new RestBreaker({
    what: 'lookups',
    onWarn: (message) => told.push(message),
    now: () => clock.now,
  })
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) breaker.noteFailure(new RestError('no answer', 500, true))
  }
  return { clock, told, breaker, fail }
}

const throttled = (ms: number) => new RestError('slow down', 429, true, ms)

it('pauses for 30 s after five failures in a row, and tells so once', () => {
  const { clock, told, breaker, fail } = setup()
  fail(4)
  breaker.noteSuccess()
  fail(4)
  expect([breaker.pausedFor, breaker.isTrying]).toEqual([null, false])
  fail(1)
  expect([breaker.pausedFor, breaker.isTrying]).toEqual(['failed', true])
  clock.now += 29_999
  expect(breaker.pausedFor).toBe('failed')
  clock.now += 1
  expect([breaker.pausedFor, breaker.isTrying]).toEqual([null, true])
  fail(1) // one is enough now
  expect(breaker.pausedFor).toBe('failed')
  expect(told).toEqual(['lookups pause for 30 s and are then tried again: no answer'])
})

it('tells once that all is well again, not for an answer to an earlier request', () => {
  const { clock, told, breaker, fail } = setup()
  fail(5)
  breaker.noteSuccess()
  expect([breaker.pausedFor, breaker.isTrying]).toEqual(['failed', true])
  clock.now += 30_000
  breaker.noteSuccess()
  breaker.noteSuccess()
  expect([breaker.pausedFor, breaker.isTrying]).toEqual([null, false])
  expect(told.slice(1)).toEqual(['lookups work again'])
  fail(4)
  expect(breaker.pausedFor).toBeNull()
})

it.each([
  [0, 5000],
  [1000, 1000],
  [7000, 7000],
  [3_600_000, 60_000],
])('a server that throttles and asks for %i ms is left alone for %i ms', (asked, left) => {
  const { clock, told, breaker } = setup()
  expect(breaker.noteFailure(throttled(asked))).toBe('throttled')
  clock.now += left - 1
  expect(breaker.pausedFor).toBe('throttled')
  clock.now += 1
  expect(breaker.pausedFor).toBeNull()
  expect(told).toHaveLength(1)
})

it('pauses again at the first failure after having been throttled', () => {
  const { clock, told, breaker, fail } = setup()
  breaker.noteFailure(throttled(1000))
  clock.now += 1000
  expect(breaker.pausedFor).toBeNull()
  fail(1)
  expect(breaker.pausedFor).toBe('failed')
  expect(told).toHaveLength(1)
})
