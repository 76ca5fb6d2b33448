import { Worker } from 'node:worker_threads'
import { Alerter } from '../../src/alerts/alerter.ts'
import type { LookupsOptions } from '../../src/alerts/lookups.ts'
import type { AlertResult, FromAlerter } from '../../src/alerts/messages.ts'
import type { AlertRule, AlertRules, Sink } from '../../src/alerts/rules.ts'
import type { LivePrint } from '../../src/domain/live-flow.ts'
import { eventually } from '../e2e/flow-process.ts'
import { query } from '../pg/database.ts'
import { RULE, SINK } from './samples.ts'

/** A single print, of 1970. */
export const LARGE_PRINT = {
  ...{ symbol: 'SPY', contract_ticker: 'O:SPY301220C00450000', timestamp: 0, sequence: 5 },
  ...{ arrival: 1, price: 2, size: 500, premium: 100_000, trade_type: 'LARGE', side: 'BUY' },
  ...{ sentiment: 'BULLISH', strike: 450, expiration: '2030-12-20', option_type: 'call', dte: 9 },
  ...{ exchange: 'CBOE', underlying_price: 440, open_interest: 10, day_volume: 25 },
} as unknown as LivePrint

export type LedgerRow = {
  readonly subject: string
  readonly rule: string
  readonly sink: string
  readonly state: string
  readonly revision: number
  readonly revision_sent: number | null
  readonly attempts: number
  readonly resends: number
  readonly message_id: string | null
  readonly note: string | null
  readonly told: unknown
}

export function ledgerOf(url: string): Promise<LedgerRow[]> {
  return query<LedgerRow>(url, 'SELECT * FROM flow_alerts ORDER BY subject, rule, sink')
}

/** Resolves with the ledger once each row is in one of these states, and there are so many. */
export async function settled(url: string, rows: number): Promise<LedgerRow[]> {
  return eventually(`${rows} rows of the ledger that are done`, async () => {
    const found = await ledgerOf(url)
    const isDone = found.every(({ state }) => /^(?:sent|given_up|suppressed)$/.test(state))
    return isDone && found.length >= rows ? found : undefined
  })
}

/** Writes a version of an event as the writer does; the version before goes to the log. */
export async function writeEvent(url: string, change: Record<string, unknown> = {}): Promise<void> {
  const now = Date.now()
  const row: Record<string, unknown> = {
    event_id: 'O:SPY251219C00450000-1-1',
    revision: 1,
    reason: 'first',
    is_void: false,
    kind: 'SWEEP',
    symbol: 'SPY',
    contract_ticker: 'O:SPY301220C00450000',
    side: 'BUY',
    sentiment: 'BULLISH',
    started_at: now - 300,
    ended_at: now - 100,
    span_ms: 200,
    leg_count: 3,
    total_size: 300,
    total_premium: 300_000,
    vwap: 10,
    legs: '[]',
    exchanges: ['CBOE'],
    recorded_at: now,
    ...change,
  }
  const columns = Object.keys(row)
  const before = `INSERT INTO flow_event_revisions SELECT * FROM flow_events WHERE event_id = $1`
  await query(url, before, [row.event_id])
  await query(url, 'DELETE FROM flow_events WHERE event_id = $1', [row.event_id])
  const places = columns.map((_, at) => `$${at + 1}`)
  const text = `INSERT INTO flow_events (${columns.join(', ')}) VALUES (${places.join(', ')})`
  await query(url, text, Object.values(row))
}

export const rulesOf = (
  rules: readonly Partial<AlertRule>[],
  ...sinks: readonly Partial<Sink>[]
): AlertRules => ({
  rules: rules.map((rule) => ({ ...RULE, ...rule })),
  sinks: sinks.map((sink) => ({ ...SINK, ...sink })),
})

export type RunningAlerter = {
  readonly alerter: Alerter
  readonly results: AlertResult[]
  readonly logs: string[]
  readonly lost: () => number
  stop(): Promise<void>
}

/** The alerter in this thread, with short waits. */
export function startAlerter(
  databaseUrl: string,
  rules: AlertRules,
  contextOf: LookupsOptions['contextOf'] = async () => null,
  retentionDays = 0,
): RunningAlerter {
  const results: AlertResult[] = []
  const logs: string[] = []
  let lost = 0
  const tell = (message: FromAlerter): void => {
    if (message.kind === 'result') results.push(message.result)
    if (message.kind === 'lost') lost += message.subjects
    if (message.kind === 'log') logs.push(message.line)
  }
  const alerter = new Alerter({
    databaseUrl,
    rules,
    retentionDays,
    tell,
    contextOf,
    retryMinMs: 50,
  })
  const ended = alerter.run()
  ended.catch(() => {}) // looked at by stop()
  return {
    alerter,
    results,
    logs,
    lost: () => lost,
    stop: async () => {
      alerter.stop()
      await ended
    },
  }
}

/** The thread of the alerts itself, which a test may kill at any moment. */
export function startThread(databaseUrl: string, rules: AlertRules): Worker {
  const path = new URL('../../src/alerts/thread.ts', import.meta.url)
  return new Worker(path, { workerData: { databaseUrl, rules, retentionDays: 0 } })
}
