import type { ContextGap, FlowContext, FlowWindow } from './flow-context.ts'
import { recommendationOf } from './recommendation.ts'
import {
  aggressivenessOf,
  confidenceParts,
  type FlowSums,
  institutionalParts,
  scoreOf,
  sentimentOf,
  share,
} from './scores.ts'
import { WINDOWS } from './window.ts'

/** What the store has of a window. */
export type WindowFlow = {
  readonly sums: FlowSums
  /** Vendor time of the newest print, epoch ms; null: none. */
  readonly newest: number | null
  /** That overlap the window, as they were known at its end. */
  readonly gaps: readonly ContextGap[]
  /**
   * First minute with a print of the symbol, in the window and the week before it, epoch ms: from
   * then on it was watched. Null: there is none, but in the minute of the end.
   */
  readonly since: number | null
}

export type ContextOptions = {
  /** The underlying. */
  readonly symbol: string
  readonly window: FlowWindow
  /** End of the window, epoch ms. */
  readonly at: number
  /** Older flow is stale, ms. */
  readonly staleMs: number
}

/** The context of a window; null where it has no print. */
export function contextOf(
  { sums, newest, gaps, since }: WindowFlow,
  { symbol, window, at, staleMs }: ContextOptions,
): FlowContext | null {
  if (!(sums.trades > 0)) return null
  const { name, ms } = WINDOWS[window]
  const { premium, volume, trades } = sums
  const putVolume = volume - sums.call_volume
  const putPremium = exact(premium - sums.call_premium)
  const netPremium = exact(sums.bullish_premium - sums.bearish_premium)
  const sided = sums.buy_premium + sums.sell_premium
  const unsided = Math.max(0, exact(premium - sided))
  const dataAge = Math.max(0, at - (newest ?? at - ms))
  const isStale = dataAge > staleMs || gaps.some(({ endedAt }) => endedAt === null)

  const unwatched = { startedAt: at - ms, endedAt: since ?? at, status: 'unwatched' }

  const { sentiment, parts: sentimentParts } = sentimentOf(sums)
  const { aggressiveness, parts: aggressivenessParts } = aggressivenessOf(sums)
  const institutional = institutionalParts(sums)
  const confidence = confidenceParts({
    trades,
    sidedShare: share(sided, premium),
    coverage: 1 - gapShare([...gaps, unwatched], at - ms, at),
    freshness: isStale ? 0 : 1 - share(dataAge, staleMs),
  })
  const judged = {
    sentiment,
    sentimentStrength: scoreOf(sentimentParts),
    institutionalScore: scoreOf(institutional),
    confidence: scoreOf(confidence),
    isStale,
  }
  return {
    symbol,
    timestamp: at,
    window: name,
    totalVolume: volume,
    totalPremium: premium,
    tradeCount: trades,
    callVolume: sums.call_volume,
    putVolume,
    callPremium: sums.call_premium,
    putPremium,
    putCallVolumeRatio: ratio(putVolume, sums.call_volume),
    putCallPremiumRatio: ratio(putPremium, sums.call_premium),
    buyVolume: sums.buy_volume,
    sellVolume: sums.sell_volume,
    buyPremium: sums.buy_premium,
    sellPremium: sums.sell_premium,
    sweepCount: sums.sweep_count,
    blockCount: sums.block_count,
    splitCount: sums.split_count,
    largeCount: sums.large_count,
    avgTradeSize: volume / trades,
    largeTradePercentage: (100 * (sums.large_count + sums.block_count)) / trades,
    netPremium,
    netPremiumLow: exact(netPremium - unsided),
    netPremiumHigh: exact(netPremium + unsided),
    unsidedPremiumShare: share(unsided, premium),
    ...judged,
    aggressiveness,
    recommendation: recommendationOf(judged),
    dataAge,
    gaps,
    scores: {
      sentimentStrength: sentimentParts,
      aggressiveness: aggressivenessParts,
      institutionalScore: institutional,
      confidence,
    },
  }
}

/** Share of [from, to] in which prints may be missing: inside of gaps that are not filled. */
export function gapShare(
  gaps: readonly Omit<ContextGap, 'reason'>[],
  from: number,
  to: number,
): number {
  const spans = gaps
    .filter(({ status }) => status !== 'filled')
    .map(({ startedAt, endedAt }) => ({
      start: Math.max(from, startedAt),
      end: Math.min(to, endedAt ?? to),
    }))
    .sort((a, b) => a.start - b.start)
  let covered = 0
  let reached = from
  for (const { start, end } of spans) {
    covered += Math.max(0, end - Math.max(start, reached))
    reached = Math.max(reached, end)
  }
  return share(covered, to - from)
}

function ratio(puts: number, calls: number): number | null {
  return calls > 0 ? puts / calls : null
}

/** Premiums have at most four decimals: a difference of two is theirs again. */
function exact(dollars: number): number {
  return Math.round(dollars * 10_000) / 10_000
}
