import { TRADE_TYPE_TEXT } from '../domain/labels.ts'
import type { LivePrint } from '../domain/live-flow.ts'
import { factsOfPrint } from './facts.ts'
import { matchesFacts } from './match.ts'
import { type AlertRules, PRINT_TYPES } from './rules.ts'

/**
 * The least that any rule for single prints asks for, by trade type (labels.ts): `premium` dollars,
 * `size` contracts, both infinite for types that no rule asks for. Null: no rule asks for prints.
 * `symbols`: underlyings that any of them asks for; null: all.
 */
export type PrintFilter = {
  readonly premium: readonly number[]
  readonly size: readonly number[]
  readonly symbols: ReadonlySet<string> | null
  /** Whether a print meets what a rule asks of the print alone. */
  readonly isWanted: (print: LivePrint) => boolean
}

export function printFilterOf({ rules }: AlertRules): PrintFilter | null {
  const isPrint = (type: string): boolean => (PRINT_TYPES as readonly string[]).includes(type)
  const forPrints = rules.filter(({ types }) => types.some(isPrint))
  if (forPrints.length === 0) return null
  const least = (bound: 'premium' | 'size'): number[] =>
    TRADE_TYPE_TEXT.map((type) => {
      const asking = isPrint(type) ? rules.filter(({ types }) => types.includes(type)) : []
      return Math.min(...asking.map((rule) => rule[bound]?.min ?? 0)) // infinite without any
    })
  const named = forPrints.map(({ symbols }) => symbols)
  const symbols = named.every((some) => some !== null) ? new Set(named.flat()) : null
  const isWanted = (print: LivePrint): boolean => {
    const facts = factsOfPrint(print)
    return forPrints.some((rule) => matchesFacts(rule, facts))
  }
  return { premium: least('premium'), size: least('size'), symbols, isWanted }
}
