import { describe, expect, test } from 'vitest'
import { decodeUnderlying } from '../../src/reader/underlying-decode.ts'
import type { Cluster } from '../../src/reader/underlying-names.ts'

const RECV = 1_700_000_000_000

function decode(value: unknown, source: Cluster = 'stocks') {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return decodeUnderlying(Buffer.from(text), false, RECV, source)
}

// as the vendor's WebSocket description shows them
const BAR = {
  ...{ ev: 'A', sym: 'SPCE', v: 200, av: 8642007, op: 25.66, vw: 25.3981, o: 25.39, c: 25.39 },
  ...{ h: 25.39, l: 25.39, a: 25.3714, z: 50, s: 1610144868000, e: 1610144869000 },
}
const VALUE = { ev: 'V', val: 3988.5, T: 'I:SPX', t: 1678220098130 }
const TRADE = {
  ...{ ev: 'T', sym: 'MSFT', x: 4, i: '12345', z: 3, p: 114.125, s: 100, c: [0, 12] },
  ...{ t: 1536036818784, q: 3681328 },
}

test('bars give their close at their end, trades and values their price', () => {
  expect(decode([BAR, { ...BAR, ev: 'AM', c: '25.5' }, TRADE])).toEqual({
    prices: [
      { symbol: 'SPCE', price: 25.39, time: 1610144869000, source: 'stocks' },
      { symbol: 'SPCE', price: 25.5, time: 1610144869000, source: 'stocks' },
      { symbol: 'MSFT', price: 114.125, time: 1536036818784, source: 'stocks' },
    ],
    statuses: [],
    unknown: 0,
    invalid: 0,
  })
  expect(decode(VALUE, 'indices')?.prices).toEqual([
    { symbol: 'SPX', price: 3988.5, time: 1678220098130, source: 'indices' },
  ])
})

test('status events and data may share a frame', () => {
  const frame = decode([{ ev: 'status', status: 'success', message: 'subscribed to: V.*' }, VALUE])
  expect(frame?.statuses).toEqual([{ status: 'success', message: 'subscribed to: V.*' }])
  expect(frame?.prices.length).toBe(1)
  expect(decode([{ ev: 'status', status: 'connected' }])?.statuses).toEqual([
    { status: 'connected', message: '' },
  ])
})

test('events of other kinds are counted and nothing else', () => {
  const events = [{ ev: 'Q', sym: 'SPY' }, { ev: 'LULD', T: 'SPY', h: 1 }, {}, { ev: 12 }]
  expect(decode(events)).toEqual({ prices: [], statuses: [], unknown: 4, invalid: 0 })
})

describe('an event that cannot be is no price', () => {
  test.each([
    { val: 0 },
    { val: -1 },
    { val: 1_000_000.01 },
    { val: null },
    { val: 'many' },
    { val: '' },
    { val: [3988.5] },
    { t: 0 },
    { t: -5 },
    { t: 1.5 },
    { t: null },
    { t: RECV + 60_001 },
    { T: '' },
    { T: 12 },
    { T: undefined },
  ])('%j', (wrong) => {
    expect(decode([{ ...VALUE, ...wrong }])).toMatchObject({ prices: [], unknown: 0, invalid: 1 })
  })

  test('but one at the bounds is', () => {
    const bounds = [
      { ...VALUE, val: 1_000_000 },
      { ...VALUE, val: 0.0001 },
      { ...VALUE, t: RECV + 60_000 },
      { ...VALUE, t: 1 },
    ]
    expect(decode(bounds)).toMatchObject({ invalid: 0, prices: [{}, {}, {}, {}] })
  })
})

test('a frame that is binary, too large or no JSON of objects is none', () => {
  const whole = Buffer.from(JSON.stringify([VALUE]))
  expect(decodeUnderlying(whole, false, RECV, 'indices')).not.toBe(null)
  expect(decodeUnderlying(whole, true, RECV, 'indices')).toBe(null)
  const large = Buffer.concat([whole, Buffer.alloc(4 * 1024 * 1024, ' ')])
  expect(decodeUnderlying(large, false, RECV, 'indices')).toBe(null)
  for (const text of ['', '[', 'null', '12', '[null]', '["A"]', `${JSON.stringify(VALUE)}]`]) {
    expect(decode(text), text).toBe(null)
  }
  for (let cut = 1; cut < whole.length; cut++) {
    expect(decodeUnderlying(whole.subarray(0, cut), false, RECV, 'indices')).toBe(null)
  }
})
