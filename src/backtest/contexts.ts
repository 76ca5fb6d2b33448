import type { FlowContext } from '../flow/flow-context.ts'
import type { Signal, SignalContext, SignalInFlow } from './signal.ts'

/** Questions on their way to the database at a time. */
const CONCURRENCY = 4

/** The flow of one underlying as it was known at a moment (epoch ms). */
export type AskContext = (symbol: string, asOf: number) => Promise<FlowContext | null>

/**
 * Gives each signal the context of its time. Each symbol and time is asked for once. A signal later
 * than `now` (epoch ms) has no context, and is not asked for: nothing is known of that time.
 * `onProgress` hears how many of all questions are answered. Rejects with the first failure.
 */
export async function withContexts(
  signals: readonly Signal[],
  ask: AskContext,
  now: number,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<SignalInFlow[]> {
  const answers = new Map<string, SignalContext | null>()
  const questions = new Map<string, Signal>()
  for (const signal of signals) {
    if (signal.timestamp <= now) questions.set(keyOf(signal), signal)
  }
  const waiting = questions.entries()
  const total = questions.size
  let failed = false
  const work = async (): Promise<void> => {
    for (const [key, { symbol, timestamp }] of waiting) {
      if (failed) return
      const context = await ask(symbol, timestamp).catch((error: unknown) => {
        failed = true
        throw error
      })
      answers.set(key, context === null ? null : kept(context))
      onProgress(answers.size, total)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  return signals.map((signal) => ({ signal, context: answers.get(keyOf(signal)) ?? null }))
}

function keyOf({ symbol, timestamp }: Signal): string {
  return `${timestamp} ${symbol}`
}

/** A hundred thousand whole contexts would take half a gigabyte. */
function kept(context: FlowContext): SignalContext {
  const { sentiment, institutionalScore, isStale, recommendation, gaps } = context
  const hasGaps = gaps.some(({ status }) => status !== 'filled')
  return { sentiment, institutionalScore, isStale, recommendation, hasGaps }
}
