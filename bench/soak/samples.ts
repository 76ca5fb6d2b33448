import type { Account } from '../../src/metrics/metrics.ts'
import type { BenchDatabase } from '../kit/database.ts'
import { bucketsOf, type ProcessState, processState, type SoakEngine } from './engine.ts'
import type { FeedTold } from './feed-server.ts'
import type { Buckets } from './statistics.ts'

/** Stages of flow_latency_seconds: in all, up to the shard's answer, from its final labels on. */
export const STAGES = [
  'receive_to_committed',
  'receive_to_classified',
  'classified_to_committed',
] as const
export type Stage = (typeof STAGES)[number]

/** One look at everything. Bytes, seconds and counts; what is a counter counts from the start. */
export type Sample = ProcessState & {
  /** Since the first sample, s. */
  readonly atS: number
  /** Of the main thread's heap; the heaps of the workers are in rss only. */
  readonly heap: number
  readonly external: number
  /** Since the sample before, s. */
  readonly lagP99: number
  readonly lagMax: number
  /** Stalls of 50 ms or more: how many, and their sum in s. */
  readonly stalls: number
  readonly stalledS: number
  readonly latency: Readonly<Record<Stage, Buckets>>
  readonly spool: number
  readonly credits: number
  readonly contracts: number
  readonly reconnects: number
  readonly database: number
  readonly account: Account
  readonly feed: FeedTold
}

const LATENCY = 'flow_latency_seconds'
const STALL = 'flow_event_loop_stall_seconds'

export async function takeSample(
  atS: number,
  engine: SoakEngine,
  database: Pick<BenchDatabase, 'client'>,
  feed: FeedTold,
): Promise<Sample> {
  const metrics = await engine.metrics()
  const state = await processState(engine.pid)
  const size = await database.client.query<{ bytes: string }>(
    'SELECT pg_database_size(current_database()) AS bytes',
  )
  const value = (name: string): number => metrics.get(name) ?? Number.NaN
  const latency = (stage: Stage): Buckets => bucketsOf(metrics, LATENCY, `stage="${stage}"`)
  const sum = (name: string): number => {
    let total = 0
    for (const [key, n] of metrics) if (key.startsWith(`${name}{`)) total += n
    return total
  }
  return {
    ...state,
    atS,
    heap: value('nodejs_heap_size_used_bytes'),
    external: value('nodejs_external_memory_bytes'),
    lagP99: value('nodejs_eventloop_lag_p99_seconds'),
    lagMax: value('nodejs_eventloop_lag_max_seconds'),
    stalls: value(`${STALL}_count`),
    stalledS: value(`${STALL}_sum`),
    latency: {
      receive_to_committed: latency('receive_to_committed'),
      receive_to_classified: latency('receive_to_classified'),
      classified_to_committed: latency('classified_to_committed'),
    },
    spool: value('flow_spool_bytes'),
    credits: value('flow_slab_credits'),
    contracts: value('flow_contracts'),
    reconnects: sum('flow_feed_reconnects_total'),
    database: Number(size.rows[0]!.bytes),
    account: await engine.account(),
    feed,
  }
}

/** Prints received that are not yet accounted for: held, or on their way. */
export function open(a: Account): number {
  const { received, filtered, duplicate, cancelled, dropped, below_min_size, stored } = a
  return received - filtered - duplicate - cancelled - dropped - below_min_size - stored
}
