/**
 * A scanner that asks the flow before it believes a signal: `node examples/composite-scanner.ts`.
 * It reads DATABASE_URL, or the embedded database of an engine that runs in this folder (npm start).
 */
import {
  type CompositeScores,
  type Direction,
  FlowAnalysisEngine,
  type FlowContext,
} from '../src/index.ts' // in a program of your own: from 'options-flow-engine'

/** What the detectors of a scanner found: scores from 0 to 100. */
export type Signal = {
  readonly detector: string
  readonly symbol: string
  readonly direction: Direction
  readonly score: number
  readonly composite: CompositeScores
}

export type Scanned = Signal & {
  /** The score with what flow says to it. */
  readonly boosted: number
  readonly boostedComposite: CompositeScores
  /** Null: no flow in the last four hours. */
  readonly context: FlowContext | null
}

/** Step 4.5 of a composite scanner: each signal with its flow of the last four hours. */
export async function scan(
  engine: FlowAnalysisEngine,
  signals: readonly Signal[],
  asOf?: number,
): Promise<Scanned[]> {
  const scanned: Scanned[] = []
  for (const signal of signals) {
    const { symbol, direction, score, composite } = signal
    const context = await engine.getFlowContext(symbol, 'medium', { asOf })
    scanned.push({
      ...signal,
      boosted: engine.applyFlowBoost(score, context, direction),
      boostedComposite: engine.applyCompositeBoost(composite, context, direction),
      context,
    })
  }
  return scanned.sort((a, b) => b.boosted - a.boosted)
}

/** One line a signal. */
export function lineOf({ detector, symbol, direction, score, boosted, context }: Scanned): string {
  const flow =
    context === null
      ? 'no flow'
      : `${context.recommendation}, ${context.sentiment}, institutional ` +
        `${context.institutionalScore}, confidence ${context.confidence}` +
        `${context.isStale ? ', stale' : ''}`
  return `${symbol} ${direction} ${detector}: ${score} -> ${boosted} (${flow})`
}

if (import.meta.main) {
  const composite = { scalp: 50, day: 55, swing: 60 }
  const engine = new FlowAnalysisEngine()
  try {
    const scanned = await scan(engine, [
      { detector: 'MOMENTUM', symbol: 'SPX', direction: 'LONG', score: 55, composite },
      { detector: 'MEAN_REVERSION', symbol: 'SPY', direction: 'SHORT', score: 62, composite },
    ])
    for (const found of scanned) console.log(lineOf(found))
  } finally {
    await engine.close()
  }
}
