import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readJournal } from '../../src/journal/read-journal.ts'
import { query } from '../pg/database.ts'
import type { Vendor } from '../reader/vendor-server.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance } from './flow-process.ts'
import { CONTRACT, quote, trade } from './prints.ts'
import { useStage } from './stage.ts'
import { countRows, rowTexts } from './table.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'flow-journal-'))
  cleanups.push(async () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A vendor and an engine that keeps its journal from one process to the next. */
async function settled(over: Record<string, string> = {}) {
  const vendor = await vendorOf()
  const own = { FLOW_DATA_DIR: folder(), ...over }
  const settings: Record<string, string> & typeof own = { ...(await settingsFor(vendor)), ...own }
  const start = async (): Promise<Engine> => {
    const before = vendor.peers.length
    const engine = new Engine(settings)
    await engine.ready()
    await eventually('a connection', () => vendor.peers.length > before)
    return engine
  }
  return { vendor, settings, start, url: settings.DATABASE_URL! }
}

/** The events of a journaled frame; evidence of ours has none of the vendor's. */
function parse(bytes: Uint8Array): { readonly p?: number }[] {
  const text = Buffer.from(bytes).toString()
  return text.startsWith('[') ? JSON.parse(text) : []
}

const send = (vendor: Vendor, ...events: object[]): void => vendor.peers.at(-1)!.send(...events)

/** The journal that a data directory has for its only database. */
function journalIn(dir: string): string {
  const [name, ...others] = readdirSync(join(dir, 'journal'))
  expect(others).toEqual([])
  return join(dir, 'journal', name!)
}

const snapshots = (journal: string): string[] =>
  readdirSync(journal).filter((name) => name.endsWith('.state'))

/** Rows with every column but when and in which order they were received, which differ by run. */
const content = (url: string): Promise<string[]> => rowTexts(url, ['received_at', 'stored_at'])

async function eventTexts(url: string): Promise<string[]> {
  const rows = await query<{ row: string }>(
    url,
    `SELECT (to_jsonb(t) - 'recorded_at')::text AS row FROM flow_events t ORDER BY 1`,
  )
  return rows.map(({ row }) => row)
}

async function cancelTexts(url: string): Promise<string[]> {
  const rows = await query<{ row: string }>(
    url,
    `SELECT (to_jsonb(t) - '{received_at,id}'::text[])::text AS row FROM flow_cancels t ORDER BY 1`,
  )
  return rows.map(({ row }) => row)
}

/** Sends of one tape: quotes, prints that build up volume and averages, sweeps, cancels. */
function tape(sends: number): object[][] {
  const start = Date.now()
  const other = CONTRACT.replace('00650000', '00660000')
  return Array.from({ length: sends }, (_, i) => {
    const t = start + i * 20
    const sym = i % 3 === 0 ? other : CONTRACT
    const x = 300 + (i % 4)
    const c = i % 5 === 0 ? [219] : [209]
    const s = 10 + ((i * 7) % 90)
    const plain = trade({ t, sym, x, c, s, p: 1.5 + (i % 11) / 100 })
    const events: object[] = [quote({ t, sym }), plain]
    if (i % 4 === 0) {
      const { q, ...unnumbered } = trade({ t, sym, x, s: 20, p: 1.61 })
      events.push(unnumbered, { ...unnumbered })
      if (i % 8 === 0) events.push({ ...unnumbered, c: [201] })
    }
    if (i % 7 === 0) events.push(trade({ ...plain, q: trade().q, c: [201] }))
    return events
  })
}

describe('an engine that is killed', () => {
  it('goes on in the middle of open windows as if it had not been', async () => {
    // windows wait for event time, not for the reading clock, which differs from run to run
    const windows = { FLOW_SWEEP_WINDOW_MS: '2000' }
    const sends = tape(60)
    const whole = await settled(windows)
    const one = await whole.start()
    for (const events of sends) send(whole.vendor, ...events)
    await eventually('all sent', async () => (await one.stats()).account.received > 0)
    const prints = sends.flat().filter((event) => (event as { ev: string }).ev === 'T').length
    await one.received(prints)
    expect(imbalance(await one.drain())).toBe(0)

    const cut = await settled(windows)
    let from = 0
    for (const to of [17, 31, 60]) {
      const engine = await cut.start()
      const part = sends.slice(from, to)
      const before = await engine.metric('flow_trades_received_total')
      for (const events of part) send(cut.vendor, ...events)
      const came = part.flat().filter((event) => (event as { ev: string }).ev === 'T').length
      await engine.received(before + came)
      from = to
      if (to < 60) await engine.kill('SIGKILL')
      else expect(imbalance(await engine.drain())).toBe(0)
    }
    expect(await content(cut.url)).toEqual(await content(whole.url))
    expect(await eventTexts(cut.url)).toEqual(await eventTexts(whole.url))
    expect(await cancelTexts(cut.url)).toEqual(await cancelTexts(whole.url))
    expect((await content(whole.url)).length).toBeGreaterThan(60)
  })

  it('has each print once after kills at random moments, with sequences and without', async () => {
    const { vendor, settings, start, url } = await settled({ FLOW_SWEEP_WINDOW_MS: '50' })
    let price = 0
    for (let life = 0; life < 6; life++) {
      const engine = await start()
      const load = setInterval(() => {
        const events = Array.from({ length: 40 }, (_, i) => {
          price++
          const { q, ...rest } = trade({ p: price / 100 })
          return i % 2 === 0 ? { ...rest, q } : rest
        })
        send(vendor, ...events)
      }, 5)
      await engine.received(1)
      await sleep((life * 7919) % 400)
      clearInterval(load)
      // what it was sent last may not have reached it: it is not sent again, and is a gap
      await engine.kill('SIGKILL')
    }
    const last = await start()
    expect(imbalance(await last.drain())).toBe(0)
    const [found] = await query<Record<string, string>>(
      url,
      `SELECT count(*) AS rows, count(DISTINCT price) AS prices
       FROM options_flow_history`,
    )
    expect(found!.rows).toBe(found!.prices)
    const prices = new Set<number>()
    const journal = journalIn(settings.FLOW_DATA_DIR)
    for await (const frames of readJournal(journal, null, () => {})) {
      for (const { bytes } of frames) {
        for (const { p } of bytes.length > 0 ? parse(bytes) : []) if (p !== undefined) prices.add(p)
      }
    }
    expect(Number(found!.prices)).toBe(prices.size)
    expect(prices.size).toBeGreaterThan(1000)
  })

  it('takes the snapshot before a damaged one, and none where the settings changed', async () => {
    const { vendor, settings, start, url } = await settled()
    for (let life = 1; life <= 2; life++) {
      const engine = await start()
      send(vendor, trade(), trade())
      await engine.received(2)
      expect(imbalance(await engine.drain())).toBe(0)
    }
    expect(await countRows(url)).toBe(4)
    const journal = journalIn(settings.FLOW_DATA_DIR)
    truncateSync(join(journal, snapshots(journal).sort().at(-1)!), 100)
    const third = await start()
    const warned = third.lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg)
    expect(warned.join()).toMatch(/snapshot \d+ is left out/)
    expect((await third.line('journal read again')).from_state).toBe(true)
    await third.kill('SIGKILL')

    settings.FLOW_MIN_SIZE = '7'
    const fourth = await start()
    expect((await fourth.line('journal read again')).from_state).toBe(false)
    expect(fourth.said).toContain('minSize')
    expect(imbalance(await fourth.drain())).toBe(0)
    expect(await countRows(url)).toBe(4)
  })
})

