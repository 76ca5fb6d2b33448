import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator } from '../../src/simulator/server.ts'
import { ledgerOf } from '../alerts/bench.ts'
import { answer, made, type SinkServer, startSinkServer } from '../alerts/sink-server.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { Engine } from './engine.ts'
import { eventually, flow, imbalance, killLeftovers } from './flow-process.ts'

const SECRET = 'a-secret-that-signs-alerts'
const TOKEN = 'a-token-of-discord-that-is-secret'

let postgres: TestPostgres
let hook: SinkServer
let discord: SinkServer
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
beforeEach(async () => {
  hook = await startSinkServer()
  discord = await startSinkServer()
})
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  await Promise.all([hook.close(), discord.close()])
})
afterAll(() => postgres.stop())

function settingsOf(text: string): Record<string, string> {
  const path = join(mkdtempSync(join(tmpdir(), 'flow-alerts-')), 'alerts.yaml')
  writeFileSync(path, text)
  return {
    FLOW_ALERTS_FILE: path,
    HOOK_URL: `${hook.url}/flow`,
    HOOK_SECRET: SECRET,
    DISCORD_URL: `${discord.url}/api/webhooks/1/${TOKEN}`,
  }
}

const RULES = `
sinks:
  bot: { kind: webhook, url: "\${HOOK_URL}", secret: "\${HOOK_SECRET}", per_second: 100 }
  desk: { kind: discord, url: "\${DISCORD_URL}" }
rules:
  - { name: sweeps, sinks: [bot, desk], types: SWEEP, symbols: SPY, cooldown: 1s, cooldown_per: contract }
  - { name: large, sinks: bot, types: LARGE, premium: { min: 1000 } }
`

test('a running engine tells of a sweep and of a large print, and the ledger says so', async () => {
  discord.behave(...Array.from({ length: 500 }, (_, i) => made(`${i + 1}`)))
  const simulator = await startSimulator({
    source: { kind: 'synthetic', rate: 300, seed: 7, symbols: ['SPY'] },
  })
  cleanups.push(() => simulator.close())
  const url = await postgres.freshDatabase()
  const engine = new Engine({
    DATABASE_URL: url,
    FLOW_FEED_URL: simulator.wsUrl,
    FLOW_SYMBOLS: 'SPY',
    MASSIVE_API_KEY: 'a-key',
    ...settingsOf(RULES),
  })
  await engine.ready()
  const told = await eventually('a sweep and a large print', () => {
    const all = hook.received.map(({ text, headers }) => ({ ...JSON.parse(text), headers }))
    const sweep = all.find(({ rule }) => rule === 'sweeps')
    const large = all.find(({ rule }) => rule === 'large')
    return sweep !== undefined && large !== undefined ? { sweep, large } : undefined
  })
  expect(told.sweep.alert).toMatchObject({ type: 'SWEEP', symbol: 'SPY', revision: 1 })
  expect(told.large.alert).toMatchObject({ type: 'LARGE', legs: 1 })
  expect(told.sweep.headers['x-flow-signature']).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)
  await discord.count(1)
  expect(JSON.parse(discord.received[0]!.text).content).toMatch(/^SWEEP SPY/)
  await eventually('it is counted', async () => {
    const samples = await engine.metrics()
    return (samples.get('flow_alerts_total{sink_kind="webhook",result="sent"}') ?? 0) > 1
  })
  expect(imbalance(await engine.drain())).toBe(0)
  expect(engine.said).not.toContain(TOKEN)
  expect(engine.said).not.toContain(SECRET)
  // after the drain: each is in one row, and what the ledger says was sent was sent
  const rows = await ledgerOf(url)
  const keys = hook.received.map(({ headers }) => headers['idempotency-key'])
  expect(new Set(keys).size).toBe(keys.length)
  const sent = rows.filter(({ sink, revision_sent }) => sink === 'bot' && revision_sent !== null)
  expect(sent.length).toBe(new Set(hook.received.map(({ text }) => subjectOf(text))).size)
  const [{ stored }] = (await query<{ stored: boolean }>(
    url,
    'SELECT bool_and(EXISTS (SELECT FROM flow_events WHERE event_id = $1)) AS stored',
    [told.sweep.alert.subject.replace('event:', '')],
  )) as [{ stored: boolean }]
  expect(stored).toBe(true)
}, 120_000)

const subjectOf = (text: string): string =>
  `${JSON.parse(text).rule} ${JSON.parse(text).alert.subject}`

test('flow run with a file that is wrong ends before anything is opened', async () => {
  const run = await flow(['run'], settingsOf('sinks: {}\nrules: 7\n'))
  expect(run.code).toBe(2)
  expect(run.stdout).toBe('')
  expect(run.stderr).toMatch(/^flow: FLOW_ALERTS_FILE \S+: line 1: sinks: expected 1 to 20 names/)
  expect(run.stderr).toContain('line 2: rules: expected a list')
})

test('flow alerts check says what is there', async () => {
  const run = await flow(['alerts', 'check'], settingsOf(RULES))
  expect([run.code, run.stdout]).toEqual([0, '2 rules, 2 sinks: bot (webhook), desk (discord)\n'])
})

test('flow alerts test sends a sample of each rule to each sink, marked as a test', async () => {
  discord.behave(answer(401, `{"message":"Invalid ${TOKEN}"}`))
  const settings = settingsOf(RULES)
  const all = await flow(['alerts', 'test'], settings)
  expect(all.code).toBe(1)
  expect(all.stdout.split('\n')).toEqual([
    'sweeps to bot (webhook): delivered, 204',
    'large to bot (webhook): delivered, 204',
    'sweeps to desk (discord): FAILED, 401 ("Invalid [redacted]")',
    '',
  ])
  const changes = hook.received.map(({ text }) => JSON.parse(text))
  expect(changes.map(({ change, rule }) => [change, rule])).toEqual([
    ['test', 'sweeps'],
    ['test', 'large'],
  ])
  expect(changes[0].text).toMatch(/^TEST, no such trade: SWEEP SPY/)
  const one = await flow(['alerts', 'test', '--rule', 'large'], settings)
  expect([one.code, one.stdout]).toEqual([0, 'large to bot (webhook): delivered, 204\n'])
  const none = await flow(['alerts', 'test', '--rule', 'lage'], settings)
  expect([none.code, none.stderr]).toEqual([
    2,
    'flow: --rule: expected one of sweeps, large, came "lage"\n',
  ])
})
