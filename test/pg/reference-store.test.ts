import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newYorkDay } from '../../src/domain/new-york.ts'
import type { Reference, SizeProfile, StoreError } from '../../src/writer/messages.ts'
import { PROFILES_MAX, ReferenceStore } from '../../src/writer/reference-store.ts'
import { migrateDatabase, upkeep } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from './database.ts'
import { startedWriter, TICKER, until } from './started-writer.ts'

const DAY = 86_400_000
const today = newYorkDay(Date.now())

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})

const dateOf = (day: number) => new Date(day * DAY).toISOString().slice(0, 10)

const reference = (ticker: string, change: Partial<Reference> = {}): Reference => ({
  ticker,
  date: dateOf(today),
  openInterest: 1_234,
  multiplier: 100,
  ...change,
})

const profile = (symbol: string, day: number, ...bytes: number[]): SizeProfile => ({
  symbol,
  day,
  profile: Uint8Array.from(bytes),
})

type Records = { profiles?: readonly SizeProfile[]; references?: readonly Reference[] }

/** One life of a writer that records these and drains; gives what it was told at its start. */
async function life({ profiles = [], references = [] }: Records = {}, isFeed = true) {
  const { writer, seen } = await startedWriter(url, { isFeed })
  for (const one of profiles) writer.recordProfiles([one])
  if (references.length > 0) writer.recordReferences(references)
  await writer.drain()
  await writer.stop()
  expect(seen.errors).toEqual([])
  return { profiles: writer.profiles, references: writer.references }
}

async function withStore(work: (store: ReferenceStore) => Promise<void>): Promise<StoreError[]> {
  await migrateDatabase(url)
  const errors: StoreError[] = []
  const store = new ReferenceStore({
    databaseUrl: url,
    onStoreError: (error) => errors.push(error),
  })
  await work(store)
  store.stop()
  return errors
}

describe('after a restart a feed', () => {
  it('goes on from the size profiles and the references of the one before', async () => {
    const bytes = Array.from({ length: 300 }, (_, place) => place % 256)
    const references = [
      reference(TICKER),
      reference('O:SPY251219P00600000', { openInterest: 0, multiplier: null }),
      reference('O:XSP251219P00600000', { openInterest: null, multiplier: 10 }),
    ]
    const profiles = [profile('SPX', today - 40, ...bytes), profile('*odd "one"\\', today, 0)]
    expect(await life({ profiles, references })).toEqual({ profiles: [], references: [] })
    expect(await life()).toEqual({
      profiles: [
        { symbol: '*odd "one"\\', profile: Uint8Array.of(0) },
        { symbol: 'SPX', profile: Uint8Array.from(bytes) },
      ],
      references,
    })
  })

  it('is told what was heard on earlier dates too, after that of the newest', async () => {
    const earlier = reference(TICKER, { date: dateOf(today - 1) })
    await life({ references: [earlier] })
    const kept = reference('O:SPY251219P00600000')
    await life({ references: [kept] })
    expect((await life()).references).toEqual([kept, earlier])
  })

  it('finds the latest of each, and nothing of an earlier day over a later one', async () => {
    await life({
      profiles: [profile('SPX', today, 1), profile('SPX', today, 2, 2)],
      references: [reference(TICKER, { openInterest: 1 }), reference(TICKER, { openInterest: 2 })],
    })
    expect((await life()).references).toEqual([reference(TICKER, { openInterest: 2 })])
    const yesterday = { date: dateOf(today - 1), openInterest: 9 }
    await life({
      profiles: [profile('SPX', today - 1, 9)],
      references: [reference(TICKER, yesterday)],
    })
    const { profiles, references } = await life()
    expect(profiles).toEqual([{ symbol: 'SPX', profile: Uint8Array.of(2, 2) }])
    expect(references).toEqual([reference(TICKER, { openInterest: 2 })])
  })

  it('is no replay, which is told nothing', async () => {
    await life({ profiles: [profile('SPX', today, 1)], references: [reference(TICKER)] })
    expect(await life({}, false)).toEqual({ profiles: [], references: [] })
  })
})

