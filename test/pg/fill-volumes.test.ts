import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { DAY_MS, newYorkDay } from '../../src/domain/new-york.ts'
import { type FillerHandle, startFiller } from '../../src/fill/handle.ts'
import type { PendingVolume } from '../../src/fill/late-volumes.ts'
import { killLeftovers } from '../e2e/flow-process.ts'
import { startArchive } from '../fill/archive-server.ts'
import { addGap, replay } from '../fill/day.ts'
import { cut, inArchiveOrder, linesOf, shifted, tapesOf, VIX } from '../fill/vix-tape.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { until } from './started-writer.ts'

/** The tape as if it were of today: only today's gaps are filled over REST. */
const BY = (newYorkDay(Date.now()) - newYorkDay(Date.UTC(2016, 5, 1, 14))) * DAY_MS
const LINES = shifted(inArchiveOrder(linesOf(VIX)), BY)
const FROM = Date.UTC(2016, 5, 1, 13, 45) + BY
const TO = Date.UTC(2016, 5, 1, 14, 20) + BY
const RULES = { rules: 'opra', minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 } as const

let postgres: TestPostgres
let url: string
/** The only contract that the archive knows: the most traded one. */
let ticker: string
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(() => postgres.stop())

function start(
  restUrl: string,
  onVolume: (volume: PendingVolume) => number | null,
): { readonly filler: FillerHandle; readonly log: string[] } {
  const log: string[] = []
  const filler = startFiller({
    databaseUrl: url,
    restUrl,
    apiKey: 'key',
    perSecond: 1000,
    retentionDays: 90,
    rules: RULES,
    onFilled: () => {},
    onVolume,
    onRequest: () => {},
    onGaps: () => {},
    onLog: (line) => log.push(line),
  })
  cleanups.push(() => filler.stop())
  return { filler, log }
}

/** A row of the contract that the feed has brought: `arrival` names it, 1000 contracts so far. */
async function live(arrival: number, time: number, receivedAt: number, openInterest: number) {
  const columns = await query<{ name: string }>(
    url,
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'options_flow_history'::regclass
       AND attnum > 0 AND NOT attisdropped`,
  )
  const own: Record<string, string> = {
    timestamp: '$2',
    received_at: '$3',
    arrival: '$4::integer',
    sequence: '$4::integer',
    day_volume: '1000',
    is_unusual_volume: 'false',
    open_interest: '$5',
    event_id: 'NULL',
    event_legs: 'NULL',
    event_span_ms: 'NULL',
  }
  const values = columns.map(({ name }) => own[name] ?? name)
  await query(
    url,
    `INSERT INTO options_flow_history (${columns.map(({ name }) => name).join()})
     SELECT ${values.join()} FROM options_flow_history WHERE contract_ticker = $1 LIMIT 1`,
    [ticker, time, receivedAt, arrival, openInterest],
  )
}

const requote = (arrival: number) =>
  query(
    url,
    `UPDATE options_flow_history SET bid = 1, revision = revision + 1, revised_at = $3
     WHERE contract_ticker = $1 AND arrival = $2`,
    [ticker, arrival, Date.now()],
  )

const mark = (receivedTo: number) =>
  query(url, 'UPDATE flow_batches SET received_to = $1', [receivedTo])

const fills = () =>
  query<{ volume: string | null; told_at: string | null }>(
    url,
    'SELECT volume, told_at FROM flow_fills WHERE contract_ticker = $1',
    [ticker],
  )

async function volumes(): Promise<Record<number, [number, boolean]>> {
  const rows = await query<{ arrival: number; volume: number; unusual: boolean }>(
    url,
    `SELECT arrival, day_volume::float8 AS volume, is_unusual_volume AS unusual
     FROM options_flow_history WHERE contract_ticker = $1 AND arrival BETWEEN 9000 AND 9999`,
    [ticker],
  )
  return Object.fromEntries(rows.map((row) => [row.arrival, [row.volume, row.unusual]]))
}

it('gives the filled volume to each print that came before its shard was told, once', async () => {
  url = await postgres.freshDatabase()
  await replay(url, cut(LINES, FROM, TO))
  await addGap(url, 'gap', FROM, TO)
  const [most] = await query<{ ticker: string }>(
    url,
    `SELECT contract_ticker AS ticker FROM options_flow_history
     GROUP BY 1 ORDER BY sum(size) DESC, 1 LIMIT 1`,
  )
  ticker = most!.ticker
  const own = tapesOf(LINES).filter(({ tape }) => tape.ticker === ticker)
  const rest = await startArchive(own)
  cleanups.push(() => rest.close())
  await query(url, 'DELETE FROM options_flow_history WHERE contract_ticker <> $1', [ticker])

  // what was received before is stored; the live prints come after the tape at any hour
  const stored = Math.max(Date.now(), TO) + 30_000
  await query(
    url,
    `INSERT INTO flow_batches (writer, batch, committed_at, received_to)
     VALUES (gen_random_uuid(), 1, 0, $1)`,
    [stored],
  )
  const time = stored - 10_000
  await live(9001, time, stored + 1, 0) // the fill finds it
  const first = start(rest.url, () => null) // there is no feed yet
  await until('it is filled', async () => (await fills()).length === 1)
  await first.filler.stop()
  const [{ volume, told_at } = { volume: null, told_at: '' }] = await fills()
  expect([Number(volume) > 0, told_at]).toEqual([true, null])

  const told = stored + 1_000
  await live(9002, time + 1, stored + 2, 1_000) // its volume with the filled one is unusual
  await live(9003, time + 2, told, 1_000_000)
  await live(9004, time + 3, told + 1, 0) // received when the shard knew of it
  for (const arrival of [9001, 9002]) await requote(arrival)
  await mark(told) // some received in that very ms may be on their way
  const asked: number[] = []
  const onVolume = (pending: PendingVolume): number => {
    asked.push(pending.volume)
    return told
  }
  const second = start(rest.url, onVolume)
  await until('that it was told is noted', async () => (await fills())[0]!.told_at === `${told}`)
  expect(await volumes()).toMatchObject({ 9002: [1000, false], 9003: [1000, false] })
  await mark(told + 60_000)
  second.filler.look()
  await until('all have it', async () => (await fills())[0]!.volume === null)
  const sum = 1000 + Number(volume)
  expect(await volumes()).toMatchObject({
    9001: [sum, true],
    9002: [sum, true],
    9003: [sum, false],
    9004: [1000, expect.any(Boolean)],
  })
  await second.filler.stop()

  const third = start(rest.url, onVolume)
  await mark(told + 120_000)
  third.filler.look()
  await until('it has looked', async () => {
    const [gap] = await query<{ status: string }>(url, 'SELECT status FROM flow_gaps')
    return gap!.status === 'filled'
  })
  expect(asked).toEqual([Number(volume)])
  expect(await volumes()).toMatchObject({
    9001: [sum, true],
    9002: [sum, true],
    9004: [1000, expect.any(Boolean)],
  })
}, 120_000)
