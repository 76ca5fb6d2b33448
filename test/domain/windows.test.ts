import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeldPrints, NO_PRINT } from '../../src/domain/held-prints.ts'
import { NO_WINDOW, Windows } from '../../src/domain/windows.ts'

const W = 500

type Leg = {
  readonly slot: number
  readonly time: number
  readonly size: number
  readonly exchange: number
}
type NaiveWindow = {
  readonly id: number
  readonly key: string
  readonly underlying: number
  legs: Leg[]
}

const lastOf = (w: NaiveWindow): number => Math.max(...w.legs.map((l) => l.time))
const firstOf = (w: NaiveWindow): number => Math.min(...w.legs.map((l) => l.time))

/** Windows as lists of legs, beside the ones under test; both are told the same. */
class Pair {
  readonly held = new HeldPrints(1 << 14)
  readonly windows = new Windows(this.held, W)
  readonly open = new Map<string, NaiveWindow>()

  /** As the shard does: joins the open window, or closes it and opens the next. */
  print(contract: number, isSell: boolean, underlying: number, leg: Omit<Leg, 'slot'>): void {
    const { held, windows } = this
    const slot = held.take()
    held.time[slot] = leg.time
    held.size[slot] = leg.size
    held.exchange[slot] = leg.exchange
    const key = `${contract} ${isSell}`
    const naive = this.open.get(key)
    const id = windows.of(contract, isSell)
    expect(id).toBe(naive?.id ?? NO_WINDOW)
    if (naive !== undefined) {
      const joins =
        Math.abs(leg.time - lastOf(naive)) <= W && Math.abs(leg.time - firstOf(naive)) <= 4 * W
      expect(windows.accepts(id, leg.time)).toBe(joins)
      if (joins) {
        windows.join(id, slot)
        naive.legs.push({ slot, ...leg })
        return
      }
      this.close(naive)
    }
    const opened = windows.open(contract, isSell, underlying, slot)
    this.open.set(key, { id: opened, key, underlying, legs: [{ slot, ...leg }] })
  }

  close(w: NaiveWindow): void {
    this.expectSame(w)
    const { head } = this.windows
    const first = head[w.id]!
    this.windows.close(w.id)
    this.open.delete(w.key)
    let slot = first
    for (const leg of w.legs) {
      expect(slot).toBe(leg.slot)
      slot = this.held.next[slot]!
      this.held.give(leg.slot)
    }
    expect(slot).toBe(NO_PRINT)
  }

  remove(w: NaiveWindow, leg: Leg): void {
    this.windows.removeLeg(w.id, leg.slot)
    this.held.give(leg.slot)
    w.legs = w.legs.filter((l) => l !== leg)
    if (w.legs.length > 0) return
    expect(this.windows.legs[w.id]).toBe(0)
    this.windows.close(w.id)
    this.open.delete(w.key)
  }

  expectSame(w: NaiveWindow): void {
    const { windows, held } = this
    const slots: number[] = []
    for (let s = windows.head[w.id]!; s !== NO_PRINT; s = held.next[s]!) slots.push(s)
    expect(slots).toEqual(w.legs.map((l) => l.slot))
    expect(w.legs.every((l) => held.window[l.slot] === w.id)).toBe(true)
    expect(windows.legs[w.id]).toBe(w.legs.length)
    expect(windows.underlying[w.id]).toBe(w.underlying)
    expect(windows.first[w.id]).toBe(firstOf(w))
    expect(windows.last[w.id]).toBe(lastOf(w))
    expect(windows.size[w.id]).toBe(w.legs.reduce((sum, l) => sum + l.size, 0))
    expect(windows.isSwept(w.id)).toBe(new Set(w.legs.map((l) => l.exchange)).size >= 2)
  }

  expectAllSame(): void {
    const all = [...this.open.values()]
    expect(new Set(all.map((w) => w.id)).size).toBe(all.length)
    for (const w of all) this.expectSame(w)
    expect([...this.windows.active].sort()).toEqual(
      [...new Set(all.map((w) => w.underlying))].sort(),
    )
  }

