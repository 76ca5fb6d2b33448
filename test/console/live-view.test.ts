import { describe, expect, test } from 'vitest'
import { figuresBetween, type LiveSample } from '../../src/console/live-figures.ts'
import { liveViewLines } from '../../src/console/live-view.ts'
import { TopPrints } from '../../src/console/top-prints.ts'

const SAMPLE: LiveSample = {
  at: 1_000_000,
  notReady: null,
  received: 5000,
  stored: 700,
  connections: 2,
  connected: 1,
  reconnects: 1,
  gapsOpen: 1,
  credits: 12,
  committed: [
    [0.005, 100],
    [0.025, 190],
    [0.1, 200],
    [Number.POSITIVE_INFINITY, 200],
  ],
  premium: new Map([
    ['SPX', { bullish: 2_500_000, bearish: 1_000_000 }],
    ['QQQ', { bullish: 0, bearish: 340_000 }],
    ['NDX', { bullish: 0, bearish: 0 }],
  ]),
}
const NOTHING: LiveSample = {
  ...SAMPLE,
  ...{ at: 990_000, received: 0, stored: 0, committed: SAMPLE.committed.map(([le]) => [le, 0]) },
}

const drawn = (figures = figuresBetween(NOTHING, SAMPLE), columns = 80) =>
  liveViewLines({
    figures,
    uptimeMs: 125_000,
    url: 'http://127.0.0.1:9464',
    top: ['v SPX 6300C 22 @ $249.80 ($549K premium)', '^ QQQ 622C 401 @ $1.02 ($40K premium)'],
    columns,
  })

test('shows what an operator and a trader look for', () => {
  expect(drawn().slice(1)).toEqual([
    'engine   ready, up 2 minutes',
    'page     http://127.0.0.1:9464',
    'feed     1 of 2 connected, 1 reconnect, 1 gap open',
    'prints   500/s received, 70/s stored',
    'total    5,000 received, 700 stored',
    'latency  5.0 ms from receipt to commit, 99 % within 85 ms',
    'slabs    12 free',
    'net      SPX +$1.5M  QQQ -$340K',
    'largest  v SPX 6300C 22 @ $249.80 ($549K premium)',
    '         ^ QQQ 622C 401 @ $1.02 ($40K premium)',
  ])
})

test('of an engine that has begun: no rate, no latency, no premium', () => {
  const now = { ...NOTHING, notReady: 'starting', credits: Number.NaN, premium: new Map() }
  const lines = drawn(figuresBetween(now, now)).join('\n')
  expect(lines).toContain('engine   starting, up')
  expect(lines).toContain('0.0/s received')
  expect(lines).toContain('nothing committed in the last seconds')
  expect(lines).toContain('slabs    nothing is read yet')
  const held = { ...now, credits: 0 }
  expect(drawn(figuresBetween(held, held)).join('\n')).toContain('none free: reading is paused')
  expect(lines).toContain('no premium with a side yet')
})

test.each([21, 40, 60, 80, 100, 300])('fits %i columns', (columns) => {
  for (const line of drawn(undefined, columns)) {
    expect([...line].length, line).toBeLessThan(columns)
  }
})

describe('figures', () => {
  test('are of the time between two samples only', () => {
    const later: LiveSample = {
      ...SAMPLE,
      ...{ at: SAMPLE.at + 2000, received: 5100, stored: 700 },
      committed: SAMPLE.committed.map(([le, rows]) => [le, rows + (le === 0.005 ? 0 : 10)]),
    }
    const figures = figuresBetween(SAMPLE, later)
    expect(figures).toMatchObject({ receivedPerSecond: 50, storedPerSecond: 0 })
    expect(figures.p50).toBeCloseTo(0.015, 9)
  })

  test('beyond the last bound are that bound', () => {
    const committed: LiveSample['committed'] = [
      [0.1, 0],
      [Number.POSITIVE_INFINITY, 10],
    ]
    const { p50, p99 } = figuresBetween(NOTHING, { ...SAMPLE, committed })
    expect([p50, p99]).toEqual([0.1, 0.1])
  })
})

test('the largest prints are those of the last while', () => {
  const top = new TopPrints(1000)
  for (let i = 0; i < 500; i++) top.add(i, `${i}`, 100)
  top.add(5000, 'old', 0)
  top.add(450, 'new', 900)
  expect(top.largest(2, 999)).toEqual(['old', '499'])
  expect(top.largest(3, 1100)).toEqual(['new'])
})
