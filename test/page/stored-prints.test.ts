import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/api/database.ts'
import { tradesRoute } from '../../src/api/trades.ts'
import type { LivePrint } from '../../src/domain/live-flow.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { NO_FILTER } from '../../src/page/filter.ts'
import { storedPrints } from '../../src/page/stored-prints.ts'
import { TapeRows } from '../../src/page/tape-rows.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { PLAIN, postRows, startedWriter } from '../pg/started-writer.ts'

const ROWS = 2500
/** Prints of one ms that are more than one answer of the API holds. */
const AT_ONCE = 1100

let postgres: TestPostgres
let database: Database
let url: string
let http: HttpServer
let asked: string[] = []

const LATE_MS = 3_600_000

/** Three prints a ms, then many in one, then three a ms again. */
function timeOf(n: number): number {
  const step = n < 900 ? n : n < 900 + AT_ONCE ? 900 : n - AT_ONCE
  return PLAIN.time + Math.floor(step / 3)
}

beforeAll(async () => {
  postgres = await startTestPostgres()
  url = await postgres.freshDatabase()
  const { writer } = await startedWriter(url)
  const rows = Array.from({ length: ROWS }, (_, n) => ({
    ...{ arrival: n, sequence: n + 1, time: timeOf(n), size: 10 + (n % 2), dte: n % 5 },
    // every hundredth is late
    recv: timeOf(n) + (n % 100 === 0 ? LATE_MS : 10),
  }))
  for (let at = 0; at < ROWS; at += 500) postRows(writer, rows.slice(at, at + 500))
  await writer.drain()
  await writer.stop()
  database = openDatabase(url)
  http = await startHttp({
    ...{ host: '127.0.0.1', port: 0, registry: new Registry(), notReady: () => null },
    ...{ stats: () => ({}), routes: [tradesRoute(() => database)], onError: () => {} },
  })
})
afterAll(async () => {
  await http.close()
  await database.close()
  await postgres.stop()
})

async function get(path: string): Promise<{ trades: LivePrint[] }> {
  asked.push(path)
  const response = await fetch(`${http.url}${path}`)
  expect(response.status).toBe(200)
  return (await response.json()) as { trades: LivePrint[] }
}

async function tapeOf(filter: Partial<typeof NO_FILTER>, since: number, max: number) {
  asked = []
  const rows = new TapeRows(5000)
  const span = { since, until: null, receivedSince: null }
  rows.merge((await storedPrints(get, { ...NO_FILTER, ...filter }, span, max)).prints)
  return rows.rows.map(({ print }) => print).sort((a, b) => a.sequence! - b.sequence!)
}

describe('what the page asks of the store', () => {
  it('is every print once, over the seams of pages', async () => {
    const prints = await tapeOf({}, PLAIN.time + 301, 5000)
    const expected = Array.from({ length: ROWS }, (_, n) => n).filter(
      (n) => timeOf(n) > timeOf(900),
    )
    expect(prints.map(({ sequence }) => sequence)).toEqual(expected.map((n) => n + 1))
    expect(asked.length).toBe(1)
    const twoPages = await tapeOf({}, PLAIN.time, 1100)
    expect(twoPages.at(-1)!.sequence).toBe(ROWS)
    expect(asked.length).toBe(2)
  })

  it('goes on behind a ms that fills a page by itself', async () => {
    const prints = await tapeOf({}, PLAIN.time, 5000)
    expect(prints[0]!.sequence).toBe(1)
    const missing = ROWS - prints.length
    expect(missing).toBeGreaterThan(0)
    expect(missing).toBeLessThanOrEqual(AT_ONCE + 3 - 1000)
  })

  it('is what the engine received since, late prints too, and how far that is whole', async () => {
    asked = []
    const span = { since: 0, until: null, receivedSince: PLAIN.time + LATE_MS }
    const { prints } = await storedPrints(get, NO_FILTER, span, 5000)
    expect(prints).toHaveLength(ROWS / 100)
    expect(asked).toHaveLength(1)
    const mark = PLAIN.time + 2 * LATE_MS
    await query(url, `UPDATE flow_batches SET received_to = ${mark}`)
    const again = { since: 0, until: null, receivedSince: PLAIN.time }
    const all = await storedPrints(get, NO_FILTER, again, 5000)
    expect(all.receivedTo).toBe(mark)
    expect(all.prints.length).toBeGreaterThan(1400)
  })

  it('is filtered by the store', async () => {
    const prints = await tapeOf({ dteMin: 4, right: 'call', symbols: ['SPX', 'QQQ'] }, 0, 5000)
    expect(prints).toHaveLength(ROWS / 5)
    expect(prints.every(({ dte }) => dte === 4)).toBe(true)
    expect(asked).toHaveLength(1)
    expect(await tapeOf({ right: 'put' }, 0, 5000)).toEqual([])
  })
})
