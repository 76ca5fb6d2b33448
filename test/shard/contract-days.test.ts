import { describe, expect, it } from 'vitest'
import { ContractDays } from '../../src/shard/contract-days.ts'

const DAY = 20_000

describe('volume and arrivals', () => {
  it('add up over a day, and begin again with the next', () => {
    const days = new ContractDays()
    expect([days.print(7, DAY, 10), days.print(7, DAY, 5)]).toEqual([1, 2])
    expect(days.volume(7, DAY)).toBe(15)
    expect(days.print(7, DAY + 1, 3)).toBe(1)
    expect(days.volume(7, DAY + 1)).toBe(3)
    expect(days.volume(7, DAY)).toBeNaN()
  })

  it('count a late print of an earlier day as an arrival of the newest, not in its volume', () => {
    const days = new ContractDays()
    days.print(7, DAY, 10)
    expect(days.print(7, DAY - 1, 99)).toBe(2)
    expect(days.volume(7, DAY)).toBe(10)
    expect(days.volume(7, DAY - 1)).toBeNaN()
    expect(days.print(7, DAY, 1)).toBe(3)
  })

  it('lose what is cancelled on the newest day, and only that', () => {
    const days = new ContractDays()
    days.print(7, DAY, 10)
    days.print(7, DAY, 5)
    days.cancel(7, DAY, 10)
    expect(days.volume(7, DAY)).toBe(5)
    days.cancel(7, DAY - 1, 5)
    expect(days.volume(7, DAY)).toBe(5)
    expect(days.print(7, DAY, 1)).toBe(3)
  })

  it('take in what was traded and not read, on the newest day or a later one', () => {
    const days = new ContractDays()
    days.print(7, DAY, 10)
    days.fill(7, DAY, 30)
    days.fill(7, DAY - 1, 99)
    expect(days.volume(7, DAY)).toBe(40)
    expect(days.print(7, DAY, 1)).toBe(2) // it counts no arrivals
    days.fill(7, DAY, -1000)
    expect(days.volume(7, DAY)).toBe(0)
    days.refer(7, DAY + 1, 50, -1)
    days.fill(7, DAY + 1, 5)
    days.print(7, DAY + 1, 2)
    expect([days.volume(7, DAY + 1), days.openInterest(7, DAY + 1)]).toEqual([7, 50])
  })

  it('hold the largest sizes', () => {
    const days = new ContractDays()
    for (let i = 0; i < 3; i++) days.print(7, DAY, 2 ** 31 - 1)
    expect(days.volume(7, DAY)).toBe(3 * (2 ** 31 - 1))
  })
})

describe('open interest', () => {
  it('is unknown until it is referred to, and 0 is known', () => {
    const days = new ContractDays()
    days.refer(8, DAY, 0, -1)
    for (const contract of [7, 8]) days.print(contract, DAY, 1)
    expect([days.openInterest(7, DAY), days.openInterest(8, DAY)]).toEqual([-1, 0])
  })

  it('counts when it was known before the first print of its day', () => {
    const days = new ContractDays()
    days.refer(7, DAY, 1234, -1)
    expect(days.openInterest(7, DAY)).toBe(-1) // nothing has printed that it could count for
    days.print(7, DAY, 1)
    expect(days.openInterest(7, DAY)).toBe(1234)
  })

  it('does not count when it came after the first print, on that day or later', () => {
    const days = new ContractDays()
    days.print(7, DAY, 1)
    days.refer(7, DAY, 1234, -1)
    days.print(7, DAY, 1)
    expect(days.openInterest(7, DAY)).toBe(-1)
    days.print(7, DAY + 1, 1)
    expect(days.openInterest(7, DAY + 1)).toBe(-1)
  })

  it('is of its own day only', () => {
    const days = new ContractDays()
    days.refer(7, DAY, 1234, -1)
    days.print(7, DAY + 1, 1)
    expect([days.openInterest(7, DAY), days.openInterest(7, DAY + 1)]).toEqual([-1, -1])
  })

  it('ends with its day', () => {
    const days = new ContractDays()
    days.refer(7, DAY, 1234, -1)
    days.print(7, DAY, 1)
    days.print(7, DAY + 1, 1)
    expect([days.openInterest(7, DAY), days.openInterest(7, DAY + 1)]).toEqual([-1, -1])
  })

  it('of tomorrow leaves that of today alone', () => {
    const days = new ContractDays()
    days.refer(7, DAY, 1234, -1)
    days.print(7, DAY, 1)
    days.refer(7, DAY + 1, 99, -1)
    expect(days.openInterest(7, DAY)).toBe(1234)
    days.print(7, DAY + 1, 1)
    expect(days.openInterest(7, DAY + 1)).toBe(99)
  })

  it('of yesterday, come late, leaves that of tomorrow alone', () => {
    const days = new ContractDays()
    days.print(7, DAY, 1)
    days.refer(7, DAY + 1, 99, -1)
    days.refer(7, DAY, 1234, -1)
    days.print(7, DAY + 1, 1)
    expect(days.openInterest(7, DAY + 1)).toBe(99)
  })

  it('is the last that was said, and saying nothing takes nothing back', () => {
    const days = new ContractDays()
    days.refer(7, DAY, 1, 100)
    days.refer(7, DAY, 2, 100)
    days.refer(7, DAY, -1, -1)
    days.print(7, DAY, 1)
    expect(days.openInterest(7, DAY)).toBe(2)
  })

  it('of one day is not passed on to the next that says nothing', () => {
    const days = new ContractDays()
    days.refer(7, DAY, 5, -1)
    days.refer(7, DAY + 1, -1, -1)
    days.print(7, DAY + 1, 1)
    expect(days.openInterest(7, DAY + 1)).toBe(-1)
  })

  it('holds the largest number', () => {
    const days = new ContractDays()
    days.refer(7, DAY, 2 ** 31 - 1, -1)
    days.print(7, DAY, 1)
    expect(days.openInterest(7, DAY)).toBe(2 ** 31 - 1)
  })
})

