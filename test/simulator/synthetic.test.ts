import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseContract } from '../../src/domain/contract.ts'
import type { SyntheticEvent, SyntheticPrint } from '../../src/simulator/synthetic.ts'
import { SyntheticTape } from '../../src/simulator/synthetic.ts'
import { eventJson } from '../../src/simulator/wire.ts'

const START = Date.UTC(2026, 10, 20, 15)

function take(tape: SyntheticTape, prints: number): SyntheticEvent[] {
  const events: SyntheticEvent[] = []
  let made = 0
  while (made < prints) {
    const before = events.length
    tape.take(events)
    for (let i = before; i < events.length; i++) if (events[i]!.kind === 'T') made++
  }
  return events
}

const printsOf = (events: readonly SyntheticEvent[]): SyntheticPrint[] =>
  events.filter((event) => event.kind === 'T')

const lines = (seed: number, prints: number): string[] =>
  take(new SyntheticTape({ start: START, seed }), prints).map(eventJson)

test('the same seed gives the same tape, another seed another one', () => {
  expect(lines(7, 3000)).toEqual(lines(7, 3000))
  expect(lines(7, 100)).not.toEqual(lines(8, 100))
})

describe('percentiles of real prints', () => {
  const [header, ...rows] = readFileSync(
    'test/fixtures/percentiles/print-size-percentiles.csv',
    'utf8',
  )
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  const at = (row: readonly string[], name: string) => Number(row[header!.indexOf(name)])
  const underlying: Readonly<Record<string, string>> = { SPXW: 'SPX', NDXP: 'NDX' }

  test.each(rows.map((row) => [row[0]!, row] as const))('%s', (root, row) => {
    const symbols = [underlying[root] ?? root]
    const tape = new SyntheticTape({ start: START, symbols, rate: 5000, quotesPerPrint: 0 })
    const sizes: number[] = []
    const premiums: number[] = []
    while (sizes.length < 200_000) {
      for (const print of printsOf(take(tape, 1000))) {
        if (print.contract.profile.root !== root || print.cancels !== 0) continue
        sizes.push(print.size)
        premiums.push(print.price * print.size)
      }
    }
    sizes.sort((a, b) => a - b)
    premiums.sort((a, b) => a - b)
    const shares = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999 }
    for (const [name, share] of Object.entries(shares)) {
      const size = sizes[Math.floor(share * sizes.length)]! / at(row, `size_${name}`)
      expect(size, `size_${name}`).toBeGreaterThan(0.8)
      expect(size, `size_${name}`).toBeLessThan(1.2)
      const premium = premiums[Math.floor(share * premiums.length)]! / at(row, `prem_${name}`)
      expect(premium, `prem_${name}`).toBeGreaterThan(0.65)
      expect(premium, `prem_${name}`).toBeLessThan(1.35)
    }
  })
})

