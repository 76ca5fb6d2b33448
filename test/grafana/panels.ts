import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const GRAFANA = join(import.meta.dirname, '../../grafana')

export type Question = { readonly panel: string; readonly text: string }

type Target = { readonly expr?: string; readonly rawSql?: string }
type Panel = { readonly title?: string; readonly targets?: Target[]; readonly panels?: Panel[] }
export type Dashboard = {
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { name: string; target?: Target }[] }
  readonly templating: { readonly list: readonly { name: string; query: string }[] }
}

export function dashboard(name: string): Dashboard {
  return JSON.parse(readFileSync(join(GRAFANA, 'dashboards', name), 'utf8')) as Dashboard
}

export function panelsOf({ panels }: Dashboard): readonly Panel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])])
}

/** Every PromQL expression of a dashboard. */
export function expressionsOf(name: string): Question[] {
  return panelsOf(dashboard(name)).flatMap(({ title = '', targets = [] }) =>
    targets.flatMap(({ expr }) => (expr === undefined ? [] : [{ panel: title, text: expr }])),
  )
}

/** Every SQL statement of a dashboard, annotations and variables too. */
export function statementsOf(name: string): Question[] {
  const { annotations, templating } = dashboard(name)
  return [
    ...panelsOf(dashboard(name)).flatMap(({ title = '', targets = [] }) =>
      targets.flatMap(({ rawSql }) =>
        rawSql === undefined ? [] : [{ panel: title, text: rawSql }],
      ),
    ),
    ...annotations.list.map(({ name: panel, target }) => ({ panel, text: target!.rawSql! })),
    ...templating.list.map(({ name: panel, query }) => ({ panel, text: query })),
  ]
}

/** The expressions of the alerts, by their names. */
export function alertExpressions(): Question[] {
  const text = readFileSync(join(GRAFANA, 'prometheus/alerts.yml'), 'utf8')
  const { groups } = parse(text) as { groups: { rules: { alert: string; expr: string }[] }[] }
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => ({ panel: alert, text: expr })),
  )
}

/** PromQL with Grafana's variables filled in as it does. */
export function filledPromql(text: string): string {
  return text.replaceAll('$__rate_interval', '1m').replaceAll(/\$(?:connection|instance)/g, '.*')
}

/** SQL with the macros and variables of Grafana's PostgreSQL data source filled in; epoch seconds. */
export function filledSql(text: string, from: number, to: number, symbols: string[]): string {
  return text
    .replaceAll(/\$__unixEpochGroupAlias\((.*?), \$__interval\)/g, 'floor(($1)/60)*60 AS "time"')
    .replaceAll('$__unixEpochFrom()', `${from}`)
    .replaceAll('$__unixEpochTo()', `${to}`)
    .replaceAll('$symbol', symbols.map((symbol) => `'${symbol}'`).join(','))
}
