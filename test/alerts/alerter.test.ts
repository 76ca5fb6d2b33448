import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AlertRules } from '../../src/alerts/rules.ts'
import type { FlowContext } from '../../src/flow/flow-context.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { eventually } from '../e2e/flow-process.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import {
  LARGE_PRINT,
  ledgerOf,
  type RunningAlerter,
  rulesOf,
  settled,
  startAlerter,
  startThread,
  writeEvent,
} from './bench.ts'
import { FACTS } from './samples.ts'
import { answer, cut, hang, made, type SinkServer, startSinkServer } from './sink-server.ts'

const SECRET_PATH = '/api/webhooks/1/a-token-that-is-secret'
const SUBJECT = 'event:O:SPY251219C00450000-1-1'

let postgres: TestPostgres
let url: string
let server: SinkServer
const running: RunningAlerter[] = []
const start = (rules: AlertRules): RunningAlerter => {
  const started = startAlerter(url, rules)
  running.push(started)
  return started
}

beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  url = await postgres.freshDatabase()
  await migrateDatabase(url)
  server = await startSinkServer()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()))
  await server.close()
})

const bodies = () => server.received.map(({ text }) => JSON.parse(text))
const hook = () => ({ url: server.url })
const discord = () => ({ kind: 'discord' as const, url: `${server.url}${SECRET_PATH}` })

describe('an event', () => {
  test('is told to the sink of its rule, once, and the ledger says so', async () => {
    const { results } = start(rulesOf([{}], hook()))
    await writeEvent(url)
    await server.count(1)
    const rows = await settled(url, 1)
    expect(rows).toMatchObject([
      { subject: SUBJECT, rule: 'any', sink: 'hook', state: 'sent', attempts: 1, revision_sent: 1 },
    ])
    expect(bodies()).toMatchObject([
      { change: 'alert', alert: { symbol: 'SPY', premium: 300_000 } },
    ])
    expect(results).toEqual(['sent'])
    // the next process finds it told
    await running.pop()!.stop()
    const next = start(rulesOf([{}], hook()))
    await writeEvent(url, { event_id: 'another' })
    await settled(url, 2)
    expect(next.results).toEqual(['sent'])
    expect(server.received).toHaveLength(2)
  })

  test('that meets no rule, is too old or void leaves nothing', async () => {
    start(rulesOf([{ premium: { min: 200_000, max: null } }], hook()))
    await writeEvent(url, { event_id: 'small', total_premium: 199_999 })
    await writeEvent(url, { event_id: 'old', ended_at: Date.now() - 301_000 })
    await writeEvent(url, { event_id: 'void', is_void: true })
    await writeEvent(url, { event_id: 'last' })
    const rows = await settled(url, 1)
    expect(rows.map(({ subject }) => subject)).toEqual(['event:last'])
    expect(server.received).toHaveLength(1)
  })

  test('is told each sink once by several rules, and each rule where the sink wants all', async () => {
    const sinks = [hook(), { ...hook(), name: 'all', dedupes: false }]
    const both = { sinks: ['hook', 'all'] }
    start(
      rulesOf(
        [
          { ...both, name: 'a' },
          { ...both, name: 'b' },
        ],
        ...sinks,
      ),
    )
    await writeEvent(url)
    const rows = await settled(url, 4)
    expect(rows.map(({ rule, sink, state, note }) => [rule, sink, state, note])).toEqual([
      ['a', 'all', 'sent', null],
      ['a', 'hook', 'sent', null],
      ['b', 'all', 'sent', null],
      ['b', 'hook', 'suppressed', 'dedupe'],
    ])
    expect(server.received).toHaveLength(3)
  })

  test('within a cooldown is not told, also by the next process', async () => {
    const rules = rulesOf([{ cooldownMs: 600_000 }], hook())
    start(rules)
    await writeEvent(url, { event_id: 'first' })
    await settled(url, 1)
    await running.pop()!.stop()
    const { results } = start(rules)
    await writeEvent(url, { event_id: 'second' })
    await writeEvent(url, { event_id: 'third', symbol: 'QQQ' })
    const rows = await settled(url, 3)
    expect(rows.map(({ subject, state, note }) => [subject, state, note])).toEqual([
      ['event:first', 'sent', null],
      ['event:second', 'suppressed', 'cooldown'],
      ['event:third', 'sent', null],
    ])
    expect(results.toSorted()).toEqual(['sent', 'suppressed'])
    // what was not told is not corrected
    await writeEvent(url, { event_id: 'second', revision: 2, total_size: 9 })
    await writeEvent(url, { event_id: 'third', revision: 2, total_size: 9, symbol: 'QQQ' })
    await server.count(3)
    expect(bodies().at(-1)).toMatchObject({ change: 'revision', alert: { symbol: 'QQQ' } })
  })
})

