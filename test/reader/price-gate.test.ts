import { expect, test } from 'vitest'
import type { UnderlyingPrice } from '../../src/reader/evidence.ts'
import { PriceGate } from '../../src/reader/price-gate.ts'
import { eventually } from './feed-owner.ts'

const of = (symbol: string, price: number, time: number): UnderlyingPrice => ({
  symbol,
  price,
  time,
  source: 'stocks',
})

function gate(gateMs: number) {
  const calls: (readonly UnderlyingPrice[])[] = []
  return { calls, gate: new PriceGate(gateMs, (prices) => calls.push(prices)) }
}

test('the first price passes at once, of those after it the latest of each symbol later', async () => {
  const { calls, gate: open } = gate(20)
  open.pass([of('SPY', 1, 10)])
  expect(calls).toEqual([[of('SPY', 1, 10)]])
  open.pass([of('SPY', 2, 20), of('QQQ', 5, 20)])
  open.pass([of('SPY', 3, 30)])
  open.pass([of('SPY', 9, 25)]) // older than what waits
  open.pass([of('SPY', 4, 30)]) // as old, came last
  expect(calls.length).toBe(1)
  await eventually(() => expect(calls.length).toBe(2))
  expect(calls[1]).toEqual([of('SPY', 4, 30), of('QQQ', 5, 20)])
  open.close()
})

test('no two prices of a symbol pass within the time, whatever comes', async () => {
  const passed: number[] = []
  const open = new PriceGate(40, () => passed.push(performance.now()))
  const feeding = setInterval(() => open.pass([of('SPY', 1, performance.now())]), 1)
  await eventually(() => expect(passed.length).toBeGreaterThan(5))
  clearInterval(feeding)
  open.close()
  const gaps = passed.slice(1).map((time, i) => time - (passed[i] ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThan(38) // timers may be a millisecond early
})

test('nothing passes while held, and the latest at release', async () => {
  const { calls, gate: open } = gate(5)
  open.hold()
  open.pass([of('SPY', 1, 10)])
  open.pass([of('SPY', 2, 20)])
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(calls).toEqual([])
  open.release()
  expect(calls).toEqual([[of('SPY', 2, 20)]])
  open.hold()
  open.pass([of('SPY', 3, 30)])
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(calls.length).toBe(1)
  open.release()
  expect(calls[1]).toEqual([of('SPY', 3, 30)])
  open.close()
})

test('nothing passes once closed', async () => {
  const { calls, gate: open } = gate(5)
  open.pass([of('SPY', 1, 10)])
  open.pass([of('SPY', 2, 20)])
  open.close()
  open.pass([of('SPY', 3, 30)])
  open.release()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(calls.length).toBe(1)
})

test('the number of symbols that wait is bounded', () => {
  const { calls, gate: open } = gate(5)
  open.hold()
  open.pass(Array.from({ length: 20_010 }, (_, i) => of(`S${i}`, 1, 1)))
  open.pass([of('S7', 2, 2)])
  open.release()
  expect(calls[0]?.length).toBe(20_000)
  expect(calls[0]?.[7]).toEqual(of('S7', 2, 2))
  open.close()
})
