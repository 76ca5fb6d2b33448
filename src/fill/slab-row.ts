import type { RowSlab } from '../slab/row-slab.ts'

/** The columns of a row slab (slab/row-slab.ts says what each means). */
const COLUMNS = [
  ...['time', 'recv', 'sequence', 'price', 'bid', 'ask', 'eventTime', 'underlyingPrice'],
  ...['averageSum', 'dayVolume', 'contract', 'arrival', 'eventArrival', 'size', 'exchange'],
  ...['bidSize', 'askSize', 'quoteAge', 'eventLegs', 'eventSpan', 'dte', 'averageCount'],
  ...['openInterest', 'multiplier', 'percentileSample', 'conditions', 'flags'],
  ...['sizePercentile', 'premiumPercentile', 'tradeType', 'sentiment', 'aggressiveness', 'side'],
  ...['customerSide', 'customerRule', 'quoteSource', 'underlyingSource', 'averageScope'],
] as const satisfies readonly Column[]

type Column = Exclude<keyof RowSlab, 'buffer'>

/** One row of a slab by itself, with the values that its columns hold. */
export type SlabRow = { -readonly [column in Column]: number }

export function readRow(slab: RowSlab, row: number): SlabRow {
  const out: Partial<SlabRow> = {}
  for (const column of COLUMNS) out[column] = slab[column][row]!
  return out as SlabRow
}

export function writeRow(slab: RowSlab, row: number, values: SlabRow): void {
  for (const column of COLUMNS) slab[column][row] = values[column]
}
