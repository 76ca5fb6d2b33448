import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { gapAnnotation } from './annotations.ts'
import { nowRow } from './operations-now.ts'
import { accountRow, databaseRow, feedRow, latencyRow } from './operations-path.ts'
import { outputRow, partsRow, runtimeRow } from './operations-state.ts'
import { withRows } from './panels.ts'
import { PROMETHEUS } from './queries.ts'

/** *Operations*: does the engine receive, store and keep up? Reads Prometheus. */
export function operationsDashboard(): Dashboard {
  const dashboard = new DashboardBuilder('Options flow: operations')
    .uid('flow-operations')
    .description('Whether the engine receives, stores and keeps up. docs/dashboards.md')
    .tags(['options-flow'])
    .timezone('browser')
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(variable('instance', 'Engine', 'label_values(flow_build_info, instance)'))
    .withVariable(
      variable(
        'connection',
        'Connection',
        'label_values(flow_feed_connected{instance=~"$instance"}, connection)',
      ),
    )
    .annotation(gapAnnotation())
  return withRows(dashboard, [
    ['Now', nowRow()],
    ['Feed', feedRow()],
    ['Account: where every print has gone', accountRow()],
    ['Latency', latencyRow()],
    ['Database and journal', databaseRow()],
    ['Threads and restarts', partsRow()],
    ['Alerts, stream and lookups', outputRow()],
    ['Runtime', runtimeRow()],
  ])
}

/** What Grafana's editor of variables calls a query of label_values(). */
const LABEL_VALUES = 1

function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .definition(query)
    .query({ qryType: LABEL_VALUES, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ text: 'All', value: '$__all' })
}
