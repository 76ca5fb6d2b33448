import { describe, expect, it, test } from 'vitest'
import { backoffMs } from '../../src/page/backoff.ts'
import { bannersOf, type Gap, type Health, QUIET_MS } from '../../src/page/banners.ts'
import { cardSymbols } from '../../src/page/context.ts'
import { actionOf } from '../../src/page/keys.ts'
import { boundsOf, chartData } from '../../src/page/minutes.ts'

const NOW = Date.UTC(2025, 10, 21, 15)
const FINE: Health = {
  ...{
    awaySince: null,
    ready: 'ready',
    receivedAt: NOW - 1000,
    askedAt: NOW,
    gaps: [],
    missed: [],
  },
  ...{ silentSince: null, storeSince: null },
}
const GAP: Gap = {
  ...{ gap_id: 'a', started_at: NOW - 90_000, ended_at: NOW - 30_000, symbols: ['*'] },
  ...{ reason: 'disconnected', status: 'filled', filled: 1200 },
}
const textsOf = (part: Partial<Health>): string[] =>
  bannersOf({ ...FINE, ...part }, NOW).map(({ tone, text }) => `${tone}: ${text}`)

describe('banners', () => {
  test.each<[string, Partial<Health>, string[]]>([
    ['nothing', {}, []],
    ['not asked yet', { ready: null }, []],
    [
      'no answer',
      { silentSince: NOW - 5000 },
      ['bad: The engine has not answered since 09:59:55 ET: all of this is old'],
    ],
    [
      'no database',
      { storeSince: NOW - 5000 },
      ['bad: The database has not answered since 09:59:55 ET: cards, chart and new events are old'],
    ],
    [
      'no connection',
      { awaySince: NOW - 5000, ready: 'x' },
      ['bad: Not connected to the engine since 09:59:55 ET: nothing below is live'],
    ],
    ['not ready', { ready: 'no feed' }, ['bad: The engine is not ready: no feed']],
    ['not quiet for long', { receivedAt: NOW - QUIET_MS + 1 }, []],
    [
      'not asked for long, as in a hidden tab',
      { receivedAt: NOW - 9 * QUIET_MS, askedAt: NOW - 8.5 * QUIET_MS },
      [],
    ],
    [
      'quiet',
      { receivedAt: NOW - 3 * QUIET_MS },
      ['bad: No print received for 3 min: the market or the feed is silent'],
    ],
    [
      'a gap that is over',
      { gaps: [GAP] },
      [
        'note: Gap 09:58:30 to 09:59:30 ET, 1 min (disconnected): prints may be missing, ' +
          '1,200 filled',
      ],
    ],
    [
      'an open gap',
      { gaps: [{ ...GAP, ended_at: null, symbols: ['SPX', 'SPY'] }] },
      ['bad: Gap since 09:58:30 ET (disconnected): prints of SPX, SPY may be missing'],
    ],
    ['a gap of long ago', { gaps: [{ ...GAP, ended_at: NOW - 2 * 3_600_000 }] }, []],
    [
      'missed prints',
      {
        missed: [
          { kind: 'prints', reason: 'rate', count: 70, from: 1, to: NOW - 3_600_000 },
          { kind: 'prints', reason: 'rate', count: 900, from: 1, to: NOW - 2000 },
          { kind: 'prints', reason: 'rate', count: 350, from: 2, to: NOW - 1000 },
        ],
      },
      [
        'note: 1,250 prints were not streamed (more than the stream tells a second; set a ' +
          'filter); they are asked of the store',
      ],
    ],
    [
      'a break that the store fills',
      { missed: [{ kind: 'prints', reason: 'reconnect', count: null, from: 1, to: NOW }] },
      [],
    ],
  ])('%s', (_, part, expected) => {
    expect(textsOf(part)).toEqual(expected)
  })

  it('tell of two open gaps and of the newest that is over, and count the others', () => {
    const open = { ...GAP, ended_at: null }
    const texts = textsOf({ gaps: [open, open, open, GAP, GAP, GAP] })
    expect(texts).toHaveLength(3)
    expect(texts.at(-1)).toMatch(/filled; 2 more in the last hour$/)
  })
})

