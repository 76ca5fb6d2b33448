import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askedStream } from '../../src/api/live-filter.ts'
import { TradeType } from '../../src/domain/labels.ts'
import { type HttpOptions, type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { STREAM_LIMITS, type StreamLimits } from '../../src/stream/limits.ts'
import { LiveStream, type RowNames } from '../../src/stream/live-stream.ts'
import type { Message } from '../../src/stream/message.ts'
import { streamRoute } from '../../src/stream/route.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { record, revise, type Version } from '../follow/versions.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { until } from '../pg/started-writer.ts'
import { type Row, slabOf } from '../writer/rows.ts'
import { openDeaf, openEventSource, openWebSocket, refusal, type TestClient } from './clients.ts'

const SPX = 'O:SPXW251219C06475000'
const QQQ = 'O:QQQ251219P00500000'
const NAMES: RowNames = {
  ticker: (contract) => [SPX, QQQ][contract]!,
  underlyingId: (contract) => contract,
  underlyings: ['SPX', 'QQQ'],
  conditionsOf: (set) => [[], [219]][set]!,
}

let server: TestPostgres
let pool: pg.Pool
let http: HttpServer
let stream: LiveStream
let dropped: Map<string, number>
let clients: number
let isAway: boolean
/** What the follower waits for before each look. */
let looks: Promise<void>
/** What looking up events of before waits for. */
let lookUps: Promise<void>
const opened: { leave(): void }[] = []

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  const url = await server.freshDatabase()
  await migrateDatabase(url)
  pool = new pg.Pool({ connectionString: url, max: 3 })
  isAway = false
  looks = Promise.resolve()
  lookUps = Promise.resolve()
})
afterEach(async () => {
  for (const one of opened.splice(0)) one.leave()
  await http.close()
  await until('everybody to be gone', () => clients === 0)
  await pool.end()
})

async function start(
  limits: Partial<StreamLimits> = {},
  more: Partial<HttpOptions> = {},
): Promise<void> {
  dropped = new Map()
  clients = 0
  stream = new LiveStream({
    limits: { ...STREAM_LIMITS, ...limits },
    query: async (text, values) => {
      if (isAway) throw new Error('away')
      if (text.includes('pg_stat_activity')) await looks
      if (values[1] === Number.MAX_SAFE_INTEGER) await lookUps
      return (await pool.query(text, [...values])).rows
    },
    onDropped: (reason, count) => dropped.set(reason, (dropped.get(reason) ?? 0) + count),
    onClients: (count) => {
      clients = count
    },
    onProblem: () => {},
  })
  http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    notReady: () => null,
    stats: () => ({}),
    streams: [streamRoute(stream, askedStream)],
    onError: (error) => {
      throw error
    },
    ...more,
  })
}

type Kind = 'websocket' | 'eventsource'
const KINDS: readonly Kind[] = ['websocket', 'eventsource']

async function open(kind: Kind, query = '', headers = {}): Promise<TestClient> {
  const before = clients
  const url = `${http.url}/api/stream${query}`
  const client = await (kind === 'websocket' ? openWebSocket : openEventSource)(url, headers)
  opened.push(client)
  await until('the client to be there', () => clients === before + 1)
  return client
}

function see(...rows: Partial<Row>[]): void {
  const { buffer } = slabOf(rows)
  stream.see({ buffer, rows: rows.length }, NAMES)
}

const arrivals = ({ told }: TestClient) =>
  told.filter(({ type }) => type === 'print').map(({ data }) => data.arrival)
const versions = ({ told }: TestClient) =>
  told.filter(({ type }) => type === 'event').map(({ data }) => `${data.event_id}.${data.revision}`)
const missed = ({ told }: TestClient) =>
  told.filter(({ type }) => type === 'missed').map(({ data }) => data)

async function store(...all: Version[]): Promise<void> {
  const client = await pool.connect()
  await record(client, all)
  client.release()
}

const version = (eventId: string, recordedAt = Date.now()): Version => ({
  eventId,
  revision: 1,
  recordedAt,
})

