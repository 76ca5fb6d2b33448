import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { askedStream } from '../../src/api/live-filter.ts'
import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../../src/domain/labels.ts'
import {
  areSymbols,
  daysOf,
  dollarsOf,
  type Filter,
  filterOf,
  matches,
  NO_FILTER,
  searchOf,
  serverQuery,
  setCount,
  symbolsOf,
} from '../../src/page/filter.ts'
import { PRINT } from './print.ts'

const FILTERS = fc.record<Filter>({
  symbols: fc.uniqueArray(fc.constantFrom('SPX', 'SPY', 'QQQ', 'A', 'BRK'), { maxLength: 4 }),
  types: fc.subarray([...TRADE_TYPE_TEXT]),
  sides: fc.subarray([...SIDE_TEXT]),
  sentiments: fc.subarray([...SENTIMENT_TEXT]),
  minPremium: fc.nat(5_000_000),
  dteMin: fc.option(fc.nat(400)),
  dteMax: fc.option(fc.nat(400)),
  right: fc.constantFrom(null, 'call', 'put'),
})

describe('filters and the address', () => {
  test('every filter comes back from its address', () => {
    fc.assert(
      fc.property(FILTERS, (filter) => {
        expect(filterOf(searchOf(filter))).toEqual(filter)
      }),
    )
  })

  test('the stream takes every filter', () => {
    fc.assert(
      fc.property(FILTERS, (filter) => {
        const { filter: asked } = askedStream(serverQuery(filter))
        expect(asked.minPremium).toBe(filter.minPremium)
        expect([...(asked.symbols ?? [])]).toEqual([...filter.symbols])
      }),
    )
  })

  it('is a short address that a person can read', () => {
    const filter = { ...NO_FILTER, symbols: ['SPX', 'SPY'], types: ['SWEEP'], dteMax: 7 }
    expect(searchOf(filter)).toBe('?symbol=SPX,SPY&type=SWEEP&dteMax=7')
    expect(searchOf(NO_FILTER)).toBe('')
    expect(setCount(filter)).toBe(3)
    expect(setCount(NO_FILTER)).toBe(0)
  })

  test.each([
    '?symbol=<script>&type=nothing&side=&minPremium=lots&dteMin=-1&dteMax=1.5&right=both',
    '?',
    '?a=b&symbol=,,,',
    '?minPremium=-5&dteMin=99999',
  ])('leaves out of %s what it does not understand', (search) => {
    expect(filterOf(search)).toEqual(NO_FILTER)
  })

  it('takes small letters and roots', () => {
    expect(filterOf('?symbol=spxw,spy&type=sweep&right=CALL')).toMatchObject({
      ...{ symbols: ['SPX', 'SPY'], types: ['SWEEP'], right: 'call' },
    })
  })
})

describe('what a filter lets through', () => {
  test.each<[Partial<Filter>, boolean]>([
    [{}, true],
    [{ symbols: ['SPX', 'SPY'] }, true],
    [{ symbols: ['QQQ'] }, false],
    [{ types: ['BLOCK', 'SWEEP'] }, true],
    [{ types: ['SPLIT'] }, false],
    [{ sides: ['BUY'] }, true],
    [{ sides: ['SELL', 'MID'] }, false],
    [{ sentiments: ['BEARISH'] }, false],
    [{ minPremium: PRINT.premium }, true],
    [{ minPremium: PRINT.premium + 1 }, false],
    [{ dteMin: PRINT.dte, dteMax: PRINT.dte }, true],
    [{ dteMin: PRINT.dte + 1 }, false],
    [{ dteMax: PRINT.dte - 1 }, false],
    [{ right: 'call' }, true],
    [{ right: 'put' }, false],
  ])('%j: %s', (part, expected) => {
    expect(matches({ ...NO_FILTER, ...part }, PRINT)).toBe(expected)
  })
})

describe('what a person types', () => {
  test.each([
    ['250000', 250_000],
    ['250,000', 250_000],
    ['$250k', 250_000],
    ['1.5M', 1_500_000],
    ['0', 0],
    ['', null],
    ['-5', null],
    ['1e6', null],
  ])('%s as dollars: %s', (text, expected) => {
    expect(dollarsOf(text)).toBe(expected)
  })

  test.each([
    ['0', 0],
    [' 45 ', 45],
    ['9999', 5000],
    ['', null],
    ['-1', null],
    ['7.5', null],
    [null, null],
  ])('%s as days: %s', (text, expected) => {
    expect(daysOf(text)).toBe(expected)
  })

  it('reads symbols with commas or blanks, once each, at most 20', () => {
    expect(symbolsOf(' spx, SPXW br.k 9 $')).toEqual(['SPX'])
    expect(symbolsOf('$spx; $qqq')).toEqual(['SPX', 'QQQ'])
    expect(['', ' spx;qqq', '$SPY'].every(areSymbols)).toBe(true)
    expect(['BRK.B', 'SPX 9', 'toolong9'].some(areSymbols)).toBe(false)
    expect(symbolsOf('spx,spy qqq SPY')).toEqual(['SPX', 'SPY', 'QQQ'])
    const many = Array.from({ length: 30 }, (_, i) => `${String.fromCharCode(65 + (i % 26))}X`)
    expect(symbolsOf(many.join())).toHaveLength(20)
  })
})
