import { I, IN_FLIGHT } from './operations-now.ts'
import { heatmap, series } from './panels.ts'

const R = '$__rate_interval'
const CONNECTION = 'connection=~"$connection"'

const rate = (name: string, by = '') => `sum${by}(rate(${name}{${I}}[${R}]))`
const quantile = (q: number, name: string, by = 'le', more = '') =>
  `histogram_quantile(${q}, sum by (${by}) (rate(${name}_bucket{${I}${more}}[${R}])))`

/** What comes in, and whether the line holds. */
export const feedRow = () => [
  series(
    {
      title: 'Connections',
      description: '1 while subscribed. At 0 the engine tries again by itself, each time later.',
      unit: 'short',
      width: 8,
    },
    [
      {
        expr: `flow_feed_connected{${I}, ${CONNECTION}}`,
        legend: '{{instance}} connection {{connection}}',
      },
    ],
  ),
  series(
    {
      title: 'Reconnects by reason',
      description:
        'evicted: another client uses the key. silence: the vendor sends nothing. upgrade_refused, ' +
        'auth_timeout: key or plan; stop it and run "flow doctor".',
      unit: 'short',
      width: 8,
    },
    [
      {
        expr: `sum by (reason) (increase(flow_feed_reconnects_total{${I}}[${R}]))`,
        legend: '{{reason}}',
      },
    ],
    'bars',
  ),
  series(
    {
      title: 'Gaps that have ended',
      description:
        'Seconds in which prints may have been missed, where the gap ended; also those of a stop ' +
        'overnight. See the orange marks, and flow_gaps for symbols and reasons.',
      unit: 's',
      width: 8,
    },
    [{ expr: `sum(increase(flow_feed_gap_seconds_total{${I}}[${R}]))`, legend: 'gap' }],
    'bars',
  ),
  series(
    {
      title: 'Messages a second',
      description:
        'Prints and quotes as they arrive. Prints at 0 in market hours: see Connections.',
      unit: 'short',
      width: 12,
    },
    [
      { expr: rate('flow_trades_received_total'), legend: 'prints' },
      { expr: rate('flow_quotes_received_total'), legend: 'quotes' },
      { expr: rate('flow_frames_malformed_total'), legend: 'malformed frames' },
    ],
  ),
  series(
    {
      title: 'Quotes of contracts',
      description:
        'Contracts with a quote subscription, and prints waiting for a quote over REST. Many ' +
        'waiting: raise FLOW_REST_PER_SECOND or FLOW_LOOKUP_PREMIUM.',
      unit: 'short',
      width: 12,
    },
    [
      { expr: `sum(flow_quoted_contracts{${I}})`, legend: 'quoted contracts' },
      { expr: `sum(flow_prints_pending{${I}})`, legend: 'prints waiting' },
      { expr: rate('flow_quote_changes_total', ' by (change) '), legend: '{{change}} a second' },
    ],
  ),
]

/** received = the sum of all other counters, once drained (README, Metrics). */
export const accountRow = () => [
  series(
    {
      title: 'Where prints go, a second',
      description:
        'Stacked: they add up to the prints received. Much filtered is right where all trades are ' +
        'subscribed and few symbols watched.',
      unit: 'short',
      width: 12,
    },
    [
      { expr: rate('flow_trades_stored_total'), legend: 'stored' },
      { expr: rate('flow_trades_below_min_size_total'), legend: 'below FLOW_MIN_SIZE' },
      { expr: rate('flow_trades_filtered_total'), legend: 'not watched' },
      { expr: rate('flow_trades_duplicate_total'), legend: 'duplicate' },
      { expr: rate('flow_trades_cancelled_total'), legend: 'cancelled' },
      { expr: rate('flow_trades_dropped_total'), legend: 'dropped' },
    ],
    'stacked',
  ),
  series(
    {
      title: 'In flight',
      description:
        'Received less all the above. It may be a little below 0 for a moment; below 0 or standing ' +
        'still for minutes on a quiet tape is a fault: keep the log and report it.',
      unit: 'short',
      width: 6,
    },
    [{ expr: IN_FLIGHT, legend: 'in flight' }],
  ),
  series(
    {
      title: 'Dropped by reason',
      description:
        'Messages that are no valid print. contracts_full: restart out of hours. ' +
        'refused_by_database and set_aside: read the log and dead-letters.jsonl.',
      unit: 'short',
      width: 6,
    },
    [{ expr: rate('flow_trades_dropped_total', ' by (reason) '), legend: '{{reason}}' }],
  ),
]

