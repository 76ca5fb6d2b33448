import { describe, expect, it } from 'vitest'
import { CopyBuffer, rowOffsets } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { definitionsOf, PLAIN, slabOf } from './rows.ts'

const TICKER = 'O:SPXW251219C06475000'
const DAY = 86_400_000

function encoderWith(conditions: readonly string[] = []): RowEncoder {
  const encoder = new RowEncoder('opra')
  encoder.define(definitionsOf([TICKER], [conditions]))
  return encoder
}

function rows(count: number) {
  return Array.from({ length: count }, (_, place) => ({ arrival: place + 1, conditions: 1 }))
}

describe('the encoder', () => {
  it('stops at the limit of rows and goes on from there with the same bytes', () => {
    const encoder = encoderWith()
    const slab = slabOf(rows(100))
    const whole = new CopyBuffer()
    expect(encoder.encode(slab, 0, 100, whole, 1_000, 1 << 20)).toBe(100)
    const parts: Buffer[] = []
    for (let next = 0; next < 100; ) {
      const part = new CopyBuffer()
      next = encoder.encode(slab, next, 100, part, 7, 1 << 20)
      expect(part.rows).toBeLessThanOrEqual(7)
      parts.push(part.bytes.subarray(0, part.length))
    }
    expect(Buffer.concat(parts).equals(whole.bytes.subarray(0, whole.length))).toBe(true)
  })

  it('stops at the limit of bytes, which one row may pass', () => {
    const encoder = encoderWith(['x'.repeat(3_000_000)])
    const out = new CopyBuffer()
    expect(encoder.encode(slabOf(rows(10)), 0, 10, out, 1_000, 4_000_000)).toBe(2)
    expect(out.length).toBeGreaterThan(6_000_000)
    expect(out.length).toBeLessThan(7_000_000)
    expect(rowOffsets(out.bytes.subarray(0, out.length))).toHaveLength(3)
  })

  it('uses a cleared buffer again without a trace of the rows before', () => {
    const encoder = encoderWith(['ISOI'])
    const out = new CopyBuffer()
    encoder.encode(slabOf(rows(5_000 % 4_096)), 0, 904, out, 1_000, 1 << 24)
    out.clear()
    expect([out.length, out.rows, out.days.size]).toEqual([0, 0, 0])
    encoder.encode(slabOf(rows(2)), 0, 2, out, 1_000, 1 << 24)
    const fresh = new CopyBuffer()
    encoderWith(['ISOI']).encode(slabOf(rows(2)), 0, 2, fresh, 1_000, 1 << 24)
    const same = out.bytes.subarray(0, out.length).equals(fresh.bytes.subarray(0, fresh.length))
    expect(same).toBe(true)
  })

  it('tells the UTC days that its rows fall on, in whatever order they come', () => {
    const out = new CopyBuffer()
    const midnight = Math.ceil(PLAIN.time / DAY) * DAY
    const times = [midnight - 1, midnight, midnight - 1, midnight + 3 * DAY - 1, 0]
    encoderWith().encode(slabOf(times.map((time) => ({ time }))), 0, 5, out, 100, 1 << 20)
    const day = midnight / DAY
    expect([...out.days].sort((a, b) => a - b)).toEqual([0, day - 1, day, day + 2])
  })

  it('refuses definitions with a hole and rows without definitions', () => {
    const encoder = encoderWith()
    const late = { firstContract: 5, contracts: [TICKER], firstConditionSet: 0, conditionSets: [] }
    expect(() => encoder.define(late)).toThrow('contract 1 must be next, was 5')
    const bad = { firstContract: 1, contracts: ['SPX'], firstConditionSet: 0, conditionSets: [] }
    encoder.define(bad)
    const out = new CopyBuffer()
    const encode = (row: object) => encoder.encode(slabOf([row]), 0, 1, out, 10, 1 << 20)
    expect(() => encode({ contract: 1 })).toThrow('must be an OCC ticker, was SPX')
    expect(() => encode({ contract: 9 })).toThrow('unknown contract 9')
    expect(() => encode({ conditions: 9 })).toThrow('unknown condition set 9')
  })
})
