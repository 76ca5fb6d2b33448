import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client'
import type { LiveSample } from '../console/live-figures.ts'

type Value = MetricValue<string> & { readonly metricName?: string }

/** What the metrics say now. */
export async function liveSample(registry: Registry, notReady: string | null): Promise<LiveSample> {
  const metrics = new Map<string, MetricObjectWithValues<Value>>()
  for (const metric of await registry.getMetricsAsJSON()) {
    metrics.set(metric.name, metric as MetricObjectWithValues<Value>)
  }
  const values = (name: string): readonly Value[] => metrics.get(name)?.values ?? []
  const sum = (name: string): number => values(name).reduce((all, { value }) => all + value, 0)
  return {
    at: Date.now(),
    notReady,
    received: sum('flow_trades_received_total'),
    stored: sum('flow_trades_stored_total'),
    connections: values('flow_feed_connected').length,
    connected: sum('flow_feed_connected'),
    reconnects: sum('flow_feed_reconnects_total'),
    gapsOpen: sum('flow_gaps_open'),
    credits: sum('flow_slab_credits'),
    committed: values('flow_latency_seconds')
      .filter(({ metricName = '', labels }) => {
        return metricName.endsWith('_bucket') && labels.stage === 'receive_to_committed'
      })
      .map(({ labels, value }) => [Number(labels.le === '+Inf' ? Infinity : labels.le), value]),
    premium: premiumOf(values('flow_premium_dollars_total')),
  }
}

function premiumOf(values: readonly Value[]): LiveSample['premium'] {
  const premium = new Map<string, { bullish: number; bearish: number }>()
  for (const { labels, value } of values) {
    const symbol = String(labels.symbol)
    const both = premium.get(symbol) ?? { bullish: 0, bearish: 0 }
    if (labels.sentiment === 'BULLISH') both.bullish += value
    if (labels.sentiment === 'BEARISH') both.bearish += value
    premium.set(symbol, both)
  }
  return premium
}
