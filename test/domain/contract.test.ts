import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRealDate, parseContract, underlyingOf } from '../../src/domain/contract.ts'
import { DAY_MS } from '../../src/domain/new-york.ts'

type OccCases = {
  readonly parse: readonly {
    readonly input: string
    readonly root: string
    readonly expiration: string
    readonly option_type: string
    readonly strike: number
    readonly contract_ticker: string
    readonly wire: boolean
  }[]
  readonly reject: readonly { readonly input: string; readonly why: string }[]
}

const cases = JSON.parse(
  readFileSync(new URL('../fixtures/conformance/occ-cases.json', import.meta.url), 'utf8'),
) as OccCases

const dayOf = (iso: string): number => Date.parse(`${iso}T00:00:00Z`) / DAY_MS

describe('parseContract', () => {
  it.each(cases.parse)('reads the wire form of $input', (c) => {
    expect(parseContract(c.contract_ticker)).toEqual({
      ticker: c.contract_ticker,
      root: c.root,
      underlying: c.root,
      expirationDay: dayOf(c.expiration),
      isCall: c.option_type === 'call',
      strikeMills: c.strike * 1000,
    })
  })

  it.each(cases.parse.filter((c) => !c.wire))('takes no other form: $input', (c) => {
    expect(parseContract(c.input)).toBeNull()
  })

  it.each(cases.reject)('rejects $why', (c) => {
    expect(parseContract(c.input)).toBeNull()
    expect(parseContract(`O:${c.input}`)).toBeNull()
  })

  it.each([
    ['O:SPXW251219C06475000', 'SPXW', 'SPX', '2025-12-19', true, 6_475_000],
    ['O:SPXW1251219C06475000', 'SPXW1', 'SPX', '2025-12-19', true, 6_475_000],
    ['O:AAPL1260116P00010500', 'AAPL1', 'AAPL', '2026-01-16', false, 10_500],
    ['O:F1260116P00010500', 'F1', 'F', '2026-01-16', false, 10_500],
    ['O:A1B260116P00010500', 'A1B', 'A1B', '2026-01-16', false, 10_500],
    ['O:A260116P00010500', 'A', 'A', '2026-01-16', false, 10_500],
    ['O:ABCDEF260116C00010500', 'ABCDEF', 'ABCDEF', '2026-01-16', true, 10_500],
    ['O:ABCDE1260116C00010500', 'ABCDE1', 'ABCDE', '2026-01-16', true, 10_500],
    ['O:C260116C00010500', 'C', 'C', '2026-01-16', true, 10_500],
    ['O:SPY240229C00500000', 'SPY', 'SPY', '2024-02-29', true, 500_000],
    ['O:SPY000229C00500000', 'SPY', 'SPY', '2000-02-29', true, 500_000],
    ['O:SPY991231C00500000', 'SPY', 'SPY', '2099-12-31', true, 500_000],
    ['O:SPY260116C00000000', 'SPY', 'SPY', '2026-01-16', true, 0],
    ['O:NDX260116C99999999', 'NDX', 'NDX', '2026-01-16', true, 99_999_999],
  ])('reads %s', (ticker, root, underlying, expiration, isCall, strikeMills) => {
    expect(parseContract(ticker)).toEqual({
      ticker,
      root,
      underlying,
      expirationDay: dayOf(expiration),
      isCall,
      strikeMills,
    })
  })

  it.each([
    ['the prefix alone', 'O:'],
    ['no root', 'O:260116C00010500'],
    ['no prefix', 'SPY260116C00500000'],
    ['no prefix but a root that fills its place', 'ABSPY260116C00500000'],
    ['a lower-case prefix', 'o:SPY260116C00500000'],
    ['a lower-case root', 'O:spy260116C00500000'],
    ['one lower-case letter in the root', 'O:SPy260116C00500000'],
    ['a lower-case right', 'O:SPY260116c00500000'],
    ['neither C nor P', 'O:SPY260116X00500000'],
    ['a root of seven letters', 'O:ABCDEFG260116C00500000'],
    ['an all-digit root', 'O:123260116C00500000'],
    ['a root that begins with a digit', 'O:1SPY260116C00500000'],
    ['a root with a point', 'O:BRK.B260116C00500000'],
    ['a padded root', 'O:SPY   260116C00500000'],
    ['nine strike digits', 'O:SPY260116C005000000'],
    ['seven strike digits', 'O:SPY260116C0050000'],
    ['a letter in the strike', 'O:SPY260116C0050000O'],
    ['a sign in the strike', 'O:SPY260116C-0500000'],
    ['February 30', 'O:SPY260230C00500000'],
    ['February 29 of a common year', 'O:SPY250229C00500000'],
    ['April 31', 'O:SPY260431C00500000'],
    ['month 0', 'O:SPY260016C00500000'],
    ['month 13', 'O:SPY261316C00500000'],
    ['day 0', 'O:SPY260100C00500000'],
    ['day 32', 'O:SPY260132C00500000'],
    ['a line end behind it', 'O:SPY260116C00500000\n'],
    ['a blank before it', ' O:SPY260116C00500000'],
    ['a blank behind it', 'O:SPY260116C00500000 '],
    ['full-width digits', 'O:SPY２６0116C00500000'],
    ['a stock', 'T:SPY260116C00500000'],
  ])('rejects %s', (_, ticker) => {
    expect(parseContract(ticker)).toBeNull()
  })

  it('gives back what any contract was written from', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    const root = fc
      .tuple(
        fc.constantFrom(...letters),
        fc.array(fc.constantFrom(...`${letters}0123456789`), { maxLength: 5 }),
      )
      .map(([first, rest]) => first + rest.join(''))
    fc.assert(
      fc.property(
        root,
        fc.integer({ min: dayOf('2000-01-01'), max: dayOf('2099-12-31') }),
        fc.boolean(),
        fc.nat(99_999_999),
        (name, expirationDay, isCall, strikeMills) => {
          const date = new Date(expirationDay * DAY_MS).toISOString().slice(2, 10)
          const tail = `${isCall ? 'C' : 'P'}${`${strikeMills}`.padStart(8, '0')}`
          const ticker = `O:${name}${date.replaceAll('-', '')}${tail}`
          expect(parseContract(ticker)).toMatchObject({
            root: name,
            expirationDay,
            isCall,
            strikeMills,
          })
        },
      ),
      { seed: 20260824, numRuns: 1000 },
    )
  })
})