describe('later versions', () => {
  test('become edits of a message of Discord, its end too, and the same story nothing', async () => {
    server.behave(made('77'), made('77'), made('77'))
    start(rulesOf([{ sides: ['BUY'] }], discord()))
    await writeEvent(url)
    await settled(url, 1)
    await writeEvent(url, { revision: 2, reason: 'late quote', why: 'nothing that is told' })
    await eventually('revision 2', async () => (await ledgerOf(url))[0]!.revision_sent === 2)
    await writeEvent(url, { revision: 3, side: 'SELL', sentiment: 'BEARISH' })
    await server.count(2)
    await writeEvent(url, { revision: 4, is_void: true, total_size: 0, total_premium: 0 })
    await server.count(3)
    expect(server.received.map(({ method, path }) => [method, path])).toEqual([
      ['POST', `${SECRET_PATH}?wait=true`],
      ['PATCH', `${SECRET_PATH}/messages/77`],
      ['PATCH', `${SECRET_PATH}/messages/77`],
    ])
    const [first, second, third] = bodies().map(({ content }) => content.split('\n'))
    expect(first[0]).toMatch(/^SWEEP SPY/)
    expect(second[0]).toMatch(/^REVISED .*SELL BEARISH/)
    expect(second[2]).toContain('no longer meets the rule')
    expect(third[0]).toMatch(/^CANCELLED/)
    await eventually('revision 4', async () => (await ledgerOf(url))[0]!.revision_sent === 4)
  })

  test('follow up where there is no message to edit', async () => {
    server.behave(answer(200, 'ok'), answer(200, 'ok'))
    start(rulesOf([{}], { kind: 'slack', url: server.url, secret: null }))
    await writeEvent(url)
    await settled(url, 1)
    await writeEvent(url, { revision: 2, total_premium: 100_000 })
    await server.count(2)
    expect(bodies()[1].text).toMatch(/^REVISED \(2\): SWEEP.*\n\$100K/)
  })

  test('that come before the first was sent take its place; an end then is silence', async () => {
    const later = answer(429, '{"retry_after":3}')
    server.behave(later, later, later, later, later)
    const { results } = start(rulesOf([{}], hook()))
    await writeEvent(url, { event_id: 'a' })
    await server.count(1)
    await writeEvent(url, { event_id: 'a', revision: 2, is_void: true })
    const rows = await settled(url, 1)
    expect(rows).toMatchObject([
      { state: 'suppressed', revision: 2, note: 'cancelled before it was told' },
    ])
    expect(results.at(-1)).toBe('suppressed')
    expect(bodies().every(({ change }) => change === 'alert')).toBe(true)
  })
})

test('a version that meets the rule no longer before the first was sent is silence', async () => {
  const later = answer(429, '{"retry_after":2}')
  server.behave(later, later)
  const { results } = start(rulesOf([{ premium: { min: 300_000, max: null } }], hook()))
  await writeEvent(url)
  await server.count(1)
  await writeEvent(url, { revision: 2, total_premium: 299_999 })
  const rows = await settled(url, 1)
  expect(rows).toMatchObject([
    { state: 'suppressed', revision: 2, note: 'it met its rule no longer before it was told' },
  ])
  expect(results.at(-1)).toBe('suppressed')
  expect(bodies().every(({ alert }) => alert.premium === 300_000)).toBe(true)
})