  /** What event time left behind: the window whose last leg is the earliest, if more than W ago. */
  expectExpired(underlying: number, eventTime: number): NaiveWindow | undefined {
    const mine = [...this.open.values()].filter((w) => w.underlying === underlying)
    const any = this.windows.any(underlying)
    expect(mine.length === 0 ? any === NO_WINDOW : mine.some((w) => w.id === any)).toBe(true)
    const earliest = Math.min(...mine.map(lastOf))
    const found = this.windows.expired(underlying, eventTime)
    if (!(eventTime - earliest > W)) {
      expect(found).toBe(NO_WINDOW)
      return undefined
    }
    const w = mine.find((m) => m.id === found)
    expect(w === undefined ? undefined : lastOf(w)).toBe(earliest)
    return w
  }
}

const NO_EXCHANGE = -(2 ** 31)
const step = fc.record({
  op: fc.constantFrom('print', 'print', 'print', 'print', 'remove', 'close', 'expire'),
  contract: fc.nat(11),
  isSell: fc.boolean(),
  // with the limits W and 4W met exactly and passed by one
  wait: fc.constantFrom(0, 0, 0, 1, 50, 250, 499, 500, 501, 1000),
  late: fc.constantFrom(0, 0, 0, 1, 100, 499, 500, 501, 2000, 2001),
  size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(2 ** 31 - 1)),
  exchange: fc.constantFrom(302, 302, 303, 304, NO_EXCHANGE),
  pick: fc.nat(1000),
})

