import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clnvRule,
  depthRule,
  emoRule,
  leeReadyRule,
  quoteRule,
  tickRule,
  tradeSizeRule,
} from '../../src/domain/trade-rules.ts'
import published from '../fixtures/domain/tclf-rows.json' with { type: 'json' }

/** A row's inputs by name: prices in ticks, sizes in contracts, NaN for what is missing. */
function inputOf(inputs: Readonly<Record<string, unknown>>, name: string): number {
  const value = inputs[name] ?? Number.NaN
  return name.includes('size') ? Number(value) : Math.round(Number(value) * 10_000)
}

function signOf(rule: string, inputs: Readonly<Record<string, unknown>>): number {
  const input = (name: string) => inputOf(inputs, name)
  const price = input('trade_price')
  const [bid, ask] = [input('bid'), input('ask')]
  const differing = input(rule.startsWith('rev_') ? 'price_lead' : 'price_lag')
  const bidSize = input('bid_size_ex')
  const askSize = input('ask_size_ex')
  switch (rule) {
    case 'tick':
    case 'rev_tick':
      return tickRule(price, differing)
    case 'quote':
      return quoteRule(price, bid, ask)
    case 'lr':
    case 'rev_lr':
      return leeReadyRule(price, bid, ask, differing)
    case 'emo':
    case 'rev_emo':
      return emoRule(price, bid, ask, differing)
    case 'clnv':
    case 'rev_clnv':
      return clnvRule(price, bid, ask, differing)
    case 'trade_size':
      return tradeSizeRule(input('trade_size'), bidSize, askSize)
    case 'depth':
      return depthRule(price, input('bid_ex'), input('ask_ex'), bidSize, askSize)
    case 'stack:tick_ex>rev_tick_all':
      return tickRule(price, input('price_ex_lag')) || tickRule(price, input('price_all_lead'))
    case 'stack:quote_ex>quote_best': {
      const own = quoteRule(price, input('bid_ex'), input('ask_ex'))
      return own || quoteRule(price, input('bid_best'), input('ask_best'))
    }
    default:
      throw new Error(`no rule ${rule}`)
  }
}

describe('published rows', () => {
  const deterministic = published.rows.filter((row) => row.deterministic)
  const abstaining = published.rows.filter((row) => !row.deterministic)

  it('are all there', () => {
    expect([deterministic.length, abstaining.length]).toEqual([46, 23])
    expect(deterministic.every(({ expected }) => expected !== 0)).toBe(true)
  })

  it.each(deterministic)('$id is signed as published', ({ rule, inputs, expected }) => {
    expect(signOf(rule, inputs)).toBe(expected)
  })

  it.each(abstaining)('$id is left alone', ({ rule, inputs, expected }) => {
    expect(expected).toBe(0)
    expect(signOf(rule, inputs)).toBe(0)
  })
})

describe('clnvRule', () => {
  // bid 1.0000, ask 2.0000; the tick test says buy, so a sell comes from the quote rule
  it.each([
    ['a tick below the bid', 9_999, 1],
    ['at the bid', 10_000, -1],
    ['at the end of the lower band', 13_000, -1],
    ['a tick into the middle', 13_001, 1],
  ])('%s', (_, price, sign) => {
    expect(clnvRule(price, 10_000, 20_000, 0)).toBe(sign)
  })

  // mirrored: the tick test says sell
  it.each([
    ['a tick above the ask', 20_001, -1],
    ['at the ask', 20_000, 1],
    ['at the end of the upper band', 17_000, 1],
    ['a tick into the middle', 16_999, -1],
  ])('%s', (_, price, sign) => {
    expect(clnvRule(price, 10_000, 20_000, 10 ** 9)).toBe(sign)
  })

  it('asks the tick test where both bands meet in a locked quote', () => {
    expect(clnvRule(15_000, 15_000, 15_000, 14_000)).toBe(1)
  })

  it('asks the tick test on a crossed quote', () => {
    expect(clnvRule(15_000, 20_000, 10_000, 14_000)).toBe(1)
  })
})

describe('emoRule', () => {
  it('asks the tick test inside the quote, where the quote rule says otherwise', () => {
    expect(quoteRule(10_001, 10_000, 20_000)).toBe(-1)
    expect(emoRule(10_001, 10_000, 20_000, 9_000)).toBe(1)
  })
})

describe('depthRule', () => {
  it.each([
    ['less at the bid', 15_000, 5, 7, 1],
    ['less at the ask', 15_000, 7, 5, -1],
    ['equal sizes', 15_000, 5, 5, 0],
    ['no ask size', 15_000, 5, Number.NaN, 0],
    ['a tick off the midpoint', 15_001, 5, 7, 0],
  ])('%s', (_, price, bidSize, askSize, sign) => {
    expect(depthRule(price, 10_000, 20_000, bidSize, askSize)).toBe(sign)
  })

  it('knows no midpoint of a crossed quote', () => {
    expect(depthRule(15_000, 20_000, 10_000, 5, 7)).toBe(0)
  })
})

it('all price rules mirror: what is bought at a price is sold at its mirror image', () => {
  const ticks = fc.integer({ min: 1, max: 40 })
  const rules = [emoRule, leeReadyRule, clnvRule]
  fc.assert(
    fc.property(ticks, ticks, ticks, ticks, (price, bid, ask, differing) => {
      const mirror = (value: number) => 50 - value
      for (const rule of rules) {
        const sign = rule(price, bid, ask, differing)
        const other = rule(mirror(price), mirror(ask), mirror(bid), mirror(differing))
        expect(other + sign).toBe(0)
      }
    }),
    { seed: 11, numRuns: 2000 },
  )
})