describe('a sink that fails', () => {
  test.each([
    ['answers 500', answer(500)],
    ['closes', cut],
    ['hangs', hang],
    ['throttles without a word', answer(429)],
    ['throttles for a while', answer(429, '{"retry_after":0.2}', { 'retry-after': '0' })],
  ])('and %s is tried again, with the same key', async (_, behaviour) => {
    server.behave(behaviour, behaviour)
    const { results, logs } = start(rulesOf([{}], { ...hook(), timeoutMs: 300 }))
    await writeEvent(url)
    const rows = await settled(url, 1)
    expect(rows).toMatchObject([{ state: 'sent', attempts: 3, note: null }])
    expect(results).toEqual(['retried', 'retried', 'sent'])
    const keys = server.received.map(({ headers }) => headers['idempotency-key'])
    expect(new Set(keys).size).toBe(1)
    expect(keys).toHaveLength(3)
    expect(logs.map((line) => line.replace(/:.*/, ''))).toEqual([
      'alerts to hook are tried again',
      'alerts to hook work again',
    ])
  })

  test('waits as long as it is told to', async () => {
    server.behave(answer(429, '', { 'retry-after': '1' }))
    start(rulesOf([{}], hook()))
    await writeEvent(url)
    await server.count(1)
    const first = performance.now()
    await server.count(2)
    expect(performance.now() - first).toBeGreaterThan(900)
  })

  test('for good is given up after some tries, and the next alert is tried', async () => {
    server.behave(...Array.from({ length: 6 }, () => answer(503)))
    const { results } = start(rulesOf([{}], hook()))
    await writeEvent(url)
    expect(await settled(url, 1)).toMatchObject([
      { state: 'given_up', attempts: 6, note: '503; tried 6 times' },
    ])
    await writeEvent(url, { event_id: 'next' })
    expect(await settled(url, 2)).toMatchObject([{}, { state: 'sent' }])
    expect(results.at(-1)).toBe('sent')
  })

  test('does not keep an alert beyond its age', async () => {
    server.behave(...Array.from({ length: 6 }, () => answer(429, '{"retry_after":0.8}')))
    const { results } = start(rulesOf([{ maxAgeMs: 1500 }], hook()))
    await writeEvent(url, { ended_at: Date.now() })
    expect(await settled(url, 1)).toMatchObject([
      { state: 'given_up', note: 'too old when its turn came' },
    ])
    expect(results).toContain('dropped')
  })

  test('does not keep it longer because a later version came', async () => {
    server.behave(answer(429, '{"retry_after":2.5}'))
    const { results } = start(rulesOf([{ maxAgeMs: 2000 }], hook()))
    const ended_at = Date.now()
    await writeEvent(url, { ended_at })
    await server.count(1)
    await writeEvent(url, { ended_at, revision: 2, total_size: 301 })
    expect(await settled(url, 1)).toMatchObject([
      { state: 'given_up', revision: 2, note: 'too old when its turn came' },
    ])
    expect(results).toEqual(['retried', 'dropped'])
  })

  test.each([
    ['is gone', answer(404, '{"message":"Unknown Webhook"}'), '404 \\("Unknown Webhook"\\)'],
    ['has moved', answer(302, '', { location: 'https://example.com' }), '302, a redirect'],
  ])(
    'because it %s is left alone, with one line that says what to do',
    async (_, behaviour, words) => {
      server.behave(behaviour)
      const { logs } = start(rulesOf([{}], discord()))
      await writeEvent(url, { event_id: 'a' })
      await settled(url, 1)
      await writeEvent(url, { event_id: 'b' })
      const rows = await settled(url, 2)
      expect(rows.map(({ state }) => state)).toEqual(['given_up', 'given_up'])
      expect(rows[1]!.note).toBe('the sink refuses all alerts')
      expect(server.received).toHaveLength(1)
      expect(logs).toHaveLength(1)
      expect(logs[0]).toMatch(
        new RegExp(`^alerts to hook: expected a 2xx.*${words}.*make the webhook`),
      )
    },
  )

  test('that refuses one alert gets the next', async () => {
    server.behave(answer(400, 'what is that'))
    const { logs } = start(rulesOf([{}], hook()))
    await writeEvent(url, { event_id: 'a' })
    await settled(url, 1)
    await writeEvent(url, { event_id: 'b' })
    const rows = await settled(url, 2)
    expect(rows.map(({ state }) => state)).toEqual(['given_up', 'sent'])
    expect(logs).toEqual([
      'an alert of rule any to hook is given up: the webhook sink answered 400 ("what is that")',
    ])
  })

  test('and repeats its own address gets it into no log and no table', async () => {
    const echo = (n: number) =>
      answer(n, JSON.stringify({ message: `${server.url}${SECRET_PATH}` }))
    server.behave(echo(500), echo(404))
    const { logs } = start(rulesOf([{}], discord()))
    await writeEvent(url)
    const rows = await settled(url, 1)
    expect(rows[0]!.note).toContain('[redacted]')
    expect(logs).toHaveLength(2)
    expect(JSON.stringify([logs, rows])).not.toContain('a-token-that-is-secret')
  })
})

