import type { Evidence } from '../domain/evidence.ts'
import { CUSTOMER_RULE_TEXT } from '../domain/labels.ts'
import { depthRule, quoteRule, type TradeSign, tradeSizeRule } from '../domain/trade-rules.ts'
import type { Inputs } from './inputs.ts'

const NOTE = "the customer's side, not the aggressor's"

type RuleName = Exclude<(typeof CUSTOMER_RULE_TEXT)[number], null>

/**
 * What each rule of the published stack (domain/customer-side.ts) means for a buy and for a
 * sell.
 */
const MEANING: Readonly<Record<RuleName, readonly [buy: string, sell: string]>> = {
  trade_size_ex: [
    "exactly the bid size of the print's venue: a customer's resting bid was filled",
    "exactly the ask size of the print's venue: a customer's resting offer was filled",
  ],
  quote_best: ['price above the midpoint of the NBBO', 'price below the midpoint of the NBBO'],
  quote_ex: [
    "price above the midpoint of the venue's own quote",
    "price below the midpoint of the venue's own quote",
  ],
  depth_best: [
    'at the midpoint, and the ask size of the NBBO is larger than its bid size',
    'at the midpoint, and the bid size of the NBBO is larger than its ask size',
  ],
  depth_ex: [
    "at the midpoint, and the ask size of the venue's quote is the larger",
    "at the midpoint, and the bid size of the venue's quote is the larger",
  ],
  tick_all: [
    'price above the last different price of the contract',
    'price below the last different price of the contract',
  ],
}

/** The customer's side, the published rule that told it, and how often that rule is right. */
export function customerReason(inputs: Inputs): Evidence['customerSide'] {
  const { row, policy } = inputs
  const { customer_side: label, customer_rule: name, customer_confidence: confidence } = row
  const common = { label, confidence, note: NOTE }
  if (row.rules === null) {
    return { ...common, rule: 'unknown', because: 'not kept with the row', follows: null }
  }
  const rule = ruleOf(name)
  if (rule === null) {
    const because = policy.hasSide
      ? 'no rule of the published stack could tell'
      : 'the condition policy gives no side: a quote of one leg says nothing about it'
    return { ...common, rule: 'none', because, follows: label === 'UNKNOWN' }
  }
  const because = MEANING[rule][label === 'BUY' ? 0 : 1]
  const sign = signOf(rule, inputs)
  const follows = sign === null ? null : (label === 'BUY' ? 1 : -1) === sign
  return { ...common, rule, because, follows }
}

function ruleOf(name: string | null): RuleName | null {
  return CUSTOMER_RULE_TEXT.find((text): text is RuleName => text !== null && text === name) ?? null
}

/** The rule once more on what the row holds; null where that is not enough to apply it. */
function signOf(rule: RuleName, { row, price, bid, ask }: Inputs): TradeSign | null {
  const bidSize = row.bid_size ?? Number.NaN
  const askSize = row.ask_size ?? Number.NaN
  switch (rule) {
    case 'quote_best':
      return quoteRule(price, bid, ask)
    case 'depth_best':
      return depthRule(price, bid, ask, bidSize, askSize)
    case 'trade_size_ex': {
      // the venue of the other side is not kept: equal to both sizes, either may have been its own
      const isBoth = row.size === bidSize && row.size === askSize
      return isBoth ? null : tradeSizeRule(row.size, bidSize, askSize)
    }
    default:
      return null
  }
}
