/** What the engine's counters say at one moment. */
export type LiveSample = {
  /** Epoch ms. */
  readonly at: number
  /** Null: ready; else why not. */
  readonly notReady: string | null
  readonly received: number
  readonly stored: number
  readonly connections: number
  readonly connected: number
  readonly reconnects: number
  readonly gapsOpen: number
  /** NaN: nothing is read yet. */
  readonly credits: number
  /**
   * Batches whose oldest print was committed within each bound (seconds) of its receipt, the bounds
   * rising to Infinity.
   */
  readonly committed: readonly (readonly [bound: number, batches: number])[]
  /** Dollars since the start, by underlying. */
  readonly premium: ReadonlyMap<string, { readonly bullish: number; readonly bearish: number }>
}

/** What is worth a look, of two moments. */
export type LiveFigures = {
  readonly now: LiveSample
  /** Prints a second between the two. */
  readonly receivedPerSecond: number
  readonly storedPerSecond: number
  /** Seconds from receipt to commit, of the rows between the two; null: there was none. */
  readonly p50: number | null
  readonly p99: number | null
}

/** The figures of the time between two samples; rates are 0 where they are of one moment. */
export function figuresBetween(before: LiveSample, now: LiveSample): LiveFigures {
  const seconds = (now.at - before.at) / 1000
  const perSecond = (of: (sample: LiveSample) => number): number =>
    seconds > 0 ? Math.max(0, of(now) - of(before)) / seconds : 0
  const rows = now.committed.map(([bound, count], at): [number, number] => [
    bound,
    count - (before.committed[at]?.[1] ?? 0),
  ])
  return {
    now,
    receivedPerSecond: perSecond(({ received }) => received),
    storedPerSecond: perSecond(({ stored }) => stored),
    p50: quantile(rows, 0.5),
    p99: quantile(rows, 0.99),
  }
}

/**
 * A quantile of a cumulative histogram, evenly spread within its bucket as Prometheus has it; where
 * it lies beyond the last bound, that bound.
 */
function quantile(rows: readonly (readonly [number, number])[], share: number): number | null {
  const total = rows.at(-1)?.[1] ?? 0
  if (!(total > 0)) return null
  const rank = share * total
  const at = rows.findIndex(([, count]) => count >= rank)
  const [bound, count] = rows[at]!
  const [lower, below] = rows[at - 1] ?? [0, 0]
  if (!Number.isFinite(bound)) return lower
  return lower + ((bound - lower) * (rank - below)) / Math.max(1, count - below)
}
