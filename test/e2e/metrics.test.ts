import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor, type Vendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance, killLeftovers } from './flow-process.ts'
import { quote, trade } from './prints.ts'

// Sections 5 and 6 of the contract, word for word.
const NAMES = [
  'flow_trades_received_total',
  'flow_trades_filtered_total',
  'flow_trades_classified_total{trade_type,sentiment}',
  'flow_trades_stored_total',
  'flow_trades_below_min_size_total',
  'flow_trades_dropped_total{reason}',
  'flow_trades_duplicate_total',
  'flow_trades_cancelled_total',
  'flow_sequence_reused_total',
  'flow_unknown_ids_total{kind}',
  'flow_frames_malformed_total',
  'flow_quotes_received_total',
  'flow_quotes_ignored_total{reason}',
  'flow_premium_dollars_total{symbol,sentiment}',
  'flow_feed_connected{connection}',
  'flow_feed_reconnects_total{reason}',
  'flow_feed_gap_seconds_total',
  'flow_spool_bytes',
  'flow_shard_restarts_total',
  'flow_slab_credits',
  'flow_contracts',
  'flow_build_info{version,rules}',
]
const HISTOGRAMS = ['flow_copy_rows', 'flow_copy_duration_seconds']
const STAGES = [
  'exchange_to_receive',
  'receive_to_classified',
  'held',
  'classified_to_committed',
  'receive_to_committed',
]

let postgres: TestPostgres
let vendor: Vendor
let engine: Engine
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  await vendor.close()
})
afterAll(() => postgres.stop())

async function connected(settings: Record<string, string> = {}) {
  vendor = await startVendor([(peer) => peer.accept()])
  engine = new Engine({
    DATABASE_URL: await postgres.freshDatabase(),
    FLOW_FEED_URL: vendor.url,
    FLOW_SYMBOLS: 'SPY',
    FLOW_QUOTES_PER_CONNECTION: '0',
    ...settings,
  })
  await engine.ready()
  return vendor.peers[0]!
}

it('serves every metric of the contract, with its labels', async () => {
  await connected()
  const { body } = await engine.get('/metrics')
  const lines = body.split('\n')
  for (const wanted of NAMES) {
    const [name, labels] = wanted.replace('}', '').split('{')
    const samples = lines.filter(
      (line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `),
    )
    // a failed store has no reason before the first; every other metric has a sample from the start
    expect([wanted, samples.length > 0]).toEqual([wanted, true])
    const kind = name!.endsWith('_total') ? 'counter' : 'gauge'
    expect(lines).toContain(`# TYPE ${name} ${kind}`)
    for (const label of labels?.split(',') ?? []) expect(samples[0]).toContain(`${label}="`)
  }
  expect(lines).toContain('# TYPE flow_store_errors_total counter')
  for (const name of HISTOGRAMS) expect(lines).toContain(`# TYPE ${name} histogram`)
  for (const stage of STAGES) {
    expect(lines.some((l) => l.startsWith(`flow_latency_seconds_count{stage="${stage}"}`))).toBe(
      true,
    )
  }
  expect(body).toContain('process_resident_memory_bytes')
  expect(await engine.metric('flow_build_info{version="0.1.0",rules="opra"}')).toBe(1)
  await engine.drain()
})

it('balances the account in a quiet engine, in /metrics and /api/stats, and counts by label', async () => {
  const peer = await connected()
  const q = 424_242
  const again = trade({ s: 20, q })
  const cancelled = trade({ s: 33, p: 2.5, c: [232] })
  peer.send(
    quote({ bp: 1.5, ap: 1.6 }),
    quote({ sym: 'O:AAPL271217C00200000' }),
    trade({ s: 600, p: 1.6, c: [209] }), // a BLOCK, bought
    again,
    again,
    trade({ s: 21, q, p: 1.55 }), // the same sequence, another print
    trade({ s: 2, p: 1.55 }), // below FLOW_MIN_SIZE
    trade({ sym: 'O:AAPL271217C00200000' }),
    trade({ s: 0 }),
    trade({ c: [999], x: 399, s: 22, p: 1.55 }),
    { ev: 'XYZ' },
    cancelled,
    { ...cancelled, c: [201], q: 515_151 },
  )
  peer.ws.send('nonsense')
  await engine.received(10)
  const { account } = await eventually('a balanced account', async () => {
    const stats = await engine.stats()
    return imbalance(stats.account) === 0 && stats
  })
  expect(account).toMatchObject({
    received: 10,
    filtered: 1,
    duplicate: 1,
    dropped: 1,
    below_min_size: 1,
  })
  expect(account.stored + account.cancelled).toBe(6)
  const m = await eventually('the same account in /metrics', async () => {
    const samples = await engine.metrics()
    return samples.get('flow_trades_stored_total') === account.stored && samples
  })
  expect(Object.fromEntries(m)).toMatchObject({
    flow_trades_received_total: 10,
    flow_trades_filtered_total: 1,
    flow_trades_duplicate_total: 1,
    flow_trades_below_min_size_total: 1,
    flow_trades_cancelled_total: account.cancelled,
    'flow_trades_dropped_total{reason="size"}': 1,
    'flow_trades_classified_total{trade_type="BLOCK",sentiment="BULLISH"}': 1,
    'flow_premium_dollars_total{symbol="SPY",sentiment="BULLISH"}': 600 * 1.6 * 100,
    flow_sequence_reused_total: 1,
    flow_frames_malformed_total: 1,
    flow_quotes_received_total: 2,
    'flow_quotes_ignored_total{reason="not_watched"}': 1,
    'flow_unknown_ids_total{kind="exchange"}': 1,
    'flow_unknown_ids_total{kind="condition"}': 1,
    'flow_unknown_ids_total{kind="event"}': 1,
    flow_contracts: 1,
  })
  expect(m.get('flow_copy_rows_sum')).toBe(account.stored)
  expect(m.get('flow_latency_seconds_count{stage="receive_to_committed"}')).toBeGreaterThan(0)
  expect(await engine.drain()).toEqual(account)
})

it('answers each route with its status, and an error as {"error": ...}', async () => {
  await connected()
  expect(JSON.parse((await engine.get('/healthz')).body)).toBeTypeOf('object')
  expect((await engine.get('/readyz')).status).toBe(200)
  const stats = await engine.stats()
  expect(stats.ready).toBe('ready')
  const missing = await engine.get('/no/such/thing')
  expect(missing.status).toBe(404)
  expect(JSON.parse(missing.body).error).toEqual(expect.any(String))
  vendor.peers[0]!.socket.destroy()
  await vendor.close()
  const unready = await eventually('not ready without a feed', async () => {
    const answer = await engine.get('/readyz')
    return answer.status === 503 && answer
  })
  expect(JSON.parse(unready.body).error).toMatch(/feed/)
  expect((await engine.get('/healthz')).status).toBe(200)
  expect(await engine.metric('flow_feed_connected{connection="0"}')).toBe(0)
  vendor = await startVendor([(peer) => peer.accept()]) // for the clean-up
  await engine.drain()
})
