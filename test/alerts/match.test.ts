import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Candidate, decide } from '../../src/alerts/decide.ts'
import { factsOfEvent, factsOfPrint, isSameStory } from '../../src/alerts/facts.ts'
import {
  cooldownKeyOf,
  isWithin,
  matchesFacts,
  matchesLegs,
  moneynessOf,
  volumeOverOi,
} from '../../src/alerts/match.ts'
import { printFilterOf } from '../../src/alerts/print-filter.ts'
import type { AlertRule } from '../../src/alerts/rules.ts'
import type { LiveEvent, LivePrint } from '../../src/domain/live-flow.ts'
import { FACTS, RULE, SINK } from './samples.ts'

const EVENT: LiveEvent = {
  event_id: 'O:SPY251219C00450000-1763735400000-7',
  revision: 3,
  reason: 'cancel',
  is_void: false,
  kind: 'SWEEP',
  symbol: 'SPY',
  contract_ticker: 'O:SPY251219C00450000',
  side: 'BUY',
  sentiment: 'BULLISH',
  started_at: 1_763_735_400_000,
  ended_at: 1_763_735_400_230,
  span_ms: 230,
  leg_count: 12,
  total_size: 1200,
  total_premium: 1_206_000,
  vwap: 10.05,
  exchanges: ['CBOE', 'PHLX'],
  why: null,
  recorded_at: 1_763_735_400_900,
}

describe('facts', () => {
  test('of an event have what its contract says', () => {
    expect(factsOfEvent(EVENT)).toEqual({ ...FACTS, revision: 3, reason: 'cancel' })
  })

  test('of a contract that cannot be read there are none', () => {
    expect(factsOfEvent({ ...EVENT, contract_ticker: 'SPY' })).toBeNull()
  })

  test('of prints with another sequence, or another arrival without one, have other names', () => {
    const print = { contract_ticker: 'O:X', timestamp: 5, arrival: 2, exchange: null } as LivePrint
    const names = [
      { ...print, sequence: 7 },
      { ...print, sequence: 8 },
      { ...print, sequence: null },
      { ...print, sequence: null, arrival: 3 },
    ].map((one) => factsOfPrint(one).subject)
    expect(names).toEqual(['print:O:X:5:7', 'print:O:X:5:8', 'print:O:X:5:a2', 'print:O:X:5:a3'])
  })

  test.each([
    [{ revision: 9, reason: 'late quote', started_at: 1 }, true],
    [{ side: 'SELL' }, false],
    [{ premium: 1 }, false],
    [{ legs: 11 }, false],
    [{ is_void: true }, false],
    [{ exchanges: ['CBOE'] }, false],
  ])('with %j tell the same story: %s', (change, isSame) => {
    expect(isSameStory(FACTS, { ...FACTS, ...change })).toBe(isSame)
  })
})

