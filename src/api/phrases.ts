/** Condition groups as the policy table of the rules names them, by Group. */
export const GROUP_TEXT = [
  'regular',
  'ISO',
  'single-leg auction',
  'floor',
  'cross',
  'multi-leg, stock-tied',
  'late, out of sequence',
  'cancel',
] as const

/** A number as people write it, with all the decimals that it has: 1,234.5. */
export function plain(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 })
}

/** `1 print`, `4 prints`. */
export function plural(count: number, noun: string): string {
  return `${plain(count)} ${noun}${count === 1 ? '' : 's'}`
}
