/** The time range of a dashboard in epoch seconds, and what its variables stand for. */
export type Chosen = {
  readonly from: number
  readonly to: number
  readonly symbols: readonly string[]
}

/** Seconds of `$__interval`: the least that the panels on minutes allow. */
const STEP_S = 60

/**
 * SQL as Grafana hands it to PostgreSQL: variables of several values as quoted texts, then the
 * macros of its data source (pkg/tsdb/grafana-postgresql-datasource/macros.go), whose arguments
 * have no parentheses. Throws for a macro that is not known here.
 */
export function sqlOf(text: string, { from, to, symbols }: Chosen): string {
  const list = symbols.map((symbol) => `'${symbol.replaceAll("'", "''")}'`).join(',')
  return text
    .replaceAll('$symbol', list)
    .replaceAll('$__interval', `${STEP_S}s`)
    .replace(/\$(__\w+)\(([^)]*)\)/g, (call, name: string, args: string) => {
      const [column = '', interval = ''] = args.split(',').map((arg) => arg.trim())
      if (name === '__unixEpochFrom') return String(from)
      if (name === '__unixEpochTo') return String(to)
      if (name === '__unixEpochGroupAlias' && interval === `${STEP_S}s`) {
        return `floor((${column})/${STEP_S})*${STEP_S} AS "time"`
      }
      throw new Error(`${call}: no macro that the dashboards use`)
    })
}

/** PromQL as Grafana hands it to Prometheus; variables with "All" are a list of alternatives. */
export function promqlOf(
  text: string,
  rateInterval: string,
  all: Readonly<Record<string, string>>,
) {
  let filled = text.replaceAll('$__rate_interval', rateInterval)
  for (const [name, values] of Object.entries(all)) filled = filled.replaceAll(`$${name}`, values)
  return filled
}