describe('a rule', () => {
  test.each<[Partial<AlertRule>, boolean]>([
    [{}, true],
    [{ types: ['BLOCK'] }, false],
    [{ types: ['BLOCK', 'SWEEP'] }, true],
    [{ symbols: ['SPY', 'QQQ'] }, true],
    [{ symbols: ['QQQ'] }, false],
    [{ sides: ['SELL'] }, false],
    [{ sides: ['SELL', 'BUY'] }, true],
    [{ sentiments: ['BEARISH'] }, false],
    [{ option: 'put' }, false],
    [{ option: 'call' }, true],
    [{ premium: { min: 1_206_000, max: null } }, true],
    [{ premium: { min: 1_206_000.01, max: null } }, false],
    [{ premium: { min: null, max: 1_206_000 } }, true],
    [{ premium: { min: null, max: 1_205_999 } }, false],
    [{ size: { min: 1201, max: null } }, false],
    [{ size: { min: 1200, max: 1200 } }, true],
    [{ dte: { min: null, max: 27 } }, false],
    [{ dte: { min: 28, max: 28 } }, true],
  ])('with %j is met by the sample: %s', (change, isMet) => {
    expect(matchesFacts({ ...RULE, ...change }, FACTS)).toBe(isMet)
  })

  test('is met only if each of its parts is', () => {
    const part = fc.constantFrom<Partial<AlertRule>>(
      { symbols: ['SPY'] },
      { symbols: ['QQQ'] },
      { sides: ['BUY'] },
      { sides: ['SELL'] },
      { size: { min: 2000, max: null } },
      { premium: { min: 5, max: null } },
      { option: 'put' },
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const whole: AlertRule = Object.assign({}, RULE, ...parts)
        const keys = new Map(parts.flatMap((one) => Object.entries(one)))
        const alone = [...keys].map(([key, value]) => ({ ...RULE, [key]: value }) as AlertRule)
        expect(matchesFacts(whole, FACTS)).toBe(alone.every((rule) => matchesFacts(rule, FACTS)))
      }),
    )
  })

  test.each([
    ['call', 450, 440, 2.2727],
    ['call', 450, 500, -10],
    ['put', 450, 500, 10],
    ['put', 450, 450, 0],
    ['put', 450, null, null],
    ['put', 450, 0, null],
  ] as const)('a %s of %d at %s is %s percent out of the money', (option, strike, price, away) => {
    const found = moneynessOf({ option_type: option, strike, underlying_price: price })
    if (away === null) expect(found).toBeNull()
    else expect(found).toBeCloseTo(away, 3)
  })

  test.each([
    [300, 100, 3],
    [300, 0, Number.POSITIVE_INFINITY],
    [0, 0, 0],
    [null, 100, null],
    [300, null, null],
  ])('a volume of %s over %s open is %s', (volume, open, ratio) => {
    expect(volumeOverOi({ day_volume: volume, open_interest: open })).toBe(ratio)
  })

  test('does not take what nobody knows', () => {
    const far = { ...RULE, moneyness: { min: null, max: 10 } }
    const busy = { ...RULE, volumeOverOi: { min: 0, max: null } }
    expect([matchesLegs(far, FACTS), matchesLegs(busy, FACTS)]).toEqual([false, false])
    expect(matchesLegs(RULE, FACTS)).toBe(true)
    const known = { ...FACTS, underlying_price: 440, open_interest: 10, day_volume: 5 }
    expect([matchesLegs(far, known), matchesLegs(busy, known)]).toEqual([true, true])
  })

  test('takes a value at both bounds, and nothing beyond', () => {
    fc.assert(
      fc.property(fc.integer(), fc.option(fc.integer()), fc.option(fc.integer()), (v, min, max) => {
        expect(isWithin(v, { min, max })).toBe(
          !(min !== null && v < min) && !(max !== null && v > max),
        )
      }),
    )
    expect(isWithin(Number.NaN, { min: null, max: null })).toBe(false)
  })

  test.each([
    ['symbol', 'SPY'],
    ['contract', 'O:SPY251219C00450000'],
    ['contract_side', 'O:SPY251219C00450000 BUY'],
    ['rule', ''],
  ] as const)('with a cooldown per %s counts %j together', (per, key) => {
    expect(cooldownKeyOf(per, FACTS)).toBe(key)
  })
})

describe('single prints', () => {
  const prints = (change: Partial<AlertRule>): AlertRule => ({
    ...RULE,
    types: ['LARGE'],
    ...change,
  })

  test('cost nothing where no rule asks for them', () => {
    expect(printFilterOf({ sinks: [], rules: [RULE] })).toBeNull()
  })

  test('are picked by the least of all rules of their type', () => {
    const rules = [
      prints({ premium: { min: 500, max: null } }),
      prints({ premium: { min: 300, max: null }, size: { min: 9, max: null } }),
      prints({ types: ['REGULAR', 'SWEEP'], size: { min: 70, max: null } }),
    ]
    const none = Number.POSITIVE_INFINITY
    expect(printFilterOf({ sinks: [], rules })).toMatchObject({
      premium: [none, none, none, 300, 0],
      size: [none, none, none, 0, 70],
    })
  })
})

describe('decisions', () => {
  const A = { ...RULE, name: 'a', cooldownMs: 60_000 }
  const B = { ...RULE, name: 'b' }
  const DESK = { ...SINK, name: 'desk' }
  const BOT = { ...SINK, name: 'bot', dedupes: false }
  const one = (rule: AlertRule, sink = DESK): Candidate => ({ rule, sink, cooldownKey: 'SPY' })
  const never = { toldAt: () => null, sinksTold: new Set<string>() }
  const result = (candidates: Candidate[], known: Parameters<typeof decide>[1]) =>
    decide(candidates, known, 1_000_000).map(({ suppressedBy }) => suppressedBy)

  test('tell a sink of an event once, by the first rule, unless it wants all', () => {
    expect(result([one(A), one(B)], never)).toEqual([null, 'dedupe'])
    expect(result([one(A, BOT), one(B, BOT)], never)).toEqual([null, null])
    expect(result([one(B)], { ...never, sinksTold: new Set(['desk']) })).toEqual(['dedupe'])
  })

  test('are silent for all sinks of a rule within its cooldown, to the millisecond', () => {
    const at = (ms: number) => ({ ...never, toldAt: (rule: string) => (rule === 'a' ? ms : null) })
    expect(result([one(A), one(A, BOT)], at(940_001))).toEqual(['cooldown', 'cooldown'])
    expect(result([one(A)], at(940_000))).toEqual([null])
    // the next rule tells what the first is silent about
    expect(result([one(A), one(B)], at(999_999))).toEqual(['cooldown', null])
    // without a cooldown it does not matter when it last told
    expect(result([one(B)], { ...never, toldAt: () => 999_999 })).toEqual([null])
  })
})