describe('underlyingOf', () => {
  it.each([
    ['SPXW', 'SPX'],
    ['SPXPM', 'SPX'],
    ['NDXP', 'NDX'],
    ['VIXW', 'VIX'],
    ['RUTW', 'RUT'],
    ['SPX', 'SPX'],
    ['NDX', 'NDX'],
    ['VIX', 'VIX'],
    ['RUT', 'RUT'],
    ['SPXW1', 'SPX'],
    ['RUTW12', 'RUT'],
    ['AAPL1', 'AAPL'],
    ['AAPL10', 'AAPL'],
    ['A1B', 'A1B'],
    ['A1B2', 'A1B'],
    ['SPY', 'SPY'],
    ['XSPW', 'XSPW'],
    ['SPXWX', 'SPXWX'],
    ['QQQ', 'QQQ'],
  ])('%s is on %s', (root, underlying) => {
    expect(underlyingOf(root)).toBe(underlying)
  })
})

describe('isRealDate', () => {
  it('agrees with Date for every month and day number of 2000 to 2099', () => {
    const wrong: string[] = []
    for (let year = 2000; year <= 2099; year++) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 33; day++) {
          const date = new Date(Date.UTC(year, month - 1, day))
          const isReal =
            date.getUTCFullYear() === year &&
            date.getUTCMonth() === month - 1 &&
            date.getUTCDate() === day
          if (isRealDate(year, month, day) !== isReal) wrong.push(`${year}-${month}-${day}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('knows that a century is a leap year only every 400 years', () => {
    expect(isRealDate(2000, 2, 29)).toBe(true)
    expect(isRealDate(2100, 2, 29)).toBe(false)
  })
})
