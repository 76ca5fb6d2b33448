import type { ConditionPolicy } from '../domain/conditions.ts'
import type { Reason } from '../domain/evidence.ts'
import {
  AGGRESSIVENESS_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  Side,
  TRADE_TYPE_TEXT,
  type TradeType,
} from '../domain/labels.ts'
import * as opra from '../domain/opra.ts'
import { sideOf } from '../domain/quote-rule.ts'
import * as seed from '../domain/seed.ts'
import type { Inputs } from './inputs.ts'
import { GROUP_TEXT, plain } from './phrases.ts'
import {
  blockWords,
  largeWords,
  legWords,
  notBlockWords,
  notLargeWords,
  times,
} from './size-words.ts'

const UNKNOWN_RULES = 'the row was stored without its rule set, before evidence was kept'

/** Who crossed the spread; the same under both rule sets. */
export function sideReason({ row, price, bid, ask, hasQuote, policy }: Inputs): Reason {
  const side = hasQuote && policy.hasSide ? sideOf(price, bid, ask) : Side.Unknown
  const [rule, because] = !policy.hasSide
    ? ['policy', `the condition policy gives no side to a print of the group ${groupOf(policy)}`]
    : !hasQuote
      ? ['no_quote', 'no usable quote to compare the price with']
      : price >= ask
        ? ['at_or_above_ask', 'price at or above the ask']
        : price <= bid
          ? ['at_or_below_bid', 'price at or below the bid']
          : side === Side.Mid
            ? ['at_midpoint', 'price at the midpoint of bid and ask']
            : side === Side.Buy
              ? ['above_midpoint', 'price above the midpoint of bid and ask']
              : ['below_midpoint', 'price below the midpoint of bid and ask']
  return reason(row.side, SIDE_TEXT[side], rule!, because!)
}

export function sentimentReason({ row, price, bid, ask, isCall, hasQuote }: Inputs): Reason {
  if (row.rules === null) return unknownRules(row.sentiment)
  if (row.rules === 'seed') {
    const isAbove = hasQuote && price > ask
    const isBelow = hasQuote && price < bid
    const where = isAbove ? 'above the ask' : isBelow ? 'below the bid' : null
    const label = SENTIMENT_TEXT[seed.sentimentOf(isCall, isAbove, isBelow)]
    return where === null
      ? reason(row.sentiment, label, 'inside_quote', 'not outside a usable quote')
      : reason(row.sentiment, label, 'outside_quote', `a ${row.option_type} ${where}`)
  }
  const side = (SIDE_TEXT as readonly string[]).indexOf(row.side) as Side
  const label = SENTIMENT_TEXT[opra.sentimentOf(isCall, side)]
  if (side === Side.Buy || side === Side.Sell) {
    const deed = side === Side.Buy ? 'bought' : 'sold'
    return reason(row.sentiment, label, 'side', `a ${row.option_type} ${deed}`)
  }
  return reason(row.sentiment, label, 'no_side', `side ${row.side}: neither bought nor sold`)
}

export function aggressivenessReason(inputs: Inputs): Reason {
  const { row, price, bid, ask, hasQuote } = inputs
  if (row.rules === null) return unknownRules(row.aggressiveness)
  const stored = row.aggressiveness
  if (row.rules === 'seed') {
    const label = AGGRESSIVENESS_TEXT[seed.aggressivenessOf(price, bid, ask)]
    const because = !hasQuote
      ? 'no usable quote'
      : label === 'AGGRESSIVE'
        ? 'more than a tenth of the spread outside the quote'
        : label === 'PASSIVE'
          ? 'at the quote, or at most a tenth of the spread outside'
          : 'strictly inside the quote'
    return reason(stored, label, 'seed_spread', because)
  }
  const side = (SIDE_TEXT as readonly string[]).indexOf(row.side) as Side
  const type = (TRADE_TYPE_TEXT as readonly string[]).indexOf(row.trade_type) as TradeType
  const label = AGGRESSIVENESS_TEXT[opra.aggressivenessOf(side, type, price, bid, ask)]
  const [rule, because] =
    side === Side.Unknown
      ? ['no_side', 'the side is UNKNOWN']
      : price > ask || price < bid
        ? ['outside_quote', price > ask ? 'above the ask' : 'below the bid']
        : price > bid && price < ask
          ? ['inside_quote', 'strictly inside the quote']
          : row.trade_type === 'SWEEP'
            ? ['sweep_at_quote', 'a sweep at the quote']
            : ['at_quote', 'at the quote, and no sweep']
  return reason(stored, label, rule!, because!)
}