describe('a process that dies', () => {
  test('between claim and answer has its alert sent once more, and not twice more', async () => {
    const rules = rulesOf([{}], { ...hook(), timeoutMs: 60_000 })
    server.behave(hang, hang)
    const first = startThread(url, rules)
    await writeEvent(url)
    await server.count(1)
    await first.terminate()
    const second = startThread(url, rules)
    await server.count(2)
    expect(await ledgerOf(url)).toMatchObject([{ state: 'sending', resends: 1, attempts: 2 }])
    await second.terminate()
    start(rules)
    const rows = await settled(url, 1)
    expect(rows).toMatchObject([
      { state: 'given_up', resends: 1, note: 'the process ended while it was sent' },
    ])
    const keys = server.received.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBe(keys[1])
  }, 120_000)

  test('before it sent has its claims sent by the next, but for those that are too old', async () => {
    const now = Date.now()
    for (const [subject, ended_at, sink] of [
      ['event:fresh', now, 'hook'],
      ['event:old', now - 3_600_000, 'hook'],
      ['event:lost', now, 'gone'],
    ] as const) {
      await query(
        url,
        `INSERT INTO flow_alerts (claimed_at, owner, revision, subject, rule, sink, cooldown_key,
           state, facts) VALUES ($1, 5, 0, $2, 'any', $3, 'SPY', 'pending', $4)`,
        [now, subject, sink, JSON.stringify({ ...FACTS, subject, ended_at })],
      )
    }
    start(rulesOf([{}], hook()))
    const rows = await settled(url, 3)
    expect(rows.map(({ subject, state, note }) => [subject, state, note])).toEqual([
      ['event:fresh', 'sent', null],
      ['event:lost', 'given_up', 'its rule or sink is not in the file any more'],
      ['event:old', 'given_up', 'too old when its turn came'],
    ])
    expect(server.received).toHaveLength(1)
  })

  test('leaves nothing to others while it lives; two tell each event once', async () => {
    const rules = rulesOf([{}], { ...hook(), timeoutMs: 60_000 })
    server.behave((response) => void sleep(7_000).then(() => response.writeHead(204).end()))
    const both = [start(rules), start(rules)]
    for (let n = 0; n < 20; n++) await writeEvent(url, { event_id: `e${n}` })
    await settled(url, 20) // longer than the time in which what is left is looked for
    expect(server.received).toHaveLength(20)
    expect(both.flatMap(({ results }) => results)).toEqual(Array(20).fill('sent'))
  })

  test('by a stop ends what is under way, and notes it', async () => {
    server.behave((response) => void sleep(700).then(() => response.writeHead(204).end()))
    start(rulesOf([{}], hook()))
    await writeEvent(url)
    await server.count(1)
    await running.pop()!.stop()
    expect(await ledgerOf(url)).toMatchObject([{ state: 'sent', attempts: 1 }])
  })
})

