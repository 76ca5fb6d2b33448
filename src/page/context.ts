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

/** One with a card keeps it while it is among this many times as many as there are cards. */
const KEPT_TIMES = 2

/**
 * The underlyings that get a card, at most `max`: those that are asked for, then those that have
 * one and still belong to the largest, then those of the most premium.
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
  const top = largest.slice(0, KEPT_TIMES * max)
  const kept = have.filter((symbol) => top.includes(symbol))
  return [...new Set([...asked, ...kept, ...largest, ...have])].slice(0, max)
}
