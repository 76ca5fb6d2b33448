import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type Dashboard,
  type DashboardBuilder,
  type Panel,
  RowBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { POSTGRESQL, PROMETHEUS, type Promql, promql, Sql } from './queries.ts'

/** What every panel says of itself. `unit` is a unit id of Grafana, `width` of 24 columns. */
export type Head = {
  readonly title: string
  /** What it shows, and what to do when it looks wrong. */
  readonly description: string
  readonly unit: string
  readonly width: number
}

/** PromQL expressions, or one SQL query. */
export type Source = readonly Promql[] | string

const SERIES_HEIGHT = 8
const STAT_HEIGHT = 4
/** The shortest step of a query on sums by minute. */
const MINUTE = '1m'

/** Lines over time; `stacked` as areas on each other, `bars` with 0 in the middle. */
export function series(
  head: Head,
  source: Source,
  style: 'lines' | 'stacked' | 'bars' = 'lines',
): Builder<Panel> {
  const panel = new SeriesBuilder()
    .title(head.title)
    .description(head.description)
    .unit(head.unit)
    .span(head.width)
    .height(SERIES_HEIGHT)
    .lineWidth(1)
    .fillOpacity(style === 'lines' ? 5 : 40)
    .showPoints(VisibilityMode.Auto)
    .axisPlacement(AxisPlacement.Auto)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    )
  // bars of several series would lie on top of each other
  if (style !== 'lines') panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  if (style === 'bars') panel.drawStyle(GraphDrawStyle.Bars).axisCenteredZero(true)
  if (typeof source === 'string') {
    return panel
      .datasource(POSTGRESQL)
      .interval(MINUTE)
      .targets([new Sql(source, 'A', 'time_series')])
  }
  return panel.datasource(PROMETHEUS).targets(targetsOf(source, 'range'))
}

/** One figure, coloured by `steps`: the first is the colour below all bounds, its value null. */
export function stat(head: Head, source: Source, steps: readonly Threshold[]): Builder<Panel> {
  const panel = new StatBuilder()
    .title(head.title)
    .description(head.description)
    .unit(head.unit)
    .span(head.width)
    .height(STAT_HEIGHT)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]))
  if (typeof source === 'string') {
    return panel.datasource(POSTGRESQL).targets([new Sql(source, 'A', 'table')])
  }
  return panel.datasource(PROMETHEUS).targets(targetsOf(source, 'instant'))
}

/** Rows of one SQL query. `units`: the unit id of each column that has one of its own. */
export function table(
  head: Head,
  sql: string,
  units: Readonly<Record<string, string>>,
): Builder<Panel> {
  const panel = new TableBuilder()
    .title(head.title)
    .description(head.description)
    .unit(head.unit)
    .span(head.width)
    .height(SERIES_HEIGHT)
    .filterable(true)
    .noValue('no rows in this time range')
    .datasource(POSTGRESQL)
    .targets([new Sql(sql, 'A', 'table')])
  for (const [column, unit] of Object.entries(units)) {
    panel.overrideByName(column, [{ id: 'unit', value: unit }])
  }
  return panel
}

/** How often each bucket of a histogram was met, over time. `unit` is that of the buckets. */
export function heatmap(head: Head, expression: Promql): Builder<Panel> {
  return new HeatmapBuilder()
    .title(head.title)
    .description(head.description)
    .unit('short')
    .span(head.width)
    .height(SERIES_HEIGHT)
    .calculate(false)
    .yAxis({ build: () => ({ unit: head.unit }) })
    .datasource(PROMETHEUS)
    .targets([promql(expression, 'A', 'heatmap')])
}

/** The dashboard with a row for each title, its panels numbered so that a link to one stays. */
export function withRows(
  dashboard: DashboardBuilder,
  rows: readonly (readonly [title: string, panels: readonly Builder<Panel>[]])[],
): Dashboard {
  for (const [title, panels] of rows) {
    dashboard.withRow(new RowBuilder(title))
    for (const panel of panels) dashboard.withPanel(panel)
  }
  const built = dashboard.build()
  for (const [i, panel] of (built.panels ?? []).entries()) panel.id = i + 1
  return built
}

function targetsOf(expressions: readonly Promql[], asked: 'range' | 'instant') {
  return expressions.map((expression, i) => promql(expression, String.fromCharCode(65 + i), asked))
}
