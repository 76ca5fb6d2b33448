import { conditionName } from '../domain/condition-names.ts'
import { conditionOf, groupOf } from '../domain/conditions.ts'
import { parseContract } from '../domain/contract.ts'
import type {
  AverageEvidence,
  ConditionEvidence,
  ConditionsEvidence,
  Evidence,
  Explained,
  PercentilesEvidence,
  QuoteEvidence,
  StoredPrint,
  WindowEvidence,
} from '../domain/evidence.ts'
import { dte, newYorkDay } from '../domain/new-york.ts'
import { WARM_UP_PRINTS } from '../domain/size-profiles.ts'
import { ticksOf } from '../domain/ticks.ts'
import { customerReason } from './customer-reason.ts'
import type { Database } from './database.ts'
import { type Inputs, inputsOf } from './inputs.ts'
import { type AskedPrint, findPrint } from './lookup.ts'
import { GROUP_TEXT, plain, plural } from './phrases.ts'
import {
  aggressivenessReason,
  isBlockReason,
  isSweepReason,
  sentimentReason,
  sideReason,
  tradeTypeReason,
  unusualReason,
} from './reasons.ts'
import { findWindow } from './window.ts'

/** Prints that an average needs (rules.md, average size). */
const AVERAGE_PRINTS_MIN = 16

/**
 * The stored print that is asked about with what each of its labels rests on, or the cancels that
 * took it away. Throws a RequestError that says why it may be missing.
 */
export async function explainPrint(database: Database, asked: AskedPrint): Promise<Explained> {
  const { rows, cancels } = await findPrint(database, asked)
  const [row, ...rest] = rows
  if (row === undefined) return { status: 'cancelled', cancels }
  const others = rest.map(({ timestamp, arrival, price, size, exchange }) => ({
    timestamp,
    arrival,
    price,
    size,
    exchange,
  }))
  const window = await findWindow(database, row)
  return { status: 'stored', trade: row, evidence: evidenceOf(row, window), others, cancels }
}

/** What the labels of a row rest on. `window`: its sweep, split or block, null without one. */
export function evidenceOf(row: StoredPrint, window: WindowEvidence | null): Evidence {
  const inputs = inputsOf(row, window)
  return {
    rules: rulesEvidence(row),
    quote: quoteEvidence(inputs),
    side: sideReason(inputs),
    sentiment: sentimentReason(inputs),
    aggressiveness: aggressivenessReason(inputs),
    customerSide: customerReason(inputs),
    average: averageEvidence(inputs),
    percentiles: percentilesEvidence(row),
    conditions: conditionsEvidence(inputs),
    tradeType: tradeTypeReason(inputs),
    isSweep: isSweepReason(inputs),
    isBlock: isBlockReason(inputs),
    window,
    unusualVolume: {
      ...unusualReason(inputs),
      dayVolume: row.day_volume,
      openInterest: row.open_interest,
    },
    premium: premiumEvidence(row),
    underlying: underlyingEvidence(row),
    dte: dteEvidence(row),
    latency: latencyEvidence(row),
  }
}

function rulesEvidence({ rules, revision }: StoredPrint): Evidence['rules'] {
  const set =
    rules === null
      ? 'stored without its rule set, before evidence was kept'
      : `rule set ${rules}${rules === 'seed' ? ', the original specification' : ''}`
  const revised =
    revision === 0
      ? 'labels as they were stored'
      : `revised ${plural(revision, 'time')}, by quotes that came late or fills of gaps`
  return { set: rules, revision, because: `${set}; ${revised}` }
}

function quoteEvidence({ row, price, bid, ask, hasQuote, policy }: Inputs): QuoteEvidence {
  if (row.bid === null || row.ask === null || !hasQuote) {
    const abstains = policy.hasSide ? '' : '; the condition policy would not have used it'
    return {
      usable: false,
      because:
        'no usable quote: none known at its time, or older than FLOW_QUOTE_MAX_AGE_MS, or locked ' +
        `or crossed${abstains}`,
    }
  }
  return {
    usable: true,
    bid: row.bid,
    ask: row.ask,
    bidSize: row.bid_size,
    askSize: row.ask_size,
    ageMs: row.quote_age_ms,
    source: row.quote_source,
    mid: (bid + ask) / 20_000,
    spread: (ask - bid) / 10_000,
    isAboveAsk: price > ask,
    isBelowBid: price < bid,
  }
}

