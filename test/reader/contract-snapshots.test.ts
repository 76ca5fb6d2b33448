import { expect, test } from 'vitest'
import { parseChainPage, parseContractSnapshot } from '../../src/reader/contract-snapshots.ts'

const OPTIONS = { baseUrl: 'https://api.massive.com', apiKey: 'must-stay-secret' }
const TICKER = 'O:SPY251219C00650000'

/** A row as the vendor's OpenAPI shows it, shortened. */
function row(ticker: unknown, openInterest: unknown, shares: unknown): object {
  return {
    break_even_price: 151.2,
    day: { close: 120.73, volume: 868 },
    details: { contract_type: 'call', shares_per_contract: shares, strike_price: 650, ticker },
    greeks: { delta: 1 },
    last_quote: { ask: 120.3, bid: 120.28 },
    open_interest: openInterest,
    underlying_asset: { price: 147, ticker: 'SPY', timeframe: 'DELAYED' },
  }
}

test.each([
  [1543, 100, { openInterest: 1543, multiplier: 100 }],
  ['8921', '10', { openInterest: 8921, multiplier: 10 }],
  ['12.0', 100.0, { openInterest: 12, multiplier: 100 }],
  [0, 65_535, { openInterest: 0, multiplier: 65_535 }],
  [2 ** 31 - 1, 1, { openInterest: 2 ** 31 - 1, multiplier: 1 }],
  [2 ** 31, 65_536, {}],
  [-1, 0, {}],
  [1.5, 99.5, {}],
  [null, null, {}],
  ['', ' ', {}],
  ['many', [100], {}],
  [true, {}, {}],
  [undefined, 100, { multiplier: 100 }],
  [7, undefined, { openInterest: 7 }],
  [Number.NaN, Infinity, {}],
])('open interest %j and shares %j give %j', (openInterest, shares, expected) => {
  const json = { results: [row(TICKER, openInterest, shares)] }
  expect(parseChainPage(json, 'SPY', OPTIONS)).toEqual({
    contracts: [{ ticker: TICKER, ...expected }],
    skipped: 0,
    next: undefined,
  })
})

test('rows that name no contract are counted and left out', () => {
  const results = [
    row('O:AAPL211022C000150000', 1543, 100),
    row('SPY', 1, 100),
    row(12, 1, 100),
    { open_interest: 1 },
    { details: null, open_interest: 1 },
    { details: [TICKER] },
    null,
    'row',
    row(TICKER, 5, 100),
  ]
  const page = parseChainPage({ results }, 'SPY', OPTIONS)
  expect(page.contracts).toEqual([{ ticker: TICKER, openInterest: 5, multiplier: 100 }])
  expect(page.skipped).toBe(8)
})

test('the next page is on the configured server or the answer is refused', () => {
  const next = (url: unknown) => parseChainPage({ results: [], next_url: url }, 'SPY', OPTIONS).next
  expect(next('https://api.massive.com/v3/snapshot/options/SPY?cursor=a&apiKey=k')).toBe(
    'https://api.massive.com/v3/snapshot/options/SPY?cursor=a',
  )
  expect(next('')).toBe(undefined)
  expect(next(17)).toBe(undefined)
  expect(() => next('https://other.invalid/v3')).toThrow('not followed')
})

test.each([[[]], ['text'], [null], [{ results: 'none' }], [{ results: {} }]])(
  'an answer that is no page (%j) is told as such',
  (json) => {
    expect(() => parseChainPage(json, 'SPX', OPTIONS)).toThrow(
      'the chain of SPX: expected {"results": [...]}, came other JSON',
    )
  },
)

test('one contract is taken only from an answer about that contract', () => {
  const of = (json: unknown) => parseContractSnapshot(json, TICKER).contracts
  expect(of({ results: row(TICKER, 8921, 100) })).toEqual([
    { ticker: TICKER, openInterest: 8921, multiplier: 100 },
  ])
  expect(of({ results: row('O:SPY251219C00651000', 8921, 100) })).toEqual([])
  for (const json of [null, [], {}, { results: null }, { results: [row(TICKER, 1, 100)] }]) {
    expect(of(json)).toEqual([])
  }
})
