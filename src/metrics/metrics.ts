import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { SENTIMENT_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import { SYMBOL_LABELS_MAX, symbolLabels } from './symbol-labels.ts'

/** Why a print was received and not kept, in the order of the checks (rules.md). */
export const DROP_REASONS = [
  'ticker',
  'price',
  'size',
  'time',
  'future',
  'contracts_full',
  'conditions_full',
  'set_aside',
  'refused_by_database',
] as const

export const QUOTE_IGNORE_REASONS = [
  'ticker',
  'not_watched',
  'price',
  'time',
  'future',
  'contracts_full',
] as const

/** Why a connection ended and is tried again. */
export const RECONNECT_REASONS = [
  'closed',
  'evicted',
  'silence',
  'ping',
  'connect_failed',
  'upgrade_refused',
  'handshake_timeout',
  'auth_timeout',
  'frame_too_large',
  'protocol_error',
] as const

export const LATENCY_STAGES = [
  'exchange_to_receive',
  'receive_to_classified',
  'held',
  'classified_to_committed',
  'receive_to_committed',
] as const

/** Where the usable quote of a print came from. */
export const QUOTE_SOURCES = ['none', 'feed', 'rest'] as const

/** Where the price of the underlying came from. */
export const UNDERLYING_SOURCES = ['none', 'stocks', 'indices', 'parity'] as const

export const REST_PURPOSES = ['nbbo', 'reference'] as const
export const FILL_RESULTS = ['ok', 'throttled', 'failed'] as const
export const REST_RESULTS = ['ok', 'empty', 'failed', 'throttled', 'over_budget'] as const

export const UNKNOWN_ID_KINDS = ['exchange', 'condition', 'event', 'key'] as const

const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]
const STALL_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const COPY_ROWS_BUCKETS = [1, 10, 100, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000]

export type MetricsOptions = {
  readonly version: string
  readonly rules: string
  /** Watched underlyings, or all of them. */
  readonly symbols: '*' | readonly string[]
}

export type Metrics = ReturnType<typeof createMetrics>

