import { expect, test } from 'vitest'
import { underlyingOf } from '../../src/domain/contract.ts'
import {
  clusterUrl,
  isIndex,
  priceTopics,
  underlyingOfVendorName,
  vendorName,
} from '../../src/reader/underlying-names.ts'

test('index roots are asked for as the index, stocks by their name', () => {
  const names = ['SPXW', 'NDXP', 'VIXW', 'RUTW', 'XSP', 'DJX', 'SPY', 'QQQ', 'IWM', 'AAPL1']
  expect(names.map(underlyingOf).map(vendorName)).toEqual([
    'I:SPX',
    'I:NDX',
    'I:VIX',
    'I:RUT',
    'I:XSP',
    'I:DJX',
    'SPY',
    'QQQ',
    'IWM',
    'AAPL',
  ])
  expect(underlyingOfVendorName('I:SPX')).toBe('SPX')
  expect(underlyingOfVendorName('SPY')).toBe('SPY')
  expect(isIndex('toString')).toBe(false)
})

test('each cluster is asked only for what belongs there', () => {
  const watched = ['SPX', 'NDX', 'SPY', 'QQQ']
  expect(priceTopics('stocks', watched)).toEqual(['A.SPY', 'A.QQQ'])
  expect(priceTopics('indices', watched)).toEqual(['V.I:SPX', 'V.I:NDX'])
  expect(priceTopics('indices', ['SPY'])).toEqual([])
  expect(priceTopics('stocks', '*')).toEqual(['A.*'])
  expect(priceTopics('indices', '*')).toEqual(['V.*'])
})

test.each([
  ['wss://socket.massive.com/options', 'wss://socket.massive.com/indices'],
  ['wss://delayed.massive.com/options/', 'wss://delayed.massive.com/indices'],
  ['ws://127.0.0.1:8080', 'ws://127.0.0.1:8080/indices'],
  ['ws://127.0.0.1:8080/', 'ws://127.0.0.1:8080/indices'],
  ['ws://proxy/a/b/options?x=1', 'ws://proxy/a/b/indices?x=1'],
])('beside %s lies %s', (feedUrl, expected) => {
  expect(clusterUrl(feedUrl, 'indices')).toBe(expected)
})
