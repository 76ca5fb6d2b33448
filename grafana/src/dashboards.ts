import { flowDashboard } from './flow.ts'
import { operationsDashboard } from './operations.ts'

/** Each dashboard as the text of its file in grafana/dashboards. */
export function dashboards(): ReadonlyMap<string, string> {
  return new Map([
    ['operations.json', textOf(operationsDashboard())],
    ['flow.json', textOf(flowDashboard())],
  ])
}

function textOf(dashboard: object): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`
}
