import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { askedStream } from '../../src/api/live-filter.ts'
import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../../src/domain/labels.ts'
import { unionOfPrints, wantsEvent, wantsPrint } from '../../src/domain/live-filter.ts'
import type { LiveEvent } from '../../src/domain/live-flow.ts'

const asked = (text: string) => askedStream(new URLSearchParams(text))

const EVENT: LiveEvent = {
  ...{ event_id: 'a', revision: 1, reason: 'found', is_void: false, kind: 'SWEEP' },
  ...{ symbol: 'SPX', contract_ticker: 'O:SPXW251219C06475000', side: 'BUY' },
  ...{ sentiment: 'BULLISH', started_at: 1, ended_at: 2, span_ms: 1, leg_count: 2 },
  ...{ total_size: 100, total_premium: 50_000, vwap: 5, exchanges: [], why: null, recorded_at: 3 },
}

const wanted = (text: string, print: [string, number, number, number, number]) => {
  const { filter } = asked(text)
  return filter.hasPrints && wantsPrint(filter, ...print)
}

describe('a filter of the stream', () => {
  const SWEEP: [string, number, number, number, number] = ['SPX', 0, 0, 0, 50_000]
  it.each([
    ['', true, true],
    ['symbol=&type=&kinds=&minPremium=', true, true],
    ['symbol=qqq, spx', true, true],
    ['symbol=SPXW', true, true],
    ['symbol=QQQ', false, false],
    ['type=sweep,block', true, true],
    ['type=BLOCK', false, false],
    ['minPremium=50000', true, true],
    ['minPremium=50000.01', false, false],
    ['side=BUY', true, true],
    ['side=SELL,MID,UNKNOWN', false, false],
    ['sentiment=bullish', true, true],
    ['sentiment=BEARISH,NEUTRAL', false, false],
    ['kinds=prints', true, false],
    ['kinds=events', false, true],
    ['symbol=SPX&type=SWEEP&minPremium=1&side=BUY&sentiment=BULLISH', true, true],
  ])('%s: a print %s, an event %s', (text, print, event) => {
    expect(wanted(text, SWEEP)).toBe(print)
    expect(wantsEvent(asked(text).filter, EVENT)).toBe(event)
  })

  it('tells later versions of an event whatever has become of it', () => {
    const { filter } = asked('symbol=SPX&type=SWEEP&minPremium=1&side=BUY&sentiment=BULLISH')
    const changed = { revision: 2, kind: 'SPLIT', side: 'SELL', sentiment: 'NEUTRAL' } as const
    const gone = { ...EVENT, ...changed, total_premium: 0, is_void: true }
    expect(wantsEvent(filter, gone)).toBe(true)
    expect(wantsEvent(filter, { ...gone, symbol: 'QQQ' })).toBe(false)
    expect(wantsEvent(asked('kinds=prints').filter, gone)).toBe(false)
  })

  it.each([
    ['symbol=S;DROP', 'symbol: expected underlyings such as SPX,QQQ, with commas between'],
    ['symbol=SPX,,QQQ', 'symbol: expected underlyings'],
    ['type=HUGE', 'type: expected SWEEP, BLOCK, SPLIT, LARGE, REGULAR, with commas between'],
    ['side=LONG', 'side: expected BUY, SELL, MID, UNKNOWN, with commas between'],
    ['sentiment=UP', 'sentiment: expected BULLISH, BEARISH, NEUTRAL, with commas between'],
    ['kinds=quotes', 'kinds: expected prints, events, with commas between'],
    ['minPremium=-1', 'minPremium: expected a number from 0'],
    ['since=yesterday', 'since: expected a number from 0'],
    ['limit=5', 'expected symbol, type, minPremium, side, sentiment, kinds, since, came limit'],
    ['kinds=prints&kinds=events', 'kinds came more than once'],
  ])('refuses %s', (text, reason) => {
    expect(() => asked(text)).toThrow(reason)
    expect(() => asked(text)).toThrow(expect.objectContaining({ status: 400 }))
  })

  it('lets through all together what lets one through', () => {
    const some = (texts: readonly string[]) =>
      fc.subarray([...texts], { minLength: 1 }).map((list) => list.join())
    const text = fc
      .record(
        {
          symbol: some(['SPX', 'QQQ', 'SPY']),
          type: some(TRADE_TYPE_TEXT),
          side: some(SIDE_TEXT),
          sentiment: some(SENTIMENT_TEXT),
          minPremium: fc.constantFrom('0', '10', '1000'),
          kinds: fc.constantFrom('prints', 'events', 'prints,events'),
        },
        { requiredKeys: [] },
      )
      .map((record) => new URLSearchParams(record as Record<string, string>).toString())
    const print = fc.tuple(
      fc.constantFrom('SPX', 'QQQ', 'SPY', 'IWM'),
      fc.nat(4),
      fc.nat(3),
      fc.nat(2),
      fc.constantFrom(0, 10, 999, 1000),
    )
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), print, (texts, drawn) => {
        const filters = texts.map((one) => asked(one).filter)
        const union = unionOfPrints(filters)
        const anyone = filters.some((one) => one.hasPrints && wantsPrint(one, ...drawn))
        if (union === null) expect(filters.some(({ hasPrints }) => hasPrints)).toBe(false)
        if (anyone) expect(union !== null && wantsPrint(union, ...drawn)).toBe(true)
      }),
    )
  })
})