describe('a tape of 100,000 prints', () => {
  let events: SyntheticEvent[] = []
  let prints: SyntheticPrint[] = []
  beforeAll(() => {
    events = take(new SyntheticTape({ start: START, rate: 500, resends: 0.001 }), 100_000)
    prints = printsOf(events)
  })
  const share = (test: (print: SyntheticPrint) => boolean) =>
    (100 * prints.filter(test).length) / prints.length
  const groups = (id: 'sweepId' | 'splitId' | 'packageId'): SyntheticPrint[][] => {
    const byId = new Map<number, SyntheticPrint[]>()
    for (const print of prints) {
      if (print.truth[id] === 0 || print.cancels !== 0 || isCancel(print)) continue
      byId.set(print.truth[id], [...(byId.get(print.truth[id]) ?? []), print])
    }
    const all = [...byId.values()].map((group) => [...new Set(group)]) // without resends
    return all.slice(0, -20) // the last ones may be unfinished
  }
  const isCancel = (print: SyntheticPrint) => [201, 203, 205, 207].includes(print.condition)

  test('has the condition mix of real prints', () => {
    const mix: readonly (readonly [id: number, percent: number])[] = [
      [209, 50],
      [227, 23],
      [232, 12],
      [233, 11],
    ]
    for (const [id, percent] of mix) {
      const difference = share((print) => print.condition === id) - percent
      expect(Math.abs(difference), `${id}`).toBeLessThan(1.5)
    }
    for (const id of [201, 202, 203, 204, 205, 206, 207, 208, 219, 229, 230, 231, 0]) {
      expect(
        share((print) => print.condition === id),
        `${id}`,
      ).toBeGreaterThan(0)
    }
  })

  test('has the sides of real prints, each as its quote shows it', () => {
    const quotes = new Map<unknown, { bid: number; ask: number }>()
    const sides = { BUY: 0, SELL: 0, MID: 0 }
    let signed = 0
    for (const event of events) {
      if (event.kind === 'Q') quotes.set(event.contract, event)
      else if (!isCancel(event)) {
        const { bid, ask } = quotes.get(event.contract)!
        const twice = 2 * event.price - bid - ask
        const side = twice > 0 ? 'BUY' : twice < 0 ? 'SELL' : 'MID'
        expect(side).toBe(event.truth.side)
        sides[side]++
        signed++
      }
    }
    expect(Math.abs((100 * sides.SELL) / signed - 45.9)).toBeLessThan(1)
    expect(Math.abs((100 * sides.BUY) / signed - 42.5)).toBeLessThan(1)
    expect(Math.abs((100 * sides.MID) / signed - 11.6)).toBeLessThan(1)
  })

  test('sweeps are one contract and side over venues within 50 ms', () => {
    const sweeps = groups('sweepId')
    expect(sweeps.length).toBeGreaterThan(300)
    expect(sweeps.some((legs) => legs[0]!.condition === 219)).toBe(true)
    for (const legs of sweeps) {
      expect(legs.length).toBeGreaterThanOrEqual(2)
      expect(legs.length).toBeLessThanOrEqual(8)
      expect(new Set(legs.map((leg) => leg.contract)).size).toBe(1)
      expect(new Set(legs.map((leg) => leg.truth.side)).size).toBe(1)
      expect(new Set(legs.map((leg) => leg.exchange)).size).toBeGreaterThanOrEqual(2)
      const times = legs.map((leg) => leg.time)
      expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(51)
    }
  })

  test('splits are one contract, side and venue; packages several contracts in one ms', () => {
    const splits = groups('splitId')
    expect(splits.length).toBeGreaterThan(300)
    for (const legs of splits) {
      expect(legs.length).toBeGreaterThanOrEqual(2)
      expect(new Set(legs.map((leg) => leg.contract)).size).toBe(1)
      expect(new Set(legs.map((leg) => leg.exchange)).size).toBe(1)
    }
    const packages = groups('packageId')
    expect(packages.length).toBeGreaterThan(3000)
    for (const legs of packages) {
      expect(legs.length).toBeGreaterThanOrEqual(2)
      expect(new Set(legs.map((leg) => leg.contract)).size).toBe(legs.length)
      expect(new Set(legs.map((leg) => `${leg.exchange} ${leg.time}`)).size).toBe(1)
    }
  })

  test('cancels repeat the print that they take back, some match none', () => {
    const cancels = prints.filter(isCancel)
    expect(cancels.length).toBeGreaterThan(100)
    expect(cancels.some((cancel) => cancel.cancels === 0)).toBe(true)
    for (const cancel of cancels.filter((print) => print.cancels !== 0)) {
      const original = prints.find(
        (print) => print.contract === cancel.contract && print.sequence === cancel.cancels,
      )
      expect(original).toMatchObject({
        price: cancel.price,
        size: cancel.size,
        exchange: cancel.exchange,
      })
    }
  })

  test('sequences of a contract grow with holes, but for prints that are sent again', () => {
    const latest = new Map<unknown, SyntheticEvent>()
    let resends = 0
    let holes = 0
    for (const event of events) {
      const before = latest.get(event.contract)
      if (before !== undefined && before.sequence >= event.sequence) {
        expect(event).toBe(before)
        resends++
      } else if (before !== undefined && event.sequence > before.sequence + 1) holes++
      latest.set(event.contract, event)
    }
    expect(resends).toBeGreaterThan(20)
    expect(holes).toBeGreaterThan(1000)
  })

  test('times never go back, but for late reports', () => {
    let latest = 0
    for (const print of prints) {
      const isLate = [202, 204, 206, 208].includes(print.condition)
      if (isLate) expect(print.time).toBeLessThan(latest)
      else expect(print.time).toBeGreaterThanOrEqual(latest)
      latest = Math.max(latest, print.time)
    }
  })

  test('has bursts of many times the average rate, and about the rate that it was given', () => {
    const seconds = new Map<number, number>()
    for (const print of prints) {
      const tenth = Math.floor(print.time / 100)
      seconds.set(tenth, (seconds.get(tenth) ?? 0) + 1)
    }
    const average = prints.length / ((prints.at(-1)!.time - START) / 100)
    expect(average * 10).toBeGreaterThan(350)
    expect(average * 10).toBeLessThan(700)
    expect(Math.max(...seconds.values())).toBeGreaterThan(5 * average)
  })

  test('bid and ask come from the venues of the root, often from two of them', () => {
    const quotes = events.filter((event) => event.kind === 'Q')
    const spy = quotes.filter(({ contract }) => contract.profile.root === 'SPY')
    const differing = spy.filter((quote) => quote.bidExchange !== quote.askExchange)
    expect(differing.length / spy.length).toBeGreaterThan(0.8)
    expect(new Set(spy.map((quote) => quote.bidExchange)).size).toBeGreaterThanOrEqual(16)
    const strange = quotes.filter(({ contract, bidExchange, askExchange }) => {
      const isVenue = (id: number) => contract.profile.venues.some(([venue]) => venue === id)
      return !isVenue(bidExchange) || !isVenue(askExchange)
    })
    expect(strange).toEqual([])
    const both = spy.find((quote) => quote.bidExchange !== quote.askExchange)!
    const wire = JSON.parse(eventJson(both)) as object
    expect(wire).toMatchObject({ bx: both.bidExchange, ax: both.askExchange })
  })

  test('put and call of a strike tell the price of the underlying, by parity', () => {
    const quotes = new Map<unknown, Extract<SyntheticEvent, { kind: 'Q' }>>()
    const errors: number[] = []
    let price = new Map<string, number>()
    for (const event of events) {
      const { contract } = event
      if (event.kind === 'T') {
        price = price.set(contract.underlying, event.underlyingPrice)
        continue
      }
      quotes.set(contract, event)
      const twin = quotes.get(contract.twin)
      const now = price.get(contract.underlying)
      if (twin === undefined || now === undefined || event.time - twin.time > 1000) continue
      const [call, put] = contract.isCall ? [event, twin] : [twin, event]
      const implied = contract.strike + (call.bid + call.ask - put.bid - put.ask) / 200
      errors.push(Math.abs(implied / now - 1))
    }
    errors.sort((a, b) => a - b)
    const quoted = events.filter((event) => event.kind === 'Q').length
    expect(errors.length / quoted).toBeGreaterThan(0.4)
    expect(errors[errors.length >> 1]).toBeLessThan(0.00002)
    expect(errors[Math.floor(errors.length * 0.99)]).toBeLessThan(0.0002)
  })

  test('few prints are of an adjusted series', () => {
    const adjusted = share(({ contract }) => contract.profile.root === 'SPY1')
    expect(adjusted).toBeGreaterThan(0.05)
    expect(adjusted).toBeLessThan(1)
  })

  test('prints what can be: real contracts, known venues, prices on the tick', () => {
    for (const contract of new Set(prints.map((print) => print.contract))) {
      const parsed = parseContract(contract.ticker)
      expect(parsed?.root).toBe(contract.profile.root)
      expect(parsed?.underlying).toBe(contract.underlying)
      expect(parsed?.strikeMills).toBe(Math.round(contract.strike * 1000))
      expect(parsed?.isCall).toBe(contract.isCall)
    }
    for (const print of prints) {
      expect(print.price).toBeGreaterThan(0)
      const tick = print.contract.profile.tick === 'penny' ? 1 : 5
      expect(print.price % tick).toBe(0)
    }
    const spx = prints.filter((print) => print.contract.underlying === 'SPX')
    expect(new Set(spx.map((print) => print.exchange))).toEqual(new Set([302]))
    const spy = prints.filter((print) => print.contract.underlying === 'SPY')
    expect(new Set(spy.map((print) => print.exchange)).size).toBeGreaterThanOrEqual(16)
  })
})

test('any underlying will do, and quotes come as often as they were asked for', () => {
  const events = take(
    new SyntheticTape({ start: START, symbols: ['TSLA'], quotesPerPrint: 5, cancels: 0 }),
    2000,
  )
  const prints = printsOf(events)
  expect(new Set(prints.map((print) => print.contract.underlying))).toEqual(new Set(['TSLA']))
  expect((events.length - prints.length) / prints.length).toBeCloseTo(5, 0)
})

test('a tape that is told to skip goes on at the given time', () => {
  const tape = new SyntheticTape({ start: START })
  take(tape, 100)
  tape.skipTo(START + 3_600_000)
  expect(tape.time).toBeGreaterThanOrEqual(START + 3_600_000)
  const prints = printsOf(take(tape, 200)).filter((print) => print.condition === 209)
  for (const print of prints) expect(print.time).toBeGreaterThanOrEqual(START + 3_600_000)
})
