import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QuoteHistory } from '../../src/domain/quote-history.ts'

type Quote = { readonly time: number; readonly mark: number }

/** Every quote of every contract in the order of arrival. */
class NaiveHistory {
  readonly #quotes = new Map<number, Quote[]>()

  add(id: number, quote: Quote): void {
    this.#quotes.set(id, [...this.of(id), quote])
  }

  of(id: number): readonly Quote[] {
    return this.#quotes.get(id) ?? []
  }

  find(id: number, time: number): Quote | undefined {
    const before = this.of(id).filter((q) => q.time <= time)
    return before.reduce<Quote | undefined>(
      (best, q) => (best === undefined || q.time >= best.time ? q : best),
      undefined,
    )
  }

  newest(id: number): number {
    return Math.max(...this.of(id).map((q) => q.time))
  }
}

/** One number in all four columns, so that a mixed row shows. */
function add(history: QuoteHistory, id: number, { time, mark }: Quote): void {
  history.add(id, time, mark * 10, mark * 10 + 1, mark, -mark, mark & 0xffff)
}

function found(history: QuoteHistory, id: number, time: number): Quote | undefined {
  if (!history.find(id, time)) return undefined
  const mark = history.bidSize
  expect(history.bid).toBe(mark * 10)
  expect(history.ask).toBe(mark * 10 + 1)
  expect(history.askSize).toBe(-mark)
  return { time: history.time, mark }
}

/** Each time within the horizon behind the newest quote, and a few after it. */
function expectSame(history: QuoteHistory, naive: NaiveHistory, id: number, horizon: number): void {
  if (naive.of(id).length === 0) {
    expect(found(history, id, 10 ** 9)).toBeUndefined()
    return
  }
  const newest = naive.newest(id)
  for (let time = newest - horizon; time <= newest + 2; time++) {
    expect(found(history, id, time)).toEqual(naive.find(id, time))
  }
}

// dense runs with gaps between, so that rings drop, turn and then grow
const step = fc.record({
  id: fc.oneof(fc.nat(1), fc.nat(3)),
  wait: fc.constantFrom(0, 0, 1, 1, 1, 1, 1, 2, 3, 45),
  late: fc.constantFrom(0, 0, 0, 0, 1, 2, 5, 20, 60),
})