describe('what is recorded for the next start', () => {
  it('is stored without a drain', async () => {
    const { writer } = await startedWriter(url)
    writer.recordReferences([reference(TICKER)])
    const stored = async () => (await query(url, 'SELECT FROM flow_contracts')).length
    await until('the reference', async () => (await stored()) === 1)
    await writer.stop()
  })

  it('is bounded: what waits longest goes first', async () => {
    const count = PROFILES_MAX + 2
    await withStore(async (store) => {
      const profiles = Array.from({ length: count }, (_, i) => profile(`S${i}`, today, 1))
      store.recordProfiles(profiles)
      store.recordProfiles([profile('S2', today, 2)]) // waits anew
      store.recordProfiles([profile('last', today, 3)])
      await store.flush()
    })
    const rows = await query(
      url,
      `SELECT count(*)::integer AS n, count(*) FILTER (WHERE symbol IN ('S0', 'S1', 'S3'))::integer AS old,
       (SELECT profile::text FROM flow_size_profiles WHERE symbol = 'S2') AS anew
       FROM flow_size_profiles`,
    )
    expect(rows).toEqual([{ n: PROFILES_MAX, old: 0, anew: '\\x02' }])
  })

  it('waits where the database cannot take it, which is told, and is stored later', async () => {
    const errors = await withStore(async (store) => {
      await query(url, 'ALTER TABLE flow_contracts RENAME TO elsewhere')
      store.recordReferences([reference(TICKER), reference('O:SPY251219P00600000')])
      await store.flush()
      store.recordReferences([reference(TICKER, { openInterest: 5 })]) // newer than what waits
      await query(url, 'ALTER TABLE elsewhere RENAME TO flow_contracts')
      await store.flush()
    })
    expect(errors.map((error) => error.reason)).toEqual(['schema'])
    const text = 'SELECT open_interest AS n FROM flow_contracts ORDER BY contract_ticker'
    expect(await query(url, text)).toEqual([{ n: 5 }, { n: 1_234 }])
  })

  it('is stored again when it changed while it was on its way', async () => {
    await withStore(async (store) => {
      store.recordReferences([reference(TICKER)])
      await withClient(url, async (other) => {
        await other.query('BEGIN; LOCK TABLE flow_contracts IN SHARE MODE')
        const first = store.flush()
        const text = `SELECT FROM pg_stat_activity
          WHERE application_name = 'flow-references' AND wait_event_type = 'Lock'`
        await until('the statement', async () => (await query(url, text)).length === 1)
        store.recordReferences([reference(TICKER, { openInterest: 5 })])
        await other.query('COMMIT')
        await first
      })
      await store.flush()
    })
    const text = 'SELECT open_interest AS n FROM flow_contracts'
    expect(await query(url, text)).toEqual([{ n: 5 }])
  })

  it('is kept for a week', async () => {
    const ages = [9, 8, 6, 0]
    const references = ages.map((age) => reference(`${age}`, { date: dateOf(today - age) }))
    await withStore(async (store) => {
      store.recordReferences(references)
      await store.flush()
    })
    await upkeep(url, { mayDrop: false })
    const text = 'SELECT contract_ticker AS age FROM flow_contracts ORDER BY 1'
    expect(await query(url, text)).toEqual([{ age: '0' }, { age: '6' }])
  })

  it('is left out where the database refuses what it holds, and the rest is stored', async () => {
    const errors = await withStore(async (store) => {
      store.recordReferences([reference(TICKER, { date: 'no date' })])
      store.recordProfiles([profile('SPX', today, 1)])
      await store.flush()
      await store.flush()
    })
    expect(errors.map((error) => error.reason)).toEqual(['data'])
    expect(await query(url, 'SELECT FROM flow_size_profiles')).toHaveLength(1)
  })

  it('does not hold up a drain for long while another transaction has its rows', async () => {
    await life({ references: [reference(TICKER)] })
    const { writer, seen } = await startedWriter(url)
    await withClient(url, async (other) => {
      await other.query('BEGIN')
      await other.query('UPDATE flow_contracts SET multiplier = 10')
      writer.recordReferences([reference(TICKER, { openInterest: 7 })])
      await writer.drain()
      await other.query('COMMIT')
    })
    expect(seen.errors.map((error) => error.message)).toEqual(['PostgreSQL gave no answer for 5 s'])
    await writer.drain()
    await writer.stop()
    expect((await life()).references).toEqual([reference(TICKER, { openInterest: 7 })])
  })
})
