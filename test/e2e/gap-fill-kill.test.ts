import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { TapePrint, TapeQuote } from '../../src/fill/tape.ts'
import { startArchive } from '../fill/archive-server.ts'
import { DIFFERENT, tableOf } from '../fill/day.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, killLeftovers } from './flow-process.ts'
import { quote, trade } from './prints.ts'

/** The most traded first, which is the order in which they are filled. */
const CONTRACTS = [650, 640, 630, 620].map((strike) => `O:SPY271217C00${strike}000`)

let postgres: TestPostgres
const cleanups: (() => unknown)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterEach(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(() => postgres.stop())

type Event = TapePrint & TapeQuote & { readonly ev: string; readonly sym: string }

async function vendorAndSettings(restUrl: string, perSecond: string) {
  const vendor = await startVendor([(peer) => peer.accept()])
  cleanups.push(() => vendor.close())
  const dir = mkdtempSync(join(tmpdir(), 'flow-fill-kill-'))
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }))
  const settings = {
    DATABASE_URL: await postgres.freshDatabase(),
    FLOW_DATA_DIR: dir,
    FLOW_FEED_URL: vendor.url,
    FLOW_REST_URL: restUrl,
    FLOW_FILL_PER_SECOND: perSecond,
    FLOW_SYMBOLS: 'SPY',
    FLOW_QUOTES_PER_CONNECTION: '0',
    FLOW_LOOKUP_PREMIUM: '0',
    MASSIVE_API_KEY: 'a-key-for-the-archive',
  }
  return { vendor, settings }
}

it('goes on behind the last filled contract after kill -9, with each print once', async () => {
  const tapes = CONTRACTS.map((ticker) => ({
    tape: { ticker, prints: [] as TapePrint[] },
    quotes: [] as TapeQuote[],
  }))
  let isHeld = true
  const archive = await startArchive(tapes, (ticker) => {
    return isHeld && decodeURIComponent(ticker) === CONTRACTS[1] // it never gets an answer
  })
  cleanups.push(() => archive.close())
  const cut = await vendorAndSettings(archive.url, '50')
  const whole = await vendorAndSettings(archive.url, '0')
  const url = cut.settings.DATABASE_URL
  const undisturbed = new Engine(whole.settings)
  let engine = new Engine(cut.settings)
  await Promise.all([undisturbed.ready(), engine.ready()])

  let sent = 0
  const send = (events: Record<string, unknown>[], isLost = false): void => {
    whole.vendor.peers.at(-1)!.send(...events)
    if (!isLost) cut.vendor.peers.at(-1)!.send(...events)
    for (const event of events) {
      const { ev, sym, t, p, s, x, c, q, bp, ap, bs, as } = event as never as Event
      const { tape, quotes } = tapes[CONTRACTS.indexOf(sym)]!
      if (ev === 'Q') quotes.push({ t, bp, ap, bs, as })
      else {
        tape.prints.push({ t, p, s, x: x ?? null, c: c ?? [], q })
        sent++
      }
    }
  }
  /** A print of each contract, and one that is a leg and waits for its window. */
  const round = (size: number, isLost = false): void => {
    for (const [i, sym] of CONTRACTS.entries()) {
      const leg = { sym, s: size + 1, p: 1.6, c: undefined }
      send([quote({ sym }), trade({ sym, s: size * (4 - i) }), trade(leg)], isLost)
    }
  }
  const isLeft = async (where: string): Promise<boolean> =>
    (await query(url, `SELECT FROM ${where}`)).length > 0
  /** What is stored later tells that nothing of before is on its way any more. */
  const roundsWhile = async (isSo: () => Promise<boolean>): Promise<void> => {
    do {
      round(10)
      await new Promise((resolve) => setTimeout(resolve, 700))
    } while (await isSo())
  }

  round(40)
  await engine.received(sent)
  cut.vendor.peers.at(-1)!.socket.destroy()
  round(300, true)
  await eventually('it is back', () => cut.vendor.peers.length === 2)
  await engine.ready()
  await roundsWhile(async () => archive.asked.length < 2)
  expect(archive.asked).toEqual(CONTRACTS.slice(0, 2))
  const done = await query(url, 'SELECT contract_ticker AS ticker FROM flow_fills')
  expect(done).toEqual([{ ticker: CONTRACTS[0] }])
  round(20)
  await engine.kill('SIGKILL')
  round(200, true)
  isHeld = false
  engine = new Engine(cut.settings)
  await eventually('it is there again', () => cut.vendor.peers.length === 3)
  await engine.ready()
  await roundsWhile(async () => {
    const isPending = await isLeft('flow_fills WHERE volume IS NOT NULL')
    return isPending || (await isLeft(`flow_gaps WHERE status <> 'filled'`))
  })
  round(15)
  await undisturbed.received(sent)

  const asked = archive.asked.slice(2)
  expect(asked.slice(0, 3)).toEqual(CONTRACTS.slice(1)) // of the first gap
  expect(asked.slice(3).toSorted()).toEqual(CONTRACTS.toSorted()) // of the kill
  const gaps = await query(
    url,
    `SELECT reason, status, filled >= 8 AS "hasAll" FROM flow_gaps ORDER BY started_at`,
  )
  expect(gaps).toEqual([
    { reason: 'closed', status: 'filled', hasAll: true },
    { reason: 'crashed', status: 'filled', hasAll: true },
  ])
  await Promise.all([engine.drain(), undisturbed.drain()])
  const [twice] = await query(
    url,
    `SELECT FROM options_flow_history GROUP BY contract_ticker, sequence HAVING count(*) > 1`,
  )
  expect(twice).toBeUndefined()
  expect(await tableOf(url, DIFFERENT)).toEqual(
    await tableOf(whole.settings.DATABASE_URL, DIFFERENT),
  )
}, 240_000)
