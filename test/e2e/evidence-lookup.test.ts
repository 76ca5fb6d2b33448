import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { query } from '../pg/database.ts'
import { type Answer, json } from '../reader/rest-server.ts'
import { Engine } from './engine.ts'
import { eventually, flow, imbalance } from './flow-process.ts'
import { CONTRACT, quote, SECRET_KEY, trade } from './prints.ts'
import { useStage } from './stage.ts'
import { countRows, type Row, tableRows } from './table.ts'
import { lookupsOf, nbboAt, type RestScript, startVendorRest } from './vendor-rest.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

/** Premium of 100 contracts at 1.60: 16,000. */
const NOTABLE = { FLOW_LOOKUP_PREMIUM: '10000', MASSIVE_API_KEY: SECRET_KEY }
const large = (over: Record<string, unknown> = {}) =>
  trade({ p: 1.6, s: 100, c: undefined, ...over })

async function connected(script: RestScript, settings: Record<string, string> = {}) {
  const vendor = await vendorOf()
  const rest = await startVendorRest(script)
  cleanups.push(() => rest.close())
  const given = await settingsFor(vendor)
  const engine = new Engine({ ...given, ...NOTABLE, FLOW_REST_URL: rest.url, ...settings })
  await engine.ready()
  return { engine, rest, url: given.DATABASE_URL!, peer: vendor.peers[0]! }
}

const stored = (url: string, rows: number) =>
  eventually(`${rows} rows`, async () => (await countRows(url)) === rows)

describe('an answer over REST', () => {
  it('labels a large print that had no quote, while it is held', async () => {
    const { engine, rest, url, peer } = await connected({ nbbo: nbboAt })
    const t = Date.now()
    peer.send(large({ t }), large({ t: t + 1, s: 20, p: 1.5 }), trade({ t: t + 2 }))
    await stored(url, 3)
    // windows too: two venues at the ask within the window are a sweep only if they have a side
    const then = Date.now()
    peer.send(large({ t: then, x: 302 }), large({ t: then + 1, x: 313 }))
    await stored(url, 5)
    const account = await engine.drain()
    expect([imbalance(account), account.stored]).toEqual([0, 5])
    const rows = await tableRows(url)
    expect(rows[0]).toMatchObject({
      size: 100,
      side: 'BUY',
      sentiment: 'BULLISH',
      bid: 1.5,
      ask: 1.6,
      bid_size: 17,
      ask_size: 24,
      quote_age_ms: 40,
      quote_source: 'rest',
      revision: 0,
    })
    expect(rows.map((row) => [row.size, row.side, row.quote_source])).toEqual([
      [100, 'BUY', 'rest'],
      [20, 'UNKNOWN', null], // 3,000 dollars
      [10, 'UNKNOWN', null],
      [100, 'BUY', 'rest'],
      [100, 'BUY', 'rest'],
    ])
    expect(rows.slice(3).map((row) => row.trade_type)).toEqual(['SWEEP', 'SWEEP'])
    expect(lookupsOf(rest)).toHaveLength(3)
    expect(rest.requests[0]!.authorization).toBe(`Bearer ${SECRET_KEY}`)
  })

  it('is not asked for when the feed has a quote, and counts only while it is fresh', async () => {
    const old: RestScript = { nbbo: (at) => nbboAt(at, 60_000) }
    const { engine, rest, url, peer } = await connected(old)
    const t = Date.now()
    peer.send(quote({ t }), large({ t }), large({ t: t - 10_000, s: 101 }))
    await stored(url, 2)
    await engine.drain()
    const rows = await tableRows(url)
    expect(rows.map((row) => [row.size, row.side, row.quote_source])).toEqual([
      [101, 'UNKNOWN', null],
      [100, 'BUY', 'feed'],
    ])
    expect(lookupsOf(rest)).toHaveLength(1)
  })

  it('that comes after the hold revises the stored row and its event', async () => {
    // 16 requests go at a time: the others are answered when twice the delay has gone by
    const late: RestScript = {
      nbbo: (at) => (response, request) => setTimeout(() => nbboAt(at)(response, request), 700),
    }
    const { engine, url, peer } = await connected(late, { FLOW_REST_PER_SECOND: '1000' })
    let sent = 0
    for (let tries = 0; tries < 5; tries++) {
      const t = Date.now() - 1000
      // each on a contract of its own, of a size that is a block without any window
      const prints = Array.from({ length: 32 }, (_, i) =>
        large({ sym: CONTRACT.replace('650000', `${400 + i}000`), t: t + i, s: 500, c: [209] }),
      )
      peer.send(...prints)
      sent += prints.length
      await stored(url, sent)
      await sleep(1500)
      if ((await engine.metric('flow_rows_revised_total')) > 0) break
    }
    const revised = await engine.metric('flow_rows_revised_total')
    const account = await engine.drain()
    expect([imbalance(account), account.stored]).toEqual([0, sent])
    const rows = await tableRows(url)
    const late1 = rows.filter((row) => row.revision === 1)
    expect(late1.length).toBe(revised)
    expect(late1.length).toBeGreaterThan(0)
    for (const row of late1) {
      expect(row).toMatchObject({ quote_source: 'rest', side: 'BUY', bid: 1.5, ask: 1.6 })
    }
    for (const row of rows.filter(({ revision }) => revision === 0)) {
      expect([row.quote_source, row.side]).toEqual(
        row.quote_source === null ? [null, 'UNKNOWN'] : ['rest', 'BUY'],
      )
    }
    const events = await query<Row>(
      url,
      `SELECT e.event_id, e.revision, e.reason, e.side, r.reason AS before, r.side AS was
       FROM flow_events e JOIN flow_event_revisions r USING (event_id) ORDER BY 1`,
    )
    expect(events).toHaveLength(late1.length)
    for (const event of events) {
      expect(event).toMatchObject({
        revision: 2,
        reason: 'late quote',
        side: 'BUY',
        before: 'found',
        was: 'UNKNOWN',
      })
    }
    // and what the user is told of such a row
    const [{ contract_ticker, sequence }] = late1 as [Row]
    const explained = await flow(['explain', String(contract_ticker), String(sequence)], {
      DATABASE_URL: url,
    })
    expect([explained.code, explained.stderr]).toEqual([0, ''])
    expect(explained.stdout).toMatch(/REST/)
  })
})

