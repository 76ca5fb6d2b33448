import { PERCENTILE_NONE } from '../../src/domain/size-profiles.ts'
import type { Definitions } from '../../src/slab/definitions.ts'
import { EXCHANGE_NONE } from '../../src/slab/event-slab.ts'
import { ROW_SLAB_BYTES, RowSlab } from '../../src/slab/row-slab.ts'

type Column = Exclude<keyof RowSlab, 'buffer'>

/** One row of a slab by its columns; what is left out is as in `PLAIN`. */
export type Row = { readonly [column in Column]: number }

export const PLAIN: Row = {
  time: Date.UTC(2025, 10, 21, 15),
  recv: Date.UTC(2025, 10, 21, 15) + 12,
  sequence: 1_234_567,
  price: 455_000,
  bid: 452_000,
  ask: 456_000,
  eventTime: 0,
  contract: 0,
  arrival: 1,
  eventArrival: 0,
  size: 250,
  exchange: 302,
  bidSize: 10,
  askSize: 20,
  quoteAge: 35,
  eventLegs: 0,
  eventSpan: 0,
  dte: 28,
  conditions: 0,
  flags: 0,
  tradeType: 4,
  sentiment: 2,
  aggressiveness: 1,
  side: 3,
  underlyingPrice: Number.NaN,
  averageSum: 0,
  averageCount: 0,
  averageScope: 0,
  dayVolume: 250,
  openInterest: -1,
  multiplier: 100,
  sizePercentile: PERCENTILE_NONE,
  premiumPercentile: PERCENTILE_NONE,
  percentileSample: 0,
  customerSide: 3,
  customerRule: 0,
  quoteSource: 0,
  underlyingSource: 0,
}

export const NONE = EXCHANGE_NONE

/** A slab that holds these rows. */
export function slabOf(rows: readonly Partial<Row>[]): RowSlab {
  const slab = new RowSlab(new ArrayBuffer(ROW_SLAB_BYTES))
  for (const [place, row] of rows.entries()) {
    for (const [column, value] of Object.entries({ ...PLAIN, ...row })) {
      slab[column as Column][place] = value
    }
  }
  return slab
}

export function definitionsOf(
  contracts: readonly string[],
  conditionSets: readonly (readonly (number | string)[])[] = [],
): Definitions {
  return { firstContract: 0, contracts, firstConditionSet: 1, conditionSets }
}
