import { describe, expect, test } from 'vitest'
import { newCounts } from '../../src/reader/decode-counts.ts'
import { EXCHANGE_NONE } from '../../src/slab/event-slab.ts'
import {
  both,
  counted,
  type Fields,
  PRINT,
  PRINT_ROW,
  QUOTE,
  QUOTE_ROW,
  RECV,
  setUp,
  TIME,
} from './decode-events.ts'
import type { Row } from './decode-reference.ts'

describe('prints', () => {
  test.each<[Fields, Partial<Row>]>([
    [{ x: null }, { sizeB: EXCHANGE_NONE }],
    [{ x: undefined }, { sizeB: EXCHANGE_NONE }],
    [{ x: 302.5 }, { sizeB: EXCHANGE_NONE }],
    [{ x: -1 }, { sizeB: EXCHANGE_NONE }],
    [{ x: 2 ** 31 }, { sizeB: EXCHANGE_NONE }],
    [{ x: '302' }, { sizeB: 302 }],
    [{ x: 'CBOE' }, { sizeB: EXCHANGE_NONE }],
    [{ q: null }, { priceB: Number.NaN }],
    [{ q: undefined }, { priceB: Number.NaN }],
    [{ q: 1.5 }, { priceB: Number.NaN }],
    [{ q: 2 ** 53 }, { priceB: 2 ** 53 }],
    [{ q: 2 ** 54 }, { priceB: Number.NaN }],
    [{ q: -(2 ** 53) }, { priceB: -(2 ** 53) }],
    [{ q: '12' }, { priceB: 12 }],
    [{ q: [] }, { priceB: Number.NaN }],
    [{ c: null }, { conditions: [] }],
    [{ c: undefined }, { conditions: [] }],
    [{ c: [] }, { conditions: [] }],
    [{ c: 233 }, { conditions: [233] }],
    [{ c: '233' }, { conditions: [233] }],
    [{ c: 'SWEEP' }, { conditions: ['SWEEP'] }],
    [{ c: true }, { conditions: [] }],
    [{ c: { a: 1 } }, { conditions: [] }],
    [{ c: [232, 219] }, { conditions: [232, 219] }],
    [{ c: ['219', 'MLTI', null, [1], 1.5, {}, 7] }, { conditions: [219, 'MLTI', 7] }],
    [{ c: ['', '1.0', '01'] }, { conditions: ['', 1, '01'] }],
    [{ c: ['a\u0000b', 'x'.repeat(33), 'é'] }, { conditions: ['é'] }],
    [{ c: Array(40).fill(219) }, { conditions: Array(32).fill(219) }],
    [{ p: 0 }, { priceA: 0 }],
    [{ p: '1.54' }, { priceA: 15_400 }],
    [{ p: 1.23456 }, { priceA: 12_346 }],
    [{ p: 1_000_000 }, { priceA: 10_000_000_000 }],
    [{ s: '7' }, {}],
    [{ s: '7.0' }, {}],
    [{ s: 2 ** 31 - 1 }, { sizeA: 2 ** 31 - 1 }],
    [{ t: RECV + 60_000 }, { time: RECV + 60_000 }],
    [{ t: '1765799999960' }, {}],
  ])('%j is kept', (fields, row) => {
    expect(both({ ...PRINT, ...fields }).rows).toEqual([{ ...PRINT_ROW, ...row }])
  })

  test.each([
    ['"s":7', '"s":7.0'],
    ['"s":7', '"s":0.7e1'],
    ['"s":7', '"s":"70E-1"'],
    ['"x":302', '"x":3.02e2'],
    ['"p":1.54', '"p":1.5400'],
    ['"p":1.54', '"p":154e-2'],
    ['"p":1.54', '"p":1.540000000000000000001'],
    ['"t":1765799999960', '"t":1765799999960.0'],
    ['"t":1765799999960', '"t":1.76579999996e12'],
  ])('%s may be written as %s', (usual, spelling) => {
    expect(setUp().decode(JSON.stringify([PRINT]).replace(usual, spelling)).rows).toEqual([
      PRINT_ROW,
    ])
  })

  test.each<[Fields, string]>([
    [{ sym: undefined }, 'ticker'],
    [{ sym: 5 }, 'ticker'],
    [{ sym: 'SPY' }, 'ticker'],
    [{ sym: 'O:SPY250231P00650000' }, 'ticker'],
    [{ sym: 'O:SPÝ251219P00650000' }, 'ticker'],
    [{ p: undefined }, 'price'],
    [{ p: null }, 'price'],
    [{ p: 'abc' }, 'price'],
    [{ p: '' }, 'price'],
    [{ p: ' 1' }, 'price'],
    [{ p: '0x1' }, 'price'],
    [{ p: 'Infinity' }, 'price'],
    [{ p: '1e999' }, 'price'],
    [{ p: -0.00001 }, 'price'],
    [{ p: 1_000_000.00001 }, 'price'],
    [{ s: undefined }, 'size'],
    [{ s: 0 }, 'size'],
    [{ s: -1 }, 'size'],
    [{ s: 1.5 }, 'size'],
    [{ s: 2 ** 31 }, 'size'],
    [{ s: true }, 'size'],
    [{ t: undefined }, 'time'],
    [{ t: 0 }, 'time'],
    [{ t: -5 }, 'time'],
    [{ t: TIME + 0.5 }, 'time'],
    [{ t: 2 ** 53 }, 'time'],
    [{ t: RECV + 60_001 }, 'future'],
    // the first reason of the order decides
    [{ sym: 'SPY', p: -1, s: 0, t: 0 }, 'ticker'],
    [{ p: -1, s: 0, t: 0 }, 'price'],
    [{ s: 0, t: 0 }, 'size'],
  ])('%j is dropped: %s', (fields, reason) => {
    const answer = both({ ...PRINT, ...fields })
    expect(answer.rows).toEqual([])
    expect(answer.counts).toEqual(
      counted((c) => {
        c.received = 1
        Object.assign(c.dropped, { [reason]: 1 })
      }),
    )
  })

  test('without a receive time none is in the future', () => {
    const time = RECV + 1e9
    expect(both({ ...PRINT, t: time }, Number.NaN).rows).toEqual([{ ...PRINT_ROW, time }])
  })

  test('of a symbol that is not watched they are filtered, whatever else is wrong', () => {
    const answer = both({ ...PRINT, sym: 'O:AAPL251219C00200000', p: -1 })
    expect(answer.rows).toEqual([])
    expect(answer.counts).toEqual(
      counted((c) => {
        c.received = 1
        c.filtered = 1
      }),
    )
  })

  test('with an unknown exchange or condition are kept, and each unknown id is counted', () => {
    const answer = both({ ...PRINT, x: 399, c: [219, 9999, 9998] })
    expect(answer.rows).toEqual([{ ...PRINT_ROW, sizeB: 399, conditions: [219, 9999, 9998] }])
    expect(answer.counts.unknown).toEqual({ exchange: 1, condition: 2, event: 0, key: 0 })
  })

  test.each([[{ sym: 'O:AAPL251219C00200000' }], [{ s: 0 }]])(
    'their unknown ids do not count where the print does not: %j',
    (fields) => {
      const answer = both({ ...PRINT, x: 399, c: [9999], ...fields })
      expect(answer.counts.unknown).toEqual({ exchange: 0, condition: 0, event: 0, key: 0 })
    },
  )

  test('of a contract beyond the limit are dropped, unless something else is wrong first', () => {
    const { decode } = setUp(1)
    const other = { ...PRINT, sym: 'O:SPY251219C00650000' }
    const answer = decode(JSON.stringify([PRINT, other, { ...other, s: 0 }, PRINT]))
    expect(answer.rows).toEqual([PRINT_ROW, PRINT_ROW])
    expect(answer.counts.dropped).toEqual({ ...newCounts().dropped, contracts_full: 1, size: 1 })
  })

  test('whose condition list finds no room are dropped', () => {
    const { decode, dictionary } = setUp()
    for (let id = 1; id <= 65_535; id++) dictionary.conditionSet([id, 'x'])
    const answer = decode(
      JSON.stringify([
        { ...PRINT, x: 399 },
        { ...PRINT, c: [] },
      ]),
    )
    expect(answer.rows).toEqual([{ ...PRINT_ROW, conditions: [] }])
    expect(answer.counts.dropped).toEqual({ ...newCounts().dropped, conditions_full: 1 })
    expect(answer.counts.unknown.exchange).toBe(0)
  })

  test('every price of up to four decimals is its digits', () => {
    const { decode } = setUp()
    for (let ticks = 0; ticks < 10_000_000_000; ticks += 1_234_567) {
      const text = `${Math.floor(ticks / 10_000)}.${String(ticks % 10_000).padStart(4, '0')}`
      const answer = decode(JSON.stringify([PRINT]).replace('1.54', text))
      if (answer.rows[0]?.priceA !== ticks)
        throw new Error(`${text} became ${answer.rows[0]?.priceA}`)
    }
  })
})

