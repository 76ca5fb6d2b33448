import { type Rate, type Weighed, wilson } from './rates.ts'

/** A Markdown table, its columns as wide as they need to be. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** `1234567` as `1,234,567`, the same on every machine. */
export function whole(n: number): string {
  return `${Math.round(n)}`.replace(/\B(?=(\d{3})+$)/g, ',')
}

/** In percent, one decimal, without the sign; `-` where there are no cases. */
export function percent({ hits, total }: Rate): string {
  return total === 0 ? '-' : ((100 * hits) / total).toFixed(1)
}

/** In percent with the interval in which 95 % lie: `67.8 (62.9-72.4)`. */
export function withInterval(rate: Rate): string {
  const interval = wilson(rate)
  if (interval === null) return '-'
  const { low, high } = interval
  return `${percent(rate)} (${(100 * low).toFixed(1)}-${(100 * high).toFixed(1)})`
}

/** By prints and by premium: `60.5 / 61.8`. */
export function both({ prints, premium }: Weighed): string {
  return `${percent(prints)} / ${percent(premium)}`
}
