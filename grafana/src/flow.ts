import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { gapAnnotation } from './annotations.ts'
import { eventsRow, namesRow, qualityRow } from './flow-events.ts'
import { leaningRow, netRow, totalsRow } from './flow-sums.ts'
import { withRows } from './panels.ts'
import { POSTGRESQL } from './queries.ts'

/** Symbols with flow in the time range. */
const SYMBOLS_SQL = `SELECT symbol FROM (
  SELECT symbol FROM flow_minute_sums
  WHERE minute BETWEEN $__unixEpochFrom() / 60 AND $__unixEpochTo() / 60
  UNION
  SELECT symbol FROM flow_corrections
  WHERE minute BETWEEN $__unixEpochFrom() / 60 AND $__unixEpochTo() / 60
) AS seen ORDER BY symbol`

/** *Flow*: what was traded, which way it leans, and how far that can be trusted. PostgreSQL. */
export function flowDashboard(): Dashboard {
  const dashboard = new DashboardBuilder('Options flow')
    .uid('flow-flow')
    .description('What was traded and which way it leans. docs/dashboards.md')
    .tags(['options-flow'])
    .timezone('browser')
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new QueryVariableBuilder('symbol')
        .label('Symbol')
        .datasource(POSTGRESQL)
        .query(SYMBOLS_SQL)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .current({ text: 'All', value: '$__all' }),
    )
    .annotation(gapAnnotation())
  return withRows(dashboard, [
    ['The time range at a glance', totalsRow()],
    ['Net premium', netRow()],
    ['Which way it leans', leaningRow()],
    ['Sweeps and blocks', eventsRow()],
    ['Top premium and unusual volume', namesRow()],
    ['How far to trust it', qualityRow()],
  ])
}