/** Every metric there is, in a registry of its own. Counters with known labels begin at 0. */
export function createMetrics({ version, rules, symbols }: MetricsOptions) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers: [registry] })
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name, help, labelNames, registers: [registry] })

  const metrics = {
    registry,
    symbolLabel: symbolLabels(symbols),

    tradesReceived: counter('flow_trades_received_total', 'Trade messages received.'),
    tradesFiltered: counter('flow_trades_filtered_total', 'Prints of symbols not watched.'),
    tradesDuplicate: counter('flow_trades_duplicate_total', 'Prints that came again.'),
    tradesCancelled: counter(
      'flow_trades_cancelled_total',
      'Cancel messages, and prints that a cancel removed before they were stored.',
    ),
    tradesDropped: counter('flow_trades_dropped_total', 'Messages that are no valid print.', [
      'reason',
    ]),
    tradesBelowMinSize: counter(
      'flow_trades_below_min_size_total',
      'Prints below FLOW_MIN_SIZE that are no leg of a sweep or split.',
    ),
    tradesStored: counter('flow_trades_stored_total', 'Prints committed to the database.'),
    tradesClassified: counter('flow_trades_classified_total', 'Prints with their final labels.', [
      'trade_type',
      'sentiment',
    ]),
    premiumDollars: counter('flow_premium_dollars_total', 'Premium of the classified prints.', [
      'symbol',
      'sentiment',
    ]),

    sequenceReused: counter(
      'flow_sequence_reused_total',
      'Prints with the sequence of another print of their contract and day.',
    ),
    unknownIds: counter('flow_unknown_ids_total', 'Ids that no table names; prints are kept.', [
      'kind',
    ]),
    framesMalformed: counter('flow_frames_malformed_total', 'Frames that are no JSON text.'),
    quotesReceived: counter('flow_quotes_received_total', 'Quote messages received.'),
    quotesIgnored: counter('flow_quotes_ignored_total', 'Quotes that were not used.', ['reason']),

    feedConnected: gauge('flow_feed_connected', '1 while the connection is subscribed.', [
      'connection',
    ]),
    feedReconnects: counter('flow_feed_reconnects_total', 'Reconnects of the feed.', ['reason']),
    feedGapSeconds: counter(
      'flow_feed_gap_seconds_total',
      'Time in which prints may have been missed.',
    ),

    latency: new Histogram({
      name: 'flow_latency_seconds',
      help: 'Age of the oldest print of each slab or batch at the end of a stage.',
      labelNames: ['stage'],
      buckets: LATENCY_BUCKETS,
      registers: [registry],
    }),
    copyRows: new Histogram({
      name: 'flow_copy_rows',
      help: 'Rows in one COPY transaction.',
      buckets: COPY_ROWS_BUCKETS,
      registers: [registry],
    }),
    copyDuration: new Histogram({
      name: 'flow_copy_duration_seconds',
      help: 'Time from the begin to the commit of one COPY transaction.',
      buckets: LATENCY_BUCKETS,
      registers: [registry],
    }),
    storeErrors: counter('flow_store_errors_total', 'Failed attempts to store a batch.', [
      'reason',
    ]),
    spoolBytes: gauge('flow_spool_bytes', 'Bytes that wait on disk for the database.'),

    coveredPrints: counter(
      'flow_quote_coverage_prints_total',
      'Prints that may have a side, by the source of their usable quote.',
      ['source'],
    ),
    coveredPremium: counter(
      'flow_quote_coverage_premium_dollars_total',
      'Their premium, by the source of their usable quote.',
      ['source'],
    ),
    quotedContracts: gauge('flow_quoted_contracts', 'Contracts whose quotes are subscribed.'),
    quoteChanges: counter('flow_quote_changes_total', 'Changes of the quote subscriptions.', [
      'change',
    ]),
    restRequests: counter('flow_rest_requests_total', 'Questions to the REST interface.', [
      'purpose',
      'result',
    ]),
    fillRequests: counter('flow_fill_requests_total', 'REST requests of fills of gaps.', [
      'result',
    ]),
    gapsFilledPrints: counter(
      'flow_gaps_filled_prints_total',
      'Prints that fills of gaps have put into the table.',
    ),
    gapsOpen: gauge(
      'flow_gaps_open',
      'Gaps within FLOW_RETENTION_DAYS that are open, or have ended and wait for a fill.',
    ),
    alerts: counter('flow_alerts_total', 'What has become of alerts, by the kind of their sink.', [
      'sink_kind',
      'result',
    ]),
    alertsLost: counter(
      'flow_alerts_lost_total',
      'Events and prints no alert looked at: they came too fast, or their question failed.',
    ),
    restBudgetUsed: gauge(
      'flow_rest_budget_used_ratio',
      'Share of FLOW_REST_PER_SECOND used in the last second, 0 to 1.',
    ),
    printsPending: gauge('flow_prints_pending', 'Prints that wait for an NBBO over REST.'),
    rowsRevised: counter('flow_rows_revised_total', 'Stored rows that a late quote has revised.'),
    underlyingPrints: counter(
      'flow_underlying_prints_total',
      'Stored prints by the source of the price of their underlying.',
      ['source'],
    ),
    percentileWarming: counter(
      'flow_percentile_warming_total',
      'Stored prints without percentiles: too few prints to compare with yet.',
    ),

    windowsForced: counter(
      'flow_windows_forced_total',
      'Windows closed before their time because too many prints were held.',
    ),
    shardRestarts: counter('flow_shard_restarts_total', 'Classifier threads started again.'),
    writerRestarts: counter('flow_writer_restarts_total', 'Writer threads started again.'),
    readerRestarts: counter('flow_reader_restarts_total', 'Frames on which the reader failed.'),
    deadLetters: counter(
      'flow_dead_letters_total',
      'Events that were set aside: they killed a part.',
    ),
    streamClients: gauge('flow_stream_clients', 'Clients of the live stream.'),
    streamDropped: counter(
      'flow_stream_dropped_total',
      'Messages of the live stream that a client was not told; slow_client: at most so many.',
      ['reason'],
    ),
    slabCredits: gauge('flow_slab_credits', 'Free event slabs; at 0 reading is paused.'),
    eventLoopStall: new Histogram({
      name: 'flow_event_loop_stall_seconds',
      help: 'Times of 50 ms or more in which the main thread read nothing.',
      buckets: STALL_BUCKETS,
      registers: [registry],
    }),
    contracts: gauge('flow_contracts', 'Contracts seen since the start.'),
    buildInfo: gauge('flow_build_info', 'Always 1; the labels tell what runs.', [
      'version',
      'rules',
    ]),
  }

  metrics.buildInfo.set({ version, rules }, 1)
  for (const reason of DROP_REASONS) metrics.tradesDropped.inc({ reason }, 0)
  for (const reason of QUOTE_IGNORE_REASONS) metrics.quotesIgnored.inc({ reason }, 0)
  for (const reason of RECONNECT_REASONS) metrics.feedReconnects.inc({ reason }, 0)
  for (const kind of UNKNOWN_ID_KINDS) metrics.unknownIds.inc({ kind }, 0)
  for (const source of QUOTE_SOURCES) {
    metrics.coveredPrints.inc({ source }, 0)
    metrics.coveredPremium.inc({ source }, 0)
  }
  for (const source of UNDERLYING_SOURCES) metrics.underlyingPrints.inc({ source }, 0)
  for (const change of ['subscribe', 'unsubscribe']) metrics.quoteChanges.inc({ change }, 0)
  for (const purpose of REST_PURPOSES) {
    for (const result of REST_RESULTS) metrics.restRequests.inc({ purpose, result }, 0)
  }
  metrics.slabCredits.set(Number.NaN)
  for (const result of FILL_RESULTS) metrics.fillRequests.inc({ result }, 0)
  for (const stage of LATENCY_STAGES) metrics.latency.zero({ stage })
  for (const sentiment of SENTIMENT_TEXT) {
    for (const trade_type of TRADE_TYPE_TEXT) {
      metrics.tradesClassified.inc({ trade_type, sentiment }, 0)
    }
    if (symbols === '*') continue
    for (const symbol of symbols.slice(0, SYMBOL_LABELS_MAX)) {
      metrics.premiumDollars.inc({ symbol, sentiment }, 0)
    }
  }
  return metrics
}

/** Where every print that was received has gone; the keys are those of the "drained" line. */
export type Account = {
  readonly received: number
  readonly filtered: number
  readonly duplicate: number
  readonly cancelled: number
  readonly dropped: number
  readonly below_min_size: number
  readonly stored: number
}

/** Reads the account. Once drained, received is the sum of all the others. */
export async function account(metrics: Metrics): Promise<Account> {
  return {
    received: await total(metrics.tradesReceived),
    filtered: await total(metrics.tradesFiltered),
    duplicate: await total(metrics.tradesDuplicate),
    cancelled: await total(metrics.tradesCancelled),
    dropped: await total(metrics.tradesDropped),
    below_min_size: await total(metrics.tradesBelowMinSize),
    stored: await total(metrics.tradesStored),
  }
}

/** Sum of a counter over all its labels. */
async function total(counter: Counter<string>): Promise<number> {
  const { values } = await counter.get()
  return values.reduce((sum, { value }) => sum + value, 0)
}
