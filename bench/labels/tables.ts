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

/**
 * In percent, one decimal, without the sign; `-` where there are no cases. All and none are said of
 * all and none only: what would be rounded to them is `>99.9` and `<0.1`.
 */
export function percent({ hits, total }: Rate): string {
  if (total === 0) return '-'
  const text = ((100 * hits) / total).toFixed(1)
  if (text === '100.0' && hits < total) return '>99.9'
  return text === '0.0' && hits > 0 ? '<0.1' : text
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
