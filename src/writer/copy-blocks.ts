/**
 * The parts of a row's COPY bytes that many rows share, built once each. A field is its length as
 * i32 and its bytes; length -1 is null. The order is that of COPY_COLUMNS.
 */
import { conditionText } from '../domain/conditions.ts'
import { parseContract } from '../domain/contract.ts'
import { CUSTOMER_CONFIDENCE } from '../domain/customer-side.ts'
import { exchangeAcronym } from '../domain/exchanges.ts'
import {
  AGGRESSIVENESS_TEXT,
  AVERAGE_SCOPE_TEXT,
  CUSTOMER_RULE_TEXT,
  CustomerRule,
  QUOTE_SOURCE_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
  UNDERLYING_SOURCE_TEXT,
} from '../domain/labels.ts'
import type { SummedContract } from '../rollup/minute-sums.ts'
import { EXCHANGE_NONE } from '../slab/event-slab.ts'
import {
  FLAG_ABOVE_ASK,
  FLAG_BELOW_BID,
  FLAG_BLOCK,
  FLAG_LATE,
  FLAG_MULTI_LEG,
  FLAG_SWEEP,
  FLAG_UNUSUAL,
} from '../slab/row-slab.ts'
import { NUMERIC_BYTES_MAX, writeTicks } from './numeric.ts'

/**
 * Blocks of contract, labels, evidence, exchange and conditions first, then what differs in every
 * row.
 */
export const COPY_COLUMNS = [
  ...['symbol', 'contract_ticker', 'strike', 'expiration', 'option_type'],
  ...['trade_type', 'sentiment', 'aggressiveness', 'side', 'is_sweep', 'is_block'],
  ...['is_above_ask', 'is_below_bid', 'is_unusual_volume', 'is_multi_leg', 'is_late'],
  ...['customer_side', 'customer_rule', 'customer_confidence', 'quote_source'],
  ...['underlying_source', 'average_scope', 'rules', 'filled_at'],
  'exchange',
  'conditions',
  ...['timestamp', 'price', 'size', 'premium', 'dte', 'arrival', 'received_at', 'sequence'],
  ...['underlying_price', 'day_volume', 'open_interest', 'multiplier'],
  ...['average_size', 'average_prints'],
  ...['size_percentile', 'premium_percentile', 'percentile_sample'],
  ...['bid', 'ask', 'bid_size', 'ask_size', 'quote_age_ms'],
  ...['event_id', 'event_legs', 'event_span_ms'],
] as const

/** The flags in the order of their columns. */
const FLAGS = [
  FLAG_SWEEP,
  FLAG_BLOCK,
  FLAG_ABOVE_ASK,
  FLAG_BELOW_BID,
  FLAG_UNUSUAL,
  FLAG_MULTI_LEG,
  FLAG_LATE,
] as const
export const FLAG_BITS = FLAGS.length

const TEXT_OID = 25
const DAYS_1970_TO_2000 = 10_957
const TICKS_PER_MILL = 10

const NULL_FIELD = int32(-1)

export type ContractBlock = SummedContract & { readonly bytes: Buffer; readonly ticker: Buffer }

/** The number of fields, and what a contract fixes. `symbolIdOf` numbers the underlyings. */
export function contractBlock(
  ticker: string,
  symbolIdOf: (symbol: string) => number,
): ContractBlock {
  const contract = parseContract(ticker)
  if (contract === null) throw new Error(`a defined contract must be an OCC ticker, was ${ticker}`)
  const fields = Buffer.alloc(2)
  fields.writeInt16BE(COPY_COLUMNS.length)
  const bytes = Buffer.concat([
    fields,
    textField(contract.underlying),
    textField(ticker),
    ticksField(contract.strikeMills * TICKS_PER_MILL),
    field(int32(contract.expirationDay - DAYS_1970_TO_2000)),
    textField(contract.isCall ? 'call' : 'put'),
  ])
  const { underlying: symbol, isCall } = contract
  const symbolId = symbolIdOf(symbol)
  return { bytes, ticker: Buffer.from(ticker, 'latin1'), symbol, symbolId, isCall }
}

/** Label texts and flags; `flags` are the FLAG_ bits of a row slab. */
export function labelBlock(
  tradeType: number,
  sentiment: number,
  aggressiveness: number,
  side: number,
  flags: number,
): Buffer {
  return Buffer.concat([
    textField(TRADE_TYPE_TEXT[tradeType]!),
    textField(SENTIMENT_TEXT[sentiment]!),
    textField(AGGRESSIVENESS_TEXT[aggressiveness]!),
    textField(SIDE_TEXT[side]!),
    ...FLAGS.map((flag) => field(Buffer.from([(flags & flag) === 0 ? 0 : 1]))),
  ])
}

/**
 * Where the labels come from; `rules` names the engine's rule set, `filledAt` is the time of the
 * fill that makes the rows, epoch ms, NaN: none.
 */
export function evidenceBlock(
  customerSide: number,
  customerRule: number,
  quoteSource: number,
  underlyingSource: number,
  averageScope: number,
  rules: string,
  filledAt: number,
): Buffer {
  return Buffer.concat([
    textField(SIDE_TEXT[customerSide]!),
    textOrNull(CUSTOMER_RULE_TEXT[customerRule]!),
    confidenceField(customerRule),
    textOrNull(QUOTE_SOURCE_TEXT[quoteSource]!),
    textOrNull(UNDERLYING_SOURCE_TEXT[underlyingSource]!),
    textOrNull(AVERAGE_SCOPE_TEXT[averageScope]!),
    textField(rules),
    bigintOrNull(filledAt),
  ])
}

/** Text of an exchange as the database stores it; null without one. */
export function exchangeText(id: number): string | null {
  return id === EXCHANGE_NONE ? null : (exchangeAcronym(id) ?? `${id}`)
}

export function exchangeBlock(id: number): Buffer {
  return textOrNull(exchangeText(id))
}

/** A text array in binary: dimensions, has-null, element type, length, lower bound, elements. */
export function conditionsBlock(conditions: readonly (number | string)[]): Buffer {
  if (conditions.length === 0) return field(Buffer.concat([int32(0), int32(0), int32(TEXT_OID)]))
  const head = [1, 0, TEXT_OID, conditions.length, 1].map(int32)
  const texts = conditions.map((condition) => textField(conditionText(condition)))
  return field(Buffer.concat([...head, ...texts]))
}

/** Null where no rule could tell. */
function confidenceField(rule: number): Buffer {
  if (rule === CustomerRule.None) return NULL_FIELD
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(CUSTOMER_CONFIDENCE[rule]!)
  return field(bytes)
}

function bigintOrNull(value: number): Buffer {
  if (Number.isNaN(value)) return NULL_FIELD
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return field(bytes)
}

function textOrNull(text: string | null): Buffer {
  return text === null ? NULL_FIELD : textField(text)
}

/** PostgreSQL's text holds no zero character; a feed may send one. */
function textField(text: string): Buffer {
  return field(Buffer.from(text.replaceAll('\0', '\ufffd'), 'utf8'))
}

function ticksField(ticks: number): Buffer {
  const bytes = Buffer.alloc(NUMERIC_BYTES_MAX)
  return bytes.subarray(0, writeTicks(new DataView(bytes.buffer), 0, ticks))
}

function field(value: Buffer): Buffer {
  return Buffer.concat([int32(value.length), value])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
