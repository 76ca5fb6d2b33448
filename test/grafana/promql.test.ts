import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { allTargets, GRAFANA } from './checked-in.ts'

/** What Prometheus adds to each sample. */
const OF_THE_SCRAPE = ['job', 'instance']

type Described = { readonly name: string; readonly type: string; readonly labelNames: string[] }

/** The labels of each series that /metrics may have. */
function knownSeries(): ReadonlyMap<string, readonly string[]> {
  const { registry } = createMetrics({ version: '', rules: '', symbols: ['SPY'] })
  const series = new Map<string, readonly string[]>([['up', OF_THE_SCRAPE]])
  for (const { name, type, labelNames } of registry.getMetricsAsArray() as unknown as Described[]) {
    const labels = [...labelNames, ...OF_THE_SCRAPE]
    if (type !== 'histogram') series.set(name, labels)
    else {
      series.set(`${name}_bucket`, [...labels, 'le'])
      series.set(`${name}_sum`, labels).set(`${name}_count`, labels)
    }
  }
  return series
}

const KNOWN = knownSeries()

/** What is wrong with an expression; nothing, if it is well. */
function problemsOf(text: string, legend = ''): string[] {
  const problems: string[] = []
  const inAll = new Set<string>()
  const grouped: string[] = []
  const textOf = ({ from, to }: SyntaxNode) => text.slice(from, to)
  parser.parse(text).iterate({
    enter: ({ type, node }) => {
      if (type.isError) problems.push(`does not parse at "${text.slice(node.from)}"`)
      if (type.name === 'GroupingLabels') grouped.push(...node.getChildren('LabelName').map(textOf))
      if (type.name !== 'VectorSelector') return
      const name = textOf(node.getChild('Identifier')!)
      const labels = KNOWN.get(name)
      if (labels === undefined) problems.push(`no metric ${name}`)
      for (const label of labels ?? []) inAll.add(label)
      for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ??
        []) {
        const label = textOf(matcher.getChild('LabelName')!)
        if (labels?.includes(label) === false) problems.push(`${name} has no label ${label}`)
      }
    },
  })
  const inLegend = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
  for (const label of [...grouped, ...inLegend]) {
    if (!inAll.has(label)) problems.push(`nothing here has the label ${label}`)
  }
  return problems
}

/** As Grafana hands it to Prometheus; variables stand in texts, where anything parses. */
const substituted = (text: string) => text.replaceAll('$__rate_interval', '1m')

describe('the check itself', () => {
  test.each([
    ['sum(rate(flow_trades_received_total[1m])', 'does not parse at ""'],
    ['flow_trades_recieved_total', 'no metric flow_trades_recieved_total'],
    ['flow_latency_seconds', 'no metric flow_latency_seconds'],
    ['flow_feed_connected{shard="1"}', 'flow_feed_connected has no label shard'],
    ['sum by (stage) (flow_feed_connected)', 'nothing here has the label stage'],
  ])('finds what is wrong with %s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  test('finds a label in a legend that no series has', () => {
    expect(problemsOf('flow_spool_bytes', '{{connection}}')).toEqual([
      'nothing here has the label connection',
    ])
  })
})

const panels = allTargets().filter(({ source }) => source === 'prometheus')

test.each(panels.map((target) => [target.where, target] as const))(
  '%s asks for series that exist',
  (_, { text, legend }) => {
    expect(problemsOf(substituted(text), legend)).toEqual([])
  },
)

type Rule = {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

const { groups } = parse(readFileSync(join(GRAFANA, 'prometheus/alerts.yml'), 'utf8')) as {
  groups: { rules: Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)

test.each(rules.map((rule) => [rule.alert, rule] as const))(
  'the alert %s asks for series that exist, and says what to do',
  (_, { expr, labels, annotations }) => {
    expect(problemsOf(expr)).toEqual([])
    expect(['critical', 'warning', 'info']).toContain(labels.severity)
    expect(annotations.summary).toMatch(/\w/)
    expect(annotations.description.length).toBeGreaterThan(40)
  },
)

test('docs/dashboards.md says of each alert what to do', () => {
  const text = readFileSync(join(GRAFANA, '../docs/dashboards.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `(Flow\w+)` \|/gm)].map(([, name]) => name)
  expect(rows).toEqual(rules.map(({ alert }) => alert))
  expect(text).toContain(`${rules.length} alerts`)
})

type RuleTest = {
  readonly alert_rule_test?: { readonly alertname: string; readonly exp_alerts?: object[] }[]
  readonly promql_expr_test?: { readonly expr: string; readonly exp_samples?: object[] }[]
}

test('each alert is tested: it fires and it does not', () => {
  const text = readFileSync(join(GRAFANA, 'prometheus/alerts.test.yml'), 'utf8')
  const { tests } = parse(text) as { tests: RuleTest[] }
  const asked = tests.flatMap(({ alert_rule_test = [], promql_expr_test = [] }) => [
    ...alert_rule_test.map(({ alertname, exp_alerts = [] }) => ({
      alert: alertname,
      isFiring: exp_alerts.length > 0,
    })),
    ...promql_expr_test.flatMap(({ expr, exp_samples = [] }) =>
      (/alertname=~?"([\w|]+)"/.exec(expr)?.[1]?.split('|') ?? []).map((alert) => ({
        alert,
        isFiring: exp_samples.length > 0,
      })),
    ),
  ])
  const named = (isFiring: boolean) =>
    asked.filter((one) => one.isFiring === isFiring).map(({ alert }) => alert)
  const all = rules.map(({ alert }) => alert).sort()
  expect([...new Set(named(true))].sort()).toEqual(all)
  expect([...new Set(named(false))].sort()).toEqual(all)
})