describe('Windows', () => {
  it('knows legs, times, sizes, venues and order of every window, as lists do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const pair = new Pair()
        let now = 1_787_580_000_000
        for (const s of steps) {
          now += s.wait
          const all = [...pair.open.values()]
          const w = all[s.pick % Math.max(1, all.length)]
          if (s.op === 'print') {
            const { size, exchange } = s
            pair.print(s.contract, s.isSell, s.contract % 3, { time: now - s.late, size, exchange })
          } else if (s.op === 'remove' && w !== undefined) {
            pair.remove(w, w.legs[s.pick % w.legs.length]!)
          } else if (s.op === 'close' && w !== undefined) {
            pair.close(w)
          } else if (s.op === 'expire') {
            let past = pair.expectExpired(s.contract % 3, now)
            while (past !== undefined) {
              pair.close(past)
              past = pair.expectExpired(s.contract % 3, now)
            }
          }
          for (const underlying of [0, 1, 2, 7]) pair.expectExpired(underlying, now)
          pair.expectAllSame()
        }
      }),
      { seed: 500, numRuns: 250 },
    )
  })

  it.each([
    ['W after the last leg', [1000], 1500, true],
    ['a ms more', [1000], 1501, false],
    ['W before the last leg', [1000], 500, true],
    ['a ms before that', [1000], 499, false],
    ['4W after the first leg', [1000, 1500, 2000, 2500], 3000, true],
    ['a ms more', [1000, 1500, 2000, 2500, 2600], 3001, false],
    ['W before the last of two legs', [1000, 1400], 900, true],
    ['more than that, though near the first leg', [1000, 1400], 899, false],
  ])('accepts by both bounds: %s', (_, times, time, accepted) => {
    const pair = new Pair()
    for (const t of times) pair.print(0, false, 0, { time: t, size: 1, exchange: 302 })
    const window = pair.windows.of(0, false)
    expect(pair.windows.legs[window]).toBe(times.length)
    expect(pair.windows.accepts(window, time)).toBe(accepted)
  })

  it.each([
    [1500, false],
    [1501, true],
    [999, false],
  ])('is past at event time %i: %s, after a last leg at 1000', (eventTime, isPast) => {
    const pair = new Pair()
    pair.print(0, false, 4, { time: 1000, size: 1, exchange: 302 })
    const window = pair.windows.of(0, false)
    expect(pair.windows.isPast(window, eventTime)).toBe(isPast)
    expect(pair.windows.expired(4, eventTime)).toBe(isPast ? window : NO_WINDOW)
  })

  it('looks at the next window when the oldest is joined', () => {
    const pair = new Pair()
    for (const [contract, time] of [
      [0, 1000],
      [1, 1100],
      [0, 1400],
    ] as const) {
      pair.print(contract, false, 0, { time, size: 1, exchange: 302 })
    }
    expect(pair.windows.expired(0, 1650)).toBe(pair.windows.of(1, false))
  })

  it('looks first at a window that became the oldest when its last leg was taken out', () => {
    const pair = new Pair()
    for (const [contract, time] of [
      [0, 1000],
      [1, 1200],
      [0, 1400],
    ] as const) {
      pair.print(contract, false, 0, { time, size: 1, exchange: 302 })
    }
    const w = pair.open.get('0 false')!
    pair.remove(w, w.legs[1]!)
    expect(pair.windows.expired(0, 1600)).toBe(w.id)
  })

  it('keeps the order of the rest whichever windows are closed before their time', () => {
    const times = fc.array(fc.nat(60), { minLength: 8, maxLength: 40 })
    fc.assert(
      fc.property(times, fc.array(fc.nat(1000), { maxLength: 12 }), (lasts, closed) => {
        const pair = new Pair()
        for (const [contract, time] of lasts.entries()) {
          pair.print(contract, false, 0, { time, size: 1, exchange: 302 })
        }
        for (const pick of closed) {
          const all = [...pair.open.values()]
          if (all.length > 0) pair.close(all[pick % all.length]!)
          pair.expectExpired(0, 10_000)
        }
        while (pair.open.size > 0) pair.close(pair.expectExpired(0, 10_000)!)
      }),
      { seed: 34, numRuns: 150 },
    )
  })

  it('counts an absent exchange as one of its own', () => {
    const swept = (...exchanges: number[]): boolean => {
      const pair = new Pair()
      for (const exchange of exchanges) pair.print(0, false, 0, { time: 1000, size: 1, exchange })
      return pair.windows.isSwept(pair.windows.of(0, false))
    }
    expect(swept(NO_EXCHANGE, NO_EXCHANGE)).toBe(false)
    expect(swept(NO_EXCHANGE, 302)).toBe(true)
    expect(swept(302, NO_EXCHANGE, 302)).toBe(true)
    expect(swept(302, 302, 302)).toBe(false)
  })

  it('is a sweep no more when the only leg of the second exchange is taken out', () => {
    const pair = new Pair()
    for (const exchange of [302, 303, 302]) pair.print(0, true, 0, { time: 1, size: 1, exchange })
    const [window] = [...pair.open.values()]
    expect(pair.windows.isSwept(window!.id)).toBe(true)
    pair.remove(window!, window!.legs[1]!)
    expect(pair.windows.isSwept(window!.id)).toBe(false)
    pair.expectAllSame()
  })

  it('gives up a thousand windows of two underlyings in the order of their last legs', () => {
    const pair = new Pair()
    pair.windows.ensure(700)
    for (let contract = 0; contract < 700; contract++) {
      for (const isSell of [false, true]) {
        const time = 1_000_000 + ((contract * 7919 + (isSell ? 13 : 0)) % 4001)
        pair.print(contract, isSell, contract % 2, { time, size: contract + 1, exchange: 302 })
      }
    }
    pair.expectAllSame()
    for (const underlying of [1, 0]) {
      let last = 0
      for (let left = 700; left > 0; left--) {
        const w = pair.expectExpired(underlying, 2_000_000)
        expect(lastOf(w!)).toBeGreaterThanOrEqual(last)
        last = lastOf(w!)
        pair.close(w!)
      }
      expect(pair.windows.any(underlying)).toBe(NO_WINDOW)
      expect(pair.windows.active.has(underlying)).toBe(false)
    }
    expect(pair.held.count).toBe(0)
  }, 120_000)

  it('keeps open windows when it makes room for more contracts', () => {
    const pair = new Pair()
    pair.print(0, false, 0, { time: 1, size: 1, exchange: 302 })
    pair.print(255, true, 0, { time: 1, size: 2, exchange: 302 })
    for (const contracts of [257, 300, 5000]) {
      pair.windows.ensure(contracts)
      pair.print(contracts - 1, true, 0, { time: 1, size: contracts, exchange: 302 })
    }
    pair.print(0, false, 0, { time: 2, size: 4, exchange: 303 })
    pair.expectAllSame()
    expect(pair.open.size).toBe(5)
  })
})
