import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseContract } from '../../src/domain/contract.ts'
import { CONDITIONS_FULL } from '../../src/reader/condition-sets.ts'
import {
  CONTRACTS_FULL,
  Dictionary,
  TICKER_INVALID,
  TICKER_NOT_WATCHED,
} from '../../src/reader/dictionary.ts'

const WATCHED: ReadonlySet<string> = new Set(['SPX', 'SPY', 'VIX'])

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function find(dictionary: Dictionary, ticker: string): number {
  const bytes = Buffer.from(`"${ticker}"`) // with neighbours, which must not be read as the ticker
  return dictionary.lookup(bytes, 1, bytes.length - 1)
}

function make(contractsMax = 1000): Dictionary {
  return new Dictionary({ watched: WATCHED, contractsMax })
}

/** The n-th contract of an underlying: 0 to 99,999,999. */
function contract(root: string, n: number): string {
  return `O:${root}251219${n % 2 === 0 ? 'C' : 'P'}${String(n).padStart(8, '0')}`
}

function memoryBytes(): number {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

describe('contract ids', () => {
  test('count up from 0 and stay', () => {
    const dictionary = make()
    const tickers = ['O:SPXW251219C06475000', 'O:SPY251219P00650000', 'O:SPX251219C06475000']
    expect(tickers.map((t) => find(dictionary, t))).toEqual([0, 1, 2])
    expect(tickers.map((t) => find(dictionary, t))).toEqual([0, 1, 2])
    expect(tickers.map((_, id) => dictionary.ticker(id))).toEqual(tickers)
    expect(dictionary.size).toBe(3)
  })

  test('an id that was never given is refused', () => {
    expect(() => make().ticker(0)).toThrow('contract id must be')
    expect(() => make().underlyingId(-1)).toThrow('contract id must be')
  })

  test.each([
    ['O:SPY251219P0065000', 'seven strike digits'],
    ['O:SPY251219P006500000', 'nine strike digits'],
    ['O:SPY250229P00650000', 'no such date'],
    ['O:SPY251319P00650000', 'no such month'],
    ['O:SPY251219X00650000', 'neither call nor put'],
    ['O:spy251219P00650000', 'lower case'],
    ['O:1SPY251219P00650000', 'a root that starts with a digit'],
    ['O:SPYSPYX251219P00650000', 'a root of seven'],
    ['O:251219P00650000', 'no root'],
    ['SPY251219P00650000', 'no O:'],
    ['O:SPY251219P0065000\u0000', 'a NUL at its end'],
    ['O:SPÝ251219P00650000', 'not ASCII'],
    ['O:SPY', 'too short'],
    ['', 'nothing'],
  ])('%s is no ticker: %s', (ticker) => {
    expect(parseContract(ticker)).toBeNull()
    expect(find(make(), ticker)).toBe(TICKER_INVALID)
  })

  test('a NUL after a known ticker does not pass for it', () => {
    const dictionary = make()
    expect(find(dictionary, 'O:V251219C00000000')).toBe(TICKER_NOT_WATCHED)
    expect(find(dictionary, 'O:SPY251219P00650000')).toBe(0)
    for (const tail of ['\0', '\0\0', '\0\0\0']) {
      expect(find(dictionary, `O:SPY251219P00650000${tail}`)).toBe(TICKER_INVALID)
    }
  })

  test('validity comes before the watch list, and that before the room left', () => {
    const dictionary = make(1)
    expect(find(dictionary, 'O:SPY251219P00650000')).toBe(0)
    expect(find(dictionary, 'O:AAPL251319C00200000')).toBe(TICKER_INVALID)
    expect(find(dictionary, 'O:AAPL251219C00200000')).toBe(TICKER_NOT_WATCHED)
    expect(find(dictionary, 'O:SPY251219C00650000')).toBe(CONTRACTS_FULL)
    expect(find(dictionary, 'O:SPY251219P00650000')).toBe(0)
    expect(dictionary.size).toBe(1)
  })

  test('a full dictionary that watches all names no new underlying', () => {
    const dictionary = new Dictionary({ watched: '*', contractsMax: 1 })
    expect(find(dictionary, 'O:AAPL251219C00200000')).toBe(0)
    expect(find(dictionary, 'O:MSFT251219C00200000')).toBe(CONTRACTS_FULL)
    expect(dictionary.underlyings).toEqual(['AAPL'])
  })
})

describe('underlyings', () => {
  test('the watched ones have the first ids, in their order, before any print', () => {
    const dictionary = make()
    expect(dictionary.underlyings).toEqual(['SPX', 'SPY', 'VIX'])
    const id = find(dictionary, 'O:VIXW251217C00020000')
    expect(dictionary.underlyingId(id)).toBe(2)
    expect(dictionary.underlyings).toEqual(['SPX', 'SPY', 'VIX'])
  })

  test('roots of one underlying share it, adjusted series too', () => {
    const dictionary = make()
    const ids = ['SPXW', 'SPX', 'SPXPM', 'SPX1'].map((root) => find(dictionary, contract(root, 4)))
    expect(ids.map((id) => dictionary.underlyingId(id))).toEqual([0, 0, 0, 0])
  })

  test('when all are watched they are numbered as first seen', () => {
    const dictionary = new Dictionary({ watched: '*', contractsMax: 10 })
    const ids = ['MSFT', 'SPXW', 'MSFT1', 'SPX'].map((root) => find(dictionary, contract(root, 4)))
    expect(ids.map((id) => dictionary.underlyingId(id))).toEqual([0, 1, 0, 1])
    expect(dictionary.underlyings).toEqual(['MSFT', 'SPX'])
  })
})

describe('against a Map', () => {
  const root = fc.oneof(
    fc.constantFrom('SPX', 'SPXW', 'SPY', 'SPY1', 'VIX', 'VIXW', 'AAPL', 'S', 'SPYX'),
    fc.stringMatching(/^[A-Z0-9]{0,7}$/),
  )
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`))
  const ticker = fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(root, digits(2), fc.constantFrom('C', 'P'), digits(2))
        .map(
          ([name, day, right, strike]) =>
            `O:${name}2512${day}${right}00${strike[0]}0000${strike[1]}`,
        ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(root, digits(6), digits(8)).map(([a, b, c]) => `O:${a}${b}C${c}`),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 24 }) },
  )

  test.each([['watched'], ['*']])('gives the ids of a Map model, %s', (mode) => {
    const watched = mode === '*' ? '*' : WATCHED
    const contractsMax = 5000
    const dictionary = new Dictionary({ watched, contractsMax })
    const model = new Map<string, number>()
    const expected = (text: string): number => {
      const parsed = parseContract(text)
      if (parsed === null) return TICKER_INVALID
      if (watched !== '*' && !watched.has(parsed.underlying)) return TICKER_NOT_WATCHED
      if (!model.has(text) && model.size === contractsMax) return CONTRACTS_FULL
      return model.get(text) ?? model.set(text, model.size).size - 1
    }
    fc.assert(
      fc.property(fc.array(ticker, { minLength: 20, maxLength: 40 }), (tickers) => {
        for (const text of tickers) expect(find(dictionary, text)).toBe(expected(text))
      }),
      { seed: 5, numRuns: 1000 },
    )
    expect(dictionary.size).toBe(model.size)
    expect(model.size).toBeGreaterThan(2000) // the tables have grown more than once
    for (const [text, id] of model) {
      expect(dictionary.ticker(id)).toBe(text)
      const name = dictionary.underlyings[dictionary.underlyingId(id)]
      expect(name).toBe(parseContract(text)?.underlying)
    }
  })
})

describe('memory', () => {
  test('a million contracts of watched underlyings cost less than 100 bytes each', () => {
    const dictionary = make(1_000_000)
    const before = memoryBytes()
    for (let n = 0; n < 1_000_000; n++) {
      if (find(dictionary, contract('SPXW', n)) !== n)
        throw new Error(`contract ${n} has another id`)
    }
    expect((memoryBytes() - before) / 1_000_000).toBeLessThan(100)
    expect(find(dictionary, contract('SPXW', 123_456))).toBe(123_456)
    expect(find(dictionary, contract('SPXW', 1_000_000))).toBe(CONTRACTS_FULL)
  })

  test('a million contracts of a million unwatched roots cost nothing', () => {
    const dictionary = make(1_000_000)
    const before = memoryBytes()
    for (let n = 0; n < 1_000_000; n++) {
      const root = `Z${n.toString(36).toUpperCase().padStart(4, 'Q')}`
      const id = find(dictionary, contract(`${root}A`, n))
      if (id !== TICKER_NOT_WATCHED) throw new Error(`${root} must not be watched, was ${id}`)
    }
    expect(memoryBytes() - before).toBeLessThan(1_000_000) // bytes: less than one each
    expect(dictionary.size).toBe(0)
    expect(dictionary.underlyings).toEqual(['SPX', 'SPY', 'VIX'])
  })
})

describe('condition sets', () => {
  test('equal lists share an id, order and kind tell lists apart', () => {
    const dictionary = make()
    const lists = [[219], [227], [219, 227], [227, 219], ['219'], ['ISOI', 219], [5000], [-1]]
    expect(dictionary.conditionSet([])).toBe(0)
    expect(lists.map((list) => dictionary.conditionSet(list))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(lists.map((list) => dictionary.conditionSet(list))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(dictionary.definitionsSince(0, 1).conditionSets).toEqual(lists)
  })

  test('keeps a list as it was when the caller reuses its array', () => {
    const dictionary = make()
    const list = [219]
    dictionary.conditionSet(list)
    list[0] = 227
    expect(dictionary.definitionsSince(0, 1).conditionSets).toEqual([[219]])
  })

  test('counts what no table names, once for each', () => {
    const dictionary = make()
    const unknown = (list: (number | string)[]) =>
      dictionary.unknownConditions(dictionary.conditionSet(list))
    expect(unknown([])).toBe(0)
    expect(unknown([219, 232])).toBe(0)
    expect(unknown([219, 9999, 'SWEEP'])).toBe(2)
  })

  test('65,535 lists get an id, the next none, and the old ones stay', () => {
    const dictionary = make()
    for (let id = 1; id <= 65_535; id++) expect(dictionary.conditionSet([id, 219])).toBe(id)
    expect(dictionary.conditionSet([219])).toBe(CONDITIONS_FULL)
    expect(dictionary.conditionSet([65_536, 219])).toBe(CONDITIONS_FULL)
    expect(dictionary.conditionSet([65_535, 219])).toBe(65_535)
    expect(dictionary.conditionSet([])).toBe(0)
  })
})

describe('definitions', () => {
  test('each consumer gets what is new to it, at its own pace', () => {
    const dictionary = make()
    find(dictionary, contract('SPY', 0))
    dictionary.conditionSet([219])
    const first = dictionary.definitionsSince(0, 1)
    expect(first).toEqual({
      firstContract: 0,
      contracts: [contract('SPY', 0)],
      firstConditionSet: 1,
      conditionSets: [[219]],
    })
    const contracts = dictionary.size
    const sets = dictionary.nextConditionSet
    find(dictionary, contract('SPX', 1))
    dictionary.conditionSet([227, 'X'])
    expect(dictionary.definitionsSince(contracts, sets)).toEqual({
      firstContract: 1,
      contracts: [contract('SPX', 1)],
      firstConditionSet: 2,
      conditionSets: [[227, 'X']],
    })
    expect(dictionary.definitionsSince(0, 1).contracts).toHaveLength(2)
    const now = dictionary.definitionsSince(dictionary.size, dictionary.nextConditionSet)
    expect([now.contracts, now.conditionSets]).toEqual([[], []])
  })
})
