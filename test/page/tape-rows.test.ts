import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { LivePrint } from '../../src/domain/live-flow.ts'
import { TapeRows } from '../../src/page/tape-rows.ts'
import { BELT_ROWS, beltLead, scrollTo, virtualWindow } from '../../src/page/virtual-window.ts'
import { PRINT } from './print.ts'

const print = (n: number): LivePrint => ({ ...PRINT, timestamp: 1000 + n, arrival: n })
const placesOf = (tape: TapeRows): number[] => tape.rows.map(({ print }) => print.arrival)

describe('rows of the tape', () => {
  it('keep the order in which they came, and each print once', () => {
    const tape = new TapeRows(10)
    expect(tape.append([print(3), print(1)])).toBe(2)
    expect(tape.append([print(3), print(2)])).toBe(1)
    expect(placesOf(tape)).toEqual([3, 1, 2])
    expect(tape.added).toBe(3)
  })

  it('take prints of the store at their time', () => {
    const tape = new TapeRows(10)
    tape.append([print(2), print(5)])
    expect(tape.merge([print(4), print(2), print(1)])).toBe(2)
    expect(placesOf(tape)).toEqual([1, 2, 4, 5])
    expect(tape.merge([print(4)])).toBe(0)
  })

  it('take a late print at the time at which it came', () => {
    const tape = new TapeRows(10)
    const late = { ...print(1), received_at: 1008 }
    tape.append([print(5), late, print(9)])
    tape.merge([print(7), { ...print(2), received_at: 1006 }])
    expect(placesOf(tape)).toEqual([5, 2, 7, 1, 9])
  })

  it('do not take again from the store what has made room', () => {
    const tape = new TapeRows(3)
    tape.append([print(3), print(4), print(5), print(6)])
    expect(tape.merge([print(1), print(2), print(3)])).toBe(0)
    expect(tape.added).toBe(4)
    expect(tape.merge([print(2), print(7)])).toBe(1)
    expect(placesOf(tape)).toEqual([5, 6, 7])
  })

  it('make room for the newest', () => {
    const tape = new TapeRows(3)
    tape.append([print(1), print(2), print(3), print(4)])
    expect(placesOf(tape)).toEqual([2, 3, 4])
    expect(tape.added).toBe(4)
    // what has made room may come again: nobody remembers it for ever
    expect(tape.append([print(1)])).toBe(1)
    expect(placesOf(tape)).toEqual([3, 4, 1])
    tape.clear()
    expect([tape.rows.length, tape.added]).toEqual([0, 0])
  })

  test('a held copy stays as it is', () => {
    const tape = new TapeRows(3)
    tape.append([print(1), print(2), print(3)])
    const held = [...tape.rows]
    tape.append([print(4), print(5)])
    expect(held.map((row) => row.print.arrival)).toEqual([1, 2, 3])
  })
})

describe('the rows that are drawn', () => {
  test('are all that can be seen, and few more, wherever it is scrolled', () => {
    fc.assert(
      fc.property(
        fc.nat(200_000),
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 10, max: 60 }),
        fc.nat(5000),
        (top, height, row, count) => {
          const { first, end } = virtualWindow(top, height, row, count)
          expect(first).toBeGreaterThanOrEqual(0)
          expect(end).toBeLessThanOrEqual(count)
          expect(end - first).toBeLessThanOrEqual(Math.ceil(height / row) + 9)
          const lastTop = Math.max(0, count * row - height)
          if (top > lastTop) return
          expect(first * row).toBeLessThanOrEqual(top)
          expect(end * row).toBeGreaterThanOrEqual(Math.min(top + height, count * row))
        },
      ),
    )
  })

  it('leaves each row at its place on the belt until that is full', () => {
    const placeOf = (nth: number, count: number) => beltLead(count) + count - nth
    fc.assert(
      fc.property(fc.nat(50_000), fc.nat(200), (nth, more) => {
        const [before, after] = [placeOf(nth, nth), placeOf(nth, nth + more)]
        const isFull = beltLead(nth) < more
        expect(after).toBe(isFull ? before + BELT_ROWS : before)
        expect(beltLead(nth)).toBeGreaterThanOrEqual(0)
        expect(beltLead(nth)).toBeLessThan(BELT_ROWS)
      }),
    )
  })

  it('scrolls no further than it takes to see a row', () => {
    expect(scrollTo(3, 0, 100, 20)).toBe(0)
    expect(scrollTo(5, 0, 100, 20)).toBe(20)
    expect(scrollTo(2, 90, 100, 20)).toBe(40)
  })
})
