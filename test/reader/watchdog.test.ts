import { expect, test } from 'vitest'
import { Watchdog } from '../../src/reader/watchdog.ts'

const LIMITS = { pingIntervalMs: 20, pongTimeoutMs: 30, silenceMs: 60 }

test('asks for a ping every interval, and for no second one while the first is out', () => {
  const watchdog = new Watchdog(LIMITS)
  watchdog.pass(19, false)
  expect(watchdog.takePing()).toBe(false)
  watchdog.pass(1, false)
  expect(watchdog.takePing()).toBe(true)
  watchdog.pass(25, false)
  expect(watchdog.takePing()).toBe(false)
  watchdog.pong()
  expect(watchdog.takePing()).toBe(true)
})

test('a pong in time clears the alarm, one ms more raises it', () => {
  const watchdog = new Watchdog(LIMITS)
  watchdog.pass(20, false)
  watchdog.takePing()
  expect(watchdog.pass(29, false)).toBeUndefined()
  watchdog.pong()
  expect(watchdog.pass(100, false)).toBeUndefined()
  watchdog.takePing()
  expect(watchdog.pass(29, false)).toBeUndefined()
  expect(watchdog.pass(1, false)).toBe('ping')
})

test('counts silence only from the moment that data is due', () => {
  const watchdog = new Watchdog(LIMITS)
  watchdog.pass(1000, false)
  expect(watchdog.pass(59, true)).toBeUndefined()
  watchdog.pass(1, false)
  expect(watchdog.pass(59, true)).toBeUndefined()
  watchdog.data()
  expect(watchdog.pass(59, true)).toBeUndefined()
  expect(watchdog.pass(1, true)).toBe('silence')
})
