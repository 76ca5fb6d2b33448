import { describe, expect, it, test } from 'vitest'
import type { LivePrint } from '../../src/domain/live-flow.ts'
import {
  countText,
  dateText,
  durationText,
  expiryText,
  netText,
  premiumText,
  priceText,
  timeText,
} from '../../src/page/format.ts'
import {
  netSign,
  rowText,
  sentimentSign,
  sideSign,
  spokenRow,
  titled,
  whyText,
} from '../../src/page/row-text.ts'
import { PRINT } from './print.ts'

describe('a row', () => {
  it('says what a trader looks for', () => {
    const text = rowText(PRINT)
    expect(text).toMatchObject({
      ...{ time: '09:31:05', ms: '.120', symbol: 'SPX', expiry: '19 Dec 25', strike: '6475' },
      ...{ right: 'C', size: '2,156', price: '4.50', premium: '$970.2K', type: 'Sweep' },
      ...{ venue: 'CBOE', dte: '28', why: '3 legs, 12 ms \u00b7 at ask' },
    })
    expect(spokenRow(text)).toBe(
      'SPX 19 Dec 25 6475 call, Buy 2,156 at 4.50, $970.2K, Sweep, Bullish',
    )
  })

  it('tells every side and sentiment apart without colour', () => {
    const sides = ['BUY', 'SELL', 'MID', 'UNKNOWN'].map(sideSign)
    const leans = ['BULLISH', 'BEARISH', 'NEUTRAL'].map(sentimentSign)
    for (const signs of [sides, leans]) {
      expect(new Set(signs.map(({ glyph }) => glyph)).size).toBe(signs.length)
      expect(new Set(signs.map(({ word }) => word)).size).toBe(signs.length)
    }
    expect([1, -1, 0].map((net) => netSign(net).word)).toEqual(['Bullish', 'Bearish', 'Neutral'])
  })

  const alone = { event_id: null, event_legs: null, event_span_ms: null }
  test.each<[Partial<LivePrint>, string]>([
    [{ ...alone, is_above_ask: true }, 'above ask'],
    [{ ...alone, is_below_bid: true }, 'below bid'],
    [{ ...alone, price: 4.4 }, 'at bid'],
    [{ ...alone, price: 4.46 }, 'above mid'],
    [{ ...alone, price: 4.44, side: 'SELL' }, 'below mid'],
    [{ ...alone, price: 4.45, side: 'MID' }, 'at mid'],
    [{ ...alone, bid: null, ask: null, side: 'UNKNOWN' }, 'no quote'],
    [{ ...alone, price: 4.46, side: 'UNKNOWN', is_multi_leg: true }, 'multi-leg'],
    [{ ...alone, is_unusual_volume: true }, 'at ask \u00b7 unusual volume'],
    [{ ...alone, is_unusual_volume: true, open_interest: 5 }, 'at ask \u00b7 volume > OI'],
    [{ ...alone, is_late: true }, 'at ask \u00b7 late'],
    [{ is_block: true }, '3 legs, 12 ms \u00b7 at ask \u00b7 block size'],
  ])('%j is there because: %s', (part, expected) => {
    expect(whyText({ ...PRINT, ...part })).toBe(expected)
  })
})

describe('figures', () => {
  test.each([
    [940.9, '$940'],
    [86_390, '$86.3K'],
    [999_999, '$999.9K'],
    [1_249_999, '$1.24M'],
    [1_150_000, '$1.15M'],
    [4_350_000, '$4.35M'],
    [2_010_000, '$2.01M'],
    [2_000_000_000, '$2.00B'],
    [-5200, '-$5.2K'],
    [0, '$0'],
  ])('%d dollars: %s', (dollars, expected) => {
    expect(premiumText(dollars)).toBe(expected)
  })

  it('are cut, not rounded up, and carry what they have', () => {
    expect([45.5, 0.0125, 12, 0.003].map(priceText)).toEqual(['45.50', '0.0125', '12.00', '0.003'])
    expect([netText(1200), netText(-1200), netText(0)]).toEqual(['+$1.2K', '-$1.2K', '$0'])
    expect(countText(2_156_000)).toBe('2,156,000')
    expect(titled('CONFIRM_FLOW')).toBe('Confirm flow')
  })

  it('are of New York, also where its clock was changed', () => {
    expect(timeText(Date.UTC(2026, 10, 1, 5, 59, 59))).toBe('01:59:59')
    expect(timeText(Date.UTC(2026, 10, 1, 6, 0, 0))).toBe('01:00:00')
    expect(timeText(Date.UTC(2026, 6, 1, 4, 0, 0, 7), 3)).toBe('00:00:00.007')
    expect(dateText(Date.UTC(2026, 6, 1, 3, 59))).toBe('2026-06-30')
    expect(expiryText('2026-01-02')).toBe('02 Jan 26')
  })

  test.each([
    [40_999, '40 s'],
    [5 * 60_000, '5 min'],
    [125 * 60_000, '2 h 5 min'],
    [120 * 60_000, '2 h'],
    [72 * 3_600_000, '3 days'],
    [-1, '0 s'],
  ])('%d ms: %s', (ms, expected) => {
    expect(durationText(ms)).toBe(expected)
  })
})
