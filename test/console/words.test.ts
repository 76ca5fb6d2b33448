import { expect, test } from 'vitest'
import { dollars, duration, listed, marketTime, price } from '../../src/console/words.ts'

test.each([
  [0.5, '$0'],
  [850, '$850'],
  [107_500, '$107K'],
  [480_000, '$480K'],
  [999_999, '$999K'],
  [1_137_500, '$1.1M'],
  [999_999_999, '$999.9M'],
  [2_340_000_000, '$2.3B'],
])('premium %d is %s', (value, text) => {
  expect(dollars(value)).toBe(text)
})

test.each([
  [455_000, '$45.50'],
  [100, '$0.01'],
  [125, '$0.0125'],
  [12_340, '$1.234'],
  [10_000_000, '$1000.00'],
])('a price of %d ticks is %s', (ticks, text) => {
  expect(price(ticks)).toBe(text)
})

test.each([
  [999, '0 seconds'],
  [1000, '1 second'],
  [61_000, '1 minute'],
  [300_000, '5 minutes'],
  [3_600_000, '1 hour'],
  [7_500_000, '2 hours 5 minutes'],
  [97_200_000, '1 day 3 hours'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test('market time follows the summer time of New York', () => {
  expect(marketTime(Date.UTC(2026, 0, 5, 14, 30))).toBe('9:30:00 AM ET')
  expect(marketTime(Date.UTC(2026, 6, 6, 13, 30))).toBe('9:30:00 AM ET')
})

test('a list names what there is room for', () => {
  expect(listed(['A', 'B'])).toBe('A, B')
  expect(listed(['AAAA', 'BBBB', 'CCCC'], 16)).toBe('AAAA, BBBB, CCCC')
  expect(listed(['AAAA', 'BBBB', 'CCCC', 'DDDD', 'EEEE'], 25)).toBe('AAAA, BBBB and 3 more')
  expect(listed(['AAAA', 'BBBB'], 1)).toBe('AAAA and 1 more')
})
