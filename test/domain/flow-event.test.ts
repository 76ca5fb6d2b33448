import { describe, expect, it } from 'vitest'
import {
  cancelNote,
  dollarsText,
  type EventCause,
  type EventLeg,
  lateQuoteNote,
  sweepWindowsOf,
  totalsOf,
  venuesOf,
  voidNote,
  whyOf,
} from '../../src/domain/flow-event.ts'

const TICKER = 'O:SPXW251219C06475000'

const leg = (
  timestamp: number,
  size: number,
  exchange: string | null,
  price = 97_100,
): EventLeg => ({
  contract: TICKER,
  sequence: 7,
  timestamp,
  arrival: 1,
  price,
  size,
  exchange,
})

describe('totals', () => {
  it('add up sizes and premium, and span first to last by vendor time', () => {
    const legs = [
      leg(1_010, 10, 'ISE', 10_000),
      leg(1_000, 30, 'CBOE', 20_000),
      leg(1_012, 5, 'ISE'),
    ]
    expect(totalsOf(legs, 100)).toEqual({
      startedAt: 1_000,
      endedAt: 1_012,
      legCount: 3,
      totalSize: 45,
      premiumTicks: (10_000n * 10n + 20_000n * 30n + 97_100n * 5n) * 100n,
      vwap: '2.634444',
      exchanges: ['ISE', 'CBOE'],
    })
  })

  it('take the multiplier of the contract', () => {
    expect(totalsOf([leg(1, 10, 'ISE', 12_345)], 10).premiumTicks).toBe(1_234_500n)
  })

  it('of no legs are nothing', () => {
    expect(totalsOf([], 100)).toEqual({
      startedAt: 0,
      endedAt: 0,
      legCount: 0,
      totalSize: 0,
      premiumTicks: 0n,
      vwap: null,
      exchanges: [],
    })
  })

  it('stay exact where a double would not', () => {
    const largest = 2 ** 31 - 1
    const legs = [leg(1, largest, 'ISE', 1e10 - 1), leg(2, largest, 'ISE', 1e10)]
    const totals = totalsOf(legs, 100)
    expect(totals.premiumTicks).toBe((2n * 10n ** 10n - 1n) * BigInt(largest) * 100n)
    expect(totals.vwap).toBe('999999.99995')
  })

  it.each([
    [
      [
        [3, 10_000],
        [0, 0],
      ],
      '1',
    ],
    [
      [
        [2, 10_000],
        [1, 10_001],
      ],
      '1.000033',
    ],
    [
      [
        [1, 10_000],
        [2, 10_001],
      ],
      '1.000067',
    ],
    [
      [
        [199, 0],
        [1, 1],
      ],
      '0.000001',
    ], // 0.0000005 rounds up
    [
      [
        [201, 0],
        [1, 1],
      ],
      '0',
    ],
    [[[1, 97_100]], '9.71'],
  ])('give the VWAP of %j as %s', (prints, vwap) => {
    const legs = prints
      .filter(([size]) => size! > 0)
      .map(([size, price]) => leg(1, size!, 'C', price!))
    expect(totalsOf(legs, 100).vwap).toBe(vwap)
  })

  it('count an absent exchange as one of its own, and do not name it', () => {
    const legs = [leg(1, 1, null), leg(2, 1, 'CBOE'), leg(3, 1, null)]
    expect(venuesOf(legs)).toBe(2)
    expect(totalsOf(legs, 100).exchanges).toEqual(['CBOE'])
  })
})

describe('sweep windows', () => {
  const two = (gapMs: number) => [leg(1_000, 5, 'CBOE'), leg(1_000 + gapMs, 5, 'ISE')]
  it.each<[string, EventLeg[], number, number[]]>([
    ['at the same time', two(0), 10, [50, 100, 250, 500]],
    ['50 ms apart: inclusive', two(50), 10, [50, 100, 250, 500]],
    ['51 ms apart', two(51), 10, [100, 250, 500]],
    ['100 ms apart', two(100), 10, [100, 250, 500]],
    ['251 ms apart', two(251), 10, [500]],
    ['501 ms apart', two(501), 10, []],
    ['backwards in time', two(-100), 10, [100, 250, 500]],
    ['too small together', two(0), 11, []],
    ['one leg', [leg(1, 600, 'CBOE')], 10, []],
    ['one exchange', [leg(1, 9, 'CBOE'), leg(1, 9, 'CBOE')], 10, []],
    ['no exchange and one', [leg(1, 9, null), leg(1, 9, 'CBOE')], 10, [50, 100, 250, 500]],
    ['no exchange twice', [leg(1, 9, null), leg(1, 9, null)], 10, []],
    [
      'two exchanges far apart, each with a leg of its own beside it',
      [leg(0, 9, 'A'), leg(10, 9, 'A'), leg(300, 9, 'B'), leg(310, 9, 'B')],
      10,
      [500],
    ],
    [
      'a group of two exchanges after one of one',
      [leg(0, 9, 'A'), leg(400, 9, 'A'), leg(410, 9, 'B')],
      10,
      [50, 100, 250, 500],
    ],
    [
      'a group of two exchanges before one of one',
      [leg(0, 9, 'A'), leg(10, 9, 'B'), leg(400, 9, 'B')],
      10,
      [50, 100, 250, 500],
    ],
    [
      'a chain that is longer than 4 x 50 ms before the second exchange comes',
      [0, 50, 100, 150, 200].map((at) => leg(at, 9, 'A')).concat(leg(250, 9, 'B')),
      10,
      [100, 250, 500],
    ],
    [
      'a chain of exactly 4 x 50 ms',
      [0, 50, 100, 150].map((at) => leg(at, 9, 'A')).concat(leg(200, 9, 'B')),
      10,
      [50, 100, 250, 500],
    ],
    [
      'measured from the largest time of the legs, not from the last to arrive',
      [leg(100, 9, 'A'), leg(60, 9, 'A'), leg(145, 9, 'B')],
      10,
      [50, 100, 250, 500],
    ],
  ])('%s', (_, legs, minSize, windows) => {
    expect(sweepWindowsOf(legs, minSize)).toEqual(windows)
  })
})