describe('QuoteHistory', () => {
  it.each([1, 5, 20, 100])(
    'finds what a list finds, for every time within a horizon of %i ms',
    (horizon) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
          const history = new QuoteHistory(horizon, 1 << 14)
          const naive = new NaiveHistory()
          let now = 1000
          for (const [i, { id, wait, late }] of steps.entries()) {
            now += wait
            const quote = { time: now - late, mark: i + 1 }
            add(history, id, quote)
            naive.add(id, quote)
            if (i % 8 === 0) expectSame(history, naive, id, horizon)
          }
          for (let id = 0; id <= 3; id++) expectSame(history, naive, id, horizon)
          expect(history.evicted).toBe(0)
        }),
        { seed: horizon, numRuns: 150 },
      )
    },
  )

  it('finds nothing before the first quote, nor for a contract without quotes', () => {
    const history = new QuoteHistory(100, 64)
    expect(history.find(0, 10 ** 12)).toBe(false)
    add(history, 0, { time: 50, mark: 1 })
    expect(history.find(0, 49)).toBe(false)
    expect(history.find(0, 50)).toBe(true)
    expect(history.find(1, 50)).toBe(false)
  })

  it('lets the last to arrive of equal times stand, also out of order', () => {
    const history = new QuoteHistory(100, 64)
    for (const [time, mark] of [
      [50, 1],
      [60, 2],
      [50, 3],
      [60, 4],
      [55, 5],
      [50, 6],
    ] as const) {
      add(history, 0, { time, mark })
    }
    expect(found(history, 0, 50)).toEqual({ time: 50, mark: 6 })
    expect(found(history, 0, 54)).toEqual({ time: 50, mark: 6 })
    expect(found(history, 0, 55)).toEqual({ time: 55, mark: 5 })
    expect(found(history, 0, 60)).toEqual({ time: 60, mark: 4 })
  })

  it('keeps the quote that is in force at the edge of the horizon, however old it is', () => {
    const history = new QuoteHistory(10, 1 << 10)
    add(history, 0, { time: 5, mark: 99 })
    // a row each ms from 1,000 on: far more than the ring holds without growing
    for (let i = 1; i <= 11; i++) add(history, 0, { time: 999 + i, mark: i })
    expect(found(history, 0, 1000)).toEqual({ time: 1000, mark: 1 })
    expect(found(history, 0, 1010)).toEqual({ time: 1010, mark: 11 })
    add(history, 1, { time: 5, mark: 99 })
    for (let i = 1; i <= 3; i++) add(history, 1, { time: 999 + i, mark: i })
    add(history, 1, { time: 1009, mark: 4 })
    expect(found(history, 1, 999)).toEqual({ time: 5, mark: 99 })
  })

  it('holds one row a time however many quotes share it', () => {
    const history = new QuoteHistory(1000, 16)
    for (let i = 1; i <= 500; i++) add(history, 0, { time: 7, mark: i })
    for (let i = 1; i <= 500; i++) add(history, 0, { time: 8, mark: 500 + i })
    expect(found(history, 0, 7)).toEqual({ time: 7, mark: 500 })
    expect(found(history, 0, 8)).toEqual({ time: 8, mark: 1000 })
    expect(history.evicted).toBe(0)
  })

  it('needs one row a ms of the horizon, however long the tape', () => {
    const history = new QuoteHistory(31, 4 + 8 + 16 + 32) // the blocks of a ring that grows to 32
    for (let time = 1; time <= 20_000; time++) add(history, 0, { time, mark: time })
    expect(history.evicted).toBe(0)
    for (let time = 19_969; time <= 20_000; time++) {
      expect(found(history, 0, time)).toEqual({ time, mark: time })
    }
  })

  it('needs no more rows because some quotes come late', () => {
    const history = new QuoteHistory(30, 4 + 8 + 16 + 32)
    for (let time = 1000; time <= 9000; time++) {
      add(history, 0, { time: (time * 7919) % 5 < 2 ? time - 200 : time, mark: time })
    }
    expect(history.evicted).toBe(0)
  })

  it('keeps the order of a ring that has turned before it grows', () => {
    const history = new QuoteHistory(10, 64)
    const times = [1, 2, 3, 4, 100, 101, 102, 103, 104, 105]
    for (const time of times) add(history, 0, { time, mark: time })
    for (const time of times.slice(4)) {
      expect(found(history, 0, time)).toEqual({ time, mark: time })
    }
    expect(found(history, 0, 99)).toEqual({ time: 4, mark: 4 })
  })

  it('keeps what it has when it makes room for more contracts', () => {
    const history = new QuoteHistory(1000, 1 << 15)
    const naive = new NaiveHistory()
    for (const count of [256, 257, 1000, 5000]) {
      history.ensure(count)
      for (const id of [0, 100, 255, count - 1]) {
        for (let i = 0; i < 9; i++) {
          const quote = { time: count + i, mark: count + id + i }
          add(history, id, quote)
          naive.add(id, quote)
        }
      }
    }
    for (const id of [0, 100, 255, 256, 999, 4999]) {
      for (const { time } of naive.of(id)) {
        if (time >= naive.newest(id) - 1000) {
          expect(found(history, id, time)).toEqual(naive.find(id, time))
        }
      }
    }
  })

  describe('when all rows are taken', () => {
    it('counts, and gives a contract only quotes of its own that are not after the time', () => {
      fc.assert(
        fc.property(
          fc.array(step, { minLength: 20, maxLength: 150 }),
          fc.constantFrom(1, 3, 4, 7, 8, 13, 16, 20, 24),
          (steps, rowsMax) => {
            const history = new QuoteHistory(10_000, rowsMax)
            const naive = new NaiveHistory()
            let now = 1000
            for (const [i, { id, wait, late }] of steps.entries()) {
              now += wait
              const quote = { time: now - late, mark: i + 1 }
              add(history, id, quote)
              naive.add(id, quote)
              for (const time of [quote.time, now - 3, now]) {
                const hit = found(history, id, time)
                if (hit === undefined) continue
                expect(hit.time).toBeLessThanOrEqual(time)
                expect(naive.of(id)).toContainEqual(hit)
                // the last to arrive of equal times
                expect(naive.find(id, hit.time)).toEqual(hit)
              }
            }
            const times = [0, 1, 2, 3].map((id) => new Set(naive.of(id).map((q) => q.time)).size)
            if (times.reduce((a, b) => a + b, 0) > rowsMax) {
              expect(history.evicted).toBeGreaterThan(0)
            }
          },
        ),
        { seed: 77, numRuns: 300 },
      )
    })

    it('loses the oldest quote of a contract that cannot grow, and keeps the newest', () => {
      const history = new QuoteHistory(10_000, 4)
      for (let i = 1; i <= 6; i++) add(history, 0, { time: i, mark: i })
      expect(history.evicted).toBe(2)
      expect(history.find(0, 2)).toBe(false)
      for (let i = 3; i <= 6; i++) expect(found(history, 0, i)).toEqual({ time: i, mark: i })
    })

    it('keeps nothing of a contract that comes too late, and counts each of its quotes', () => {
      const history = new QuoteHistory(10_000, 4)
      add(history, 0, { time: 1, mark: 1 })
      add(history, 1, { time: 1, mark: 2 })
      add(history, 1, { time: 2, mark: 3 })
      expect(history.evicted).toBe(2)
      expect(history.find(1, 10)).toBe(false)
      expect(found(history, 0, 10)).toEqual({ time: 1, mark: 1 })
    })

    it('gives the block that a grown ring left to the next contract', () => {
      const history = new QuoteHistory(10_000, 12)
      for (let i = 1; i <= 5; i++) add(history, 0, { time: i, mark: i }) // 4 rows, then 8
      for (let i = 1; i <= 4; i++) add(history, 1, { time: i, mark: 10 + i })
      expect(history.evicted).toBe(0)
      for (let i = 1; i <= 5; i++) expect(found(history, 0, i)).toEqual({ time: i, mark: i })
      for (let i = 1; i <= 4; i++) expect(found(history, 1, i)).toEqual({ time: i, mark: 10 + i })
    })
  })
})

describe('when no row is left', () => {
  function full(): QuoteHistory {
    const quotes = new QuoteHistory(10_000, 4)
    quotes.ensure(1)
    for (const time of [10, 11, 12, 13]) quotes.add(0, time, time, time + 1, 1, 1, 0)
    return quotes
  }

  it('leaves out a late quote that is older than all it has', () => {
    const quotes = full()
    quotes.add(0, 5, 5, 6, 1, 1, 0)
    expect(quotes.evicted).toBe(1)
    expect(quotes.find(0, 10)).toBe(true)
    expect(quotes.time).toBe(10)
  })

  it('overwrites a quote of the same time and loses none', () => {
    const quotes = full()
    quotes.add(0, 13, 1, 2, 3, 4, 0)
    expect(quotes.evicted).toBe(0)
    expect(quotes.find(0, 10)).toBe(true)
    quotes.find(0, 13)
    expect(quotes.bid).toBe(1)
  })
})
