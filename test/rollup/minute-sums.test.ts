import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Group, MinuteSums } from '../../src/rollup/minute-sums.ts'
import { VECTOR_COLUMNS, type VectorColumn } from '../../src/rollup/vector.ts'
import { CopyBuffer } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { CONTRACTS, drawnRow } from '../pg/row-model.ts'
import { definitionsOf, PLAIN, type Row, slabOf } from '../writer/rows.ts'

const SYMBOLS = ['SPX', 'SPY', 'BRKB', 'AAPL', 'VIX']
const TYPES = ['sweep', 'block', 'split', 'large'] as const

/** Encodes rows in one batch behind another one, which must leave nothing behind. */
function summed(rows: readonly Partial<Row>[], filledAt = Number.NaN): readonly Group[] {
  const encoder = new RowEncoder('opra', filledAt)
  encoder.define(definitionsOf(CONTRACTS, [[219], [219], [219], [219], [219]]))
  const out = new CopyBuffer()
  const earlier = [{ contract: 1 }, ...rows.slice(0, 3)]
  encoder.encode(slabOf(earlier), 0, earlier.length, out, 10_000, 1 << 28)
  out.clear()
  encoder.encode(slabOf(rows), 0, rows.length, out, 10_000, 1 << 28)
  return out.sums.toGroups()
}

/** The same the plain way: an exact sum per column of each group. */
function modelled(rows: readonly Row[], filledAt: number): Map<string, Map<VectorColumn, bigint>> {
  const groups = new Map<string, Map<VectorColumn, bigint>>()
  for (const row of rows) {
    const minute = Math.floor(row.time / 60_000)
    const isFilled = !Number.isNaN(filledAt)
    const knownAt = Number.isNaN(row.recv) ? (isFilled ? filledAt : row.time) : row.recv
    const isLate = isFilled || Math.abs(Math.floor(knownAt / 60_000) - minute) > 1
    const known = isLate ? knownAt : Math.min(Math.floor(knownAt / 60_000), 2 ** 31 - 1)
    const symbol = SYMBOLS[row.contract]!
    const key = JSON.stringify([symbol, Math.min(minute, 2 ** 31 - 1), isLate, known])
    const sums = groups.get(key) ?? new Map<VectorColumn, bigint>()
    groups.set(key, sums)
    const add = (column: VectorColumn, value: bigint) =>
      sums.set(column, (sums.get(column) ?? 0n) + value)
    const size = BigInt(row.size)
    const premium = BigInt(row.price) * size * BigInt(row.multiplier)
    const both = (name: 'call' | 'buy' | 'sell') => {
      add(`${name}_volume`, size)
      add(`${name}_premium`, premium)
    }
    add('trades', 1n)
    add('volume', size)
    add('premium', premium)
    if (/\d{6}C/.test(CONTRACTS[row.contract]!)) both('call')
    const type = TYPES[row.tradeType]
    if (type !== undefined) {
      add(`${type}_count`, 1n)
      add(`${type}_premium`, premium)
    }
    if (row.side > 1) continue
    both(row.side === 0 ? 'buy' : 'sell')
    if (row.sentiment < 2) add(row.sentiment === 0 ? 'bullish_premium' : 'bearish_premium', premium)
    if (row.aggressiveness !== 1) {
      add(row.aggressiveness === 2 ? 'aggressive_premium' : 'passive_premium', premium)
    }
  }
  return groups
}

/** Ticks of exact dollars, or a count. */
function wholeOf(column: VectorColumn, value: number | string): bigint {
  if (!column.endsWith('premium')) return BigInt(value)
  const [dollars, fraction = ''] = `${value}`.split('.')
  return BigInt(`${dollars}${fraction.padEnd(4, '0')}`)
}

/** Few minutes, so that rows meet in a group, and receive times around the borders of in time. */
const nearRow = fc
  .record({
    row: drawnRow,
    second: fc.integer({ min: 1, max: 400 }),
    lag: fc.constantFrom(0, 1, 12, 59_999, 60_000, 60_001, 120_000, 1e9, Number.NaN),
    shift: fc.constantFrom(0, 0, 0, 200_000_000_000_000),
  })
  .map(({ row, second, lag, shift }) => {
    const time = second * 1000 + shift
    return { ...row, time, recv: time + lag, arrival: 1 }
  })

describe('sums of a batch', () => {
  it('are exactly those of the rows, whatever they hold', () => {
    const drawn = fc.array(
      fc.oneof(
        nearRow,
        drawnRow.map((row) => ({ ...row, arrival: 1 })),
      ),
      {
        minLength: 1,
        maxLength: 60,
      },
    )
    fc.assert(
      fc.property(drawn, fc.constantFrom(Number.NaN, 77_000), (rows, filledAt) => {
        const groups = summed(rows, filledAt)
        const model = modelled(rows, filledAt)
        const keys = groups.map((group) => {
          return JSON.stringify([group.symbol, group.minute, group.isLate, group.known])
        })
        // times that no minute has share the last one, but are groups of their own
        expect(new Set(keys)).toEqual(new Set(model.keys()))
        const found = new Map<string, bigint>()
        for (const [place, { vector }] of groups.entries()) {
          for (const [at, column] of VECTOR_COLUMNS.entries()) {
            const key = `${keys[place]} ${column}`
            found.set(key, (found.get(key) ?? 0n) + wholeOf(column, vector[at]!))
          }
        }
        for (const [key, sums] of model) {
          for (const column of VECTOR_COLUMNS) {
            expect(found.get(`${key} ${column}`), `${key} ${column}`).toBe(sums.get(column) ?? 0n)
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  it('are exact beyond 2^53 ticks, one by one and added up', () => {
    // odd, so that no double holds the sums by chance
    const most = { price: 9_999_999_999, size: 9_007, multiplier: 99, side: 0, tradeType: 0 }
    const rows = Array.from({ length: 9 }, () => most)
    const huge = { ...most, size: 2 ** 31 - 1, multiplier: 2 ** 31 - 1 }
    const [group] = summed([...rows, huge, ...rows])
    const ticks = 9_999_999_999n * (18n * 9_007n * 99n + (2n ** 31n - 1n) ** 2n)
    for (const column of ['premium', 'buy_premium', 'sweep_premium', 'call_premium'] as const) {
      const text = `${group!.vector[VECTOR_COLUMNS.indexOf(column)]}`
      expect(wholeOf(column, text)).toBe(ticks)
    }
  })

  it('grow with the groups, and are empty once cleared', () => {
    const rows = Array.from({ length: 3_000 }, (_, place) => ({
      time: PLAIN.time + place * 60_000,
      recv: PLAIN.time + place * 60_000,
    }))
    const groups = summed(rows)
    expect(groups.length).toBe(3_000)
    expect(groups.every(({ vector }) => vector[0] === 1)).toBe(true)
    const sums = new MinuteSums()
    sums.add(slabOf([{}]), 0, { symbol: 'SPX', symbolId: 5_000, isCall: true }, 1, Number.NaN)
    expect(sums.toGroups().length).toBe(1)
    sums.clear()
    expect(sums.toGroups()).toEqual([])
  })
})
