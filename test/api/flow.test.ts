import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { flowRoute } from '../../src/api/flow.ts'
import { FlowAnalysisEngine } from '../../src/flow/flow-analysis-engine.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { ROW, storeFlow } from '../flow/stored-flow.ts'
import { startTestPostgres, type TestPostgres, withClient } from '../pg/database.ts'

const MINUTE_MS = 60_000
/** An hour ago, so that a context of now has it and one of an hour ago has it not yet. */
const TRADED = Date.now() - 60 * MINUTE_MS
const LATE_MS = 3 * MINUTE_MS

let postgres: TestPostgres
let flow: FlowAnalysisEngine | null = null
let http: HttpServer

beforeAll(async () => {
  postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  await migrateDatabase(url)
  await withClient(url, (client) =>
    storeFlow(client, [
      { ...ROW, timestamp: TRADED, received_at: TRADED + 12, sequence: 1 },
      { ...ROW, timestamp: TRADED, received_at: TRADED + LATE_MS, sequence: 2, size: 7 },
    ]),
  )
  http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    notReady: () => null,
    stats: () => ({}),
    routes: [flowRoute(() => flow)],
    onError: () => {},
  })
  expect((await fetch(`${http.url}/api/flow/SPX`)).status).toBe(503)
  flow = new FlowAnalysisEngine({ databaseUrl: url })
})
afterAll(async () => {
  await http?.close()
  await flow?.close()
  await postgres.stop()
})

async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${http.url}/api/flow/${path}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('GET /api/flow/:symbol', () => {
  it('gives the context of the library', async () => {
    const asOf = TRADED + LATE_MS
    const { status, body } = await get(`SPX?window=short&asOf=${asOf}`)
    expect(status).toBe(200)
    expect(body).toEqual(await flow!.getFlowContext('SPX', 'short', { asOf }))
    expect(body).toMatchObject({ symbol: 'SPX', window: '1h', timestamp: asOf, totalVolume: 107 })
  })

  it('sees nothing that was received later', async () => {
    const before = await get(`SPX?window=short&asOf=${TRADED + LATE_MS - 1}`)
    expect(before.body).toMatchObject({ totalVolume: 100, tradeCount: 1 })
    expect((await get(`SPX?window=short&asOf=${TRADED + 11}`)).status).toBe(404)
  })

  it('takes a root for its underlying, and small letters', async () => {
    const { body } = await get('spxw?window=long')
    expect(body).toMatchObject({ symbol: 'SPX', window: '24h', tradeCount: 2, isStale: true })
  })

  it('looks back four hours where no window is given', async () => {
    expect((await get('SPX')).body).toMatchObject({ window: '4h', tradeCount: 2 })
  })

  it('answers 404 where the window has no flow', async () => {
    const { status, body } = await get(`NDX?window=short`)
    expect(status).toBe(404)
    expect(body.error).toMatch(/^no flow of NDX in the 1h to 20\d\d-/)
    expect((await get('SPX?window=long&asOf=0')).status).toBe(404)
  })

  test.each([
    ['SPX?window=week', /^window: expected short, medium, long, came week$/],
    ['SP.X', /^symbol: expected an underlying/],
    ['O:SPXW251219C06475000', /^symbol: /],
    ["SPX'--", /^symbol: /],
    ['SPX?asOf=yesterday', /^asOf: expected whole epoch ms, at most now, came yesterday$/],
    ['SPX?asOf=-1', /^asOf: expected whole epoch ms, at most now, came -1$/],
    ['SPX?asOf=1.5', /^asOf: expected whole epoch ms, at most now, came 1.5$/],
    ['SPX?asOf=8640000000000000', /^asOf: expected whole epoch ms, at most now/],
    ['SPX?asOf=99999999999999999', /^asOf: expected whole epoch ms, at most now/],
    ['SPX?since=3', /^expected window, asOf, came since/],
    ['SPX?window=short&window=long', /^window came more than once/],
  ])('refuses %s', async (path, message) => {
    const { status, body } = await get(path)
    expect(status).toBe(400)
    expect(body).toEqual({ error: expect.stringMatching(message) })
  })

  it('refuses a moment that has not come yet', async () => {
    expect((await get(`SPX?asOf=${Date.now() + MINUTE_MS}`)).status).toBe(400)
  })
})
