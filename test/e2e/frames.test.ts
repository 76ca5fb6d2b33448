import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServerOptions } from 'ws'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { type Peer, startVendor, status, type Vendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance, killLeftovers } from './flow-process.ts'
import { CONTRACT, quote, trade } from './prints.ts'
import { countRows, type Row, tableRows } from './table.ts'

let postgres: TestPostgres
let vendor: Vendor
let engine: Engine
let url: string
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  await vendor.close()
})
afterAll(() => postgres.stop())

/** An engine that is subscribed to a vendor whose frames the test writes. */
async function connected(
  settings: Record<string, string> = {},
  options: ServerOptions = {},
): Promise<Peer> {
  vendor = await startVendor([(peer) => peer.accept()], options)
  url = await postgres.freshDatabase()
  engine = new Engine({
    DATABASE_URL: url,
    FLOW_FEED_URL: vendor.url,
    FLOW_SYMBOLS: 'SPY,SPX',
    FLOW_QUOTES_PER_CONNECTION: '0',
    ...settings,
  })
  await engine.ready()
  return vendor.peers[0]!
}

/** Drains; the rows by sequence. */
async function drainedRows(): Promise<Row[]> {
  expect(imbalance(await engine.drain())).toBe(0)
  return (await tableRows(url)).sort((a, b) => Number(a.sequence) - Number(b.sequence))
}

describe('frames that are wrong', () => {
  it('cost themselves only: every good print around them is stored', async () => {
    const peer = await connected()
    const good: unknown[] = []
    const goodOne = () => {
      const print = trade()
      good.push(print.q)
      return print
    }
    const text = (bytes: string | Buffer) => peer.ws.send(bytes, { binary: false })
    const bad: (string | Buffer)[] = [
      'no JSON',
      '',
      '[',
      '[{"ev":"T"',
      `[${JSON.stringify(trade())}`,
      `${JSON.stringify([trade()])}]`,
      '42',
      'null',
      '"text"',
      '\ufeff[]',
      Buffer.from([0x5b, 0xff, 0xfe, 0x5d]),
      Buffer.from(JSON.stringify([trade({ sym: 'O:SP\u00ff' })]), 'latin1'),
      '['.repeat(20_000),
    ]
    for (const frame of bad) {
      text(frame)
      peer.send(goodOne())
    }
    peer.ws.send(Buffer.from(JSON.stringify([trade()])), { binary: true })
    peer.send(goodOne())
    // JSON, but nothing in it is for us
    for (const frame of ['[null]', '[]', '{}', '[[[{"ev":"T"}]]]', '[1,"a",true,{"a":{"b":[]}}]']) {
      text(frame)
      peer.send(goodOne())
    }
    await engine.received(good.length)
    const metrics = await engine.metrics()
    expect(metrics.get('flow_frames_malformed_total')).toBe(bad.length + 1)
    expect(vendor.peers).toHaveLength(1)
    const rows = await drainedRows()
    expect(rows.map((row) => row.sequence)).toEqual(good)
    expect(engine.account).toMatchObject({ received: good.length, stored: good.length })
  })

  it('may hold prints that are none: each is dropped with its reason', async () => {
    const peer = await connected()
    const wrong: [string, Record<string, unknown>][] = [
      ['ticker', { sym: undefined }],
      ['ticker', { sym: 7 }],
      ['ticker', { sym: 'SPY' }],
      ['ticker', { sym: 'O:SPY271317C00650000' }],
      ['ticker', { sym: 'O:SPY271217C000650000' }],
      ['price', { p: -0.01 }],
      ['price', { p: 1_000_000.01 }],
      ['price', { p: 'cheap' }],
      ['price', { p: null }],
      ['price', { p: undefined }],
      ['size', { s: 0 }],
      ['size', { s: 1.5 }],
      ['size', { s: 2 ** 31 }],
      ['size', { s: [10] }],
      ['time', { t: 0 }],
      ['time', { t: -5 }],
      ['time', { t: Date.now() + 0.5 }],
      ['time', { t: undefined }],
      ['future', { t: Date.now() + 600_000 }],
    ]
    // each between two good prints, all in one frame
    const events = wrong.flatMap(([, over]) => [trade(over), trade()])
    peer.send(trade(), trade({ sym: 'O:AAPL271217C00200000' }), ...events)
    await engine.received(2 + events.length)
    const metrics = await engine.metrics()
    for (const reason of new Set(wrong.map(([name]) => name))) {
      const dropped = metrics.get(`flow_trades_dropped_total{reason="${reason}"}`)
      expect([reason, dropped]).toEqual([reason, wrong.filter(([name]) => name === reason).length])
    }
    expect(await drainedRows()).toHaveLength(1 + wrong.length)
    expect(engine.account).toMatchObject({
      received: 2 + events.length,
      filtered: 1,
      dropped: wrong.length,
      stored: 1 + wrong.length,
    })
  })
})

