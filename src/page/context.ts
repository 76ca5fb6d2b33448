/** Answer of GET /api/flow/:symbol, as far as a card shows it. Premiums are dollars. */
export type FlowContext = {
  readonly totalPremium: number
  readonly callPremium: number
  readonly netPremium: number
  readonly putCallPremiumRatio: number | null
  readonly sweepCount: number
  readonly blockCount: number
  readonly sentiment: string
  readonly institutionalScore: number
  readonly confidence: number
  readonly recommendation: string
  /** Ms. */
  readonly dataAge: number
  readonly isStale: boolean
  readonly gaps: readonly object[]
}

/** How far back the cards and the chart look. */
export const SPANS = [
  { name: 'short', text: '1 h', ms: 3_600_000 },
  { name: 'medium', text: '4 h', ms: 14_400_000 },
  { name: 'long', text: '24 h', ms: 86_400_000 },
] as const
export type SpanName = (typeof SPANS)[number]['name']

type Seen = { readonly symbol: string; readonly premium: number }

/**
 * The underlyings that get a card: those that have one keep their place, then come those that are
 * asked for and those of the most premium, at most `max`.
 */
export function cardSymbols(
  have: readonly string[],
  asked: readonly string[],
  prints: readonly Seen[],
  max: number,
): readonly string[] {
  const sums = new Map<string, number>()
  for (const { symbol, premium } of prints) {
    sums.set(symbol, (sums.get(symbol) ?? 0) + premium)
  }
  const largest = [...sums].sort(([, a], [, b]) => b - a).map(([symbol]) => symbol)
  const all = [...new Set([...have, ...asked, ...largest])]
  // one that is asked for is never left out for others
  const kept = all.slice(0, max)
  const lacking = asked.slice(0, max).filter((symbol) => !kept.includes(symbol))
  return [...kept.slice(0, max - lacking.length), ...lacking]
}
