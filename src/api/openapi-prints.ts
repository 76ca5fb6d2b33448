import type { StoredPrint } from '../domain/evidence.ts'
import { EVENT_KINDS } from '../domain/flow-event.ts'
import {
  AGGRESSIVENESS_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
} from '../domain/labels.ts'
import type { LiveEvent, LivePrint } from '../domain/live-flow.ts'
import type { Beat } from '../domain/live-message.ts'
import { MISSED_REASONS, type Missed } from '../domain/live-missed.ts'
import {
  between,
  type Described,
  dollars,
  flag,
  list,
  number,
  object,
  oneOf,
  orNull,
  type Schema,
  text,
  time,
  whole,
} from './openapi-schema.ts'

const SIDE = oneOf(SIDE_TEXT, 'who crossed the spread; UNKNOWN: no usable quote, or no side')
const SENTIMENT = oneOf(SENTIMENT_TEXT, 'which way it leans')
const DATE: Schema = { type: 'string', format: 'date', description: 'expiration' }

const LIVE_PRINT: Described<LivePrint> = {
  symbol: text('underlying: SPX for an SPXW contract'),
  contract_ticker: text('such as O:SPXW251219C06475000'),
  timestamp: time("the vendor's time of the print"),
  sequence: orNull(whole("the vendor's sequence number; null where the source has none")),
  arrival: whole('number of the print within its contract and New York day, from 1'),
  price: dollars('price'),
  size: whole('contracts'),
  premium: dollars('price x size x multiplier'),
  trade_type: oneOf(TRADE_TYPE_TEXT, 'what the print is'),
  sentiment: SENTIMENT,
  aggressiveness: oneOf(AGGRESSIVENESS_TEXT, 'where it traded in the quote'),
  side: SIDE,
  strike: dollars('strike'),
  expiration: DATE,
  option_type: oneOf(['call', 'put'], 'right'),
  dte: whole('calendar days to the expiration'),
  underlying_price: orNull(dollars('price of the underlying')),
  is_sweep: flag('the sweep rule alone'),
  is_block: flag('the block rule alone'),
  is_above_ask: flag('above the ask of a usable quote'),
  is_below_bid: flag('below the bid of a usable quote'),
  is_unusual_volume: flag('volume of the day above open interest'),
  is_multi_leg: flag('a condition of a multi-leg trade'),
  is_late: flag('a condition of a late print'),
  exchange: orNull(text('acronym, such as CBOE')),
  conditions: list(text('OPRA short code, such as ISOI')),
  bid: orNull(dollars('bid of the usable quote')),
  ask: orNull(dollars('ask of the usable quote')),
  event_id: orNull(text('shared by the legs of a sweep or split')),
  event_legs: orNull(whole('legs when the window closed')),
  event_span_ms: orNull(whole('time from the first to the last leg, ms')),
  received_at: orNull(time('when the print was received')),
  open_interest: orNull(whole('contracts')),
  day_volume: orNull(whole('contracts of the day, this print included')),
}

const STORED_PRINT: Described<StoredPrint> = {
  ...LIVE_PRINT,
  customer_side: oneOf(SIDE_TEXT, "the customer's side"),
  customer_rule: orNull(text('the published rule that told it')),
  customer_confidence: orNull(between(0, 1, 'how often that rule is right')),
  underlying_source: orNull(oneOf(['stocks', 'indices', 'parity'], 'where its price came from')),
  bid_size: orNull(whole('contracts')),
  ask_size: orNull(whole('contracts')),
  quote_age_ms: orNull(number('age of the quote at the print, ms')),
  quote_source: orNull(oneOf(['feed', 'rest'], 'where the quote came from')),
  multiplier: whole('shares a contract stands for'),
  average_size: orNull(number('mean size of the prints before it, contracts')),
  average_prints: orNull(whole('prints in that mean')),
  average_scope: orNull(oneOf(['contract', 'underlying'], 'whose prints')),
  size_percentile: orNull(between(0, 100, 'share of prints that were smaller')),
  premium_percentile: orNull(between(0, 100, 'share of prints with less premium')),
  percentile_sample: orNull(whole('prints behind the percentiles')),
  rules: orNull(oneOf(['opra', 'seed'], 'rule set; null before evidence was kept')),
  revision: whole('late quotes and fills that revised the row'),
  revised_at: orNull(time('when the last of them was heard')),
}

const EVENT: Described<LiveEvent> = {
  event_id: text('the same in every version and replay'),
  revision: whole('number of the version, from 1'),
  reason: text('why there is this version: found, cancel, late quote or fill'),
  is_void: flag('no print is left of it'),
  kind: oneOf(EVENT_KINDS, 'what it is'),
  symbol: text('underlying'),
  contract_ticker: text('contract'),
  side: SIDE,
  sentiment: SENTIMENT,
  started_at: time("the first leg's time"),
  ended_at: time("the last leg's time"),
  span_ms: whole('from the first to the last leg, ms'),
  leg_count: whole('prints'),
  total_size: whole('contracts'),
  total_premium: dollars('premium of all legs'),
  vwap: orNull(dollars('mean price by size')),
  exchanges: list(text('acronym'), 'in the order of the legs'),
  why: orNull(text('why it is one, in plain words')),
  recorded_at: time('when the version was written'),
}

const MISSED: Described<Missed> = {
  kind: oneOf(['prints', 'events'], 'what was not told'),
  reason: oneOf(MISSED_REASONS, 'why not'),
  count: orNull(whole('how many')),
  from: orNull(time('since when')),
  to: time('until when'),
}

const message = (type: string, data: Schema): Schema =>
  object<{ type: string; data: object }>({ type: { const: type }, data })

export const LIVE_SCHEMAS = {
  Print: object<LivePrint>(LIVE_PRINT, 'a print as its labels are final'),
  StoredPrint: object<StoredPrint>(STORED_PRINT, 'a row of options_flow_history'),
  Event: object<LiveEvent>(EVENT, 'a version of a sweep, split or block'),
  Missed: object<Missed>(MISSED, 'what a client of the stream was not told'),
  Beat: object<Beat>({ at: time("the engine's clock") }, 'a WebSocket is told that we live'),
  PrintMessage: message('print', { $ref: '#/components/schemas/Print' }),
  EventMessage: message('event', { $ref: '#/components/schemas/Event' }),
  MissedMessage: message('missed', { $ref: '#/components/schemas/Missed' }),
  BeatMessage: message('beat', { $ref: '#/components/schemas/Beat' }),
} as const
