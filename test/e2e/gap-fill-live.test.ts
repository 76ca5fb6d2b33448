import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { TapePrint, TapeQuote } from '../../src/fill/tape.ts'
import { startArchive } from '../fill/archive-server.ts'
import { DIFFERENT, tableOf } from '../fill/day.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance, killLeftovers } from './flow-process.ts'
import { CONTRACT, quote, trade } from './prints.ts'

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

async function side(settings: Record<string, string>) {
  const vendor = await startVendor([(peer) => peer.accept()])
  cleanups.push(() => vendor.close())
  const url = await postgres.freshDatabase()
  const engine = new Engine({
    DATABASE_URL: url,
    FLOW_FEED_URL: vendor.url,
    FLOW_SYMBOLS: 'SPY',
    FLOW_QUOTES_PER_CONNECTION: '0',
    FLOW_LOOKUP_PREMIUM: '0',
    MASSIVE_API_KEY: 'a-key-for-the-archive',
    ...settings,
  })
  await engine.ready()
  return { vendor, engine, url }
}

it('a running engine fills its gap by itself, and every print has the volume of its day', async () => {
  const prints: TapePrint[] = []
  const quotes: TapeQuote[] = []
  let received = 2
  // a leg of a sweep waits for its window, with the volume of its arrival: the fill commits before
  const archive = await startArchive([{ tape: { ticker: CONTRACT, prints }, quotes }], (ticker) => {
    if (decodeURIComponent(ticker) !== CONTRACT) return false
    send([quote(), trade({ p: 1.6, s: 15, c: undefined })])
    received++
    return false
  })
  cleanups.push(() => archive.close())
  const cut = await side({ FLOW_REST_URL: archive.url, FLOW_FILL_PER_SECOND: '50' })
  const whole = await side({ FLOW_REST_URL: archive.url, FLOW_FILL_PER_SECOND: '0' })
  const send = (events: Record<string, unknown>[], isLost = false): void => {
    whole.vendor.peers.at(-1)!.send(...events)
    if (!isLost) cut.vendor.peers.at(-1)!.send(...events)
    for (const event of events) {
      const { ev, t, p, s, x, c, q, bp, ap, bs, as } = event as never as TapePrint &
        TapeQuote & { ev: string }
      if (ev === 'Q') quotes.push({ t, bp, ap, bs, as })
      else prints.push({ t, p, s, x: x ?? null, c: c ?? [], q })
    }
  }
  send([quote(), trade({ s: 40 }), trade({ s: 25 })])
  await cut.engine.received(2)
  cut.vendor.peers.at(-1)!.socket.destroy()
  send([quote(), trade({ s: 600, p: 1.61 }), trade({ s: 3, c: [232] })], true)
  await eventually('it is back', () => cut.vendor.peers.length === 2)
  await cut.engine.ready()
  // what is stored later tells that nothing of before is on its way any more
  const hasVolume = async (): Promise<boolean> => {
    send([quote(), trade({ s: 10 })])
    received++
    await new Promise((resolve) => setTimeout(resolve, 500))
    const fills = await query<{ volume: string | null }>(cut.url, 'SELECT volume FROM flow_fills')
    return fills.length === 1 && fills[0]!.volume === null
  }
  while (!(await hasVolume()));
  send([quote(), trade({ s: 12 }), trade({ s: 14 })])
  received += 2
  await cut.engine.received(received)
  await whole.engine.received(received + 2)
  const { gaps } = JSON.parse((await cut.engine.get('/api/gaps')).body)
  expect(gaps).toMatchObject([{ reason: 'closed', status: 'filled', filled: 1, symbols: ['SPY'] }])
  expect(await cut.engine.metric('flow_gaps_open')).toBe(0)
  const accounts = await Promise.all([cut.engine.drain(), whole.engine.drain()])
  expect(accounts.map(imbalance)).toEqual([0, 0])
  expect(accounts[0]).toMatchObject({ received }) // a fill is no part of the account
  expect(await tableOf(cut.url, DIFFERENT)).toEqual(await tableOf(whole.url, DIFFERENT))
}, 180_000)
