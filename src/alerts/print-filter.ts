import { TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { type AlertRules, PRINT_TYPES } from './rules.ts'

/**
 * The least that any rule for single prints asks for, by trade type (labels.ts): `premium` dollars,
 * `size` contracts, both infinite for types that no rule asks for. Null: no rule asks for prints.
 */
export type PrintFilter = {
  readonly premium: readonly number[]
  readonly size: readonly number[]
}

export function printFilterOf({ rules }: AlertRules): PrintFilter | null {
  const isPrint = (type: string): boolean => (PRINT_TYPES as readonly string[]).includes(type)
  if (!rules.some(({ types }) => types.some(isPrint))) return null
  const least = (bound: 'premium' | 'size'): number[] =>
    TRADE_TYPE_TEXT.map((type) => {
      const asking = isPrint(type) ? rules.filter(({ types }) => types.includes(type)) : []
      return Math.min(...asking.map((rule) => rule[bound]?.min ?? 0)) // infinite without any
    })
  return { premium: least('premium'), size: least('size') }
}
