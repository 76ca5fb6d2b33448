import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'

/** The data sources of provisioning/datasources, by their uids. */
export const PROMETHEUS = { type: 'prometheus', uid: 'flow-prometheus' }
export const POSTGRESQL = { type: 'grafana-postgresql-datasource', uid: 'flow-postgres' }

/** One PromQL expression and the legend of its series. */
export type Promql = { readonly expr: string; readonly legend: string }

/** How an expression is asked: along the time range, at its end alone, or as buckets. */
export type Asked = 'range' | 'instant' | 'heatmap'

export function promql({ expr, legend }: Promql, refId: string, asked: Asked): Builder<Dataquery> {
  const query = new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .expr(expr)
    .legendFormat(legend)
    .refId(refId)
  if (asked === 'instant') return query.instant()
  return asked === 'heatmap' ? query.range().format(PromQueryFormat.Heatmap) : query.range()
}

/**
 * A query of Grafana's PostgreSQL data source, for which the SDK has no builder. `time_series`
 * wants a column "time" in order, and takes the text column "metric" for the name of the series.
 */
export class Sql implements Builder<Dataquery> {
  readonly #query: Dataquery & Record<string, unknown>

  constructor(rawSql: string, refId: string, format: 'table' | 'time_series') {
    this.#query = {
      datasource: POSTGRESQL,
      editorMode: 'code',
      format,
      rawQuery: true,
      rawSql,
      refId,
      _implementsDataqueryVariant: () => {},
    }
  }

  build(): Dataquery {
    return this.#query
  }
}