describe.each(KINDS)('a client over %s', (kind) => {
  it('is told prints as they are final and events once they are stored', async () => {
    await start()
    const client = await open(kind)
    see({ arrival: 1, conditions: 1 }, { arrival: 2, contract: 1 })
    await until('both prints', () => client.told.length === 2)
    expect(client.told[0]).toEqual({
      type: 'print',
      data: expect.objectContaining({
        ...{ symbol: 'SPX', contract_ticker: SPX, arrival: 1, strike: 6475, price: 45.5 },
        ...{ size: 250, premium: 1_137_500, trade_type: 'REGULAR', conditions: ['ISOI'] },
        ...{ expiration: '2025-12-19', bid: 45.2, ask: 45.6, event_id: null },
      }),
    })
    await store(version('a'))
    await until('the event', () => client.told.length === 3)
    expect(client.told[2]).toMatchObject({ type: 'event', data: { event_id: 'a', kind: 'SWEEP' } })
    const one = await pool.connect()
    await revise(one, 'a', Date.now())
    one.release()
    await until('its next version', () => client.told.length === 4)
    expect(client.told[3]).toMatchObject({ data: { event_id: 'a', revision: 2 } })
  })

  it('is told what its filter lets through, beside others with theirs', async () => {
    await start()
    const sweeps = await open(kind, '?type=SWEEP&kinds=prints')
    const large = await open(kind, '?minPremium=100000&symbol=QQQ')
    const events = await open(kind, '?kinds=events&symbol=SPX')
    see(
      { arrival: 1, tradeType: TradeType.Sweep },
      { arrival: 2, contract: 1, size: 21 }, // 95,550 dollars
      { arrival: 3, contract: 1, size: 22 },
      { arrival: 4, tradeType: TradeType.Block },
    )
    await store(version('a'))
    await until('the event', () => events.told.length === 1)
    await until('the prints', () => sweeps.told.length + large.told.length === 2)
    see({ arrival: 5, tradeType: TradeType.Sweep, contract: 1 })
    await until('the last', () => sweeps.told.length + large.told.length === 4)
    expect([arrivals(sweeps), arrivals(large)]).toEqual([
      [1, 5],
      [3, 5],
    ])
    expect(versions(sweeps)).toEqual([])
  })

  it('is told how many were left out beyond its share, and again in the next second', async () => {
    await start({ clientPerSecond: 3 })
    const client = await open(kind)
    const other = await open(kind, '?symbol=QQQ')
    see(...Array.from({ length: 10 }, (_, i) => ({ arrival: i + 1 })))
    see({ arrival: 11, contract: 1 })
    await until('what was missed', () => missed(client).length === 1)
    expect(arrivals(client)).toEqual([1, 2, 3])
    expect(arrivals(other)).toEqual([11])
    expect(missed(client)[0]).toMatchObject({ kind: 'prints', reason: 'rate', count: 8 })
    expect(dropped.get('client_rate')).toBe(8)
    see({ arrival: 12 })
    await until('the next second', () => arrivals(client).includes(12))
  })

  it('shares one limit with all others', async () => {
    await start({ totalPerSecond: 5 })
    const both = [await open(kind), await open(kind)]
    see(...Array.from({ length: 10 }, (_, i) => ({ arrival: i + 1 })))
    await until('what was missed', () => both.every((client) => missed(client).length === 1))
    expect(both.flatMap(arrivals)).toHaveLength(5)
    expect(dropped.get('total_rate')).toBe(15)
  })

  it('is told where a part of the engine died', async () => {
    await start()
    const client = await open(kind)
    see({ arrival: 1 })
    stream.noteRebuilt()
    await until('both', () => client.told.length === 2)
    expect(missed(client)).toMatchObject([{ kind: 'prints', reason: 'rebuild', count: null }])
  })

  it('gets a goodbye when the server closes, which does not wait for it', async () => {
    await start()
    const client = await open(kind)
    await http.close()
    const { code, reason } = await client.ended
    expect([code, reason]).toEqual(kind === 'websocket' ? [1001, 'the engine stops'] : [0, ''])
    await until('nobody to be left', () => clients === 0)
  })

  it('outlives the times that others may take', async () => {
    const limits = { answerMs: 50, requestMs: 50, keepAliveMs: 20 }
    await start({ beatMs: 0 }, { limits })
    const client = await open(kind)
    await sleep(400)
    see({ arrival: 1 })
    await until('a print', () => client.told.length === 1)
  })

  it('that does not read is cut off, and nobody else notices', async () => {
    await start({ bufferedBytes: 100_000, clientPerSecond: 1e9, totalPerSecond: 1e9 })
    const deaf = await openDeaf(http.port, '/api/stream', kind === 'websocket')
    opened.push({ leave: () => deaf.destroy() })
    await until('it to be there', () => clients === 1)
    const listening = await open(kind, '?symbol=QQQ')
    const rows = Array.from({ length: 500 }, (_, i) => ({ arrival: i + 1 }))
    let seen = 0
    while (clients === 2 && seen < 100_000) {
      see(...rows)
      seen += rows.length
      await sleep(1)
    }
    expect(clients).toBe(1)
    expect(dropped.get('slow_client')).toBeGreaterThan(0)
    see({ arrival: 7, contract: 1 })
    await until('the other one', () => arrivals(listening).length === 1)
  })

  it('that takes nothing of a little is cut off in time', async () => {
    await start({ stalledMs: 1, bufferedBytes: 1e9, clientPerSecond: 1e9, totalPerSecond: 1e9 })
    const deaf = await openDeaf(http.port, '/api/stream', kind === 'websocket')
    opened.push({ leave: () => deaf.destroy() })
    await until('it to be there', () => clients === 1)
    const rows = Array.from({ length: 250 }, (_, i) => ({ arrival: i + 1 }))
    // the sockets of the system take some megabytes
    for (let i = 0; i < 400 && clients === 1; i++) {
      see(...rows)
      await sleep(1)
    }
    await until('it to be gone', () => clients === 0)
  })

  it('goes on where it was with since, and is told what it was not told', async () => {
    await start()
    const now = Date.now()
    await store(version('old', now - 3_600_000), version('gone', now - 60_000), version('in', now))
    const client = await open(kind, `?since=${now - 30_000}`)
    await until('the event', () => versions(client).length === 1)
    await store(version('new'))
    await until('the next', () => versions(client).length === 2)
    expect(versions(client)).toEqual(['in.1', 'new.1'])
    expect(missed(client)).toMatchObject([
      { kind: 'prints', reason: 'reconnect', from: now - 30_000 },
    ])
    const later = await open(kind, `?since=${now - 7_200_000}&kinds=events`)
    await until('three events', () => versions(later).length === 3)
    expect(versions(later)).toEqual(['gone.1', 'in.1', 'new.1'])
    expect(missed(later)).toMatchObject([{ kind: 'events', reason: 'look_back' }])
  })

  it('is told of no more than a limit of events of before, each once', async () => {
    await start({ lookBackEvents: 700 })
    const now = Date.now()
    const all = Array.from({ length: 1200 }, (_, i) => version(`e${i}`, now - 20_000 + i))
    await store(...all)
    const client = await open(kind, `?since=${now - 60_000}&kinds=events`)
    await until('the end of it', () => missed(client).length === 1)
    await store(version('new'))
    await until('the new one', () => versions(client).includes('new.1'))
    expect(versions(client)).toEqual([
      ...all.slice(0, 700).map(({ eventId }) => `${eventId}.1`),
      'new.1',
    ])
    expect(missed(client)[0]).toMatchObject({ reason: 'look_back', from: now - 20_000 + 699 })
  })

  it('is told of just as many events of before, and of nothing missed', async () => {
    await start({ lookBackEvents: 3 })
    const now = Date.now()
    await store(...['a', 'b', 'c'].map((name) => version(name, now)))
    const client = await open(kind, `?since=${now - 1000}&kinds=events`)
    await until('all of them', () => versions(client).length === 3)
    await store(version('new'))
    await until('the new one', () => versions(client).includes('new.1'))
    expect(missed(client)).toEqual([])
  })

  it('is told what did not wait with it while events of before were looked up', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    lookUps = promise
    await start({ heldEvents: 2 })
    const before = Date.now()
    const client = await open(kind, `?since=${before}&kinds=events`)
    await store(...['a', 'b', 'c', 'd', 'e'].map((name) => version(name)))
    await until('what was missed', () => missed(client).length === 1)
    const [left] = missed(client)
    expect(left).toMatchObject({ kind: 'events', reason: 'look_back', count: 3 })
    expect(left!.from).toBeGreaterThanOrEqual(before)
    expect(dropped.get('held_full')).toBe(3)
    resolve()
    await until('the others', () => versions(client).length >= 2)
  })

  it('is told that the log could not be read, and of events again when it can', async () => {
    await start()
    isAway = true
    const client = await open(kind, `?since=${Date.now() - 1000}&kinds=events`)
    await until('what was missed', () => missed(client).length === 1)
    expect(missed(client)[0]).toMatchObject({ kind: 'events', reason: 'database' })
    isAway = false
    await store(version('new'))
    await until('the event', () => versions(client).length === 1)
  })

  it.each([
    ['?type=HUGE', 400, 'type: expected SWEEP'],
    ['?token=secret', 400, 'came token'],
  ])('is refused for %s', async (query, status, error) => {
    await start()
    const url = `${http.url}/api/stream${query}`
    if (kind === 'websocket') {
      expect(await refusal(url)).toMatchObject({ status, error: expect.stringContaining(error) })
    } else {
      const response = await fetch(url)
      expect(response.status).toBe(status)
      expect(await response.json()).toEqual({ error: expect.stringContaining(error) })
    }
    expect(clients).toBe(0)
  })

  it('is refused where there is no room, and let in once there is', async () => {
    await start({ clients: 2 })
    const [first] = [await open(kind), await open(kind)]
    const url = `${http.url}/api/stream`
    if (kind === 'websocket') expect((await refusal(url)).status).toBe(503)
    else {
      const response = await fetch(url)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
      await response.body?.cancel()
    }
    first.leave()
    await until('room', () => clients === 1)
    await open(kind)
  })

  it('from a page of another site is refused', async () => {
    await start()
    const url = `${http.url}/api/stream`
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${http.port + 1}`]) {
      if (kind === 'websocket') expect((await refusal(url, { origin })).status).toBe(403)
      else expect((await fetch(url, { headers: { origin } })).status).toBe(403)
    }
    await open(kind, '', { origin: http.url })
  })

  it('needs the token where there is one', async () => {
    await start({}, { token: 'correct-horse/battery' })
    const url = `${http.url}/api/stream`
    for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
      if (kind === 'websocket') {
        const { status, error, headers: sent } = await refusal(url, headers)
        expect([status, sent['www-authenticate']]).toEqual([401, 'Bearer realm="flow"'])
        expect(error).not.toContain('horse')
      } else expect((await fetch(url, { headers })).status).toBe(401)
    }
    await open(kind, '', { authorization: 'Bearer correct-horse/battery' })
  })

  it('under another name of the host is refused', async () => {
    await start()
    const url = `${http.url}/api/stream`
    const headers = { host: 'evil.example' }
    if (kind === 'websocket') expect((await refusal(url, headers)).status).toBe(403)
    else expect((await openEventSource(url, headers)).response.statusCode).toBe(403)
  })
})

it('a client may leave the messages of two seconds, sent at once, for a moment', async () => {
  await start()
  let sent = 0
  let bytes = 0
  const ends: string[] = []
  const outlet = {
    get buffered() {
      return bytes
    },
    send: (messages: readonly Message[]) => {
      sent += messages.length
      for (const { frame } of messages) bytes += frame.length
    },
    beat: () => {},
    end: (why: string) => ends.push(why),
    onGone: () => {},
  }
  const query = new URLSearchParams('kinds=prints')
  stream.join(askedStream(query).filter, null, outlet)
  const { clientPerSecond } = STREAM_LIMITS
  const rows = Array.from({ length: 500 }, (_, i) => ({ arrival: 1e12 + i, conditions: 1 }))
  await until('two seconds of messages', () => {
    see(...rows)
    return sent >= 2 * clientPerSecond
  })
  expect(ends).toEqual([])
  stream.close()
})

it('tells clients of events that there were events it could not tell', async () => {
  await start({ follow: { countedMax: 10, toldMax: 10 } })
  const [events, prints] = [await open('eventsource'), await open('websocket', '?kinds=prints')]
  const writer = await pool.connect()
  await writer.query('BEGIN')
  await writer.query('CREATE TABLE something ()')
  const old = Date.now() - 9_500
  const back = await open('websocket', `?since=${old - 60_000}&kinds=events&symbol=QQQ`)
  await store(...Array.from({ length: 30 }, (_, i) => version(`e${i}`, old + 20 * i)))
  await until('the follower to have seen them', () => stream.position > old + 12_000)
  await record(writer, [version('lost', old)])
  await writer.query('COMMIT')
  writer.release()
  await until('what was missed', () => missed(back).length > 0)
  expect(missed(back)).toMatchObject([{ kind: 'events', reason: 'look_back', count: null }])
  expect(missed(events)).toEqual([]) // they came later than that
  expect(missed(prints)).toEqual([])
})

describe('an EventSource that comes again', () => {
  it('goes on behind the last event that it has', async () => {
    await start()
    const first = await openEventSource(`${http.url}/api/stream?kinds=events`)
    opened.push(first)
    await until('it to be there', () => clients === 1)
    await until('an id', () => Number(first.id()) > 0)
    await store(version('a'))
    await until('the event', () => first.told.length === 1)
    first.leave()
    await until('it to be gone', () => clients === 0)
    await store(version('b'), version('c'))
    const again = await open('eventsource', '?kinds=events', { 'last-event-id': first.id() })
    await until('both that it missed', () => versions(again).includes('c.1'))
    expect(versions(again).filter((name) => name !== 'a.1')).toEqual(['b.1', 'c.1'])
    expect(new Set(versions(again)).size).toBe(versions(again).length)
  })

  it('is not told by the follower what was looked up for it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    looks = promise
    await start()
    await store(version('a'), version('b'))
    const client = await open('eventsource', '?kinds=events', { 'last-event-id': `${Date.now()}` })
    await until('both', () => versions(client).length === 2)
    resolve()
    await store(version('c'))
    await until('the next', () => versions(client).includes('c.1'))
    expect(versions(client)).toEqual(['a.1', 'b.1', 'c.1'])
  })

  it('is refused with an id that is none of ours', async () => {
    await start()
    const headers = { 'last-event-id': 'x; DROP' }
    expect((await fetch(`${http.url}/api/stream`, { headers })).status).toBe(400)
  })

  it('is told by beats how far it has come', async () => {
    await start({ beatMs: 0 })
    const client = await openEventSource(`${http.url}/api/stream`)
    opened.push(client)
    await until('an id', () => Number(client.id()) > 0)
    const first = client.id()
    await until('a later id', () => Number(client.id()) > Number(first) + 1000)
    expect(client.text()).toContain(': beat')
  })
})

describe('a WebSocket', () => {
  it('may bring the token as a subprotocol, and is answered another', async () => {
    await start({}, { token: 'correct-horse/battery' })
    const url = `${http.url}/api/stream`
    const bearer = (token: string) => `flow.bearer.${encodeURIComponent(token)}`
    expect((await refusal(url, {}, ['flow.v1', bearer('wrong')])).status).toBe(401)
    expect((await refusal(url, {}, [bearer('correct-horse/battery')])).status).toBe(400)
    const client = await openWebSocket(url, {}, ['flow.v1', bearer('correct-horse/battery')])
    opened.push(client)
    expect(client.socket.protocol).toBe('flow.v1')
  })

  it('that talks is hung up on', async () => {
    await start()
    const client = await openWebSocket(`${http.url}/api/stream`)
    client.socket.send('{"action":"subscribe"}')
    expect((await client.ended).code).toBe(1008)
    const long = await openWebSocket(`${http.url}/api/stream`)
    long.socket.send('x'.repeat(1000))
    expect((await long.ended).code).toBe(1009)
  })

  it('is told the time as it comes and with each beat', async () => {
    const before = Date.now()
    await start({ beatMs: 0 })
    const client = await openWebSocket(`${http.url}/api/stream`)
    opened.push(client)
    await until('the second', () => client.beats.length === 2)
    const [first, second] = client.beats.map(({ data }) => Number(data.at))
    expect(first).toBeGreaterThanOrEqual(before)
    expect(first).toBeLessThan(second!)
    expect(second).toBeLessThanOrEqual(Date.now())
  })

  it('that answers no ping is hung up on', async () => {
    await start({ beatMs: 0 })
    const client = await openWebSocket(`${http.url}/api/stream`)
    opened.push(client)
    client.socket.pause()
    await until('it to be gone', () => clients === 0)
  })

  it('is no way around other routes', async () => {
    await start()
    const url = `${http.url}/api/stats`
    const headers = {
      ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const { response } = await openEventSource(url, headers)
    expect(response.statusCode).toBe(200)
  })
})

it('costs nothing while nobody listens: rows are not even looked at', async () => {
  await start()
  const unreadable = { buffer: new ArrayBuffer(0), rows: 1 }
  stream.see(unreadable, NAMES)
  const client = await open('eventsource', '?kinds=events')
  stream.see(unreadable, NAMES)
  client.leave()
  await until('it to be gone', () => clients === 0)
  const other = await open('websocket')
  expect(() => stream.see(unreadable, NAMES)).toThrow('row slab must be')
  other.leave()
})