describe('the chart', () => {
  const minute = (n: number, bullishPremium: number, bearishPremium: number) => ({
    ...{ time: n * 60_000, bullishPremium, bearishPremium },
  })

  it('has every minute, and adds up', () => {
    const data = chartData([minute(10, 5, 2), minute(12, 0, 7)], 13.5 * 60_000)
    expect(data).toEqual([
      [600, 660, 720, 780],
      [3, 0, -7, 0],
      [3, 3, -4, -4],
    ])
    expect(chartData([], NOW)).toEqual([[], [], []])
    // a tape of another time does not make a chart without end
    expect(chartData([minute(0, 1, 0)], NOW)[0].length).toBeLessThanOrEqual(7 * 24 * 60 + 1)
  })

  it('has zero at one height on both scales, and room for all', () => {
    const data = chartData([minute(0, 900, 0), minute(1, 0, 200), minute(2, 50, 0)], 120_000)
    const { net, total } = boundsOf(data)
    expect(-net[0] / net[1]).toBeCloseTo(-total[0] / total[1])
    expect(net[0]).toBeLessThan(-200)
    expect(net[1]).toBeGreaterThan(900)
    expect(total[1]).toBeGreaterThan(900)
    expect(boundsOf([[], [], []]).net[1]).toBeGreaterThan(0)
  })
})

describe('cards', () => {
  const seen = [
    { symbol: 'SPY', premium: 5 },
    { symbol: 'SPX', premium: 9 },
    { symbol: 'SPY', premium: 6 },
    { symbol: 'QQQ', premium: 1 },
  ]

  it('stand by premium, keep their places, and one that is asked for is there', () => {
    expect(cardSymbols([], [], seen, 8)).toEqual(['SPY', 'SPX', 'QQQ'])
    expect(cardSymbols(['QQQ'], [], seen, 8)).toEqual(['QQQ', 'SPY', 'SPX'])
    expect(cardSymbols(['QQQ', 'SPY'], ['NDX'], seen, 2)).toEqual(['NDX', 'QQQ'])
    expect(cardSymbols([], ['A', 'B', 'C'], seen, 2)).toEqual(['A', 'B'])
  })

  it('goes to others once it is far from the largest', () => {
    const many = Array.from({ length: 9 }, (_, i) => ({ symbol: `S${i}`, premium: 100 - i }))
    expect(cardSymbols(['OLD', 'S3'], [], many, 2)).toEqual(['S3', 'S0'])
    expect(cardSymbols(['OLD'], [], [], 2)).toEqual(['OLD'])
  })

  it('stay where they are when nothing has changed', () => {
    const have = ['SPX', 'MSFT', 'TSLA']
    const once = cardSymbols(have, ['TSLA', 'NVDA'], seen, 3)
    expect(cardSymbols(once, ['TSLA', 'NVDA'], seen, 3)).toEqual(once)
    expect(once).toEqual(['TSLA', 'NVDA', 'SPX'])
  })
})

describe('keys', () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false }
  test.each([
    ['j', 'DIV', { do: 'move', by: 1 }],
    ['ArrowUp', 'DIV', { do: 'move', by: -1 }],
    [' ', 'DIV', { do: 'hold' }],
    [' ', 'BUTTON', null],
    ['Enter', 'BUTTON', null],
    ['j', 'BUTTON', { do: 'move', by: 1 }],
    ['j', 'INPUT', null],
    ['Escape', 'INPUT', { do: 'back' }],
    ['ArrowDown', 'ASIDE', null],
    ['Enter', 'ASIDE', null],
    ['j', 'ASIDE', { do: 'move', by: 1 }],
    ['x', 'DIV', null],
    ['toString', 'DIV', null],
  ])('%s on %s', (key, tag, expected) => {
    expect(actionOf({ ...plain, key }, tag)).toEqual(expected)
  })

  it("are the browser's with Ctrl, Alt or Cmd", () => {
    for (const held of ['ctrlKey', 'metaKey', 'altKey']) {
      expect(actionOf({ ...plain, key: 'c', [held]: true }, 'DIV')).toBeNull()
    }
  })
})

test('it waits longer each time before it connects again, up to 15 s', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 50].map((attempt) => backoffMs(attempt, 1))
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
  expect(backoffMs(0, 0)).toBe(250)
})
