import { expect, it } from 'vitest'
import { Dictionary, TICKER_INVALID, TICKER_NOT_WATCHED } from '../../src/reader/dictionary.ts'

const lookup = (dictionary: Dictionary, ticker: string): number => {
  const bytes = Buffer.from(ticker)
  return dictionary.lookup(bytes, 0, bytes.length)
}

const ticker = (root: string, n: number) => `O:${root}260828C${String(n * 1000).padStart(8, '0')}`

const all = () => new Dictionary({ watched: '*', contractsMax: 10_000 })

it('gives all ids again and goes on with the next one', () => {
  const one = all()
  const tickers = Array.from({ length: 3000 }, (_, n) =>
    ticker(['SPXW', 'AAPL', 'Q'][n % 3]!, n + 1),
  )
  for (const name of tickers) lookup(one, name)
  // numbers and texts that JSON cannot tell apart, or not write
  const sets = [[209], ['209'], [219, 232], [Number.POSITIVE_INFINITY, 'x'], ['\ud800'], [1.5, 209]]
  const ids = sets.map((set) => one.conditionSet(set))
  const other = all()
  other.load(one.save())
  expect(other.save()).toEqual(one.save())
  expect(other.size).toBe(3000)
  expect(other.underlyings).toEqual(['SPX', 'AAPL', 'Q'])
  expect(sets.map((set) => other.conditionSet(set))).toEqual(ids)
  expect(ids.map((id) => other.conditionsOf(id))).toEqual(sets)
  expect(ids.map((id) => other.unknownConditions(id))).toEqual(
    ids.map((id) => one.unknownConditions(id)),
  )
  tickers.forEach((name, id) => {
    expect(lookup(other, name)).toBe(id)
    expect(other.underlyingId(id)).toBe(id % 3)
  })
  expect([other.contractOf('SPX'), other.contractOf('Q'), other.contractOf('IWM')]).toEqual([
    0,
    2,
    TICKER_INVALID,
  ])
  for (const dictionary of [one, other]) {
    expect(lookup(dictionary, ticker('IWM', 7))).toBe(3000)
    expect(dictionary.underlyings[3]).toBe('IWM')
    expect(dictionary.conditionSet([241])).toBe(7)
  }
})

it('keeps the ids of the watched underlyings and watches no other', () => {
  const watched = new Set(['QQQ', 'SPX'])
  const one = new Dictionary({ watched, contractsMax: 10 })
  lookup(one, ticker('SPX', 1))
  const other = new Dictionary({ watched, contractsMax: 10 })
  other.load(one.save())
  expect([other.underlyingId(0), lookup(other, ticker('QQQ', 1))]).toEqual([1, 1])
  expect(lookup(other, ticker('IWM', 1))).toBe(TICKER_NOT_WATCHED)
  const reversed = new Dictionary({ watched: new Set(['SPX', 'QQQ']), contractsMax: 10 })
  expect(() => reversed.load(one.save())).toThrow(
    'expected the underlyings SPX, QQQ, came QQQ, SPX',
  )
  const more = new Dictionary({ watched: new Set(['QQQ', 'SPX', 'IWM']), contractsMax: 10 })
  expect(() => more.load(one.save())).toThrow(
    'expected the underlyings QQQ, SPX, IWM, came QQQ, SPX',
  )
})

it('refuses what does not fit', () => {
  const one = all()
  for (let n = 1; n <= 11; n++) lookup(one, ticker('Q', n))
  const saved = one.save()
  const small = new Dictionary({ watched: '*', contractsMax: 10 })
  expect(() => small.load(saved)).toThrow('at most 10 contracts, came 11')
  expect(() => one.load(saved)).toThrow('for a fresh one')
  for (let length = 0; length < saved.length; length += 8) {
    expect(() => all().load(saved.subarray(0, length))).toThrow('saved state, ')
  }
})
