import { describe, expect, it } from 'vitest'
import { UnderlyingSource } from '../../src/domain/labels.ts'
import { QuoteHistory } from '../../src/domain/quote-history.ts'
import { ContractTable } from '../../src/shard/contracts.ts'
import { UnderlyingPrices } from '../../src/shard/underlying-prices.ts'
import { type SyntheticEvent, SyntheticTape } from '../../src/simulator/synthetic.ts'
import { runTape } from '../model/run-tape.ts'
import type { Settings, TapeFrame } from '../model/types.ts'

const DAY = 20_000
const NOW = Date.UTC(2024, 9, 4, 15)
const MAX_AGE = 5_000
const { Stocks, Indices, Parity } = UnderlyingSource
const NONE = [NaN, UnderlyingSource.None]

type Listed = {
  day?: number
  isCall: boolean
  strike: number
  underlying?: number
  isAdjusted?: boolean
}

/** Prices over the contracts given, numbered in their order; dollars everywhere. */
function setUp(listed: readonly Listed[]) {
  const contracts = new ContractTable()
  const words = listed.flatMap(({ day = DAY, isCall, strike, underlying = 0, isAdjusted }, id) => [
    ...[id, underlying, day, (isCall ? 1 : 0) + (isAdjusted ? 2 : 0), strike * 1000],
  ])
  const lists = { firstConditionSet: 1, conditionSets: [], profiles: [] }
  contracts.define({ contracts: Uint32Array.from(words), ...lists })
  const quotes = new QuoteHistory(2 * MAX_AGE, 1 << 16)
  quotes.ensure(contracts.count)
  const prices = new UnderlyingPrices(contracts, quotes, MAX_AGE)
  prices.ensure(contracts.count, contracts.underlyings)
  return {
    set: (time: number, price: number, source: number, underlying = 0) =>
      prices.set(underlying, time, price * 10_000, source),
    quote: (id: number, bid: number, ask: number, time = NOW) => {
      quotes.add(id, time, Math.round(bid * 10_000), Math.round(ask * 10_000), 1, 1, 0)
      prices.quoted(id)
    },
    find: (time = NOW, day = DAY, now = NOW, underlying = 0) => {
      prices.find(underlying, time, day, now)
      return [prices.price / 10_000, prices.source]
    },
  }
}

const call = (strike: number, day = DAY): Listed => ({ day, isCall: true, strike })
const put = (strike: number, day = DAY): Listed => ({ day, isCall: false, strike })
const PAIR = [call(500), put(500)]

/** Gives every pair, a call and the put after it, quotes around strike + 5. */
function quoteAll(market: ReturnType<typeof setUp>, from: number, to: number, time = NOW) {
  for (let id = from; id < to; id += 2) {
    market.quote(id, 7.9, 8.1, time)
    market.quote(id + 1, 2.9, 3.1, time)
  }
}

describe('the price of the feed', () => {
  it('is unknown before there is one', () => {
    expect(setUp(PAIR).find()).toEqual(NONE)
  })

  it('wins over parity', () => {
    const market = setUp(PAIR)
    quoteAll(market, 0, 2)
    expect(market.find()).toEqual([505, Parity])
    market.set(NOW - 1000, 504.5, Stocks)
    expect(market.find()).toEqual([504.5, Stocks])
  })

  it.each([
    [-15_001, false],
    [-15_000, true],
    [0, true],
    [15_000, true],
    [15_001, false],
  ])('counts for a print %i ms from it: %s', (ms, isFresh) => {
    const market = setUp(PAIR)
    market.set(NOW - ms, 504.5, Indices)
    expect(market.find()).toEqual(isFresh ? [504.5, Indices] : NONE)
  })

  it('leaves the word to parity once it is old', () => {
    const market = setUp(PAIR)
    quoteAll(market, 0, 2)
    market.set(NOW - 15_001, 504.5, Indices)
    expect(market.find()).toEqual([505, Parity])
  })

  it('is the one of the latest time; of equal times the last to come', () => {
    const market = setUp(PAIR)
    market.set(NOW, 1, Stocks)
    market.set(NOW - 1, 2, Indices)
    expect(market.find()).toEqual([1, Stocks])
    market.set(NOW, 3, Indices)
    expect(market.find()).toEqual([3, Indices])
  })

  it('is of its own underlying only, however many there are', () => {
    const many = Array.from({ length: 40 }, (_, underlying) => ({ ...call(500), underlying }))
    const market = setUp(many)
    for (let u = 0; u < 40; u++) market.set(NOW, 100 + u, Stocks, u)
    expect(market.find(NOW, DAY, NOW, 0)).toEqual([100, Stocks])
    expect(market.find(NOW, DAY, NOW, 39)).toEqual([139, Stocks])
  })
})

