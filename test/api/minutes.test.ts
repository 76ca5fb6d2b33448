import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type Database, openDatabase } from '../../src/api/database.ts'
import { type Minutes, minutesRoute } from '../../src/api/minutes.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { ROW, storeFlow } from '../flow/stored-flow.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from '../pg/database.ts'

const MINUTE_MS = 60_000
const AT = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS

let postgres: TestPostgres
let database: Database | null = null
let databaseUrl: string
let http: HttpServer

beforeAll(async () => {
  postgres = await startTestPostgres()
  databaseUrl = await postgres.freshDatabase()
  await migrateDatabase(databaseUrl)
  const row = (sequence: number, after: number, over: object = {}) => ({
    ...{ ...ROW, sequence, timestamp: AT + after, received_at: AT + after + 5 },
    ...over,
  })
  await withClient(databaseUrl, (client) =>
    storeFlow(client, [
      row(1, 0, { premium: 100 }),
      row(2, MINUTE_MS - 1, { premium: 40, sentiment: 'BEARISH', side: 'SELL' }),
      row(3, MINUTE_MS, { premium: 7 }),
      // known late: it stands in the corrections
      row(4, 10, { premium: 1000, received_at: AT + 10 * MINUTE_MS }),
      row(5, 5 * MINUTE_MS, { premium: 9 }),
      row(6, 0, { symbol: 'SPY', premium: 5 }),
    ]),
  )
  http = await startHttp({
    ...{ host: '127.0.0.1', port: 0, registry: new Registry() },
    ...{ notReady: () => null, stats: () => ({}), onError: () => {} },
    routes: [minutesRoute(() => database)],
  })
  expect((await fetch(`${http.url}/api/minutes/SPX`)).status).toBe(503)
  database = openDatabase(databaseUrl)
})
afterAll(async () => {
  await http?.close()
  await database?.close()
  await postgres?.stop()
})

async function get(path: string) {
  const response = await fetch(`${http.url}/api/minutes/${path}`)
  return { status: response.status, body: (await response.json()) as Minutes }
}
const minute = (n: number, trades: number, bullishPremium: number, bearishPremium = 0) => ({
  ...{ time: AT + n * MINUTE_MS, trades, premium: bullishPremium + bearishPremium },
  ...{ bullishPremium, bearishPremium },
})

describe('GET /api/minutes/:symbol', () => {
  it('gives the sums of each minute with prints, late ones in it, oldest first', async () => {
    const { status, body } = await get('spxw')
    expect(status).toBe(200)
    expect(body.symbol).toBe('SPX')
    expect(body.to - body.from).toBe(4 * 60 * MINUTE_MS + MINUTE_MS)
    expect(body.minutes).toEqual([minute(0, 3, 1100, 40), minute(1, 1, 7), minute(5, 1, 9)])
  })

  it('gives the minutes from that of from to that of to', async () => {
    const { body } = await get(`SPX?from=${AT + MINUTE_MS + 59_000}&to=${AT + 4 * MINUTE_MS}`)
    expect(body).toEqual({
      ...{ symbol: 'SPX', from: AT + MINUTE_MS, to: AT + 5 * MINUTE_MS },
      minutes: [minute(1, 1, 7)],
    })
    expect((await get(`SPX?to=${AT - 1}`)).body.minutes).toEqual([])
    expect((await get('NDX')).body.minutes).toEqual([])
  })

  it('loses a minute whose prints are gone', async () => {
    await query(databaseUrl, 'DELETE FROM options_flow_history WHERE sequence = 5')
    const { body } = await get('SPX')
    expect(body.minutes.map(({ time }) => time)).toEqual([AT, AT + MINUTE_MS])
  })

  test.each([
    ['SP.X', /^symbol: expected/],
    ["SPX'--", /^symbol: expected/],
    ['SPX?from=2&to=1', /^from: expected a time before to$/],
    [`SPX?from=${AT - 8 * 86_400_000}&to=${AT}`, /^from, to: expected at most seven days$/],
    ['SPX?from=x', /^from: expected a number/],
    ['SPX?limit=3', /^expected from, to, came limit$/],
    ['SPX?to=1&to=2', /^to came more than once$/],
  ])('refuses %s', async (path, message) => {
    const { status, body } = await get(path)
    expect(status).toBe(400)
    expect(body).toEqual({ error: expect.stringMatching(message) })
  })
})
