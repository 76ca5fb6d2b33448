import { I } from './operations-now.ts'
import { series } from './panels.ts'

const R = '$__rate_interval'
const increase = (name: string, by = '') => `sum${by}(increase(${name}{${I}}[${R}]))`

export const partsRow = () => [
  series(
    {
      title: 'Free slabs (credits)',
      description: 'At 0 reading is paused until the database has committed some.',
      unit: 'short',
      width: 8,
    },
    [{ expr: `flow_slab_credits{${I}}`, legend: '{{instance}}' }],
  ),
  series(
    {
      title: 'Parts started again',
      description:
        'A shard, the writer or the reader died and was built again with its state. Keep the log; ' +
        'dead letters are in FLOW_DATA_DIR/dead-letters.jsonl.',
      unit: 'short',
      width: 8,
    },
    [
      { expr: increase('flow_shard_restarts_total'), legend: 'shards' },
      { expr: increase('flow_writer_restarts_total'), legend: 'writer' },
      { expr: increase('flow_reader_restarts_total'), legend: 'reader' },
      { expr: increase('flow_dead_letters_total'), legend: 'dead letters' },
    ],
    'bars',
  ),
  series(
    {
      title: 'Contracts and windows',
      description:
        'Contracts seen since the start cost memory. Windows closed early: too many prints held.',
      unit: 'short',
      width: 8,
    },
    [
      { expr: `sum(flow_contracts{${I}})`, legend: 'contracts' },
      { expr: increase('flow_windows_forced_total'), legend: 'windows closed early' },
    ],
  ),
]

export const outputRow = () => [
  series(
    {
      title: 'Alerts by result',
      description:
        'What became of the messages to Discord, Slack and webhooks. failed: "flow alerts test". ' +
        'Empty without FLOW_ALERTS_FILE.',
      unit: 'short',
      width: 8,
    },
    [
      {
        expr: increase('flow_alerts_total', ' by (sink_kind, result) '),
        legend: '{{sink_kind}} {{result}}',
      },
      { expr: increase('flow_alerts_lost_total'), legend: 'never looked at' },
    ],
  ),
  series(
    {
      title: 'Live stream',
      description: 'slow_client: a client does not read as fast as the tape; narrow its filter.',
      unit: 'short',
      width: 8,
    },
    [
      { expr: `sum(flow_stream_clients{${I}})`, legend: 'clients' },
      { expr: increase('flow_stream_dropped_total', ' by (reason) '), legend: '{{reason}}' },
    ],
  ),
  series(
    {
      title: 'REST requests by result',
      description: 'over_budget: raise FLOW_REST_PER_SECOND. throttled: the plan allows no more.',
      unit: 'short',
      width: 8,
    },
    [
      {
        expr: `sum by (purpose, result) (rate(flow_rest_requests_total{${I}}[${R}]))`,
        legend: '{{purpose}} {{result}}',
      },
      { expr: `max(flow_rest_budget_used_ratio{${I}})`, legend: 'share of the budget' },
    ],
  ),
]

export const runtimeRow = () => [
  series(
    {
      title: 'Event loop',
      description:
        'Lag of the main thread, and its stalls of 50 ms or more a second. Above a second the ' +
        'vendor may cut the line: give the machine a core more.',
      unit: 's',
      width: 6,
    },
    [
      { expr: `nodejs_eventloop_lag_p99_seconds{${I}}`, legend: 'lag p99' },
      {
        expr: `sum(rate(flow_event_loop_stall_seconds_sum{${I}}[${R}]))`,
        legend: 'stalled, seconds a second',
      },
    ],
  ),
  series(
    {
      title: 'Memory',
      description: 'Resident memory is bounded by the contracts seen. It grows on and on: report.',
      unit: 'bytes',
      width: 6,
    },
    [
      { expr: `process_resident_memory_bytes{${I}}`, legend: 'resident' },
      { expr: `nodejs_heap_size_used_bytes{${I}}`, legend: 'heap of the main thread' },
      { expr: `nodejs_external_memory_bytes{${I}}`, legend: 'outside the heap' },
    ],
  ),
  series(
    {
      title: 'Garbage collection',
      description: 'Share of the time of the main thread. Above a few percent: too little memory.',
      unit: 'percentunit',
      width: 6,
    },
    [
      {
        expr: `sum by (kind) (rate(nodejs_gc_duration_seconds_sum{${I}}[${R}]))`,
        legend: '{{kind}}',
      },
    ],
    'stacked',
  ),
  series(
    {
      title: 'Processor',
      description: 'Cores in use by all threads. At all of the machine: FLOW_SHARDS or more cores.',
      unit: 'short',
      width: 6,
    },
    [{ expr: `rate(process_cpu_seconds_total{${I}}[${R}])`, legend: '{{instance}}' }],
  ),
]
