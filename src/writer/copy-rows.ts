import { DAY_MS } from '../domain/new-york.ts'
import { PERCENTILE_NONE } from '../domain/size-profiles.ts'
import { CONDITION_SET_NONE, type Definitions } from '../slab/definitions.ts'
import type { RowSlab } from '../slab/row-slab.ts'
import {
  type ContractBlock,
  conditionsBlock,
  contractBlock,
  evidenceBlock,
  exchangeBlock,
  FLAG_BITS,
  labelBlock,
} from './copy-blocks.ts'
import type { CopyBuffer } from './copy-buffer.ts'
import {
  writeBigint,
  writeBigintOrNull,
  writeCountOrNull,
  writeDecimal,
  writeInteger,
  writeNull,
  writeReal,
} from './copy-fields.ts'
import { NUMERIC_BYTES_MAX, writeBigTicks, writeTicks } from './numeric.ts'

/** Exchange ids are any 32-bit number: what a broken feed makes up is built anew each time. */
const EXCHANGES_MAX = 1_024

/** What differs in every row: 4 bigints, 5 numerics, 15 integers and reals, the event's numbers. */
const VARIABLE_BYTES_MAX = 4 * 12 + 5 * NUMERIC_BYTES_MAX + 15 * 8 + 64

/** Codes of the four labels are below 8, 4, 4 and 4. */
const LABELS_MAX = (8 * 4 * 4 * 4) << FLAG_BITS

/** Bits of customer side, customer rule, and the sources of quote, underlying price and average. */
const EVIDENCE_MAX = 1 << (2 + 3 + 2 + 2 + 2)

const HYPHEN = 45

/** Rows to COPY bytes. Holds the definitions of contracts and condition sets, append-only. */
export class RowEncoder {
  readonly #tickers: string[] = []
  /** Built at a contract's first row: of a million contracts known most never store one. */
  readonly #contracts = new Map<number, ContractBlock>()
  readonly #conditions: Buffer[] = []
  readonly #exchanges = new Map<number, Buffer>()
  readonly #labels: (Buffer | undefined)[] = Array.from({ length: LABELS_MAX })
  readonly #evidence: (Buffer | undefined)[] = Array.from({ length: EVIDENCE_MAX })
  readonly #rules: string
  readonly #filledAt: number
  readonly #symbolIds = new Map<string, number>()

  /**
   * `rules`: the engine's rule set, which every row names. `filledAt`: when a fill makes the rows,
   * epoch ms; left out: a feed or a file brought them.
   */
  constructor(rules: string, filledAt = Number.NaN) {
    this.#rules = rules
    this.#filledAt = filledAt
    this.#conditions[CONDITION_SET_NONE] = conditionsBlock([])
  }

  /** Must come ahead of the first row that uses an id. */
  define(definitions: Definitions): void {
    const { firstContract, contracts, firstConditionSet, conditionSets } = definitions
    if (contracts.length > 0 && firstContract !== this.#tickers.length) {
      throw new Error(`contract ${this.#tickers.length} must be next, was ${firstContract}`)
    }
    if (conditionSets.length > 0 && firstConditionSet !== this.#conditions.length) {
      const next = this.#conditions.length
      throw new Error(`condition set ${next} must be next, was ${firstConditionSet}`)
    }
    for (const ticker of contracts) this.#tickers.push(ticker)
    for (const conditions of conditionSets) this.#conditions.push(conditionsBlock(conditions))
  }

  /** Ticker of a defined contract. */
  tickerOf(contract: number): string {
    const ticker = this.#tickers[contract]
    if (ticker === undefined) throw new Error(`unknown contract ${contract}`)
    return ticker
  }

  /**
   * Appends rows from `from` until `rows` (exclusive), or until `out` holds `rowsMax` rows or
   * `bytesMax` bytes or more, and returns the row to go on from. The first row always fits.
   */
  encode(
    slab: RowSlab,
    from: number,
    rows: number,
    out: CopyBuffer,
    rowsMax: number,
    bytesMax: number,
  ): number {
    let row = from
    let dayEnd = -1
    while (row < rows && out.rows < rowsMax && out.length < bytesMax) {
      const time = slab.time[row]!
      if (time < out.timeMin) out.timeMin = time
      if (time > out.timeMax) out.timeMax = time
      if (time >= dayEnd || time < dayEnd - DAY_MS) {
        const day = Math.floor(time / DAY_MS)
        out.days.add(day)
        dayEnd = (day + 1) * DAY_MS
      }
      this.#row(slab, row, out)
      out.rows++
      row++
    }
    return row
  }

  #row(slab: RowSlab, row: number, out: CopyBuffer): void {
    const contract = this.#contractOf(slab.contract[row]!)
    const conditions = this.#conditions[slab.conditions[row]!]
    if (conditions === undefined) throw new Error(`unknown condition set ${slab.conditions[row]}`)
    const labels = this.#labelsOf(slab, row)
    const evidence = this.#evidenceOf(slab, row)
    const exchange = this.#exchangeOf(slab.exchange[row]!)
    const shared = contract.bytes.length + labels.length + evidence.length
    out.reserve(
      shared + exchange.length + conditions.length + contract.ticker.length + VARIABLE_BYTES_MAX,
    )
    const { bytes, view } = out
    let at = out.length
    bytes.set(contract.bytes, at)
    at += contract.bytes.length
    bytes.set(labels, at)
    at += labels.length
    bytes.set(evidence, at)
    at += evidence.length
    bytes.set(exchange, at)
    at += exchange.length
    bytes.set(conditions, at)
    at += conditions.length

