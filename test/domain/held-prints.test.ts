import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeldPrints } from '../../src/domain/held-prints.ts'

type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array

/** The columns as they are now: growth replaces them. */
const columns = (held: HeldPrints): [string, Column][] =>
  Object.entries(held).filter((entry): entry is [string, Column] => ArrayBuffer.isView(entry[1]))

/** Fits a byte, and differs from column to column and from slot to slot near by. */
const mark = (slot: number, column: number, salt: number): number =>
  (slot * 37 + column * 5 + salt) % 251

function write(held: HeldPrints, slot: number, salt: number): void {
  for (const [i, [, column]] of columns(held).entries()) column[slot] = mark(slot, i, salt)
}

function expectKept(held: HeldPrints, slot: number, salt: number): void {
  for (const [i, [name, column]] of columns(held).entries()) {
    if (column[slot] !== mark(slot, i, salt)) expect.fail(`${name} of slot ${slot} has changed`)
  }
}

describe('HeldPrints', () => {
  it('has room for all its columns at once', () => {
    expect(columns(new HeldPrints(10)).map(([name]) => name)).toHaveLength(42)
  })

  it('never gives out a slot that is held, and keeps what is written there', () => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.record({ isTake: fc.constant(true), times: fc.nat(600) }) },
      { weight: 1, arbitrary: fc.record({ isTake: fc.constant(false), times: fc.nat(500) }) },
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(1, 7, 1024, 1500, 2048, 5000),
        fc.nat(1000),
        (steps, rowsMax, pick) => {
          const held = new HeldPrints(rowsMax)
          const live = new Map<number, number>()
          let salt = 0
          for (const { isTake, times } of steps) {
            for (let i = 0; i < times; i++) {
              if (isTake && !held.isFull) {
                const slot = held.take()
                if (live.has(slot)) expect.fail(`slot ${slot} given out twice`)
                live.set(slot, ++salt)
                write(held, slot, salt)
              } else if (!isTake && live.size > 0) {
                const slots = [...live.keys()]
                const slot = slots[(pick + i * 31) % slots.length]!
                held.give(slot)
                live.delete(slot)
              }
            }
            expect(held.count).toBe(live.size)
            expect(held.isFull).toBe(live.size === rowsMax)
          }
          for (const [slot, written] of live) expectKept(held, slot, written)
        },
      ),
      { seed: 28, numRuns: 40 },
    )
  })

  it('keeps every column of every print while it grows to its limit', () => {
    const held = new HeldPrints(5000)
    const slots: number[] = []
    while (!held.isFull) {
      const slot = held.take()
      write(held, slot, 1)
      slots.push(slot)
    }
    expect(new Set(slots).size).toBe(5000)
    for (const slot of slots) expectKept(held, slot, 1)
  })

  it.each([1024, 3000])('refuses a print more than its limit of %i', (rowsMax) => {
    const held = new HeldPrints(rowsMax)
    for (let i = 0; i < rowsMax; i++) held.take()
    expect(held.isFull).toBe(true)
    expect(() => held.take()).toThrow(`more than ${rowsMax} prints held`)
  })

  it('uses the slots that were given back before new ones', () => {
    const held = new HeldPrints(100)
    const first = [held.take(), held.take(), held.take()]
    for (const slot of first) held.give(slot)
    expect(held.count).toBe(0)
    expect([held.take(), held.take(), held.take()].sort()).toEqual(first.sort())
    expect(first).not.toContain(held.take())
  })
})
