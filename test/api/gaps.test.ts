import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/api/database.ts'
import { gapsRoute } from '../../src/api/gaps.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'

const AT = Date.UTC(2026, 10, 20, 15)

let postgres: TestPostgres
let database: Database | null = null
let http: HttpServer

beforeAll(async () => {
  postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  await migrateDatabase(url)
  await query(
    url,
    `INSERT INTO flow_gaps (gap_id, started_at, ended_at, symbols, reason, filled, status) VALUES
       ('old', $1::bigint, $1::bigint + 1000, '{SPX,SPY}', 'crashed', 7, 'filled'),
       ('new', $1::bigint + 5000, $1::bigint + 9000, '{*}', 'disconnected', 0, 'unfilled'),
       ('open', $1::bigint + 2000, NULL, '{QQQ}', 'disconnected', 0, 'open')`,
    [AT],
  )
  http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    notReady: () => null,
    stats: () => ({}),
    routes: [gapsRoute(() => database)],
    onError: () => {},
  })
  expect((await fetch(`${http.url}/api/gaps`)).status).toBe(503)
  database = openDatabase(url)
})
afterAll(async () => {
  await http.close()
  await database?.close()
  await postgres.stop()
})

async function get(asked: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${http.url}/api/gaps${asked}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const namesOf = async (asked: string) => {
  const { status, body } = await get(asked)
  expect(status).toBe(200)
  return (body.gaps as { gap_id: string }[]).map(({ gap_id }) => gap_id)
}

describe('/api/gaps', () => {
  it('gives gaps, the newest first, with what a fill brought', async () => {
    expect(await namesOf('')).toEqual(['new', 'open', 'old'])
    const { body } = await get('')
    expect((body.gaps as object[])[2]).toEqual({
      gap_id: 'old',
      started_at: AT,
      ended_at: AT + 1000,
      symbols: ['SPX', 'SPY'],
      reason: 'crashed',
      status: 'filled',
      filled: 7,
    })
  })

  it('keeps those that end at the moment asked for or later, and those that are open', async () => {
    expect(await namesOf(`?since=${AT + 1000}`)).toEqual(['new', 'open', 'old'])
    expect(await namesOf(`?since=${AT + 1001}&limit=5`)).toEqual(['new', 'open'])
    expect(await namesOf('?limit=1')).toEqual(['new'])
  })

  it.each(['?limit=0', '?limit=1001', '?limit=1.5', '?since=x', '?symbol=SPX', '?limit=1&limit=2'])(
    'refuses %s',
    async (asked) => {
      const { status, body } = await get(asked)
      expect([status, typeof body.error]).toEqual([400, 'string'])
    },
  )
})