describe('a database', () => {
  test('that drops its connections delays alerts only', async () => {
    const { results } = start(rulesOf([{}], hook()))
    await writeEvent(url, { event_id: 'a' })
    await settled(url, 1)
    await query(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'flow-alerts' AND datname = current_database()`,
    )
    await writeEvent(url, { event_id: 'b' })
    await settled(url, 2)
    expect(results).toEqual(['sent', 'sent'])
  })

  test('keeps the ledger for as long as the flow', async () => {
    const old = Date.now() - 91 * 86_400_000
    await query(
      url,
      `INSERT INTO flow_alerts (claimed_at, owner, revision, subject, rule, sink, cooldown_key,
         state, facts) SELECT at, 5, 0, 'event:' || at, 'any', 'hook', '', 'sent', '{}'
       FROM unnest($1::bigint[]) AS at`,
      [[old, Date.now() - 86_400_000]],
    )
    running.push(startAlerter(url, rulesOf([{}], hook()), undefined, 90))
    await eventually('one row is left', async () => (await ledgerOf(url)).length === 1)
  })
})

describe('conditions that ask the database', () => {
  const TICKER = 'O:SPY301220C00450000'

  async function writeLeg(at: number, columns: Record<string, unknown>): Promise<void> {
    const row: Record<string, unknown> = {
      ...{ timestamp: at, size: 100, dte: 5, arrival: 1, expiration: '2030-12-20' },
      ...{ is_sweep: true, is_block: false, is_above_ask: false, is_below_bid: false },
      ...{ is_unusual_volume: false, symbol: 'SPY', contract_ticker: TICKER, price: 10 },
      ...{ premium: 100_000, trade_type: 'SWEEP', sentiment: 'BULLISH', aggressiveness: 'NORMAL' },
      ...{ strike: 450, option_type: 'call', ...columns },
    }
    const names = Object.keys(row)
    const places = names.map((_, i) => `$${i + 1}`).join(', ')
    const text = `INSERT INTO options_flow_history (${names.join(', ')}) VALUES (${places})`
    await query(url, text, Object.values(row))
  }

  test('moneyness and volume over open interest come from the newest leg', async () => {
    const now = Date.now()
    const times = { started_at: now - 500, ended_at: now - 100 }
    await writeLeg(now - 500, {
      arrival: 1,
      underlying_price: 300,
      open_interest: 10,
      day_volume: 5,
    })
    await writeLeg(now - 100, {
      arrival: 2,
      underlying_price: 440,
      open_interest: 10,
      day_volume: 25,
    })
    const near = { moneyness: { min: 0, max: 5 }, volumeOverOi: { min: 2.5, max: null } }
    const far = { moneyness: { min: 5, max: null }, name: 'far' }
    start(rulesOf([{ ...near, name: 'near' }, far], { ...hook(), dedupes: false }))
    await writeEvent(url, times)
    const rows = await settled(url, 1)
    expect(rows.map(({ rule }) => rule)).toEqual(['near'])
    expect(bodies()[0].alert).toMatchObject({ underlying_price: 440, day_volume: 25 })
  })

  test('repeats count events of the same contract and side', async () => {
    const now = Date.now()
    const at = (ms: number) => ({ started_at: now - ms, ended_at: now - ms })
    await writeEvent(url, { event_id: 'before', ...at(61_000), recorded_at: now - 3_600_000 })
    await writeEvent(url, { event_id: 'other', ...at(900), side: 'SELL', recorded_at: 1 })
    await writeEvent(url, { event_id: 'void', ...at(800), is_void: true, recorded_at: 1 })
    await writeEvent(url, { event_id: 'one', ...at(700), recorded_at: 1 })
    start(rulesOf([{ repeats: { count: 3, withinMs: 60_000 } }], hook()))
    await writeEvent(url, { event_id: 'two', ...at(600) })
    await writeEvent(url, { event_id: 'three', ...at(500) })
    const rows = await settled(url, 1)
    expect(rows.map(({ subject }) => subject)).toEqual(['event:three'])
  })

  test('net premium is that of the sums and their corrections', async () => {
    const minute = Math.floor(Date.now() / 60_000)
    for (const [table, bullish, bearish, m] of [
      ['flow_minute_sums', 900_000, 100_000, minute],
      ['flow_corrections', 0, 100_000, minute],
      ['flow_minute_sums', 5_000_000, 0, minute - 30],
    ] as const) {
      const columns = await query<{ name: string }>(
        url,
        `SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1
         AND is_nullable = 'NO' AND column_default IS NULL`,
        [table],
      )
      const given: Record<string, unknown> = {
        ...{
          symbol: 'SPY',
          minute: m,
          known_minute: m,
          known_at: m * 60_000,
          is_late_print: false,
        },
        ...{ bullish_premium: bullish, bearish_premium: bearish },
      }
      const names = [
        ...new Set([...columns.map(({ name }) => name), 'bullish_premium', 'bearish_premium']),
      ]
      const places = names.map((_, i) => `$${i + 1}`).join(', ')
      const values = names.map((name) => given[name] ?? 0)
      await query(url, `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, values)
    }
    const net = (name: string, min: number | null, max: number | null) => ({
      ...{ name, netPremium: { min, max, withinMs: 600_000 } },
    })
    const rules = [net('exact', 700_000, 700_000), net('more', 700_001, null), net('less', null, 0)]
    start(rulesOf(rules, { ...hook(), dedupes: false }))
    await writeEvent(url)
    const rows = await settled(url, 1)
    expect(rows.map(({ rule }) => rule)).toEqual(['exact'])
  })

  test('the score is asked for once in a while', async () => {
    let asked = 0
    const contextOf = async () => {
      asked++
      return { institutionalScore: 72 } as FlowContext
    }
    const score = { window: 'medium' as const, max: null }
    const rules = [
      { name: 'high', score: { ...score, min: 73 } },
      { name: 'met', score: { ...score, min: 72 } },
    ]
    running.push(startAlerter(url, rulesOf(rules, { ...hook(), dedupes: false }), contextOf))
    await writeEvent(url)
    const rows = await settled(url, 1)
    expect(rows.map(({ rule }) => rule)).toEqual(['met'])
    expect(asked).toBe(1)
  })
})

