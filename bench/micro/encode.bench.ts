/** Row slabs to COPY bytes: the binary encoder beside a plain text encoder that builds strings. */
import { Bench } from 'tinybench'
import { conditionText } from '../../src/domain/conditions.ts'
import { parseContract } from '../../src/domain/contract.ts'
import { CUSTOMER_CONFIDENCE } from '../../src/domain/customer-side.ts'
import {
  AGGRESSIVENESS_TEXT,
  AVERAGE_SCOPE_TEXT,
  CUSTOMER_RULE_TEXT,
  QUOTE_SOURCE_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
  UNDERLYING_SOURCE_TEXT,
} from '../../src/domain/labels.ts'
import type { Definitions } from '../../src/slab/definitions.ts'
import { ROW_SLAB_BYTES, ROW_SLAB_ROWS, RowSlab } from '../../src/slab/row-slab.ts'
import { exchangeText } from '../../src/writer/copy-blocks.ts'
import { CopyBuffer, rowOffsets } from '../../src/writer/copy-buffer.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { type Figure, type Report, spreadOf } from '../kit/figures.ts'
import { seeded } from '../kit/random.ts'

const CONTRACTS = 2_000
const CONDITION_SETS = [[209], [219], [232], [227], [248, 209]]
const OPEN = Date.UTC(2025, 10, 21, 14, 30)
const RUNS = 7
const RUN_MS = 150

/** Both ways encode the same slab of rows; the number of rows is checked first. */
export async function run(): Promise<Report> {
  const definitions = tapeDefinitions()
  const slab = tapeSlab(new RowSlab(new ArrayBuffer(ROW_SLAB_BYTES)), seeded(20_251_121))
  const encoder = new RowEncoder('opra')
  encoder.define(definitions)
  const out = new CopyBuffer()
  const encode = (): void => {
    out.clear()
    encoder.encode(slab, 0, ROW_SLAB_ROWS, out, ROW_SLAB_ROWS, 1 << 26)
  }
  encode()
  if (rowOffsets(out.bytes.subarray(0, out.length)).length !== ROW_SLAB_ROWS + 1) {
    throw new Error('the encoder must write every row of the slab')
  }
  let textBytes = 0
  const rates: [number[], number[]] = [[], []]
  for (let i = 0; i < RUNS; i++) {
    const bench = new Bench({ time: RUN_MS, warmupTime: 100 })
    bench.add('binary COPY', encode)
    bench.add('text COPY', () => {
      textBytes = Buffer.byteLength(textOf(slab, definitions))
    })
    for (const [which, task] of (await bench.run()).entries()) {
      if (task.result.state !== 'completed') throw new Error(`${task.name}: ${task.result.state}`)
      rates[which]!.push((ROW_SLAB_ROWS * 1000) / task.result.latency.mean)
    }
  }
  if (textBytes === 0) throw new Error('the text encoder wrote nothing')
  const figure: Figure = {
    name: 'rows to COPY bytes',
    unit: 'rows/s',
    engine: spreadOf(rates[0]),
    naive: spreadOf(rates[1]),
    limit: null,
    better: 'higher',
  }
  const bytes = Math.round(out.length / ROW_SLAB_ROWS)
  const notes = [`${bytes} bytes a row. Naive: a string a row in COPY's text format.`]
  return { title: 'Rows to COPY bytes, one thread', figures: [figure], notes }
}

function tapeDefinitions(): Definitions {
  const contracts = Array.from({ length: CONTRACTS }, (_, place) => {
    const root = ['SPXW', 'SPY', 'QQQ', 'NDX', 'IWM'][place % 5]
    const strike = `${(100 + place) * 1_000}`.padStart(8, '0')
    return `O:${root}251219${place % 2 === 0 ? 'C' : 'P'}${strike}`
  })
  return { firstContract: 0, contracts, firstConditionSet: 1, conditionSets: CONDITION_SETS }
}

/** Fills a slab with a plausible tape: half the prints quoted, a sixth legs of an event. */
function tapeSlab(slab: RowSlab, random: () => number): RowSlab {
  for (let row = 0; row < ROW_SLAB_ROWS; row++) {
    const price = 100 + Math.floor(random() ** 3 * 500_000)
    const hasQuote = random() < 0.5
    const isLeg = random() < 1 / 6
    slab.time[row] = OPEN + Math.floor(row / 20)
    slab.recv[row] = slab.time[row]! + 20
    slab.sequence[row] = 1_000_000 + row
    slab.price[row] = price
    slab.bid[row] = hasQuote ? price - 100 : Number.NaN
    slab.ask[row] = hasQuote ? price + 300 : Number.NaN
    slab.eventTime[row] = slab.time[row]! - 100
    slab.contract[row] = Math.floor(random() ** 2 * CONTRACTS)
    slab.arrival[row] = row + 1
    slab.eventArrival[row] = row
    slab.size[row] = 10 + Math.floor(random() ** 6 * 2_000)
    slab.exchange[row] = 300 + Math.floor(random() * 26)
    slab.bidSize[row] = 10
    slab.askSize[row] = 250
    slab.quoteAge[row] = Math.floor(random() * 5_000)
    slab.eventLegs[row] = isLeg ? 3 : 0
    slab.eventSpan[row] = 120
    slab.dte[row] = 28
    slab.conditions[row] = 1 + Math.floor(random() * CONDITION_SETS.length)
    slab.flags[row] = Math.floor(random() * 8)
    slab.tradeType[row] = Math.floor(random() * 5)
    slab.sentiment[row] = Math.floor(random() * 3)
    slab.aggressiveness[row] = Math.floor(random() * 3)
    slab.side[row] = Math.floor(random() * 4)
    fillEvidence(slab, row, hasQuote, random)
  }
  return slab
}

