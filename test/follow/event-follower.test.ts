import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LiveEvent } from '../../src/domain/live-flow.ts'
import type { MissedVersions } from '../../src/follow/event-follower.ts'
import { EventFollower } from '../../src/follow/event-follower.ts'
import { FOLLOW_LIMITS } from '../../src/follow/limits.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { until } from '../pg/started-writer.ts'
import { record, revise, type Version } from './versions.ts'

const POLL_MS = 20

let server: TestPostgres
let url: string
let pool: pg.Pool
let told: LiveEvent[]
let problems: string[]
let missed: MissedVersions[]
let follower: EventFollower | null

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
  await migrateDatabase(url)
  pool = new pg.Pool({ connectionString: url, max: 3 })
  pool.on('error', () => {})
  told = []
  problems = []
  missed = []
  follower = null
})
afterEach(async () => {
  await follower?.stop()
  await pool.end()
})

let isAway = false

function follow(since: number, limits = FOLLOW_LIMITS): EventFollower {
  follower = new EventFollower({
    query: async (text, values) => {
      if (isAway) throw new Error('the database is away')
      return (await pool.query(text, [...values])).rows
    },
    pollMs: POLL_MS,
    since,
    onEvents: (events) => told.push(...events),
    onMissed: (one) => missed.push(one),
    onProblem: (message) => problems.push(message),
    limits,
  })
  return follower
}

const names = () => told.map(({ event_id, revision }) => `${event_id}.${revision}`)

const version = (name: number | string, recordedAt: number, revision = 1): Version => ({
  eventId: `event-${name}`,
  revision,
  recordedAt,
})

/** Two looks have passed from now on. */
async function looks(): Promise<void> {
  const from = Date.now()
  await until('a look that began later', () => follower!.upTo > from)
  const after = Date.now()
  await until('one more', () => follower!.upTo > after)
}

async function withClient(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await work(client)
  } finally {
    client.release()
  }
}

