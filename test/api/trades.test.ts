import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/api/database.ts'
import { tradesRoute } from '../../src/api/trades.ts'
import { Sentiment, Side, TradeType } from '../../src/domain/labels.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { PLAIN, postRows, startedWriter, TICKER } from '../pg/started-writer.ts'

let postgres: TestPostgres
let database: Database | null = null
let http: HttpServer

beforeAll(async () => {
  postgres = await startTestPostgres()
  const url = await postgres.freshDatabase()
  const { writer } = await startedWriter(url)
  postRows(
    writer,
    [1, 2, 3, 4, 5].map((n) => ({
      arrival: n,
      sequence: n,
      time: PLAIN.time + n,
      recv: PLAIN.time + 100 + n,
      size: 10 * n,
      tradeType: n % 2 === 0 ? TradeType.Sweep : TradeType.Block,
      side: n < 3 ? Side.Buy : Side.Sell,
      sentiment: n < 3 ? Sentiment.Bullish : n < 5 ? Sentiment.Bearish : Sentiment.Neutral,
      dte: n,
    })),
  )
  await writer.drain()
  await writer.stop()
  http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    notReady: () => null,
    stats: () => ({}),
    routes: [tradesRoute(() => database)],
    onError: () => {},
  })
  expect((await fetch(`${http.url}/api/trades`)).status).toBe(503)
  database = openDatabase(url)
})
afterAll(async () => {
  await http.close()
  await database?.close()
  await postgres.stop()
})

type Trade = Record<string, unknown>

async function trades(query: string): Promise<Trade[]> {
  const response = await fetch(`${http.url}/api/trades${query}`)
  expect(response.status).toBe(200)
  return ((await response.json()) as { trades: Trade[] }).trades
}

const sequences = async (query: string) => (await trades(query)).map(({ sequence }) => sequence)

describe('/api/trades', () => {
  it('gives the newest stored prints first, with the columns of the table', async () => {
    const all = await trades('')
    expect(all.map(({ sequence }) => sequence)).toEqual([5, 4, 3, 2, 1])
    expect(all[0]).toMatchObject({
      symbol: 'SPX',
      contract_ticker: TICKER,
      timestamp: PLAIN.time + 5,
      size: 50,
      premium: (PLAIN.price / 10_000) * 50 * 100,
      trade_type: 'BLOCK',
      strike: 6475,
      expiration: '2025-12-19',
      option_type: 'call',
    })
  })

  it('filters by each parameter, and by all together', async () => {
    expect(await sequences('?symbol=spx')).toHaveLength(5)
    expect(await sequences('?symbol=SPXW')).toHaveLength(5)
    expect(await sequences('?symbol=QQQ')).toEqual([])
    expect(await sequences('?type=SWEEP')).toEqual([4, 2])
    expect(await sequences('?type=sweep,block')).toHaveLength(5)
    expect(await sequences(`?since=${PLAIN.time + 4}`)).toEqual([5, 4])
    const premium = (PLAIN.price / 10_000) * 30 * 100
    expect(await sequences(`?minPremium=${premium}`)).toEqual([5, 4, 3])
    expect(await sequences('?limit=2')).toEqual([5, 4])
    expect(await sequences('?symbol=QQQ,SPXW')).toHaveLength(5)
    expect(await sequences('?side=buy')).toEqual([2, 1])
    expect(await sequences('?side=SELL,MID')).toEqual([5, 4, 3])
    expect(await sequences('?sentiment=BEARISH')).toEqual([4, 3])
    expect(await sequences('?sentiment=BEARISH,NEUTRAL')).toEqual([5, 4, 3])
    expect(await sequences('?right=CALL')).toHaveLength(5)
    expect(await sequences('?right=put')).toEqual([])
    expect(await sequences('?dteMin=2&dteMax=4')).toEqual([4, 3, 2])
    expect(await sequences('?dteMin=4.5')).toEqual([5])
    expect(await sequences(`?until=${PLAIN.time + 2}`)).toEqual([2, 1])
    expect(await sequences(`?since=${PLAIN.time + 2}&until=${PLAIN.time + 3}`)).toEqual([3, 2])
    expect(await sequences(`?receivedSince=${PLAIN.time + 103}`)).toEqual([5, 4, 3])
    expect(await sequences(`?receivedSince=${PLAIN.time + 103.5}&until=${PLAIN.time + 4}`)).toEqual(
      [4],
    )
    expect(
      await sequences('?symbol=&type=&side=&right=&dteMin=&minPremium=&since=&until=&limit='),
    ).toHaveLength(5)
    expect(await sequences(`?symbol=SPX&type=BLOCK&minPremium=${premium}&limit=1`)).toEqual([5])
  })

  it.each([
    ['?symbol=S;DROP', 'symbol: expected underlyings such as SPX,QQQ, with commas between'],
    ['?side=LONG', 'side: expected BUY, SELL, MID, UNKNOWN, with commas between'],
    ['?sentiment=UP', 'sentiment: expected BULLISH, BEARISH, NEUTRAL, with commas between'],
    ['?right=both', 'right: expected call or put'],
    ['?dteMax=-1', 'dteMax: expected a number from 0 to 5000'],
    ['?until=now', 'until: expected a number'],
    ['?type=HUGE', 'type: expected SWEEP, BLOCK, SPLIT, LARGE, REGULAR, with commas between'],
    ['?minPremium=-1', 'minPremium: expected a number'],
    ['?since=yesterday', 'since: expected a number'],
    ['?limit=0', 'limit: expected a number from 1 to 1000'],
    ['?limit=1001', 'limit: expected a number from 1 to 1000'],
    ['?limit=1.5', 'limit: expected a whole number'],
    ['?receivedSince=now', 'receivedSince: expected a number'],
    ['?page=2', 'right, dteMin, dteMax, since, until, receivedSince, limit, came page'],
    ['?limit=1&limit=2', 'limit came more than once'],
  ])('refuses %s with 400 and the reason', async (query, reason) => {
    const response = await fetch(`${http.url}/api/trades${query}`)
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: string }).error).toContain(reason)
  })
})
