import type { AlertFacts } from './facts.ts'
import type { AlertRule, CooldownKey, Range } from './rules.ts'

/** Whether a value lies in a range, bounds inclusive. What is not known lies in none. */
export function isWithin(value: number | null, range: Range | null): boolean {
  if (range === null) return true
  if (value === null || Number.isNaN(value)) return false
  return value >= (range.min ?? value) && value <= (range.max ?? value)
}

/** What can be told without asking the database: the cheap part, looked at first. */
export function matchesFacts(rule: AlertRule, facts: AlertFacts): boolean {
  return (
    rule.types.includes(facts.type) &&
    isOneOf(facts.symbol, rule.symbols) &&
    isOneOf(facts.side, rule.sides) &&
    isOneOf(facts.sentiment, rule.sentiments) &&
    (rule.option === null || rule.option === facts.option_type) &&
    isWithin(facts.premium, rule.premium) &&
    isWithin(facts.size, rule.size) &&
    isWithin(facts.dte, rule.dte)
  )
}

const isOneOf = (value: string, allowed: readonly string[] | null): boolean =>
  allowed === null || allowed.includes(value)

/** Whether the rule asks for what only the rows of the legs know. */
export function asksLegs({ moneyness, volumeOverOi }: AlertRule): boolean {
  return moneyness !== null || volumeOverOi !== null
}

/** Whether the rule looks beyond this event. */
export function asksSums({ repeats, netPremium, score }: AlertRule): boolean {
  return repeats !== null || netPremium !== null || score !== null
}

/** The part of the rule that the legs decide. */
export function matchesLegs(rule: AlertRule, facts: AlertFacts): boolean {
  return (
    isWithin(moneynessOf(facts), rule.moneyness) && isWithin(volumeOverOi(facts), rule.volumeOverOi)
  )
}

/**
 * Percent of the price of the underlying by which the strike is out of the money, below 0 in the
 * money; null: the price is not known.
 */
export function moneynessOf(
  facts: Pick<AlertFacts, 'strike' | 'option_type' | 'underlying_price'>,
): number | null {
  const { strike, option_type, underlying_price: price } = facts
  if (price === null || !(price > 0)) return null
  return ((option_type === 'call' ? strike - price : price - strike) / price) * 100
}

/** Volume of the day over open interest; null: not known. Infinite where nothing was open. */
export function volumeOverOi(
  facts: Pick<AlertFacts, 'day_volume' | 'open_interest'>,
): number | null {
  const { day_volume: volume, open_interest: open } = facts
  if (volume === null || open === null) return null
  if (open > 0) return volume / open
  return volume > 0 ? Number.POSITIVE_INFINITY : 0
}

/** What a cooldown of the rule counts together. */
export function cooldownKeyOf(per: CooldownKey, facts: AlertFacts): string {
  switch (per) {
    case 'symbol':
      return facts.symbol
    case 'contract':
      return facts.contract_ticker
    case 'contract_side':
      return `${facts.contract_ticker} ${facts.side}`
    case 'rule':
      return ''
  }
}
