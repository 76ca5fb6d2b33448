import { describe, expect, it } from 'vitest'
import { EVENT_SLAB_BYTES, EVENT_SLAB_ROWS, EventSlab } from '../../src/slab/event-slab.ts'
import { ROW_SLAB_BYTES, ROW_SLAB_ROWS, RowSlab } from '../../src/slab/row-slab.ts'

type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array

const columnsOf = (slab: object): [string, Column][] =>
  Object.entries(slab).filter((entry): entry is [string, Column] => ArrayBuffer.isView(entry[1]))

const EVENT_COLUMNS = {
  f64: ['time', 'recv', 'clock', 'priceA', 'priceB'],
  u32: ['contract'],
  i32: ['sizeA', 'sizeB'],
  u16: ['conditions'],
  u8: ['kind', 'connection'],
}
const ROW_COLUMNS = {
  f64: [
    ...['time', 'recv', 'sequence', 'price', 'bid', 'ask', 'eventTime'],
    ...['underlyingPrice', 'averageSum', 'dayVolume'],
  ],
  u32: ['contract', 'arrival', 'eventArrival'],
  i32: [
    ...['size', 'exchange', 'bidSize', 'askSize', 'quoteAge', 'eventLegs', 'eventSpan', 'dte'],
    ...['averageCount', 'openInterest', 'multiplier', 'percentileSample'],
  ],
  u16: ['conditions', 'flags', 'sizePercentile', 'premiumPercentile'],
  u8: [
    ...['tradeType', 'sentiment', 'aggressiveness', 'side', 'customerSide', 'customerRule'],
    ...['quoteSource', 'underlyingSource', 'averageScope'],
  ],
}
const KINDS = {
  f64: Float64Array,
  u32: Uint32Array,
  i32: Int32Array,
  u16: Uint16Array,
  u8: Uint8Array,
}

// the widest values of each kind, so that a column that is too narrow or has the wrong sign shows
const EDGES = {
  f64: [Number.MAX_SAFE_INTEGER, -0.5, Number.NaN],
  u32: [2 ** 32 - 1, 0, 1],
  i32: [-(2 ** 31), 2 ** 31 - 1, -1],
  u16: [65_535, 0, 1],
  u8: [255, 0, 1],
}

describe.each([
  ['EventSlab', EventSlab, EVENT_SLAB_BYTES, EVENT_SLAB_ROWS, EVENT_COLUMNS],
  ['RowSlab', RowSlab, ROW_SLAB_BYTES, ROW_SLAB_ROWS, ROW_COLUMNS],
] as const)('%s', (_, Slab, bytes, rows, layout) => {
  it('has the columns of its table, each of its kind and of all rows', () => {
    const columns = columnsOf(new Slab(new ArrayBuffer(bytes)))
    const expected = Object.entries(layout).flatMap(([kind, names]) =>
      names.map((name) => [name, KINDS[kind as keyof typeof KINDS], rows] as const),
    )
    const actual = columns.map(([name, column]) => [name, column.constructor, column.length])
    expect(actual.sort()).toEqual(expected.toSorted())
  })

  it('fills its buffer to the last byte with columns that nowhere overlap', () => {
    const columns = columnsOf(new Slab(new ArrayBuffer(bytes)))
      .map(([name, column]) => [name, column.byteOffset, column.byteLength] as const)
      .sort((a, b) => a[1] - b[1])
    let end = 0
    for (const [name, offset, length] of columns) {
      expect(offset, name).toBe(end)
      end = offset + length
    }
    expect(end).toBe(bytes)
  })

  it('gives back what was written to every cell of every column, through another view', () => {
    const buffer = new ArrayBuffer(bytes)
    const mark = (column: number, row: number): number =>
      (column * 37 + row * 11 + (row >> 8)) % 251
    for (const [i, [, column]] of columnsOf(new Slab(buffer)).entries()) {
      for (let row = 0; row < rows; row++) column[row] = mark(i, row)
    }
    for (const [i, [name, column]] of columnsOf(new Slab(buffer)).entries()) {
      const wrong = column.findIndex((value, row) => value !== mark(i, row))
      expect(wrong, `first wrong row of ${name}`).toBe(-1)
    }
  })

  it('holds the widest values of each column', () => {
    const slab = new Slab(new ArrayBuffer(bytes))
    const columns = new Map(columnsOf(slab))
    for (const [kind, names] of Object.entries(layout)) {
      const edges = EDGES[kind as keyof typeof EDGES]
      for (const name of names) {
        const column = columns.get(name)!
        column.set(edges, rows - edges.length)
        expect([...column.slice(-edges.length)], name).toEqual(edges)
      }
    }
  })

  it('survives the move to another thread: the new owner reads the same columns', () => {
    const buffer = new ArrayBuffer(bytes)
    new Slab(buffer).time[rows - 1] = 1_787_580_000_000
    const moved = structuredClone(buffer, { transfer: [buffer] })
    expect(buffer.byteLength).toBe(0)
    expect(new Slab(moved).time[rows - 1]).toBe(1_787_580_000_000)
    expect(() => new Slab(buffer)).toThrow(`must be ${bytes} bytes, was 0`)
  })

  it.each([-1, 1])('refuses a buffer that is %i bytes off', (off) => {
    expect(() => new Slab(new ArrayBuffer(bytes + off))).toThrow(
      `must be ${bytes} bytes, was ${bytes + off}`,
    )
  })
})