it('an engine that was drained starts without reading its journal again', async () => {
  const { vendor, settings, start } = await settled()
  const first = await start()
  send(vendor, trade(), trade())
  await first.received(2)
  await first.drain()
  expect(existsSync(join(journalIn(settings.FLOW_DATA_DIR), '00000001.journal'))).toBe(true)
  const second = await start()
  expect(await second.line('journal read again')).toMatchObject({ frames: 0, from_state: true })
  const account = await second.drain()
  expect([imbalance(account), account.received]).toEqual([0, 0])
})

it('waits for a COMMIT that outlives the process that sent it', async () => {
  const { vendor, start, url } = await settled()
  const first = await start()
  // the next batch with rows takes long to commit, and no later one
  await query(
    url,
    `CREATE SEQUENCE slow_once;
     CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF EXISTS (SELECT FROM options_flow_history) AND nextval('slow_once') = 1 THEN
           PERFORM pg_sleep(6);
         END IF;
         RETURN NULL;
       END $$;
     CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON flow_batches DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION slow()`,
  )
  send(vendor, trade(), trade(), trade())
  await first.received(3)
  const sleeping = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'flow-writer%'
    AND query LIKE 'COMMIT%' AND wait_event = 'PgSleep'`
  const isSleeping = async (): Promise<boolean> => (await query(url, sleeping)).length > 0
  await eventually('the COMMIT is under way', isSleeping)
  await first.kill('SIGKILL')
  const second = await start()
  await eventually('the COMMIT is done', async () => !(await isSleeping()))
  expect(imbalance(await second.drain())).toBe(0)
  expect(await countRows(url)).toBe(3)
})

it('a drain whose state could not be saved has closed its windows for the next start too', async () => {
  const { vendor, settings, start, url } = await settled({ FLOW_SWEEP_WINDOW_MS: '60000' })
  const first = await start()
  const t = Date.now()
  send(vendor, quote({ t }), trade({ t, x: 302, p: 1.61 }))
  await first.received(1)
  const journal = journalIn(settings.FLOW_DATA_DIR)
  // one as it is built, and one as frames may come if that is done by then
  await eventually('the first state', () => snapshots(journal).length >= 1)
  const inTheWay = [2, 3].map((n) => join(journal, `snapshot-0000000${n}.state.tmp`))
  for (const path of inTheWay) if (!existsSync(path)) mkdirSync(path)
  await first.drain()
  expect(first.said).toContain('the state could not be saved')
  for (const path of inTheWay) rmSync(path, { recursive: true, force: true })
  const second = await start()
  send(vendor, trade({ t: t + 1, x: 303, p: 1.61 }))
  await second.received(2)
  expect(imbalance(await second.drain())).toBe(0)
  const rows = await query(url, 'SELECT event_legs FROM options_flow_history')
  expect(rows).toEqual([{ event_legs: null }, { event_legs: null }])
})

describe('a state is left out where the database is not the one that it goes with', () => {
  it('another database has a journal of its own, and each its own prints', async () => {
    const { vendor, settings, start } = await settled()
    const one = await start()
    send(vendor, trade(), trade())
    await one.received(2)
    await one.kill('SIGKILL')
    const urls = [settings.DATABASE_URL!, (await settingsFor(vendor)).DATABASE_URL!]
    settings.DATABASE_URL = urls[1]!
    const other = await start()
    send(vendor, trade())
    await other.received(1)
    expect(await other.drain()).toMatchObject({ received: 1, stored: 1 })
    settings.DATABASE_URL = urls[0]!
    expect(imbalance(await (await start()).drain())).toBe(0)
    expect(await Promise.all(urls.map(countRows))).toEqual([2, 1])
  })

  it('rows that somebody removed do not come back, and are no duplicates when sent again', async () => {
    const { vendor, start, url } = await settled()
    const first = await start()
    const print = trade()
    send(vendor, print)
    await first.received(1)
    await first.drain()
    await query(url, 'TRUNCATE options_flow_history')
    const second = await start()
    expect(second.said).toContain('its rows were removed')
    expect(await countRows(url)).toBe(0)
    send(vendor, print)
    await second.received(1)
    expect(await second.drain()).toMatchObject({ received: 1, stored: 1 })
  })

  it('a database that is an older copy gets what the journal has', async () => {
    const { vendor, start, url } = await settled()
    const first = await start()
    send(vendor, trade(), trade())
    await first.received(2)
    await first.drain()
    await query(url, 'TRUNCATE options_flow_history, flow_batches')
    const second = await start()
    expect(second.said).toContain('older copy')
    expect(imbalance(await second.drain())).toBe(0)
    expect(await countRows(url)).toBe(2)
  })

  it('two engines on one data directory and database both keep a journal', async () => {
    const { vendor, settings, start, url } = await settled()
    const one = await start()
    const two = await start()
    expect(two.said).toContain('a journal beside it')
    vendor.peers.at(-2)!.send(trade(), trade())
    send(vendor, trade())
    await one.received(2)
    await two.received(1)
    await one.kill('SIGKILL')
    await two.kill('SIGKILL')
    expect(readdirSync(join(settings.FLOW_DATA_DIR, 'journal'))).toHaveLength(2)
    const again = [await start(), await start()]
    for (const engine of again) expect(imbalance(await engine.drain())).toBe(0)
    expect(await countRows(url)).toBe(3)
  })
})