/** The first rule that held, in the order of the rule set. */
export function tradeTypeReason(inputs: Inputs): Reason {
  const { row, sum, count, policy, isLeg, isSweepLeg } = inputs
  if (row.rules === null) return unknownRules(row.trade_type)
  if (row.rules === 'seed') {
    const type = TRADE_TYPE_TEXT[seed.tradeTypeOf(row.size, sum, count, policy.isSeedSweep)]
    const because =
      type === 'SWEEP'
        ? 'the conditions contain SWEEP or MLTI'
        : type === 'BLOCK'
          ? blockWords(inputs)
          : type === 'LARGE'
            ? largeWords(inputs)
            : notLargeWords(inputs)
    return reason(row.trade_type, type, `seed_${type.toLowerCase()}`, because)
  }
  const single = opra.singleType(row.size, sum, count, policy.isIso)
  const type = TRADE_TYPE_TEXT[isLeg ? opra.legType(single, isSweepLeg) : single]
  const [rule, because] = isSweepLeg
    ? ['sweep_leg', legWords(inputs)]
    : type === 'SWEEP'
      ? ['iso', 'ISO: an intermarket sweep order by its condition']
      : type === 'BLOCK'
        ? ['block', blockWords(inputs)]
        : type === 'SPLIT'
          ? ['split_leg', legWords(inputs)]
          : type === 'LARGE'
            ? ['large', largeWords(inputs)]
            : ['regular', notLargeWords(inputs)]
  return reason(row.trade_type, type, rule!, because!)
}

/** Each rule alone, whatever the type became. */
export function isSweepReason(inputs: Inputs): Reason {
  const { row, policy, isSweepLeg } = inputs
  if (row.rules === null) return unknownRules(row.is_sweep)
  if (row.rules === 'seed') {
    const is = policy.isSeedSweep
    const because = `the conditions contain ${is ? 'SWEEP or MLTI' : 'neither SWEEP nor MLTI'}`
    return reason(row.is_sweep, is, 'seed_condition', because)
  }
  if (isSweepLeg) return reason(row.is_sweep, true, 'sweep_leg', legWords(inputs))
  if (policy.isIso) return reason(row.is_sweep, true, 'iso', 'the ISO group decided')
  return reason(row.is_sweep, false, 'none', 'no leg of a sweep, and the ISO group did not decide')
}

export function isBlockReason(inputs: Inputs): Reason {
  const { row, sum, count } = inputs
  if (row.rules === null) return unknownRules(row.is_block)
  const rules = row.rules === 'seed' ? seed : opra
  const is = rules.isBlock(row.size, sum, count)
  const words = is ? blockWords(inputs) : notBlockWords(inputs)
  return reason(row.is_block, is, is ? 'size' : 'none', words)
}

export function unusualReason({ row, sum, count }: Inputs): Reason {
  const stored = row.is_unusual_volume
  if (row.rules === null) return unknownRules(stored)
  const volume = row.day_volume
  if (row.open_interest !== null && volume !== null) {
    const is = volume > row.open_interest
    const compared = is ? 'exceeds' : 'does not exceed'
    const because =
      `the contract's volume of the day, ${plain(volume)} with this print, ${compared} its open ` +
      `interest, ${plain(row.open_interest)}`
    return reason(stored, is, 'open_interest', because)
  }
  const unknown = 'open interest is unknown'
  if (count === 0) return reason(stored, false, 'none', `${unknown}, and there is no average`)
  const is = row.size * count >= 5 * sum
  const because = `${unknown}; size ${plain(row.size)} ${is ? '>=' : '<'} 5A = ${times(5, sum, count)}`
  return reason(stored, is, 'average', because)
}

function reason(
  stored: string | boolean,
  found: string | boolean,
  rule: string,
  because: string,
): Reason {
  const follows = stored === found
  const doubt = follows ? '' : ` (that gives ${wordOf(found)}: the row holds another label)`
  return { label: stored, rule, because: `${because}${doubt}`, follows }
}

function wordOf(label: string | boolean): string {
  return typeof label === 'string' ? label : label ? 'yes' : 'no'
}

function unknownRules(label: string | boolean): Reason {
  return { label, rule: 'unknown', because: UNKNOWN_RULES, follows: null }
}

function groupOf(policy: ConditionPolicy): string {
  return GROUP_TEXT[policy.group]!
}
