import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A query of a panel, an annotation or a variable, as the checked-in JSON has it. */
export type Target = {
  /** "operations: Latency by stage, p50", or the name of the annotation or variable. */
  readonly where: string
  readonly source: 'prometheus' | 'postgresql'
  readonly text: string
  readonly legend: string
  /** How Grafana asks: a time series, a table, or Prometheus at the end of the range alone. */
  readonly format: 'time_series' | 'table' | 'instant'
  readonly of: 'panel' | 'annotation' | 'variable'
}

export type Panel = {
  readonly title: string
  readonly type: string
  readonly description?: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly targets?: readonly RawTarget[]
}

type RawTarget = {
  readonly datasource: { readonly uid: string }
  readonly expr?: string
  readonly rawSql?: string
  readonly legendFormat?: string
  readonly format?: string
  readonly instant?: boolean
}

export type Dashboard = {
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { name: string; target: RawTarget }[] }
  readonly templating: {
    readonly list: readonly { name: string; query: string | { readonly query: string } }[]
  }
}

export const FILES = ['operations.json', 'flow.json'] as const

export const GRAFANA = join(import.meta.dirname, '../../grafana')

export function textOf(file: string): string {
  return readFileSync(join(GRAFANA, 'dashboards', file), 'utf8')
}

export function dashboardOf(file: string): Dashboard {
  return JSON.parse(textOf(file))
}

/** Every query of both dashboards. */
export function allTargets(): Target[] {
  return FILES.flatMap((file) => {
    const { panels, annotations, templating } = dashboardOf(file)
    const name = file.replace('.json', '')
    return [
      ...panels.flatMap(({ title, targets }) =>
        (targets ?? []).map((target) => targetOf(`${name}: ${title}`, 'panel', target)),
      ),
      ...annotations.list.map((annotation) =>
        targetOf(`${name}: annotation ${annotation.name}`, 'annotation', annotation.target),
      ),
      ...templating.list
        .filter(({ query }) => typeof query === 'string')
        .map((variable): Target => {
          const where = `${name}: variable ${variable.name}`
          const text = String(variable.query)
          return { where, source: 'postgresql', text, legend: '', format: 'table', of: 'variable' }
        }),
    ]
  })
}

function targetOf(where: string, of: Target['of'], raw: RawTarget): Target {
  const legend = raw.legendFormat ?? ''
  if (raw.rawSql !== undefined) {
    const format = raw.format === 'time_series' ? 'time_series' : 'table'
    return { where, source: 'postgresql', text: raw.rawSql, legend, format, of }
  }
  if (raw.expr === undefined) throw new Error(`${where}: neither SQL nor PromQL`)
  const format = raw.instant === true ? 'instant' : 'time_series'
  return { where, source: 'prometheus', text: raw.expr, legend, format, of }
}
