import { stat } from './panels.ts'

const GREEN = { color: 'green', value: null }
const RED = { color: 'red', value: null }
const orange = (value: number) => ({ color: 'orange', value })
const red = (value: number) => ({ color: 'red', value })
const green = (value: number) => ({ color: 'green', value })

/** Selector of the chosen engines. */
export const I = 'instance=~"$instance"'

/** Prints received and not yet accounted for: held, in flight or waiting to be stored. */
export const IN_FLIGHT = `sum(flow_trades_received_total{${I}}) - sum(flow_trades_filtered_total{${I}})
 - sum(flow_trades_duplicate_total{${I}}) - sum(flow_trades_cancelled_total{${I}})
 - sum(flow_trades_dropped_total{${I}}) - sum(flow_trades_below_min_size_total{${I}})
 - sum(flow_trades_stored_total{${I}})`

/** The figures that tell within a glance whether something is wrong. */
export const nowRow = () => [
  stat(
    {
      title: 'Connections down',
      description:
        'Connections of the feed that are not subscribed. Above 0 for minutes: look at the reasons ' +
        'in the row Feed, then stop it and run "flow doctor".',
      unit: 'short',
      width: 4,
    },
    [{ expr: `sum(flow_feed_connected{${I}} == bool 0)`, legend: 'down' }],
    [GREEN, red(1)],
  ),
  stat(
    {
      title: 'Prints received a second',
      description: 'Over a minute. 0 in market hours: the feed is silent or gone.',
      unit: 'short',
      width: 4,
    },
    [{ expr: `sum(rate(flow_trades_received_total{${I}}[1m]))`, legend: 'received' }],
    [GREEN],
  ),
  stat(
    {
      title: 'Prints stored a second',
      description: 'Over a minute. 0 while prints are in flight: look at Database and journal.',
      unit: 'short',
      width: 4,
    },
    [{ expr: `sum(rate(flow_trades_stored_total{${I}}[1m]))`, legend: 'stored' }],
    [GREEN],
  ),
  stat(
    {
      title: 'Prints in flight',
      description:
        'Received and not yet accounted for: held for a window, or on the way to the database. ' +
        'It returns to 0 when the tape is quiet; if not, prints are lost: alert FlowAccountUnbalanced.',
      unit: 'short',
      width: 4,
    },
    [{ expr: IN_FLIGHT, legend: 'in flight' }],
    [GREEN],
  ),
  stat(
    {
      title: 'Free slabs',
      description:
        'The least of the engines. At 0 reading is paused: the database or the machine is too slow.',
      unit: 'short',
      width: 4,
    },
    [{ expr: `min(flow_slab_credits{${I}})`, legend: 'free' }],
    [RED, orange(1), green(4)],
  ),
  stat(
    {
      title: 'Gaps open',
      description:
        'Gaps that are open or wait for a fill. "flow backfill --date" fills a day that the REST ' +
        'interface could not.',
      unit: 'short',
      width: 4,
    },
    [{ expr: `sum(flow_gaps_open{${I}})`, legend: 'open' }],
    [GREEN, orange(1)],
  ),
]
