import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Contract, parseContract } from '../../src/domain/contract.ts'
import { planContracts, planWildcard } from '../../src/reader/plan.ts'

function contract(ticker: string): Contract {
  const parsed = parseContract(ticker)
  if (parsed === null) throw new Error(`no ticker: ${ticker}`)
  return parsed
}

const ROOTS = ['SPX', 'SPXW', 'NDX', 'NDXP', 'SPY', 'QQQ', 'AAPL', 'AAPL1', 'TSLA', 'F', 'X', 'IWM']

const anyContract = fc
  .record({
    root: fc.constantFrom(...ROOTS),
    day: fc.integer({ min: 1, max: 4 }),
    right: fc.constantFrom('C', 'P'),
    strike: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ root, day, right, strike }) =>
    contract(`O:${root}25120${day}${right}${`${strike * 1000}`.padStart(8, '0')}`),
  )
const anyContracts = fc.array(anyContract, { maxLength: 200 })
const perConnection = fc.integer({ min: 1, max: 6 })
const quotes = fc.integer({ min: 0, max: 40 })

test('every contract is asked for on exactly one connection, an underlying is never split', () => {
  fc.assert(
    fc.property(anyContracts, perConnection, quotes, (contracts, symbols, quotesMax) => {
      const plan = planContracts(contracts, symbols, quotesMax)
      const connectionOf = new Map<string, number>()
      const asked = plan.flatMap(({ connection, topics }) =>
        topics
          .filter((topic) => topic.startsWith('T.'))
          .map((topic) => {
            const { ticker, underlying } = contract(topic.slice(2))
            expect(connectionOf.get(underlying) ?? connection).toBe(connection)
            connectionOf.set(underlying, connection)
            expect(plan[connection]?.underlyings).toContain(underlying)
            return ticker
          }),
      )
      expect(asked.sort()).toEqual([...new Set(contracts.map((c) => c.ticker))].sort())
      expect(plan.map((p) => p.connection)).toEqual(plan.map((_, i) => i))
      expect(plan.every((p) => p.underlyings.length >= 1)).toBe(true)
      expect(plan.every((p) => p.underlyings.length <= symbols)).toBe(true)
      expect(plan.length).toBe(Math.ceil(connectionOf.size / symbols))
    }),
    { seed: 4, numRuns: 200 },
  )
})

test('quotes stay within their cap, once each, on the connection of their contract', () => {
  fc.assert(
    fc.property(anyContracts, perConnection, quotes, (contracts, symbols, quotesMax) => {
      for (const { topics, quoted } of planContracts(contracts, symbols, quotesMax)) {
        const [trades, asked] = ['T.', 'Q.'].map((prefix) =>
          topics.filter((topic) => topic.startsWith(prefix)).map((topic) => topic.slice(2)),
        )
        expect(asked).toEqual(quoted)
        expect(new Set(quoted).size).toBe(quoted.length)
        expect(quoted.length).toBe(Math.min(quotesMax, trades?.length ?? 0))
        expect(quoted.every((ticker) => trades?.includes(ticker))).toBe(true)
        expect(topics.length).toBe((trades?.length ?? 0) + quoted.length)
      }
    }),
    { seed: 5, numRuns: 200 },
  )
})

test('the same contracts in any order, also repeated, give the same plan', () => {
  const shuffled = anyContracts.chain((contracts) =>
    fc.tuple(
      fc.constant(contracts),
      fc.shuffledSubarray([...contracts, ...contracts], { minLength: 2 * contracts.length }),
    ),
  )
  fc.assert(
    fc.property(shuffled, perConnection, quotes, ([contracts, other], symbols, quotesMax) => {
      expect(planContracts(other, symbols, quotesMax)).toEqual(
        planContracts(contracts, symbols, quotesMax),
      )
    }),
    { seed: 6, numRuns: 100 },
  )
})

test('weeklies and adjusted series travel with their underlying', () => {
  const tickers = ['O:AAPL1251219C00100000', 'O:SPXW251219P06475000', 'O:SPX251219C06475000']
  expect(planContracts(tickers.map(contract), 1, 0)).toEqual([
    {
      connection: 0,
      underlyings: ['AAPL'],
      quoted: [],
      topics: ['T.O:AAPL1251219C00100000'],
    },
    {
      connection: 1,
      underlyings: ['SPX'],
      quoted: [],
      topics: ['T.O:SPX251219C06475000', 'T.O:SPXW251219P06475000'],
    },
  ])
})

test('quotes go in turn to each underlying, near expirations and middle strikes first', () => {
  const spy = [640, 650, 660, 670, 680].map((k) => contract(`O:SPY251219C00${k}000`))
  const later = contract('O:SPY251220C00660000')
  const qqq = contract('O:QQQ251219P00600000')
  expect(planContracts([later, ...spy, qqq], 50, 4)[0]?.quoted).toEqual([
    'O:QQQ251219P00600000',
    'O:SPY251219C00660000',
    'O:SPY251219C00650000',
    'O:SPY251219C00670000',
  ])
})

test('wildcard mode is one connection with every trade', () => {
  expect(planWildcard()).toEqual([{ connection: 0, underlyings: [], quoted: [], topics: ['T.*'] }])
})

test('more than 64 connections are refused with the way out', () => {
  const letters = 'ABCDEFGHIJKLM'
  const many = [...letters].flatMap((a) =>
    [...letters].map((b) => contract(`O:Z${a}${b}251219C00100000`)),
  )
  expect(planContracts(many, 3, 0).length).toBe(57)
  expect(() => planContracts(many, 2, 0)).toThrow(
    '169 underlyings at 2 a connection need 85 connections, at most 64 are possible: raise ' +
      'FLOW_SYMBOLS_PER_CONNECTION or watch fewer symbols',
  )
})