describe('quotes', () => {
  test.each<[Fields, Partial<Row>]>([
    [
      { bp: 0, ap: 0 },
      { priceA: 0, priceB: 0 },
    ],
    [
      { bp: -1.5, ap: 1 },
      { priceA: -15_000, priceB: 10_000 },
    ],
    [{ bp: '9.7100' }, {}],
    [{ t: RECV + 60_000 }, { time: RECV + 60_000 }],
    [
      { bs: undefined, as: null },
      { sizeA: -1, sizeB: -1 },
    ],
    [
      { bs: -1, as: 1.5 },
      { sizeA: -1, sizeB: -1 },
    ],
    [
      { bs: 0, as: 2 ** 31 },
      { sizeA: 0, sizeB: -1 },
    ],
    [{ bs: '17', as: 'many' }, { sizeB: -1 }],
    [{ bx: null, ax: 9999, q: 'x' }, { venues: 0 }],
  ])('%j is kept', (fields, row) => {
    const answer = both({ ...QUOTE, ...fields })
    expect(answer.rows).toEqual([{ ...QUOTE_ROW, ...row }])
    expect(answer.counts).toEqual(
      counted((c) => {
        c.quotesReceived = 1
      }),
    )
  })

  test.each<[Fields, string]>([
    [{ sym: null }, 'ticker'],
    [{ sym: 'O:SPY250231P00650000' }, 'ticker'],
    [{ sym: 'O:AAPL251219C00200000', bp: null }, 'not_watched'],
    [{ bp: null }, 'price'],
    [{ ap: undefined }, 'price'],
    [{ ap: '1e400' }, 'price'],
    [{ ap: 1e300 }, 'price'],
    [{ bp: null, t: 0 }, 'price'],
    [{ t: 0 }, 'time'],
    [{ t: 1.5 }, 'time'],
    [{ t: RECV + 60_001 }, 'future'],
  ])('%j is ignored: %s', (fields, reason) => {
    const answer = both({ ...QUOTE, ...fields })
    expect(answer.rows).toEqual([])
    expect(answer.counts).toEqual(
      counted((c) => {
        c.quotesReceived = 1
        Object.assign(c.quotesIgnored, { [reason]: 1 })
      }),
    )
  })

  test('of a contract beyond the limit are ignored', () => {
    const { decode } = setUp(1)
    const answer = decode(JSON.stringify([PRINT, { ...QUOTE, sym: 'O:SPY251219C00650000' }]))
    expect(answer.rows).toEqual([PRINT_ROW])
    expect(answer.counts.quotesIgnored.contracts_full).toBe(1)
  })
})
