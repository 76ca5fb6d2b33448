import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FillerHandle, startFiller } from '../../src/fill/handle.ts'
import type { FilledContract } from '../../src/fill/messages.ts'
import type { TapePrint, TapeQuote } from '../../src/fill/tape.ts'
import { type Archive, startArchive } from '../fill/archive-server.ts'
import { DIFFERENT, tableOf } from '../fill/day.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor, type Vendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance, killLeftovers } from './flow-process.ts'
import { CONTRACT, quote, trade } from './prints.ts'

const RULES = { rules: 'opra', minSize: 10, windowMs: 500, quoteMaxAgeMs: 5000 } as const

let postgres: TestPostgres
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(() => postgres.stop())

type Side = { readonly vendor: Vendor; readonly engine: Engine; readonly url: string }

async function side(): Promise<Side> {
  const vendor = await startVendor([(peer) => peer.accept()])
  cleanups.push(() => vendor.close())
  const url = await postgres.freshDatabase()
  const engine = new Engine({
    DATABASE_URL: url,
    FLOW_FEED_URL: vendor.url,
    FLOW_SYMBOLS: 'SPY',
    FLOW_QUOTES_PER_CONNECTION: '0',
    FLOW_FILL_PER_SECOND: '0', // it is filled by hand here
  })
  await engine.ready()
  return { vendor, engine, url }
}

function fill(databaseUrl: string, { url }: Archive): FilledContract[] {
  const filled: FilledContract[] = []
  const filler: FillerHandle = startFiller({
    databaseUrl,
    restUrl: url,
    apiKey: 'key',
    perSecond: 100,
    retentionDays: 90,
    rules: RULES,
    onFilled: (contract) => filled.push(contract),
    onVolume: () => null,
    onRequest: () => {},
    onGaps: () => {},
    onLog: () => {},
  })
  cleanups.push(() => filler.stop())
  return filled
}

const bought = (over: object) => trade({ p: 1.6, c: undefined, ...over })

describe('a feed that was cut off for a moment', { timeout: 120_000 }, () => {
  it('leaves, once its gap is filled, the table of an engine that was never away', async () => {
    const [cut, whole] = await Promise.all([side(), side()])
    const prints: TapePrint[] = []
    const quotes: TapeQuote[] = []
    const sent = { cut: 0, whole: 0 }
    const send = (events: Record<string, unknown>[], isLost: boolean): void => {
      whole.vendor.peers.at(-1)!.send(...events)
      if (!isLost) cut.vendor.peers.at(-1)!.send(...events)
      for (const event of events) {
        const { ev, t, p, s, x, c, q, bp, ap, bs, as } = event as never as TapePrint &
          TapeQuote & { ev: string }
        if (ev === 'Q') quotes.push({ t, bp, ap, bs, as })
        else {
          prints.push({ t, p, s, x: x ?? null, c: c ?? [], q })
          sent.whole++
          if (!isLost) sent.cut++
        }
      }
    }
    send([quote(), bought({ s: 40 }), trade({ s: 25 })], false)
    await cut.engine.received(2)
    // a leg that is received and one that is lost are one sweep; a block with small ones beside it is a split
    send([quote(), bought({ x: 302, s: 30 })], false)
    await cut.engine.received(3)
    cut.vendor.peers.at(-1)!.socket.destroy()
    send([bought({ x: 313, s: 7 })], true)
    await new Promise((resolve) => setTimeout(resolve, 700))
    send([quote(), bought({ x: 302, s: 6 }), bought({ x: 302, s: 5 }), trade({ s: 600 })], true)
    send([trade({ s: 3 }), trade({ s: 9 })], true)
    await eventually('it is back', () => cut.vendor.peers.length === 2)
    await cut.engine.ready()
    await new Promise((resolve) => setTimeout(resolve, 700))
    send([quote(), trade({ s: 11 }), trade({ s: 12 })], false)
    await Promise.all([cut.engine.received(sent.cut), whole.engine.received(sent.whole)])

    const last = prints.at(-1)!.t
    const rest = await startArchive([{ tape: { ticker: CONTRACT, prints }, quotes }])
    cleanups.push(() => rest.close())
    const filled = fill(cut.url, rest)
    const status = async () =>
      (await query<{ status: string }>(cut.url, 'SELECT status FROM flow_gaps'))[0]?.status
    expect(await status()).toBe('unfilled')
    // what is stored after the gap's own time tells that nothing of it is on its way any more
    for (let at = 0; at < 13; at++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      send([trade({ s: 10 })], false)
    }
    await eventually('the gap is filled', async () => (await status()) === 'filled')
    expect(filled).toMatchObject([{ ticker: CONTRACT, volume: 7 + 6 + 5 + 600 + 3 + 9, prints: 6 }])
    const accounts = await Promise.all([cut.engine.drain(), whole.engine.drain()])
    expect(accounts.map(imbalance)).toEqual([0, 0])
    expect(accounts[0].received).toBe(sent.cut) // a fill is no part of the account
    // this engine is not told of the volume, so prints that came after the fill do not count it
    const others = [...DIFFERENT, 'day_volume']
    expect(await tableOf(cut.url, others)).toEqual(await tableOf(whole.url, others))
    const volumes = `SELECT sequence, day_volume FROM options_flow_history WHERE timestamp <= $1
      ORDER BY sequence`
    expect(await query(cut.url, volumes, [last])).toEqual(await query(whole.url, volumes, [last]))
    const events = `SELECT kind, leg_count, total_size, total_premium, vwap, exchanges, is_void
      FROM flow_events ORDER BY started_at, total_size`
    expect(await query(cut.url, events)).toEqual(await query(whole.url, events))
  })
})
