import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { AlertDatabase } from '../../src/alerts/database.ts'
import { type AlertKey, Ledger } from '../../src/alerts/ledger.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { eventually } from '../e2e/flow-process.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { ledgerOf } from './bench.ts'
import { FACTS, RULE, SINK } from './samples.ts'

/** Two processes on one database. */
let postgres: TestPostgres
let url: string
let databases: AlertDatabase[] = []
let a: Ledger
let b: Ledger
const KEY: AlertKey = { subject: FACTS.subject, rule: 'any', sink: 'hook' }
const DECISION = { rule: RULE, sink: SINK, cooldownKey: 'SPY', suppressedBy: null }
const V2 = { ...FACTS, revision: 2, side: 'SELL' }

beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(async () => {
  await Promise.all(databases.map((one) => one.close()))
  await postgres.stop()
})
beforeEach(async () => {
  await Promise.all(databases.map((one) => one.close()))
  url = await postgres.freshDatabase()
  await migrateDatabase(url)
  databases = []
  ;[a, b] = [11, 22].map(process) as [Ledger, Ledger]
})

function process(owner: number): Ledger {
  const database: AlertDatabase = new AlertDatabase({
    databaseUrl: url,
    onConnect: (query) => ledger.lock(query),
    onProblem: () => {},
    signal: new AbortController().signal,
  })
  const ledger = new Ledger(database.query, owner)
  databases.push(database)
  return ledger
}

test('one process claims, and again after a lost answer; another gets nothing', async () => {
  expect(await a.claim(FACTS, [DECISION], 5)).toEqual([KEY])
  expect(await a.claim(FACTS, [DECISION], 6)).toEqual([KEY])
  expect(await b.claim(FACTS, [DECISION], 7)).toEqual([])
  expect(await b.begin(KEY, FACTS, 1, 8)).toBeUndefined()
  expect(await b.begin(KEY, V2, 1, 8)).toBeUndefined() // nor a later version
  expect(await a.begin(KEY, FACTS, 1, 9)).toEqual({
    revision_sent: null,
    message_id: null,
    told: null,
  })
  // what was begun is no fresh claim
  expect(await a.claim(FACTS, [DECISION], 10)).toEqual([])
})

test('a try is begun once, and again only after a lost answer or a failure', async () => {
  await a.claim(FACTS, [DECISION], 5)
  expect(await a.begin(KEY, FACTS, 1, 6)).toBeDefined()
  expect(await a.begin(KEY, FACTS, 1, 6)).toBeDefined()
  expect(await a.begin(KEY, FACTS, 2, 6)).toBeUndefined()
  await a.failed(KEY, 'no', false)
  expect(await a.begin(KEY, FACTS, 2, 7)).toBeDefined()
  await a.sent(KEY, FACTS, '77', 8)
  expect(await a.begin(KEY, FACTS, 3, 9)).toBeUndefined()
})

test('what was sent may be corrected by any process, once, and in one direction', async () => {
  await a.claim(FACTS, [DECISION], 5)
  await a.begin(KEY, FACTS, 1, 6)
  await a.sent(KEY, FACTS, '77', 7)
  expect(await b.begin(KEY, V2, 1, 8)).toEqual({ revision_sent: 1, message_id: '77', told: FACTS })
  expect(await a.begin(KEY, V2, 1, 8)).toBeUndefined()
  await b.sent(KEY, V2, null, 9)
  expect(await a.begin(KEY, FACTS, 1, 10)).toBeUndefined()
  expect(await ledgerOf(url)).toMatchObject([{ revision_sent: 2, message_id: '77', state: 'sent' }])
})

test('a correction that one process is sending is not begun by another, nor overwritten', async () => {
  const V3 = { ...FACTS, revision: 3, premium: 5 }
  await a.claim(FACTS, [DECISION], 5)
  await a.begin(KEY, FACTS, 1, 6)
  await a.sent(KEY, FACTS, '77', 7)
  expect(await a.begin(KEY, V2, 1, 8)).toBeDefined()
  expect(await b.begin(KEY, V3, 1, 9)).toBeUndefined()
  expect(await a.begin(KEY, V3, 1, 10)).toBeDefined()
  await a.sent(KEY, V2, null, 11) // its answer comes late
  const [row] = await ledgerOf(url)
  expect(row).toMatchObject({ state: 'sending', revision: 3, revision_sent: 2, told: V2 })
  await a.failed(KEY, 'no', false)
  expect(await a.begin(KEY, V3, 2, 12)).toMatchObject({ revision_sent: 2, told: V2 })
})

test.each([
  ['given up', (ledger: Ledger) => ledger.failed(KEY, 'no', true)],
  ['silent', (ledger: Ledger) => ledger.suppress(KEY, 'no')],
])('what is %s before it was sent is not corrected', async (_, end) => {
  await a.claim(FACTS, [DECISION], 5)
  await end(a)
  expect(await a.begin(KEY, V2, 1, 6)).toBeUndefined()
})

test('what a living process has is not taken over; of one that is gone all that is unfinished', async () => {
  await a.claim(FACTS, [DECISION], 5)
  expect(await b.adopt()).toEqual([])
  await databases.shift()!.close()
  expect(await b.adopt()).toMatchObject([{ ...KEY, state: 'pending', facts: FACTS }])
  expect(await b.adopt()).toEqual([])
  expect(await b.begin(KEY, FACTS, 1, 6)).toBeDefined()
})

test('what was taken over is given again after a lost answer', async () => {
  await a.claim(FACTS, [DECISION], 5)
  await databases.shift()!.close()
  const [database] = databases as [AlertDatabase]
  let isLost = false
  const c = new Ledger(async (text, given) => {
    if (!text.includes('advisory_unlock') || isLost) return database.query(text, given)
    isLost = true
    throw new Error('Connection terminated unexpectedly')
  }, 33)
  await expect(c.adopt()).rejects.toThrow('terminated')
  expect(await c.adopt()).toMatchObject([{ ...KEY, state: 'pending' }])
  expect(await c.adopt()).toEqual([])
})

test('only what was or may be told counts for a cooldown, by rule and key', async () => {
  const claim = (subject: string, at: number) => a.claim({ ...FACTS, subject }, [DECISION], at)
  await claim('one', 100)
  await claim('two', 200)
  await claim('three', 300)
  await a.failed({ ...KEY, subject: 'three' }, 'no', true)
  expect(await a.toldAt(['any'], ['SPY'], 0)).toEqual([
    { rule: 'any', cooldown_key: 'SPY', at: 200 },
  ])
  expect(await a.toldAt(['any'], ['SPY'], 200)).toEqual([])
  // pair by pair, not each with each
  expect(await a.toldAt(['any', 'other'], ['QQQ', 'SPY'], 0)).toEqual([])
})

test('a session that comes while the one before holds the lock waits for its end', async () => {
  await a.rowsOf('nothing') // its session is there now
  const again = process(11)
  await expect(again.rowsOf('nothing')).rejects.toThrow('still holds the lock')
  await databases[0]!.close()
  await eventually('the lock is free', () => again.rowsOf('nothing').catch(() => false))
  expect(await b.adopt()).toEqual([])
})
