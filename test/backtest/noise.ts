import type { SignalInFlow } from '../../src/backtest/signal.ts'
import { startOfNewYorkDay } from '../../src/domain/new-york.ts'
import { Random } from '../../src/simulator/random.ts'

export const makeRandom = (seed: number): (() => number) => {
  const random = new Random(seed)
  return () => random.next()
}

export type NoiseOptions = {
  readonly days?: number
  readonly detectors?: readonly string[]
  /** Added to the pnl of a trade that the flow supports, taken from one that it opposes. */
  readonly effect?: number
  /** Of the move of the day that all trades share. */
  readonly market?: number
  /** The mean of that move: above 0 the market rises, and LONG trades gain what SHORT ones lose. */
  readonly drift?: number
  /** How often the flow is bullish. */
  readonly bullish?: number
}

const SYMBOLS = ['SPX', 'SPY', 'QQQ', 'NDX', 'IWM']
const DETECTORS = ['MOMENTUM', 'REVERSAL', 'VWAP_RECLAIM', 'GAP_FILL', 'OPENING_RANGE']
const MONDAY = 20_241 // 2025-06-02
const HOUR_MS = 3_600_000

/**
 * Signals and flow as they really come, and (without `effect`) with nothing to find: all symbols
 * share the day's move, flow goes on in one direction for days and is much the same for all symbols,
 * detectors fire in bursts in which trades share direction and fate, losses are many and small and
 * gains few and large.
 */
export function noise(seed: number, options: NoiseOptions = {}): SignalInFlow[] {
  const {
    days = 60,
    detectors = DETECTORS,
    effect = 0,
    market = 1,
    drift = 0,
    bullish = 0.5,
  } = options
  const random = new Random(seed)
  const items: SignalInFlow[] = []
  let mood = random.chance(bullish) ? 1 : -1
  for (let day = 0; day < days; day++) {
    const date = MONDAY + day + 2 * Math.floor(day / 5)
    const move = random.normal() * market + drift
    if (random.chance(0.4)) mood = random.chance(bullish) ? 1 : -1
    const flows = new Map(
      SYMBOLS.map((symbol) => [symbol, random.chance(0.8) ? mood : -mood] as const),
    )
    for (const detector of detectors) {
      const bursts = random.chance(0.8) ? random.int(1, 2) : 0
      for (let burst = 0; burst < bursts; burst++) {
        const direction = random.chance(0.5) ? 1 : -1
        const start = startOfNewYorkDay(date) + (9.5 + 6 * random.next()) * HOUR_MS
        const fate = random.normal() * 0.5
        for (let n = random.int(1, 3); n > 0; n--) {
          const symbol = random.pick(SYMBOLS)
          const flow = flows.get(symbol)!
          const own = random.chance(0.25) ? random.exponential(2.5) : -random.exponential(0.8)
          const pnl = direction * move + fate + own + effect * direction * flow
          items.push({
            signal: {
              detector,
              symbol,
              timestamp: Math.floor(start + n * 60_000),
              direction: direction === 1 ? 'LONG' : 'SHORT',
              score: random.int(40, 80),
              pnl: Math.round(pnl * 100) / 100,
              exitTimestamp: null,
            },
            context: contextOf(random, flow),
          })
        }
      }
    }
  }
  return items
}

function contextOf(random: Random, flow: number): SignalInFlow['context'] {
  if (random.chance(0.05)) return null
  return {
    sentiment: random.chance(0.1) ? 'NEUTRAL' : flow === 1 ? 'BULLISH' : 'BEARISH',
    institutionalScore: random.int(45, 90),
    isStale: random.chance(0.03),
    recommendation: 'CONFIRM_FLOW',
    hasGaps: random.chance(0.02),
  }
}
