import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FeedGate } from '../../src/engine/feed-gate.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function gateOf() {
  const told: string[] = []
  const calls: string[] = []
  const gate = new FeedGate((message) => told.push(message))
  gate.follow({ pause: () => calls.push('pause'), resume: () => calls.push('resume') })
  return { gate, told, calls }
}

it('holds for as long as there is any cause', () => {
  const { gate, calls, told } = gateOf()
  gate.hold('pipeline')
  gate.hold('journal')
  gate.hold('pipeline')
  gate.release('pipeline')
  expect(calls).toEqual(['pause'])
  gate.release('journal')
  gate.release('journal')
  expect(calls).toEqual(['pause', 'resume'])
  gate.hold('rebuild')
  gate.release('rebuild')
  expect(calls).toEqual(['pause', 'resume', 'pause', 'resume'])
  expect(told).toEqual([])
})

it('tells once why nothing is read for long, and when reading goes on', () => {
  const { gate, told } = gateOf()
  gate.hold('pipeline')
  vi.advanceTimersByTime(4_000)
  gate.release('pipeline')
  vi.advanceTimersByTime(4_000)
  gate.hold('pipeline')
  vi.advanceTimersByTime(3_000)
  gate.hold('journal')
  expect(told).toEqual([])
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual([
    expect.stringMatching(/^nothing is read for 5 s: the database .*; the journal takes no more/),
  ])
  gate.release('journal')
  gate.release('pipeline')
  expect(told.slice(1)).toEqual(['reading goes on after 63 s'])
  gate.hold('rebuild')
  gate.release('rebuild')
  vi.advanceTimersByTime(60_000)
  expect(told).toHaveLength(2)
})

it('pauses a feed that comes while there is a cause', () => {
  const { gate } = gateOf()
  gate.hold('pipeline')
  const feed = { pause: vi.fn(), resume: vi.fn() }
  gate.follow(feed)
  expect(feed.pause).toHaveBeenCalledOnce()
  gate.release('pipeline')
  expect(feed.resume).toHaveBeenCalledOnce()
})
