import { describe, expect, test } from 'vitest'
import {
  account,
  createMetrics,
  DROP_REASONS,
  QUOTE_IGNORE_REASONS,
  UNKNOWN_ID_KINDS,
} from '../../src/metrics/metrics.ts'
import { SYMBOL_LABELS_MAX } from '../../src/metrics/symbol-labels.ts'
import { newCounts } from '../../src/reader/decode-counts.ts'

const create = (symbols: '*' | readonly string[] = ['SPX', 'SPY']) =>
  createMetrics({ version: '1.2.3', rules: 'opra', symbols })

/** Name, type and labels of each metric in contract.md section 5. */
const CONTRACT = [
  'counter flow_trades_received_total',
  'counter flow_trades_filtered_total',
  'counter flow_trades_classified_total trade_type,sentiment',
  'counter flow_trades_stored_total',
  'counter flow_trades_below_min_size_total',
  'counter flow_trades_dropped_total reason',
  'counter flow_trades_duplicate_total',
  'counter flow_trades_cancelled_total',
  'counter flow_sequence_reused_total',
  'counter flow_unknown_ids_total kind',
  'counter flow_frames_malformed_total',
  'counter flow_quotes_received_total',
  'counter flow_quotes_ignored_total reason',
  'counter flow_premium_dollars_total symbol,sentiment',
  'gauge flow_feed_connected connection',
  'counter flow_feed_reconnects_total reason',
  'counter flow_feed_gap_seconds_total',
  'histogram flow_latency_seconds stage',
  'histogram flow_copy_rows',
  'histogram flow_copy_duration_seconds',
  'counter flow_store_errors_total reason',
  'gauge flow_spool_bytes',
  'counter flow_shard_restarts_total',
  'counter flow_writer_restarts_total',
  'counter flow_reader_restarts_total',
  'counter flow_dead_letters_total',
  'histogram flow_event_loop_stall_seconds',
  'gauge flow_slab_credits',
  'gauge flow_contracts',
  'gauge flow_build_info version,rules',
]

/** Those that we have added in its style. */
const ADDED = [
  'counter flow_alerts_total sink_kind,result',
  'counter flow_alerts_lost_total',
  'counter flow_windows_forced_total',
  'counter flow_percentile_warming_total',
  'counter flow_quote_changes_total change',
  'counter flow_fill_requests_total result',
  'counter flow_gaps_filled_prints_total',
  'counter flow_quote_coverage_premium_dollars_total source',
  'counter flow_quote_coverage_prints_total source',
  'counter flow_rest_requests_total purpose,result',
  'counter flow_rows_revised_total',
  'counter flow_underlying_prints_total source',
  'counter flow_stream_dropped_total reason',
  'gauge flow_stream_clients',
  'gauge flow_gaps_open',
  'gauge flow_prints_pending',
  'gauge flow_quoted_contracts',
  'gauge flow_rest_budget_used_ratio',
]

describe('names', () => {
  test('are those of the contract with their types and labels, and the added ones', async () => {
    const metrics = create()
    const described = metrics.registry.getMetricsAsArray() as unknown as {
      name: string
      type: string
      labelNames: string[]
    }[]
    const ours = described
      .filter(({ name }) => name.startsWith('flow_'))
      .map(({ name, type, labelNames }) => `${type} ${name} ${labelNames.join()}`.trim())
    expect(ours.sort()).toEqual([...CONTRACT, ...ADDED].sort())
  })

  test('stand beside the metrics of the process', async () => {
    expect(await create().registry.metrics()).toContain('process_resident_memory_bytes')
  })

  test('two engines in one process do not share a registry', async () => {
    const [a, b] = [create(), create()]
    a.tradesStored.inc(3)
    expect((await account(b)).stored).toBe(0)
  })
})

describe('the first scrape', () => {
  test('shows every known label at 0', async () => {
    const text = await create().registry.metrics()
    for (const line of [
      'flow_trades_received_total 0',
      'flow_trades_dropped_total{reason="ticker"} 0',
      'flow_trades_dropped_total{reason="conditions_full"} 0',
      'flow_trades_classified_total{trade_type="SWEEP",sentiment="BEARISH"} 0',
      'flow_premium_dollars_total{symbol="SPY",sentiment="NEUTRAL"} 0',
      'flow_unknown_ids_total{kind="exchange"} 0',
      'flow_quotes_ignored_total{reason="future"} 0',
      'flow_feed_reconnects_total{reason="evicted"} 0',
      'flow_latency_seconds_count{stage="held"} 0',
      'flow_build_info{version="1.2.3",rules="opra"} 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
  })

  test('knows every label under which the decoder counts', () => {
    const counts = newCounts()
    expect(DROP_REASONS).toEqual(expect.arrayContaining(Object.keys(counts.dropped)))
    expect(QUOTE_IGNORE_REASONS).toEqual(Object.keys(counts.quotesIgnored))
    expect(UNKNOWN_ID_KINDS).toEqual(Object.keys(counts.unknown))
  })

  test('has latency buckets from half a millisecond to a minute', async () => {
    const text = await create().registry.metrics()
    expect(text).toContain('flow_latency_seconds_bucket{le="0.0005",stage="held"}')
    expect(text).toContain('flow_latency_seconds_bucket{le="60",stage="held"}')
  })
})

test('the account sums a counter over its reasons', async () => {
  const metrics = create()
  metrics.tradesReceived.inc(20)
  metrics.tradesFiltered.inc(1)
  metrics.tradesDuplicate.inc(2)
  metrics.tradesCancelled.inc(3)
  metrics.tradesDropped.inc({ reason: 'price' }, 1)
  metrics.tradesDropped.inc({ reason: 'future' }, 3)
  metrics.tradesBelowMinSize.inc(5)
  metrics.tradesStored.inc(6)
  expect(await account(metrics)).toEqual({
    received: 20,
    filtered: 1,
    duplicate: 2,
    cancelled: 3,
    dropped: 4,
    below_min_size: 5,
    stored: 6,
  })
})

describe('the symbol label', () => {
  test('is other for a symbol that is not watched', () => {
    const { symbolLabel } = create(['SPX'])
    expect([symbolLabel('SPX'), symbolLabel('AAPL')]).toEqual(['SPX', 'other'])
  })

  test('has a bounded number of values when all symbols are watched', () => {
    const { symbolLabel } = create('*')
    const labels = Array.from({ length: SYMBOL_LABELS_MAX + 5 }, (_, i) => symbolLabel(`S${i}`))
    expect(new Set(labels).size).toBe(SYMBOL_LABELS_MAX + 1)
    expect(symbolLabel('S0')).toBe('S0')
    expect(labels.at(-1)).toBe('other')
  })
})
