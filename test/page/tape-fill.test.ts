import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LivePrint } from '../../src/domain/live-flow.ts'
import { ApiError } from '../../src/page/api-error.ts'
import { NO_FILTER } from '../../src/page/filter.ts'
import { TapeFill } from '../../src/page/tape-fill.ts'
import { PRINT } from './print.ts'

const DAY_MS = 24 * 3_600_000
const START = Date.UTC(2026, 10, 23, 15)
/** The engine's clock is ahead of ours. */
const AHEAD_MS = 5000

/** What was asked: seconds since the start, and `receivedSince` as seconds of the engine's clock. */
let asked: { at: number; received: number | null; since: number }[]
let got: LivePrint[]
let answer: () => Promise<readonly LivePrint[]>
let fill: TapeFill

beforeEach(() => {
  vi.useFakeTimers({ now: START })
  asked = []
  got = []
  answer = async () => []
  fill = new TapeFill({
    filter: NO_FILTER,
    now: () => Date.now() + AHEAD_MS,
    onPrints: (prints) => got.push(...prints),
    get: async (path) => {
      const query = new URL(path, 'http://engine').searchParams
      const received = query.get('receivedSince')
      asked.push({
        at: (Date.now() - START) / 1000,
        received: received === null ? null : (Number(received) - START) / 1000,
        since: Number(query.get('since')),
      })
      return { trades: await answer() }
    },
  })
})
afterEach(() => {
  fill.stop()
  vi.useRealTimers()
})

const note = (seconds: number): void => fill.note(START + seconds * 1000)
const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)
const times = () => asked.map(({ at }) => at)

describe('what a tape was not told', () => {
  it('begins with prints of days, and is asked for until all of it must be committed', async () => {
    note(-60)
    await seconds(100)
    expect(times()).toEqual([0, 3, 9, 21])
    expect(asked[0]).toEqual({ at: 0, received: null, since: START + AHEAD_MS - 4 * DAY_MS })
    // what was received 20 s before the question before
    expect(asked.slice(1).map(({ received }) => received)).toEqual([-15, -12, -6])
    expect(asked[1]!.since).toBe(START - 15_000 - DAY_MS)
  })

  it('is asked for again from where it lacks', async () => {
    note(0)
    await seconds(100)
    asked = []
    note(40)
    await seconds(100)
    expect(times()).toEqual([100, 103, 109, 121])
    expect(asked.map(({ received }) => received)).toEqual([40, 85, 88, 94])
  })

  it('is asked for until the engine answers, and its beginning with it', async () => {
    answer = async () => {
      throw new ApiError(503, 'the database is not there yet; try again')
    }
    note(-60)
    await seconds(25)
    expect(times()).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24])
    expect(asked.every(({ received }) => received === null)).toBe(true)
    answer = async () => [PRINT]
    await seconds(100)
    // noted long ago: one prompt answer is enough
    expect(times().slice(9)).toEqual([27])
    expect(got).toEqual([PRINT])
  })

  it('may lack where an answer was slow: the store stood still, and wrote only then', async () => {
    note(0)
    await seconds(100)
    asked = []
    note(90)
    await seconds(15)
    answer = () => new Promise((resolve) => setTimeout(() => resolve([]), 9000))
    await seconds(6)
    answer = async () => []
    await seconds(100)
    expect(times()).toEqual([100, 103, 109, 121, 150])
    expect(asked.at(-1)!.received).toBe(asked.at(-2)!.received)
  })

  it('is noted while it is asked for', async () => {
    note(0)
    await seconds(100)
    answer = () => new Promise((resolve) => setTimeout(() => resolve([]), 500))
    asked = []
    note(99)
    note(30)
    await seconds(2)
    expect(asked.map(({ received }) => received)).toEqual([99])
    await seconds(2)
    expect(asked.map(({ received }) => received)).toEqual([99, 30])
  })

  it('is not asked for again where the engine refuses, nor after the end', async () => {
    answer = async () => {
      throw new ApiError(422, 'the query takes more than 10 s')
    }
    note(0)
    await seconds(100)
    expect(times()).toEqual([0, 3, 9, 21])
    answer = () => new Promise((resolve) => setTimeout(() => resolve([PRINT]), 500))
    note(100)
    await seconds(0.1)
    fill.stop()
    await seconds(100)
    expect(got).toEqual([])
    expect(times()).toHaveLength(5)
  })
})