export const latencyRow = () => [
  series(
    {
      title: 'Latency by stage, p50',
      description:
        'Age of the oldest print of each slab or batch at the end of a stage. exchange_to_receive ' +
        'is vendor, network and the clock of this machine; held is the sweep window.',
      unit: 's',
      width: 8,
    },
    [{ expr: quantile(0.5, 'flow_latency_seconds', 'le, stage'), legend: '{{stage}}' }],
  ),
  series(
    {
      title: 'Latency by stage, p99',
      description:
        'receive_to_classified high: processor. classified_to_committed high: database. Only ' +
        'exchange_to_receive high: vendor or clock.',
      unit: 's',
      width: 8,
    },
    [{ expr: quantile(0.99, 'flow_latency_seconds', 'le, stage'), legend: '{{stage}}' }],
  ),
  heatmap(
    {
      title: 'Received to committed',
      description: 'All batches, by how long the oldest print took. Two bands are held and not.',
      unit: 's',
      width: 8,
    },
    {
      expr: `sum by (le) (increase(flow_latency_seconds_bucket{${I}, stage="receive_to_committed"}[${R}]))`,
      legend: '{{le}}',
    },
  ),
]

export const databaseRow = () => [
  series(
    {
      title: 'Rows stored a second',
      description: 'Committed prints. At 0 while prints are in flight the database holds it up.',
      unit: 'short',
      width: 6,
    },
    [
      { expr: rate('flow_trades_stored_total'), legend: 'stored' },
      { expr: rate('flow_rows_revised_total'), legend: 'revised by a late quote' },
    ],
  ),
  series(
    {
      title: 'Rows in a batch',
      description: 'Batches grow with the load. Always at the largest: the database is the limit.',
      unit: 'short',
      width: 6,
    },
    [
      { expr: quantile(0.5, 'flow_copy_rows'), legend: 'p50' },
      { expr: quantile(0.99, 'flow_copy_rows'), legend: 'p99' },
      { expr: rate('flow_copy_rows_count'), legend: 'batches a second' },
    ],
  ),
  series(
    {
      title: 'Time of a batch',
      description: 'From BEGIN to COMMIT. Rising: disk, checkpoints, locks or the network.',
      unit: 's',
      width: 6,
    },
    [
      { expr: quantile(0.5, 'flow_copy_duration_seconds'), legend: 'p50' },
      { expr: quantile(0.99, 'flow_copy_duration_seconds'), legend: 'p99' },
    ],
  ),
  series(
    {
      title: 'Failed attempts by reason',
      description: 'Each is tried again. Read the log for what PostgreSQL said.',
      unit: 'short',
      width: 6,
    },
    [
      {
        expr: `sum by (reason) (increase(flow_store_errors_total{${I}}[${R}]))`,
        legend: '{{reason}}',
      },
    ],
    'bars',
  ),
  series(
    {
      title: 'Journal on disk',
      description:
        'Saw teeth of a minute are right. Growing: snapshots or the database stand still; at ' +
        'FLOW_JOURNAL_MAX_MIB the feed waits.',
      unit: 'bytes',
      width: 12,
    },
    [{ expr: `flow_spool_bytes{${I}}`, legend: '{{instance}}' }],
  ),
  series(
    {
      title: 'Gaps and their fills',
      description:
        'failed: REST refuses; run "flow doctor". Open for long: "flow backfill --date DATE".',
      unit: 'short',
      width: 12,
    },
    [
      { expr: `sum(flow_gaps_open{${I}})`, legend: 'gaps open' },
      { expr: rate('flow_gaps_filled_prints_total'), legend: 'prints filled a second' },
      { expr: rate('flow_fill_requests_total', ' by (result) '), legend: 'requests {{result}}' },
    ],
  ),
]
