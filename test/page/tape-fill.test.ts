import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LivePrint } from '../../src/domain/live-flow.ts'
import { ApiError } from '../../src/page/api-error.ts'
import { NO_FILTER } from '../../src/page/filter.ts'
import { TapeFill } from '../../src/page/tape-fill.ts'
import { PRINT } from './print.ts'

const DAY_S = 24 * 3600
/** By the engine's clock, which is another than ours. */
const START = Date.UTC(2026, 10, 23, 15)

type Answer = { readonly trades: readonly LivePrint[]; readonly receivedTo?: number | null }

/** What was asked, in seconds since the start. */
let asked: { at: number; received: number | null; since: number; until: number | null }[]
let got: LivePrint[]
let answer: (received: number | null) => Promise<Answer>
let fill: TapeFill

beforeEach(() => {
  vi.useFakeTimers({ now: START + 5_000_000 })
  asked = []
  got = []
  // an engine that has stored what it received two seconds ago
  answer = async (received) => ({
    ...{ trades: [], ...(received === null ? {} : { receivedTo: engineNow() - 2000 }) },
  })
  fill = new TapeFill({
    ...{ filter: NO_FILTER, max: 5000, onPrints: (prints) => got.push(...prints) },
    get: (path) => {
      const query = new URL(path, 'http://engine').searchParams
      const seconds = (name: string) =>
        query.has(name) ? (Number(query.get(name)) - START) / 1000 : null
      const received = seconds('receivedSince')
      const at = (engineNow() - START) / 1000
      asked.push({ at, received, since: seconds('since')!, until: seconds('until') })
      return answer(received)
    },
  })
})
afterEach(() => {
  fill.stop()
  vi.useRealTimers()
})

const engineNow = (): number => Date.now() - 5_000_000
const note = (from: number, to: number): void => fill.note(START + from * 1000, START + to * 1000)
const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)
const times = () => asked.map(({ at }) => at)

describe('what a tape was not told', () => {
  it('begins with prints of days, and is asked for until the engine says it is stored', async () => {
    note(-60, 0)
    await seconds(100)
    expect(asked).toEqual([
      { at: 0, received: null, since: -4 * DAY_S, until: null },
      { at: 3, received: -60, since: -60 - DAY_S, until: null },
    ])
  })

  it('is asked for from where it lacks, as long as a writer is behind', async () => {
    note(-60, 0)
    await seconds(100)
    asked = []
    answer = async () => ({
      trades: [],
      receivedTo: Math.min(engineNow() - 30_000, START + 95_000),
    })
    note(40, 100)
    await seconds(60)
    expect(times()).toEqual([100, 103, 109, 121, 145])
    expect(asked.map(({ received }) => received)).toEqual([40, 70, 73, 79, 91])
    answer = async () => ({ trades: [PRINT], receivedTo: engineNow() })
    await seconds(100)
    expect(asked.slice(5)).toMatchObject([{ at: 169, received: 95 }])
    expect(got).toEqual([PRINT])
  })

  it('is asked for until the engine answers, and its beginning with it', async () => {
    answer = async () => {
      throw new ApiError(503, 'the database is not there yet; try again')
    }
    note(-60, 0)
    await seconds(10)
    expect(asked.map(({ at, received }) => [at, received])).toEqual([
      ...[0, 3, 6, 9].map((at) => [at, null]),
    ])
    answer = async (received) =>
      received === null ? { trades: [PRINT] } : { trades: [], receivedTo: engineNow() }
    await seconds(100)
    expect(asked.slice(4).map(({ at, received }) => [at, received])).toEqual([
      [12, null],
      [18, -60],
    ])
    expect(got).toEqual([PRINT])
  })

  it.each([
    ['no answer', new ApiError(0, 'the engine does not answer')],
    ['too many', new ApiError(429, 'more than 100 requests a second')],
    ['a fault of ours', new TypeError('trades is not iterable')],
  ])('is asked for again after %s', async (_, error) => {
    answer = () => Promise.reject(error)
    note(-60, 0)
    await seconds(7)
    expect(times()).toEqual([0, 3, 6])
  })

  it('is noted while it is asked for', async () => {
    note(-60, 0)
    await seconds(99)
    answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      return { trades: [], receivedTo: engineNow() }
    }
    asked = []
    note(98, 98.5)
    note(30, 99)
    await seconds(100)
    expect(asked.map(({ at, received }) => [at, received])).toEqual([
      [99, 98],
      [102.5, 30],
    ])
  })

  it('is asked for in another way where the engine refuses', async () => {
    answer = async (received) => {
      if (received === null) throw new ApiError(422, 'the query takes more than 10 s')
      return { trades: [PRINT], receivedTo: engineNow() }
    }
    note(-60, 0)
    await seconds(100)
    expect(asked.map(({ at, received }) => [at, received])).toEqual([
      [0, null],
      [3, -60],
    ])
    expect(got).toEqual([PRINT])
    answer = () => Promise.reject(new ApiError(422, 'the query takes more than 10 s'))
    note(90, 100)
    await seconds(100)
    expect(times()).toEqual([0, 3, 100])
  })

  it('is nothing to who has ended', async () => {
    answer = () => new Promise((resolve) => setTimeout(() => resolve({ trades: [PRINT] }), 500))
    note(-60, 0)
    await seconds(0.1)
    fill.stop()
    await seconds(100)
    expect(got).toEqual([])
    expect(times()).toHaveLength(1)
  })
})

it('brings a span by the time of its prints', async () => {
  answer = async () => ({ trades: [PRINT] })
  await fill.bring(START - 20_000, START - 10_000)
  expect(asked).toEqual([{ at: 0, received: null, since: -20, until: -10 }])
  expect(got).toEqual([PRINT])
  answer = () => Promise.reject(new ApiError(0, 'the engine does not answer'))
  await expect(fill.bring(START, START)).rejects.toThrow('does not answer')
})