describe('parity', () => {
  it('needs both a call and a put of one strike and expiration', () => {
    const market = setUp([call(500), put(505), put(500, DAY + 1), put(500)])
    for (const id of [0, 1, 2]) market.quote(id, 2.9, 3.1)
    expect(market.find()).toEqual(NONE)
    market.quote(3, 2.9, 3.1)
    expect(market.find(NOW, DAY, NOW + 250)).toEqual([500, Parity])
  })

  it('pairs no contract of an adjusted series: it delivers something else', () => {
    const market = setUp([call(500), { ...put(500), isAdjusted: true }, put(500)])
    market.quote(0, 7.9, 8.1)
    market.quote(1, 0.9, 1.1)
    expect(market.find()).toEqual(NONE)
    market.quote(2, 2.9, 3.1)
    market.quote(1, 0.9, 1.1)
    expect(market.find(NOW, DAY, NOW + 250)).toEqual([505, Parity])
  })

  it.each([
    [MAX_AGE, true],
    [MAX_AGE + 1, false],
  ])('takes quotes %i ms old: %s', (age, isFresh) => {
    for (const old of [0, 1]) {
      const market = setUp(PAIR)
      market.quote(0, 7.9, 8.1, NOW - (old === 0 ? age : 0))
      market.quote(1, 2.9, 3.1, NOW - (old === 1 ? age : 0))
      expect(market.find()).toEqual(isFresh ? [505, Parity] : NONE)
    }
  })

  it.each([
    [8, 8],
    [8.1, 7.9],
    [-1, 8.1],
  ])('takes no quote of %f to %f', (bid, ask) => {
    for (const bad of [0, 1]) {
      const market = setUp(PAIR)
      quoteAll(market, 0, 2)
      market.quote(bad, bid, ask)
      expect(market.find()).toEqual(NONE)
    }
  })

  it('takes the nearest expiration that has fresh pairs, in whatever order they were quoted', () => {
    const days = [DAY + 7, DAY, DAY + 1]
    const market = setUp(days.flatMap((day, i) => [call(500 + i, day), put(500 + i, day)]))
    quoteAll(market, 0, 6)
    expect(market.find()).toEqual([506, Parity])
    expect(market.find(NOW, DAY + 1, NOW + 250)).toEqual([507, Parity])
    expect(market.find(NOW, DAY + 2, NOW + 500)).toEqual([505, Parity])
    expect(market.find(NOW, DAY + 8, NOW + 750)).toEqual(NONE)
  })

  it('goes on to the next expiration when the nearest has only old quotes', () => {
    const market = setUp([...PAIR, call(501, DAY + 1), put(501, DAY + 1)])
    quoteAll(market, 0, 2, NOW - MAX_AGE - 1)
    quoteAll(market, 2, 4)
    expect(market.find()).toEqual([506, Parity])
  })

  it.each([
    [15_000, true],
    [15_001, false],
  ])('says something of a print %i ms late: %s', (late, says) => {
    const market = setUp(PAIR)
    quoteAll(market, 0, 2)
    expect(market.find(NOW - late)).toEqual(says ? [505, Parity] : NONE)
  })

  it('is worked out anew after 250 ms of event time, not before', () => {
    const market = setUp(PAIR)
    quoteAll(market, 0, 2)
    expect(market.find()).toEqual([505, Parity])
    market.quote(0, 8.9, 9.1)
    expect(market.find(NOW, DAY, NOW + 249)).toEqual([505, Parity])
    expect(market.find(NOW, DAY, NOW + 250)).toEqual([506, Parity])
  })

  it('does not hold on to a price whose quotes are gone', () => {
    const market = setUp(PAIR)
    quoteAll(market, 0, 2)
    market.find()
    expect(market.find(NOW + 6000, DAY, NOW + 6000)).toEqual(NONE)
  })
})

/** `n` pairs of one expiration, each at a strike of its own. */
const pairs = (n: number, day: number, from = 1000) =>
  Array.from({ length: n }, (_, i) => [call(from + i, day), put(from + i, day)]).flat()

