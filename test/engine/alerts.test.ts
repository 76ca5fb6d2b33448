import { expect, test } from 'vitest'
import { printFilterOf } from '../../src/alerts/print-filter.ts'
import { TradeType } from '../../src/domain/labels.ts'
import { printsFor } from '../../src/engine/alerts.ts'
import { ROW_SLAB_BYTES, RowSlab } from '../../src/slab/row-slab.ts'
import { rulesOf } from '../alerts/bench.ts'

const NONE = Number.POSITIVE_INFINITY
/** LARGE from 100,000 dollars, REGULAR from 300 contracts and 1,000 dollars. */
const FILTER = {
  premium: [NONE, NONE, NONE, 100_000, 1_000],
  size: [NONE, NONE, NONE, 0, 300],
  symbols: null,
  isWanted: () => true,
}

test('rows are picked by type, size and premium, bounds inclusive', () => {
  const slab = new RowSlab(new ArrayBuffer(ROW_SLAB_BYTES))
  const rows: [type: number, dollars: number, size: number][] = [
    [TradeType.Large, 10, 100],
    [TradeType.Large, 9.99, 100],
    [TradeType.Regular, 0.04, 300],
    [TradeType.Regular, 50, 299],
    [TradeType.Regular, 0.03, 300],
    [TradeType.Sweep, 1000, 10_000],
    [TradeType.Block, 1000, 10_000],
  ]
  for (const [row, [type, dollars, size]] of rows.entries()) {
    slab.tradeType[row] = type
    slab.price[row] = dollars * 10_000
    slab.size[row] = size
    slab.multiplier[row] = 100
    slab.arrival[row] = row
  }
  slab.tradeType[rows.length] = TradeType.Large // what is left of an earlier use
  slab.price[rows.length] = 1e9
  const dictionary = {
    ticker: () => 'O:SPY251219C00450000',
    conditionsOf: () => [219],
    underlyings: ['SPY'],
    underlyingId: () => 0,
  }
  const filled = { buffer: slab.buffer, rows: rows.length } as Parameters<typeof printsFor>[1]
  const found = printsFor(FILTER, filled, dictionary)
  expect(found.map(({ arrival, premium }) => [arrival, premium])).toEqual([
    [0, 100_000],
    [2, 1_200],
  ])
  expect(found[0]).toMatchObject({ symbol: 'SPY', trade_type: 'LARGE', conditions: ['ISOI'] })
})

test.each([
  [{ symbols: ['AAPL'] }, ['AAPL']],
  [{ option: 'put' as const }, ['AAPL']],
  [{}, ['SPY', 'SPY', 'AAPL']],
])('rows that the rule %j does not want are not picked', (asked, symbols) => {
  const slab = new RowSlab(new ArrayBuffer(ROW_SLAB_BYTES))
  for (let row = 0; row < 3; row++) {
    slab.contract[row] = row === 2 ? 1 : 0
    slab.tradeType[row] = TradeType.Large
    slab.price[row] = 100_000
    slab.size[row] = 100
    slab.multiplier[row] = 100
  }
  const underlyings = ['SPY', 'AAPL']
  const dictionary = {
    ticker: (id: number) => (id === 0 ? 'O:SPY251219C00450000' : 'O:AAPL251219P00200000'),
    conditionsOf: () => [219],
    underlyings,
    underlyingId: (id: number) => id,
  }
  const premium = { min: 1_000, max: null }
  const filter = printFilterOf(
    rulesOf([{ types: ['LARGE'], premium, ...asked }, { types: ['SWEEP'] }]),
  )
  const filled = { buffer: slab.buffer, rows: 3 } as Parameters<typeof printsFor>[1]
  expect(printsFor(filter!, filled, dictionary).map(({ symbol }) => symbol)).toEqual(symbols)
})