describe('frames in every shape that the vendor may send', () => {
  it('give the same print: other key orders, texts for numbers, 12.0, spaces, new keys', async () => {
    const peer = await connected()
    const t = Date.now()
    const sym = CONTRACT
    const shapes = [
      `{"ev":"T","sym":"${sym}","x":302,"p":1.54,"s":12,"c":[209],"t":${t},"q":1}`,
      `{"q":2,"t":${t},"c":[209],"s":12,"p":1.54,"x":302,"sym":"${sym}","ev":"T"}`,
      `{"ev":"T","sym":"${sym}","x":"302","p":"1.54","s":"12","c":["209"],"t":"${t}","q":"3"}`,
      `{"ev":"T","sym":"${sym}","x":302.0,"p":1.5400,"s":12.0,"c":[209.0],"t":${t}.0,"q":4.0}`,
      `{ "ev" : "T" ,\n "sym" : "${sym}" ,"x":302,"p":154e-2,"s":1.2e1,"c":[ 209 ],"t":${t},"q":5 }`,
      `{"ev":"T","new":{"a":[1,{"b":"}]"}]},"sym":"${sym}","x":302,"p":1.54,"s":12,"c":[209],"t":${t},"q":6}`,
      `{"\\u0065v":"T","sym":"\\u004f:SPY271217C00650000","x":302,"p":1.54,"s":12,"c":[209],"t":${t},"q":7}`,
      `{"ev":"T","sym":"${sym}","x":302,"p":1.54,"s":12,"c":209,"t":${t},"q":8}`,
    ]
    for (const shape of shapes) peer.ws.send(`[${shape}]`)
    peer.ws.send(shapes[0]!.replace('"q":1}', '"q":9}')) // a single object is an array of it
    await engine.received(shapes.length + 1)
    const rows = await drainedRows()
    expect(rows.map((row) => row.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    // what differs from print to print, and what grows with them
    const own = ['sequence', 'received_at', 'arrival', 'day_volume', 'percentile_sample']
    const shared = (row: object) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !own.includes(name)))
    const first = shared(rows[0]!)
    expect(first).toMatchObject({ price: 1.54, size: 12, premium: 1848, exchange: 'CBOE' })
    expect(first).toMatchObject({ conditions: ['AUTO'], timestamp: t })
    for (const row of rows) expect(shared(row)).toEqual(first)
  })

  it('may leave out x, c and q, and bring ids that no table knows', async () => {
    const peer = await connected()
    const bare = { x: undefined, c: undefined, q: undefined }
    peer.send(
      trade({ ...bare, s: 11 }),
      trade({ c: [], s: 12 }),
      trade({ x: 377, c: [777], s: 13 }),
    )
    // without a sequence, equal prints are real prints
    const twin = trade({ ...bare, s: 14 })
    peer.send(twin, twin)
    const again = trade({ s: 15 })
    peer.send(again, again)
    await engine.received(7)
    const rows = await drainedRows()
    const bySize = Object.fromEntries(rows.map((row) => [row.size, row]))
    expect(bySize[11]).toMatchObject({ exchange: null, sequence: null, conditions: [] })
    expect(bySize[12]).toMatchObject({ conditions: [] })
    expect(bySize[13]).toMatchObject({ exchange: '377', conditions: ['777'] })
    expect(rows.filter((row) => row.size === 14)).toHaveLength(2)
    expect(rows.filter((row) => row.size === 15)).toHaveLength(1)
    expect(engine.account).toMatchObject({ received: 7, duplicate: 1, stored: 6 })
  })

  it('may hold statuses, quotes, prints and unknown events together', async () => {
    const peer = await connected()
    peer.send(
      status('success', 'subscribed to: T.*'),
      quote({ bp: 1.5, ap: 1.6 }),
      trade({ p: 1.6, s: 12 }),
      { ev: 'AM', sym: CONTRACT, v: 2, z: '12.0' },
      trade({ sym: 'O:SPXW271217P06475000', p: 45.5, s: 250 }),
      status('error', 'not authorized'),
    )
    await engine.received(2)
    const rows = await drainedRows()
    expect(rows[0]).toMatchObject({ symbol: 'SPY', side: 'BUY', bid: 1.5, ask: 1.6, bid_size: 10 })
    expect(rows[0]).toMatchObject({ sentiment: 'BULLISH', quote_age_ms: 0 })
    expect(rows[1]).toMatchObject({
      symbol: 'SPX',
      contract_ticker: 'O:SPXW271217P06475000',
      strike: 6475,
      expiration: '2027-12-17',
      option_type: 'put',
      premium: 1_137_500,
      exchange: 'CBOE',
      underlying_price: null,
    })
    const exact = await query<Record<string, string>>(
      url,
      `SELECT price::text, premium::text, strike::text, pg_typeof(expiration)::text AS date,
       pg_typeof(timestamp)::text AS bigint, pg_typeof(size)::text AS integer,
       pg_typeof(conditions)::text AS texts FROM options_flow_history WHERE symbol = 'SPX'`,
    )
    expect(Number(exact[0]!.price)).toBe(45.5)
    expect(exact[0]!.premium).toMatch(/^1137500(\.0+)?$/)
    expect(exact[0]).toMatchObject({ date: 'date', bigint: 'bigint', integer: 'integer' })
    expect(exact[0]!.texts).toBe('text[]')
  })

  it('come compressed where the vendor offers it', async () => {
    const peer = await connected({}, { perMessageDeflate: { threshold: 0 } })
    expect(peer.ws.extensions).toContain('permessage-deflate')
    for (let i = 0; i < 50; i++) peer.send(...Array.from({ length: 20 }, () => trade()))
    await engine.received(1000)
    expect(await drainedRows()).toHaveLength(1000)
  })

  it('may have 8 MiB, not more than 16: then the connection is made anew', async () => {
    const peer = await connected()
    const MIB = 1024 * 1024
    const texts: string[] = []
    for (let bytes = 0; bytes < 8 * MIB; bytes += texts.at(-1)!.length + 1) {
      texts.push(JSON.stringify(trade()))
    }
    peer.ws.send(`[${texts.join(',')}]`)
    await engine.received(texts.length)
    peer.ws.send(`[${' '.repeat(17 * MIB)}]`)
    const second = await eventually('a second connection', () => vendor.peers[1])
    await engine.ready()
    second.send(trade())
    await engine.received(texts.length + 1)
    expect(await engine.metric('flow_feed_reconnects_total{reason="frame_too_large"}')).toBe(1)
    expect(imbalance(await engine.drain())).toBe(0)
    expect(engine.account.stored).toBe(texts.length + 1)
    expect(await countRows(url)).toBe(texts.length + 1)
  })
})