test('a question that always fails leaves out its rule, and nothing else waits', async () => {
  let asked = 0
  const contextOf = async () => {
    asked++
    throw new Error('no context of this symbol')
  }
  const score = { window: 'medium' as const, min: 1, max: null }
  const rules = rulesOf([{ name: 'dear', score }, { name: 'cheap' }], { ...hook(), dedupes: false })
  const alerter = startAlerter(url, rules, contextOf)
  running.push(alerter)
  await writeEvent(url, { event_id: 'a' })
  await writeEvent(url, { event_id: 'b' })
  const rows = await settled(url, 2)
  expect(rows.map(({ rule }) => rule)).toEqual(['cheap', 'cheap'])
  expect(asked).toBe(3) // the second event did not ask
  expect(alerter.lost()).toBe(2)
  expect(alerter.logs).toEqual([
    'alerts: rule dear cannot be answered, it counts as not met for 5 minutes: no context of this symbol',
  ])
})

test('a single print is told once, however often it is seen', async () => {
  const print = { ...LARGE_PRINT, timestamp: Date.now() }
  const rule = { types: ['LARGE' as const], moneyness: { min: 2, max: 3 } }
  const { alerter } = start(rulesOf([rule], hook()))
  alerter.handle({ kind: 'prints', prints: [print, print, { ...print, underlying_price: null }] })
  alerter.handle({ kind: 'prints', prints: [{ ...print, sequence: 6 }] })
  const rows = await settled(url, 2)
  expect(rows.map(({ subject }) => subject.split(':').at(-1))).toEqual(['5', '6'])
  expect(bodies()[0].text).toContain('LARGE SPY 450C')
  expect(server.received).toHaveLength(2)
})
