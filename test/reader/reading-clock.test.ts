import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReadingClock, type StopCause } from '../../src/reader/reading-clock.ts'

test('stands at 0 until connected, then runs', () => {
  let now = 100
  const clock = new ReadingClock(() => now)
  now = 150
  expect(clock.now()).toBe(0)
  clock.go('disconnected')
  now = 175
  expect(clock.now()).toBe(25)
})

test('runs only while no cause stops it', () => {
  let now = 0
  const clock = new ReadingClock(() => now)
  clock.go('disconnected')
  now = 10
  clock.stop('paused')
  clock.stop('disconnected')
  now = 20
  clock.go('paused')
  now = 30
  expect(clock.now()).toBe(10)
  clock.go('disconnected')
  now = 40
  expect(clock.now()).toBe(20)
})

test('a cause given twice is lifted once', () => {
  let now = 0
  const clock = new ReadingClock(() => now)
  clock.go('disconnected')
  clock.stop('paused')
  clock.stop('paused')
  clock.go('paused')
  clock.go('paused')
  now = 5
  expect(clock.now()).toBe(5)
})

test('agrees with a sum over every ms in which no cause held', () => {
  const step = fc.record({
    ms: fc.integer({ min: 0, max: 50 }),
    cause: fc.constantFrom<StopCause>('paused', 'disconnected'),
    stop: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now = 1000
      const clock = new ReadingClock(() => now)
      let [paused, disconnected, expected] = [false, true, 0]
      for (const { ms, cause, stop } of steps) {
        now += ms
        if (!paused && !disconnected) expected += ms
        expect(clock.now()).toBe(expected)
        if (cause === 'paused') paused = stop
        else disconnected = stop
        if (stop) clock.stop(cause)
        else clock.go(cause)
        expect(clock.now()).toBe(expected)
      }
    }),
    { seed: 2, numRuns: 300 },
  )
})