/** Most rows have a price of the underlying, a third has no open interest. */
function fillEvidence(slab: RowSlab, row: number, hasQuote: boolean, random: () => number): void {
  const hasUnderlying = random() < 0.9
  slab.underlyingPrice[row] = hasUnderlying ? 50_123_300 + Math.floor(random() * 9_999) : Number.NaN
  slab.underlyingSource[row] = hasUnderlying ? 3 : 0
  slab.averageSum[row] = 10 + Math.floor(random() * 5_000)
  slab.averageCount[row] = 64
  slab.averageScope[row] = random() < 0.7 ? 1 : 2
  slab.dayVolume[row] = Math.floor(random() * 50_000)
  slab.openInterest[row] = random() < 1 / 3 ? -1 : Math.floor(random() * 20_000)
  slab.multiplier[row] = 100
  slab.sizePercentile[row] = Math.floor(random() * 10_001)
  slab.premiumPercentile[row] = Math.floor(random() * 10_001)
  slab.percentileSample[row] = 4_096
  slab.customerSide[row] = hasQuote ? Math.floor(random() * 2) : 3
  slab.customerRule[row] = hasQuote ? 1 + Math.floor(random() * 6) : 0
  slab.quoteSource[row] = hasQuote ? 1 : 0
}

/** What one would write first: a string for each row, in COPY's text format. */
function textOf(slab: RowSlab, definitions: Definitions): string {
  const lines: string[] = []
  for (let row = 0; row < ROW_SLAB_ROWS; row++) {
    const contract = parseContract(definitions.contracts[slab.contract[row]!]!)!
    const price = slab.price[row]! / 10_000
    const flags = Array.from({ length: 7 }, (_, bit) => (slab.flags[row]! & (1 << bit) ? 't' : 'f'))
    const conditions = definitions.conditionSets[slab.conditions[row]! - 1]!.map(conditionText)
    const orNull = (value: number): string => (Number.isNaN(value) ? '\\N' : `${value}`)
    const hasEvent = slab.eventLegs[row]! > 0
    const event = `${contract.ticker}-${slab.eventTime[row]}-${slab.eventArrival[row]}`
    const expiration = new Date(contract.expirationDay * 86_400_000).toISOString().slice(0, 10)
    const fields = [
      contract.underlying,
      contract.ticker,
      contract.strikeMills / 1_000,
      expiration,
      contract.isCall ? 'call' : 'put',
      TRADE_TYPE_TEXT[slab.tradeType[row]!],
      SENTIMENT_TEXT[slab.sentiment[row]!],
      AGGRESSIVENESS_TEXT[slab.aggressiveness[row]!],
      SIDE_TEXT[slab.side[row]!],
      ...flags,
      SIDE_TEXT[slab.customerSide[row]!],
      CUSTOMER_RULE_TEXT[slab.customerRule[row]!] ?? '\\N',
      CUSTOMER_CONFIDENCE[slab.customerRule[row]!],
      QUOTE_SOURCE_TEXT[slab.quoteSource[row]!] ?? '\\N',
      UNDERLYING_SOURCE_TEXT[slab.underlyingSource[row]!] ?? '\\N',
      AVERAGE_SCOPE_TEXT[slab.averageScope[row]!] ?? '\\N',
      'opra',
      exchangeText(slab.exchange[row]!) ?? '\\N',
      `{${conditions.join(',')}}`,
      slab.time[row],
      price,
      slab.size[row],
      price * slab.size[row]! * slab.multiplier[row]!,
      slab.dte[row],
      slab.arrival[row],
      orNull(slab.recv[row]!),
      orNull(slab.sequence[row]!),
      orNull(slab.underlyingPrice[row]! / 10_000),
      slab.dayVolume[row],
      slab.openInterest[row] === -1 ? '\\N' : slab.openInterest[row],
      slab.multiplier[row],
      slab.averageSum[row]! / slab.averageCount[row]!,
      slab.averageCount[row],
      slab.sizePercentile[row]! / 100,
      slab.premiumPercentile[row]! / 100,
      slab.percentileSample[row],
      orNull(slab.bid[row]! / 10_000),
      orNull(slab.ask[row]! / 10_000),
      slab.bidSize[row],
      slab.askSize[row],
      slab.quoteAge[row],
      hasEvent ? event : '\\N',
      hasEvent ? slab.eventLegs[row] : '\\N',
      hasEvent ? slab.eventSpan[row] : '\\N',
    ]
    lines.push(fields.join('\t'))
  }
  return lines.join('\n')
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
