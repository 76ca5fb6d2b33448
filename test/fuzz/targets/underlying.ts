import { decodeUnderlying } from '../../../src/reader/underlying-decode.ts'
import { check, checkEqual, type Target } from '../target.ts'

const RECV = 1_765_800_000_000

/** Frames of the stocks and indices clusters. */
export const underlying: Target = {
  name: 'underlying',
  words: [
    ...['"ev":"A"', '"ev":"AM"', '"ev":"T"', '"ev":"V"', '"ev":"status"', '"sym":"SPY"', '"c":'],
    ...['"T":"I:SPX"', '"val":', '"e":1765799999960', '"t":', '"p":', '"status":', '"message":'],
    ...['"toString":', '"valueOf":', '"__proto__":', '{}', '" 1"', '" "', '},{'],
  ],
  share: 12,
  inTest: 1000,
  setUp: () => (input) => {
    check(decodeUnderlying(input, true, RECV, 'stocks') === null, 'a binary message is none')
    const frame = decodeUnderlying(input, false, RECV, 'indices')
    const events = eventsOf(input)
    checkEqual(frame === null, events === null, 'is a frame')
    if (frame === null || events === null) return 'malformed'
    const { prices, statuses, unknown, invalid } = frame
    const sum = prices.length + statuses.length + unknown + invalid
    checkEqual(sum, events.length, 'every event counts once')
    for (const { symbol, price, time, source } of prices) {
      check(symbol !== '' && source === 'indices', 'of a symbol')
      check(price > 0 && price <= 1_000_000, 'a price in its range')
      check(Number.isInteger(time) && time > 0 && time <= RECV + 60_000, 'a time in its range')
    }
    for (const { status, message } of statuses) {
      check(typeof status === 'string' && typeof message === 'string', 'a status is of texts')
    }
    return [prices.length, statuses.length, unknown, invalid].map((n) => Math.min(n, 3)).join(' ')
  },
}

function eventsOf(input: Buffer): unknown[] | null {
  try {
    const value: unknown = JSON.parse(input.toString())
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.every((event) => typeof event === 'object' && event !== null) ? list : null
  } catch {
    return null
  }
}