describe('a recording whose answer came late', () => {
  it('gives rows that are revised, the same for any number of shards', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flow-late-'))
    cleanups.push(async () => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'late.frames.jsonl')
    const start = Date.UTC(2026, 10, 20, 15)
    const nbbo = (at: number, t: number) => ({
      ev: 'flow.nbbo',
      ...{ sym: CONTRACT, at, t, bp: 1.5, ap: 1.6, bs: 1, as: 2, bx: 302, ax: 316 },
    })
    const frames: [number, object[]][] = [
      [0, [large({ t: start, s: 500, c: [209] }), large({ t: start + 1, s: 90, c: [232] })]],
      [400, [large({ t: start + 400, s: 600, c: [209] })]],
      [1300, [nbbo(start + 400, start + 300)]], // 900 ms later: in time
      [1500, [nbbo(start, start - 20)]], // 1,500 ms later: too late
      [9000, [large({ t: start + 9000, s: 5 })]],
    ]
    const lines = frames.map(([at, events]) =>
      JSON.stringify({ recv: start + at, frame: JSON.stringify(events) }),
    )
    writeFileSync(file, `${lines.join('\n')}\n`)
    const tables: Row[][] = []
    for (const shards of ['1', '2', '4']) {
      const { DATABASE_URL: url } = await settingsFor(await vendorOf())
      const run = await flow(['replay', file], {
        DATABASE_URL: url!,
        FLOW_SHARDS: shards,
        FLOW_SYMBOLS: 'SPY',
        FLOW_LOOKUP_PREMIUM: '10000',
      })
      expect([run.code, run.stderr, imbalance(run.account)]).toEqual([0, '', 0])
      tables.push(await tableRows(url!))
      const events = await query<Row>(
        url!,
        'SELECT revision, reason, side, total_size FROM flow_events ORDER BY started_at',
      )
      expect(events).toEqual([
        { revision: 2, reason: 'late quote', side: 'BUY', total_size: '500' },
        { revision: 1, reason: 'found', side: 'BUY', total_size: '600' },
      ])
    }
    const said = tables[0]!.map((row) => [row.size, row.side, row.quote_source, row.revision])
    expect(said).toEqual([
      [500, 'BUY', 'rest', 1],
      [90, 'UNKNOWN', null, 0], // of a complex order: no quote may sign it
      [600, 'BUY', 'rest', 0],
    ])
    expect(tables[1]).toEqual(tables[0])
    expect(tables[2]).toEqual(tables[0])
  })
})

describe('a REST that does not answer', () => {
  it.each<[string, Answer, string]>([
    ['hangs', () => {}, 'failed'],
    ['refuses the key', json({ error: 'no' }, 401), 'failed'],
    ['throttles', json({}, 429, { 'retry-after': '1' }), 'throttled'],
  ])('%s: rows are stored all the same, with one warning', async (_, trouble, result) => {
    const { engine, url, peer } = await connected({ nbbo: () => trouble })
    const sent = 40
    for (let i = 0; i < sent; i++) {
      const sym = CONTRACT.replace('650000', `${400 + i}000`)
      peer.send(large({ sym, s: 100 + i, c: [209] }))
      await sleep(5)
    }
    await stored(url, sent)
    const asked = (one: string) =>
      engine.metric(`flow_rest_requests_total{purpose="nbbo",result="${one}"}`)
    // what waited for its turn too long is not asked for at all
    await eventually('the lookups counted', async () => {
      return (await asked(result)) + (await asked('over_budget')) === sent
    })
    expect(await asked(result)).toBeGreaterThan(0)
    expect(await engine.metric('flow_prints_pending')).toBe(0)
    const account = await engine.drain()
    expect([imbalance(account), account.stored]).toEqual([0, sent])
    const rows = await tableRows(url)
    expect(rows.every((row) => row.side === 'UNKNOWN' && row.quote_source === null)).toBe(true)
    const warnings = engine.lines.filter(({ msg }) => msg.includes('NBBO lookups'))
    expect(warnings.map(({ level }) => level)).toEqual(['warn'])
    expect(engine.said).not.toContain(SECRET_KEY)
    expect(engine.said).not.toContain(encodeURIComponent(SECRET_KEY))
  })

  it('is gone for good: the feed is read all the same', async () => {
    const { engine, rest, url, peer } = await connected({ nbbo: nbboAt })
    await rest.close()
    cleanups.pop()
    peer.send(...Array.from({ length: 12 }, (_, i) => large({ s: 100 + i, c: [209] })))
    await stored(url, 12)
    const account = await engine.drain()
    expect([imbalance(account), account.stored]).toEqual([0, 12])
    expect(engine.said).not.toContain(SECRET_KEY)
  })
})