it('finds the windows of very many legs', () => {
  const many = Array.from({ length: 200_000 }, (_, n) => leg(n / 1_000, 1, n % 2 === 0 ? 'A' : 'B'))
  expect(sweepWindowsOf(many, 10)).toEqual([50, 100, 250, 500])
})

describe('why', () => {
  const say = (cause: EventCause, side: string, legs: readonly EventLeg[]) =>
    whyOf(cause, side, legs, totalsOf(legs, 100))
  const one = (size: number) => [leg(1_000, size, 'CBOE')]
  const average = { by: 'size', sum: 1_920, count: 64, scope: 'contract' } as const

  it.each<[EventCause, string, EventLeg[], string]>([
    [
      { by: 'window' },
      'BUY',
      [leg(0, 200, 'CBOE', 520_000), leg(5, 20, 'ISE', 530_000), leg(12, 10, 'PHLX', 585_000)],
      '3 prints bought within 12 ms on 3 exchanges (CBOE, ISE, PHLX): 230 contracts, $1,204,500 premium',
    ],
    [
      { by: 'window' },
      'SELL',
      [leg(0, 9, 'CBOE', 525), leg(0, 1, 'CBOE', 525)],
      '2 prints sold within 0 ms on one exchange (CBOE): 10 contracts, $52.50 premium',
    ],
    [
      { by: 'window' },
      'BUY',
      [leg(0, 9, null), leg(3, 1_000, 'CBOE')],
      '2 prints bought within 3 ms on 2 exchanges (unnamed, CBOE): 1,009 contracts, $979,739 premium',
    ],
    [
      { by: 'window' },
      'BUY',
      one(1),
      '1 print bought on one exchange (CBOE): 1 contract, $971 premium',
    ],
    [{ by: 'iso' }, 'BUY', one(40), 'one ISO print of 40 contracts'],
    [
      { by: 'condition', condition: 'MLTI' },
      'MID',
      one(40),
      'one print of 40 contracts with the condition MLTI',
    ],
    [
      { by: 'condition', condition: null },
      'MID',
      one(40),
      'one print of 40 contracts with the condition of a sweep',
    ],
    [average, 'MID', one(600), 'one print of 600 contracts: 500 or more'],
    [
      { ...average, sum: 0, count: 0, scope: null },
      'MID',
      one(500),
      'one print of 500 contracts: 500 or more',
    ],
    [
      average,
      'UNKNOWN',
      one(150),
      'one print of 150 contracts: 5 times the average of 30 over the last 64 prints of the contract',
    ],
    [
      { by: 'size', sum: 2_560, count: 1_024, scope: 'underlying' },
      'BUY',
      one(499),
      'one print of 499 contracts: 199.6 times the average of 2.5 over the last 1024 prints of the underlying',
    ],
  ])('%j %s: %#', (cause, side, legs, words) => {
    expect(say(cause, side, legs)).toBe(words)
  })

  it('never claims more than the print was: a ratio is rounded down', () => {
    expect(say(average, 'BUY', one(179))).toContain(': 5.9 times the average of 30 ')
  })

  it('names the print that was cancelled', () => {
    expect(cancelNote(leg(1, 50, 'CBOE', 12_300))).toBe(
      'a print of 50 contracts at $1.23 on CBOE (sequence 7) was cancelled',
    )
    expect(voidNote({ ...leg(1, 1, null, 525), sequence: null })).toBe(
      'no print is left: a print of 1 contract at $0.0525 was cancelled',
    )
  })

  it('names the late quote', () => {
    expect(lateQuoteNote(97_100, 100_000, 'BUY')).toBe(
      'its quote came late (bid $9.71, ask $10), which makes it BUY',
    )
  })
})

it.each([
  [0n, '0'],
  [1n, '0.0001'],
  [97_100n, '9.71'],
  [10_000n, '1'],
  [1_000_000n, '100'],
  [10n ** 20n + 5_000n, '10000000000000000.5'],
])('writes %s ticks as %s dollars', (ticks, text) => {
  expect(dollarsText(ticks)).toBe(text)
})