describe('pairs without end', () => {
  it('take no place from a nearer expiration', () => {
    const market = setUp([...PAIR, ...pairs(1500, DAY + 30)])
    quoteAll(market, 0, 3002)
    expect(market.find()).toEqual([505, Parity])
  })

  it('leave room for a nearer expiration that is quoted after them', () => {
    const market = setUp([...pairs(1024, DAY + 30), ...PAIR, call(501), put(501)])
    quoteAll(market, 0, 2048)
    quoteAll(market, 2048, 2052)
    expect(market.find()).toEqual([505.5, Parity]) // the median of both
  })

  it('give way first where they are over', () => {
    const market = setUp([...pairs(1000, DAY - 1), ...pairs(24, DAY + 30), ...PAIR])
    quoteAll(market, 0, 2048)
    quoteAll(market, 2000, 2002, NOW + 3000)
    expect(market.find(NOW, DAY)[0]).toBeGreaterThan(1000)
    quoteAll(market, 2048, 2050)
    // one of yesterday's went, so the first of those furthest away is there when the rest is old
    expect(market.find(NOW + 6000, DAY, NOW + 6000)).toEqual([1005, Parity])
  })

  it('give way one expiration after the other, from the furthest on', () => {
    const market = setUp([...pairs(1, DAY + 60), ...pairs(1023, DAY + 30), ...pairs(3, DAY)])
    quoteAll(market, 0, 2054)
    expect(market.find()).toEqual([1006, Parity]) // the median of the three nearest
  })

  it('come back with their next quote', () => {
    const market = setUp([...pairs(1025, DAY + 30), ...PAIR])
    quoteAll(market, 0, 2050)
    quoteAll(market, 0, 2, NOW + 6000) // the first of all was forgotten
    expect(market.find(NOW + 6000, DAY, NOW + 6000)).toEqual([1005, Parity])
  })

  it.each([
    [1024, [1005, Parity]],
    [1025, NONE],
  ])('are none: of %i the one quoted first says %j', (n, price) => {
    const market = setUp(pairs(n, DAY))
    quoteAll(market, 0, 2)
    for (let id = 2; id < 2 * n; id++) market.quote(id, 1, 900) // too wide to count
    expect(market.find()).toEqual(price)
  })
})

const START = Date.UTC(2026, 7, 24, 14)
const SYMBOLS = ['SPX', 'QQQ', 'IWM']
const SETTINGS: Settings = {
  rules: 'opra',
  symbols: new Set(SYMBOLS),
  minSize: 1,
  windowMs: 500,
  quoteMaxAgeMs: MAX_AGE,
}

function frameOf(event: SyntheticEvent): TapeFrame {
  const { time: t, contract, sequence: q } = event
  const common = { sym: contract.ticker, t, q }
  const vendor =
    event.kind === 'T'
      ? { ev: 'T', ...common, p: event.price / 100, s: event.size, x: event.exchange }
      : { ev: 'Q', ...common, bp: event.bid / 100, ap: event.ask / 100, bs: 1, as: 1 }
  return { recv: t + 5, frame: JSON.stringify([vendor]) }
}

it('is near the true price on a seeded tape, and the same for any number of shards', () => {
  const tape = new SyntheticTape({ start: START, seed: 5, symbols: SYMBOLS, rate: 500 })
  const events: SyntheticEvent[] = []
  while (events.length < 12_000) tape.take(events)
  const frames = events.map(frameOf)
  const [one, ...others] = [1, 2, 4].map((shards) =>
    runTape(frames, SETTINGS, { shards, cut: () => false }),
  )
  const named = (rows: NonNullable<typeof one>['rows']) =>
    rows
      .map((row) => [row.contract, row.timestamp, row.arrival, row.underlyingPrice].join(' '))
      .sort()
  for (const run of others) expect(named(run.rows)).toEqual(named(one!.rows))
  const truth = new Map<string, number>()
  for (const event of events) {
    if (event.kind === 'T')
      truth.set(`${event.contract.ticker} ${event.sequence}`, event.underlyingPrice)
  }
  const priced = one!.rows.filter((row) => row.underlyingSource === 'parity')
  expect(priced.length).toBeGreaterThan(one!.rows.length / 2)
  for (const { contract, sequence, underlyingPrice } of priced) {
    const ratio = underlyingPrice! / 10_000 / truth.get(`${contract} ${sequence}`)!
    expect(Math.abs(ratio - 1)).toBeLessThan(0.02)
  }
})