function averageEvidence({ row, sum, count }: Inputs): AverageEvidence {
  if (count === 0) {
    const because =
      row.rules === null
        ? 'not kept with the row'
        : `none: fewer than ${AVERAGE_PRINTS_MIN} prints of the underlying before this one; only ` +
          'the absolute rules apply'
    return { size: null, prints: 0, scope: null, largeFrom: null, blockFrom: null, because }
  }
  const [largeMin, blockMin] = row.rules === 'opra' ? [50, 100] : [1, 1]
  return {
    size: row.average_size,
    prints: count,
    scope: row.average_scope,
    largeFrom: Math.max(largeMin, Math.ceil((2 * sum) / count)),
    blockFrom: Math.min(500, Math.max(blockMin, Math.ceil((5 * sum) / count))),
    because: `mean size of the last ${plural(count, 'print')} of the ${row.average_scope} before it`,
  }
}

function percentilesEvidence(row: StoredPrint): PercentilesEvidence {
  const { size_percentile: size, premium_percentile: premium, percentile_sample: sample } = row
  const because =
    sample === null
      ? 'not kept with the row'
      : size === null || premium === null
        ? `warming up: ${plain(sample)} of ${WARM_UP_PRINTS} prints in contracts about as liquid`
        : `share that was smaller of ${plural(sample, 'print')} in contracts about as liquid`
  return { size, premium, sample, because }
}

function conditionsEvidence({ row, policy }: Inputs): ConditionsEvidence {
  const { hasSide, isMultiLeg, isLate } = policy
  const mayBeLeg = policy.mayBeLeg && row.rules !== 'seed'
  const group = GROUP_TEXT[policy.group]!
  const many = row.conditions.length > 1 ? ' decided' : ''
  const noLeg = row.rules === 'seed' ? 'no windows under seed' : 'no leg of a sweep or split'
  return {
    conditions: row.conditions.map(conditionEvidence),
    group,
    side: hasSide ? 'from quote' : 'UNKNOWN',
    mayBeLeg,
    isMultiLeg,
    isLate,
    because:
      `${row.conditions.length === 0 ? 'no condition: ' : ''}group ${group}${many}: side ` +
      `${hasSide ? 'from the quote' : 'UNKNOWN'}, ` +
      `${mayBeLeg ? 'may be a leg of a sweep or split' : noLeg}`,
  }
}

function conditionEvidence(text: string): ConditionEvidence {
  const condition = conditionOf(text)
  const id = typeof condition === 'number' ? condition : null
  const name = (id === null ? undefined : conditionName(id)) ?? null
  return { text, id, name, group: GROUP_TEXT[groupOf(condition)]! }
}

function premiumEvidence({ price, size, multiplier, premium }: StoredPrint): Evidence['premium'] {
  const ticks = BigInt(ticksOf(price)) * BigInt(size) * BigInt(multiplier)
  return {
    dollars: premium,
    multiplier,
    because: `${plain(price)} x ${plural(size, 'contract')} x ${plural(multiplier, 'share')}`,
    follows: Number(ticks) / 10_000 === premium,
  }
}

function underlyingEvidence(row: StoredPrint): Evidence['underlying'] {
  const { underlying_price: price, underlying_source: source } = row
  const because =
    price === null
      ? 'unknown: no price within 15 s, and no fresh quoted pair of call and put'
      : source === 'parity'
        ? 'put-call parity over fresh quoted pairs'
        : source === null
          ? 'the source was not kept'
          : `latest price of the vendor's ${source} cluster, at most 15 s old`
  return { price, source, because }
}

function dteEvidence(row: StoredPrint): Evidence['dte'] {
  const expirationDay = parseContract(row.contract_ticker)?.expirationDay ?? Number.NaN
  return {
    days: row.dte,
    because: `calendar days from the New York date of the print to ${row.expiration}, never below 0`,
    follows: dte(newYorkDay(row.timestamp), expirationDay) === row.dte,
  }
}

function latencyEvidence({ received_at: received, timestamp }: StoredPrint): Evidence['latency'] {
  if (received === null) return { ms: null, because: 'the source has no receive times' }
  const ms = received - timestamp
  return { ms, because: `received ${plain(ms)} ms after the vendor's time of the print` }
}
