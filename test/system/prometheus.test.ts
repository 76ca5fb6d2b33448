import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SinkServer, startSinkServer } from '../alerts/sink-server.ts'
import { eventually, killLeftovers } from '../e2e/flow-process.ts'
import { allTargets, dashboardOf } from '../grafana/checked-in.ts'
import { promqlOf } from '../grafana/macros.ts'
import { type Running, startRunning } from '../grafana/running.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { filesFor, PrometheusServer, promtool } from './prometheus-server.ts'

/** Several scrapes of a second each: what `$__rate_interval` is to a scrape of 15 s. */
const RATE_INTERVAL = '5s'

const RULES = `
sinks:
  bot: { kind: webhook, url: "\${HOOK_URL}" }
rules:
  - { name: sweeps, sinks: bot, types: SWEEP, premium: { min: 1000 } }
`

let postgres: TestPostgres
let hook: SinkServer
let running: Running
let folder: string
let prometheus: PrometheusServer
beforeAll(async () => {
  postgres = await startTestPostgres()
  hook = await startSinkServer()
  const rules = join(mkdtempSync(join(tmpdir(), 'flow-alerts-')), 'alerts.yaml')
  writeFileSync(rules, RULES)
  running = await startRunning(await postgres.freshDatabase(), {
    FLOW_ALERTS_FILE: rules,
    HOOK_URL: `${hook.url}/flow`,
  })
  const { url } = await running.engine.line('listening')
  folder = filesFor(new URL(String(url)).host)
  prometheus = await PrometheusServer.start(folder)
})
afterAll(async () => {
  await prometheus?.stop()
  await running?.close()
  await killLeftovers()
  await hook.close()
  await postgres.stop()
})

describe('promtool', () => {
  test('accepts the configuration and the rules', async () => {
    expect(await promtool('check', 'config', join(folder, 'prometheus.yml'))).toContain('SUCCESS')
    expect(await promtool('check', 'rules', join(folder, 'alerts.yml'))).toContain('SUCCESS')
  })

  test('sees each alert fire when it must and not before', async () => {
    for (const name of ['alerts.test.yml', 'alerts.seasons.test.yml']) {
      expect(await promtool('test', 'rules', join(folder, name))).toContain('SUCCESS')
    }
  })
})

/** `label_values(series, label)` of the variables. */
const VARIABLES = dashboardOf('operations.json').templating.list.map(({ name, query }) => {
  const text = typeof query === 'string' ? query : query.query
  const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? []
  return { name, series, label }
})

/** What "All" stands for in each variable, as Grafana finds it out. */
async function allValues(): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const { name, series, label } of VARIABLES) {
    const values = await prometheus.labelValues(label, promqlOf(series, RATE_INTERVAL, all))
    all[name] = values.join('|')
  }
  return all
}

test('the variables find the engine and its connection', async () => {
  const all = await eventually('the variables have values', async () => {
    const values = await allValues()
    return Object.values(values).every((text) => text !== '') && values
  })
  const { url } = await running.engine.line('listening')
  expect(all).toEqual({ instance: new URL(String(url)).host, connection: '0' })
})

const TARGETS = allTargets().filter(({ source }) => source === 'prometheus')

test.each(TARGETS.map((target) => [`${target.where}: ${target.legend}`, target] as const))(
  '%s is drawn',
  async (_, { text, format }) => {
    const query = promqlOf(text, RATE_INTERVAL, await allValues())
    const samples = await eventually(`there is something to draw of ${query}`, async () => {
      const found = await (format === 'instant'
        ? prometheus.instant(query)
        : prometheus.range(query))
      return found.some(({ values }) => values.some(Number.isFinite)) && found
    })
    expect(samples.length).toBeGreaterThan(0)
  },
)

test('the account of the engine that runs is near to balance', async () => {
  const target = TARGETS.find(({ where }) => where === 'operations: Prints in flight')!
  const query = promqlOf(target.text, RATE_INTERVAL, await allValues())
  const [sample] = await prometheus.instant(query)
  const received = await prometheus.instant('sum(flow_trades_received_total)')
  expect(received[0]!.values[0]).toBeGreaterThan(1000)
  expect(Math.abs(sample!.values[0]!)).toBeLessThan(received[0]!.values[0]! / 2)
})

test('each alert is evaluated without an error, and a sound engine sets none off', async () => {
  const rules = await eventually('all rules were evaluated', async () => {
    const found = await prometheus.rules()
    return found.length > 0 && found.every(({ health }) => health !== 'unknown') && found
  })
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
  expect(rules.filter(({ state }) => state === 'firing').map(({ name }) => name)).toEqual([])
  for (const { query } of rules) await prometheus.instant(query)
})

test('an engine that is gone sets off its alert', async () => {
  await running.engine.kill('SIGKILL')
  await eventually('the alert is pending', async () => {
    const rule = (await prometheus.rules()).find(({ name }) => name === 'FlowEngineDown')
    return rule?.state === 'pending'
  })
  expect((await prometheus.instant('up{job="options-flow-engine"}'))[0]!.values).toEqual([0])
})