describe('the event follower', () => {
  it('tells what was recorded since, in order, with the columns of an event', async () => {
    const now = Date.now()
    await withClient((client) =>
      record(client, [version(3, now - 10), version(1, now - 3000), version(0, now - 90_000)]),
    )
    follow(now - 60_000)
    await until('two events', () => told.length === 2)
    await withClient((client) => record(client, [version(4, Date.now())]))
    await until('a third', () => told.length === 3)
    await looks()
    expect(names()).toEqual(['event-1.1', 'event-3.1', 'event-4.1'])
    expect(told[0]).toEqual({
      event_id: 'event-1',
      revision: 1,
      reason: 'found',
      is_void: false,
      kind: 'SWEEP',
      symbol: 'SPX',
      contract_ticker: 'O:SPXW251219C06475000',
      side: 'BUY',
      sentiment: 'BULLISH',
      started_at: 1763736000000,
      ended_at: 1763736000040,
      span_ms: 40,
      leg_count: 2,
      total_size: 120,
      total_premium: 545_000.25,
      vwap: 45.5,
      exchanges: ['CBOE', 'ISE'],
      why: 'bought',
      recorded_at: now - 3000,
    })
    expect(problems).toEqual([])
  })

  it('tells every version, also one that a later one replaced before it was seen', async () => {
    const now = Date.now()
    await withClient(async (client) => {
      await record(client, [version(1, now)])
      await revise(client, 'event-1', now + 1)
    })
    follow(now)
    await until('both versions', () => told.length === 2)
    await withClient((client) => revise(client, 'event-1', Date.now()))
    await until('the third', () => told.length === 3)
    await looks()
    expect(names()).toEqual(['event-1.1', 'event-1.2', 'event-1.3'])
  })

  it('tells what was stamped earlier and committed later, once', async () => {
    const now = Date.now()
    follow(now - 1000)
    await withClient(async (client) => {
      await client.query('BEGIN')
      await record(client, [version('late', Date.now())])
      const stamped = Date.now() + 1
      await until('time to pass', () => Date.now() > stamped)
      const other = new pg.Client({ connectionString: url })
      await other.connect()
      await record(other, [version('next', Date.now())])
      await other.end()
      await until('the next one', () => told.length === 1)
      await looks()
      await client.query('COMMIT')
    })
    await until('the late one', () => told.length === 2)
    await looks()
    expect(names()).toEqual(['event-next.1', 'event-late.1'])
  })

  it('waits for a transaction that takes longer than it looks back', async () => {
    follow(Date.now() - 60_000)
    await looks()
    await withClient(async (client) => {
      // as if stamped 12 s ago by a transaction that began then
      await record(client, [version('missed', Date.now() - 12_000)])
      await looks()
      expect(names()).toEqual([])
      await client.query('BEGIN')
      await client.query('CREATE TABLE something ()') // it has an id now
      await client.query('SELECT pg_sleep(0.5)')
      await record(client, [version('slow', Date.now() - 10_200)])
      await looks()
      await client.query('COMMIT')
    })
    await until('what the slow one wrote', () => told.length === 1)
    expect(names()).toEqual(['event-slow.1'])
  })

  it('tells thousands of one moment once each, whatever comes meanwhile', async () => {
    const now = Date.now()
    const many = (from: number, count: number, at: number) =>
      Array.from({ length: count }, (_, i) => version(from + i, at))
    await withClient((client) => record(client, many(0, 2500, now - 50)))
    follow(now - 1000)
    await withClient((client) => record(client, many(2500, 1001, now - 50)))
    await until('all of the moment', () => told.length >= 3501)
    await withClient((client) => record(client, many(10_000, 1, now - 50)))
    await until('one more of it', () => told.length >= 3502)
    await looks()
    expect(new Set(names()).size).toBe(3502)
    expect(told).toHaveLength(3502)
  })

  it('reads a long log from behind in order', async () => {
    const now = Date.now()
    const all = Array.from({ length: 45_000 }, (_, i) => version(i, now - 3_600_000 + i * 70))
    await withClient((client) => record(client, all))
    follow(now - 3_600_000)
    await until('all of it', () => told.length >= all.length)
    await looks()
    expect(told.map(({ event_id }) => event_id)).toEqual(all.map(({ eventId }) => eventId))
  })

  it('tells what is new while more happens in the time looked back at than one count takes', async () => {
    const now = Date.now()
    const all = Array.from({ length: 25_000 }, (_, i) => version(i, now - 5000 + Math.floor(i / 5)))
    // a transaction that writes keeps all of it in sight for as long as it runs
    await withClient(async (client) => {
      await client.query('BEGIN')
      await client.query('CREATE TABLE something ()')
      const other = new pg.Client({ connectionString: url })
      await other.connect()
      await record(other, all)
      follow(now - 60_000)
      await until('all of it', () => told.length >= all.length)
      await record(other, [version('fresh', Date.now()), version('late', now - 100)])
      await until('the fresh and the late one', () => told.length >= all.length + 2)
      await looks()
      await other.end()
      await client.query('ROLLBACK')
    })
    expect(told).toHaveLength(all.length + 2)
    expect(new Set(names()).size).toBe(told.length)
  })

  it('goes on behind a moment that has more than one count takes', async () => {
    const now = Date.now()
    const many = (name: string, count: number, at: number) =>
      Array.from({ length: count }, (_, i) => version(`${name}${i}`, at))
    await withClient((client) => record(client, many('a', 120, now - 300)))
    await withClient((client) => record(client, many('b', 30, now - 100)))
    follow(now - 1000, { countedMax: 50, toldMax: 1000 })
    await until('all of both', () => told.length === 150)
    await withClient((client) => record(client, many('c', 1, now - 300)))
    await until('one more of the first', () => told.length === 151)
    await withClient((client) => record(client, many('d', 60, Date.now())))
    await until('what is new', () => told.length === 211)
    await looks()
    expect(new Set(names()).size).toBe(211)
    expect(told).toHaveLength(211)
    expect(missed).toEqual([])
  })

  it('counts what is committed behind more newer ones than it keeps in mind', async () => {
    await withClient(async (client) => {
      await client.query('BEGIN')
      await client.query('CREATE TABLE something ()') // keeps 10 s before its begin in sight
      const first = Math.ceil((Date.now() - 9_900) / 100) * 100
      const at = (i: number) => first + i
      const other = new pg.Client({ connectionString: url })
      await other.connect()
      await record(
        other,
        Array.from({ length: 300 }, (_, i) => version(i, at(i))),
      )
      await other.end()
      follow(first - 60_000, { countedMax: 50, toldMax: 120 })
      await until('all of it', () => told.length === 300)
      await looks()
      expect(missed).toEqual([]) // it may come still
      await record(client, [version('lost', at(20)), version('late', at(299))])
      await client.query('COMMIT')
    })
    await until('what was missed', () => missed.length > 0)
    await until('what was late', () => told.length > 300)
    await looks()
    expect(names().slice(300)).toEqual(['event-late.1'])
    expect(missed).toEqual([{ count: 1, from: expect.any(Number), to: expect.any(Number) }])
    expect(problems).toEqual([
      '1 versions of events were committed behind more than 120 newer ones and are not told; the database has them',
    ])
  })

  it('is only delayed by a database that is away, and says so once', async () => {
    isAway = true
    const now = Date.now()
    follow(now)
    await until('a problem', () => problems.length > 0)
    await withClient((client) => record(client, [version(1, Date.now())]))
    isAway = false
    await until('the event', () => told.length === 1)
    await looks()
    expect(names()).toEqual(['event-1.1'])
    expect(problems).toEqual([
      'the events of the database cannot be read (the database is away); tried again until they can',
    ])
  })

  it('tells nothing after it was stopped', async () => {
    const one = follow(Date.now())
    const stopped = one.stop()
    await withClient((client) => record(client, [version(1, Date.now())]))
    await stopped
    expect(told).toEqual([])
  })
})
