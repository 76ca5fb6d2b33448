import { expect, test } from 'vitest'
import { isMarketHours } from '../../src/reader/market-hours.ts'

test.each([
  ['2026-11-18T14:29:59.999Z', false, 'a Wednesday in winter time, before the open'],
  ['2026-11-18T14:30:00.000Z', true, 'the open'],
  ['2026-11-18T20:59:59.999Z', true, 'the last moment'],
  ['2026-11-18T21:00:00.000Z', false, 'the close'],
  ['2026-07-15T13:29:59.999Z', false, 'a Wednesday in summer time, before the open'],
  ['2026-07-15T13:30:00.000Z', true, 'the open in summer time'],
  ['2026-07-15T19:59:59.999Z', true, 'the last moment in summer time'],
  ['2026-07-15T20:00:00.000Z', false, 'the close in summer time'],
  ['2026-03-06T14:00:00.000Z', false, 'the Friday before summer time begins: 09:00'],
  ['2026-03-09T14:00:00.000Z', true, 'the Monday after: 10:00'],
  ['2026-10-30T13:45:00.000Z', true, 'the Friday before winter time begins: 09:45'],
  ['2026-11-02T13:45:00.000Z', false, 'the Monday after: 08:45'],
  ['2026-11-20T17:00:00.000Z', true, 'Friday noon'],
  ['2026-11-21T17:00:00.000Z', false, 'Saturday noon'],
  ['2026-11-22T17:00:00.000Z', false, 'Sunday noon'],
  ['2026-11-23T17:00:00.000Z', true, 'Monday noon'],
  ['2026-11-26T17:00:00.000Z', true, 'Thanksgiving: there is no table of holidays'],
])('%s is market hours: %s (%s)', (time, expected) => {
  expect(isMarketHours(Date.parse(time))).toBe(expected)
})

test('agrees with the time zone database at every half hour of 2026', () => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/New_York',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  for (let time = Date.UTC(2026, 0, 1); time < Date.UTC(2027, 0, 1); time += 1_800_000) {
    const parts = Object.fromEntries(format.formatToParts(time).map((p) => [p.type, p.value]))
    const minute = Number(parts.hour) * 60 + Number(parts.minute)
    const isWeekday = parts.weekday !== 'Sat' && parts.weekday !== 'Sun'
    expect(isMarketHours(time)).toBe(isWeekday && minute >= 570 && minute < 960)
  }
})
