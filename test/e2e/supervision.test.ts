import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { query } from '../pg/database.ts'
import { Engine } from './engine.ts'
import { eventually, imbalance } from './flow-process.ts'
import { CONTRACT, quote, trade } from './prints.ts'
import { useStage } from './stage.ts'
import { countRows, rowTexts } from './table.ts'

const { cleanups, vendorOf, settingsFor } = useStage()
const DEADLY = fileURLToPath(new URL('deadly.ts', import.meta.url))
const DEADLY_PRICE = 66.66

/** An engine, its vendor, and the settings of the first for a second one. */
async function staged(over: Record<string, string> = {}) {
  const vendor = await vendorOf()
  const dir = mkdtempSync(join(tmpdir(), 'flow-deaths-'))
  cleanups.push(async () => rmSync(dir, { recursive: true, force: true }))
  const settings: Record<string, string> = {
    ...(await settingsFor(vendor)),
    FLOW_DATA_DIR: dir,
    FLOW_SWEEP_WINDOW_MS: '2000',
    NODE_OPTIONS: `--import ${DEADLY}`,
    DEADLY_TICKS: `${Math.round(DEADLY_PRICE * 10_000)}`,
    ...over,
  }
  const start = async (): Promise<Engine> => {
    const before = vendor.peers.length
    const engine = new Engine(settings)
    await engine.ready()
    await eventually('a connection', () => vendor.peers.length > before)
    return engine
  }
  const letters = (): Record<string, unknown>[] => {
    const path = join(dir, 'dead-letters.jsonl')
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
  return { vendor, settings, start, letters, url: settings.DATABASE_URL! }
}

/** Frames of quotes and prints over two contracts, with sweeps that are open for long. */
function tape(frames: number, prints: () => number): object[][] {
  const start = Date.now()
  const other = CONTRACT.replace('00650000', '00660000')
  return Array.from({ length: frames }, (_, i) => {
    const t = start + i * 5
    const sym = i % 3 === 0 ? other : CONTRACT
    const p = 1.5 + (i % 11) / 100
    const s = 5 + (i % 40)
    const q = prints()
    return [quote({ t, sym }), trade({ t, sym, x: 300 + (i % 4), s, p, q })]
  })
}

const RESTARTS = {
  shard: 'flow_shard_restarts_total',
  writer: 'flow_writer_restarts_total',
  reader: 'flow_reader_restarts_total',
} as const

const content = (url: string): Promise<string[]> => rowTexts(url, ['received_at', 'stored_at'])

/** Rows of a run of the same frames in which nothing dies. */
async function undisturbed(frames: readonly object[][], prints: number): Promise<string[]> {
  const { vendor, start, url } = await staged({ NODE_OPTIONS: '' })
  const engine = await start()
  for (const events of frames) vendor.peers.at(-1)!.send(...events)
  await engine.received(prints)
  expect(imbalance(await engine.drain())).toBe(0)
  return content(url)
}

let sequence = 1_000_000
const next = (): number => ++sequence

describe.each(['shard', 'writer'] as const)('a %s whose thread is killed', (thread) => {
  it('is started again with its state, again and again, and nothing shows in the rows', async () => {
    const frames = tape(300, next)
    const { vendor, start, url } = await staged({ DEADLY_THREAD: thread, FLOW_SHARDS: '1' })
    const engine = await start()
    let sent = 0
    for (const [i, events] of frames.entries()) {
      vendor.peers.at(-1)!.send(...events)
      sent++
      if (i % 100 !== 60) continue
      await engine.received(sent)
      engine.child.kill('SIGUSR2')
      const deaths = (i - 60) / 100 + 1
      await eventually(
        'the restart',
        async () => (await engine.metric(RESTARTS[thread])) === deaths,
      )
    }
    await engine.received(frames.length)
    expect(vendor.peers).toHaveLength(1)
    const account = await engine.drain()
    expect([account.received, imbalance(account)]).toEqual([frames.length, 0])
    expect(account.stored).toBe(await countRows(url))
    expect(account.duplicate).toBe(0)
    expect(await content(url)).toEqual(await undisturbed(frames, frames.length))
  })
})

describe.each(['shard', 'writer', 'reader'] as const)('a print that kills the %s', (part) => {
  it('is set aside with its frame, and the rest of it counts', async () => {
    const frames = tape(40, next)
    const deadly = trade({ p: DEADLY_PRICE, s: 50, q: next() })
    const whole = [...frames[20]!, deadly, trade({ p: 1.23, s: 50, q: next() })]
    const rest = whole.filter((event) => event !== deadly)
    const all = [...frames.slice(0, 20), rest, ...frames.slice(21)]
    const { vendor, start, letters, url } = await staged({ DEADLY_PART: part })
    const engine = await start()
    const prints = frames.length + 1
    for (const [i, events] of frames.entries()) {
      vendor.peers.at(-1)!.send(...(i === 20 ? whole : events))
    }
    await eventually('a dead letter', () => letters().length === 1)
    await engine.received(prints + 1)
    expect(await engine.metric(RESTARTS[part])).toBe(3)
    expect(await engine.metric('flow_dead_letters_total')).toBe(1)
    const [letter] = letters()
    expect(letter).toMatchObject({ part, event: 2 })
    expect(JSON.parse(String(letter!.frame))).toEqual(whole)
    const account = await engine.drain()
    expect(account).toMatchObject({ received: prints + 1, dropped: 1, duplicate: 0 })
    expect(imbalance(account)).toBe(0)
    expect(await content(url)).toEqual(await undisturbed(all, prints))

    const second = await start()
    vendor.peers.at(-1)!.send(trade({ q: next() }))
    await second.received(1)
    expect(imbalance(await second.drain())).toBe(0)
    expect(letters()).toHaveLength(1)
  })

  it('is left out by the next start too, where the process was killed meanwhile', async () => {
    const { vendor, start, letters, url } = await staged({ DEADLY_PART: part })
    const first = await start()
    const peer = vendor.peers.at(-1)!
    peer.send(trade({ q: next() }), trade({ p: DEADLY_PRICE, q: next() }), trade({ q: next() }))
    await eventually('a dead letter', () => letters().length === 1)
    await first.received(3)
    await first.kill('SIGKILL')
    const second = await start()
    const account = await second.drain()
    expect(imbalance(account)).toBe(0)
    expect(letters()).toHaveLength(1)
    expect(await second.kill('SIGTERM')).toBe(0)
    const rows = await query(url, 'SELECT FROM options_flow_history')
    expect(rows).toHaveLength(2)
  })
})

describe('while a part is built again', () => {
  it('nothing of a feed that goes on is lost, also when it dies once more meanwhile', async () => {
    const { vendor, start, url } = await staged({ DEADLY_THREAD: 'shard', FLOW_SHARDS: '1' })
    const engine = await start()
    const frames = tape(900, next)
    let sent = 0
    let deaths = 0
    for (const events of frames) {
      vendor.peers.at(-1)!.send(...events)
      sent++
      // twice in a row: the second falls into the building after the first
      if (sent % 300 === 100 || sent % 300 === 140) engine.child.kill('SIGUSR2')
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (sent % 300 === 0) {
        const before = deaths
        await engine.received(sent)
        deaths = await engine.metric(RESTARTS.shard)
        expect(deaths).toBeGreaterThan(before)
      }
    }
    await engine.received(frames.length)
    expect(vendor.peers).toHaveLength(1)
    const account = await engine.drain()
    expect([account.received, imbalance(account)]).toEqual([frames.length, 0])
    expect(await content(url)).toEqual(await undisturbed(frames, frames.length))
  })

  it('a stop waits for it, and for the database, and stores everything', async () => {
    const { vendor, start, url, settings } = await staged({ FLOW_DRAIN_TIMEOUT_MS: '120000' })
    const engine = await start()
    vendor.peers.at(-1)!.send(trade({ q: next() }), trade({ q: next() }))
    await engine.received(2)
    const name = new URL(settings.DATABASE_URL!).pathname.slice(1)
    const admin = new URL(settings.DATABASE_URL!)
    admin.pathname = '/postgres'
    const open = (isOpen: boolean): Promise<unknown> =>
      query(admin.href, 'UPDATE pg_database SET datallowconn = $1 WHERE datname = $2', [
        isOpen,
        name,
      ])
    await open(false)
    await query(
      admin.href,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
      [name],
    )
    vendor.peers.at(-1)!.send(trade({ q: next() }))
    await engine.received(3)
    engine.child.kill('SIGUSR2')
    await eventually('the death', () => engine.said.includes('all is built again'))
    const { status, body } = await engine.get('/readyz')
    expect([status, body]).toEqual([503, expect.stringContaining('built again')])
    vendor.peers.at(-1)!.socket.destroy()
    engine.child.kill('SIGTERM')
    await engine.line('stopping')
    await open(true)
    expect(await engine.exited).toBe(0)
    expect(imbalance(engine.account)).toBe(0)
    expect(await countRows(url)).toBe(3)
  })
})

it('too many deaths stop the process with the reason, and the next start stores what is left', async () => {
  const { vendor, settings, start, url } = await staged({ DEADLY_THREAD: 'shard' })
  const engine = await start()
  vendor.peers.at(-1)!.send(trade({ q: next() }))
  await engine.received(1)
  const killing = setInterval(() => {
    if (engine.said.includes('cannot go on')) clearInterval(killing)
    else engine.child.kill('SIGUSR2')
  }, 50)
  const code = await engine.exited
  clearInterval(killing)
  expect(code).toBe(1)
  expect(engine.said).toMatch(
    /the engine died 10 times within 10 minutes, last: the thread of a shard ended/,
  )
  settings.NODE_OPTIONS = ''
  const second = await start()
  expect(imbalance(await second.drain())).toBe(0)
  expect(await countRows(url)).toBe(1)
})