    const price = slab.price[row]!
    const size = slab.size[row]!
    at = writeBigint(view, at, slab.time[row]!)
    at = writeTicks(view, at, price)
    at = writeInteger(view, at, size)
    const multiplier = slab.multiplier[row]!
    const premium = price * size * multiplier
    out.sums.add(slab, row, contract, premium, this.#filledAt)
    at =
      premium <= Number.MAX_SAFE_INTEGER
        ? writeTicks(view, at, premium)
        : writeBigTicks(view, at, BigInt(price) * BigInt(size) * BigInt(multiplier))
    at = writeInteger(view, at, slab.dte[row]!)
    at = writeInteger(view, at, slab.arrival[row]!)
    at = writeBigintOrNull(view, at, slab.recv[row]!)
    at = writeBigintOrNull(view, at, slab.sequence[row]!)
    at = writeEvidence(view, at, slab, row)
    at = writeQuote(view, at, slab, row)
    out.length = writeEvent(view, bytes, at, slab, row, contract.ticker)
  }

  #contractOf(id: number): ContractBlock {
    let contract = this.#contracts.get(id)
    if (contract === undefined) {
      contract = contractBlock(this.tickerOf(id), (symbol) => this.#symbolIdOf(symbol))
      this.#contracts.set(id, contract)
    }
    return contract
  }

  #symbolIdOf(symbol: string): number {
    const known = this.#symbolIds.get(symbol)
    if (known !== undefined) return known
    const id = this.#symbolIds.size
    this.#symbolIds.set(symbol, id)
    return id
  }

  #labelsOf(slab: RowSlab, row: number): Buffer {
    const tradeType = slab.tradeType[row]!
    const sentiment = slab.sentiment[row]!
    const aggressiveness = slab.aggressiveness[row]!
    const side = slab.side[row]!
    const flags = slab.flags[row]!
    const labels = ((tradeType * 4 + sentiment) * 4 + aggressiveness) * 4 + side
    const key = (labels << FLAG_BITS) | flags
    const known = this.#labels[key]
    if (known !== undefined) return known
    const built = labelBlock(tradeType, sentiment, aggressiveness, side, flags)
    this.#labels[key] = built
    return built
  }

  #evidenceOf(slab: RowSlab, row: number): Buffer {
    const side = slab.customerSide[row]!
    const rule = slab.customerRule[row]!
    const quote = slab.quoteSource[row]!
    const underlying = slab.underlyingSource[row]!
    const average = slab.averageScope[row]!
    const key = (((((((side << 3) | rule) << 2) | quote) << 2) | underlying) << 2) | average
    const known = this.#evidence[key]
    if (known !== undefined) return known
    const built = evidenceBlock(side, rule, quote, underlying, average, this.#rules, this.#filledAt)
    this.#evidence[key] = built
    return built
  }

  #exchangeOf(id: number): Buffer {
    const known = this.#exchanges.get(id)
    if (known !== undefined) return known
    const built = exchangeBlock(id)
    if (this.#exchanges.size < EXCHANGES_MAX) this.#exchanges.set(id, built)
    return built
  }
}

/** What the labels were weighed against, as far as it is known. */
function writeEvidence(view: DataView, start: number, slab: RowSlab, row: number): number {
  const underlying = slab.underlyingPrice[row]!
  let at = Number.isNaN(underlying) ? writeNull(view, start) : writeTicks(view, start, underlying)
  at = writeBigintOrNull(view, at, slab.dayVolume[row]!)
  at = writeCountOrNull(view, at, slab.openInterest[row]!)
  at = writeInteger(view, at, slab.multiplier[row]!)
  const prints = slab.averageCount[row]!
  if (prints === 0) {
    at = writeNull(view, at)
    at = writeNull(view, at)
  } else {
    at = writeReal(view, at, slab.averageSum[row]! / prints)
    at = writeInteger(view, at, prints)
  }
  at = writePercentile(view, at, slab.sizePercentile[row]!)
  at = writePercentile(view, at, slab.premiumPercentile[row]!)
  return writeInteger(view, at, slab.percentileSample[row]!)
}

function writePercentile(view: DataView, at: number, hundredths: number): number {
  return hundredths === PERCENTILE_NONE
    ? writeNull(view, at)
    : writeReal(view, at, hundredths / 100)
}

function writeQuote(view: DataView, start: number, slab: RowSlab, row: number): number {
  const bid = slab.bid[row]!
  const ask = slab.ask[row]!
  let at = start
  if (Number.isNaN(bid)) {
    for (let column = 0; column < 5; column++) at = writeNull(view, at)
    return at
  }
  at = writeTicks(view, at, bid)
  at = Number.isNaN(ask) ? writeNull(view, at) : writeTicks(view, at, ask)
  at = writeCountOrNull(view, at, slab.bidSize[row]!)
  at = writeCountOrNull(view, at, slab.askSize[row]!)
  return writeInteger(view, at, slab.quoteAge[row]!)
}

/** The event is named by its contract and its first leg: ticker-time-arrival. */
function writeEvent(
  view: DataView,
  bytes: Buffer,
  start: number,
  slab: RowSlab,
  row: number,
  ticker: Buffer,
): number {
  let at = start
  if (slab.eventLegs[row] === 0) {
    for (let column = 0; column < 3; column++) at = writeNull(view, at)
    return at
  }
  at += 4
  bytes.set(ticker, at)
  at += ticker.length
  bytes[at++] = HYPHEN
  at = writeDecimal(bytes, at, slab.eventTime[row]!)
  bytes[at++] = HYPHEN
  at = writeDecimal(bytes, at, slab.eventArrival[row]!)
  view.setInt32(start, at - start - 4)
  at = writeInteger(view, at, slab.eventLegs[row]!)
  return writeInteger(view, at, slab.eventSpan[row]!)
}