describe('multiplier', () => {
  it('is 100 until a source says otherwise before the first print', () => {
    const days = new ContractDays()
    days.print(7, DAY, 1)
    days.refer(8, DAY, -1, 10)
    days.print(8, DAY, 1)
    expect([days.multiplier(7), days.multiplier(8)]).toEqual([100, 10])
  })

  it('that came after the first print counts from the next day on', () => {
    const days = new ContractDays()
    days.print(7, DAY, 1)
    days.refer(7, DAY, -1, 10)
    expect(days.multiplier(7)).toBe(100)
    days.print(7, DAY, 1)
    expect(days.multiplier(7)).toBe(100)
    days.print(7, DAY + 1, 1)
    expect(days.multiplier(7)).toBe(10)
  })

  it('of tomorrow leaves today alone, and the newest word counts', () => {
    const days = new ContractDays()
    days.print(7, DAY, 1)
    days.refer(7, DAY, -1, 10)
    days.refer(7, DAY + 1, -1, 150)
    expect(days.multiplier(7)).toBe(100)
    days.print(7, DAY + 1, 1)
    expect(days.multiplier(7)).toBe(150)
  })

  it('is kept where a later day says nothing', () => {
    const days = new ContractDays()
    days.refer(7, DAY, -1, 10)
    days.print(7, DAY, 1)
    days.refer(7, DAY + 1, 5, -1)
    days.print(7, DAY + 1, 1)
    expect(days.multiplier(7)).toBe(10)
  })

  it('holds the largest number', () => {
    const days = new ContractDays()
    days.refer(7, DAY, -1, 65_535)
    days.print(7, DAY, 1)
    expect(days.multiplier(7)).toBe(65_535)
  })
})

it('keeps neighbours apart and all it knows while it grows', () => {
  const days = new ContractDays()
  const ids = [0, 1, 2, 254, 255]
  for (const id of ids) {
    days.refer(id, DAY, 1000 + id, 1 + id)
    days.print(id, DAY, 10 + id)
    days.refer(id, DAY + 1, 2000 + id, 3 + id)
  }
  days.ensure(5000)
  days.print(4999, DAY, 7)
  for (const id of ids) {
    expect(days.volume(id, DAY)).toBe(10 + id)
    expect(days.openInterest(id, DAY)).toBe(1000 + id)
    expect(days.multiplier(id)).toBe(1 + id)
    expect(days.print(id, DAY, 1)).toBe(2)
    days.print(id, DAY + 1, 1)
    expect(days.openInterest(id, DAY + 1)).toBe(2000 + id)
    expect(days.multiplier(id)).toBe(3 + id)
  }
})
