import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { WARM_UP_PRINTS } from '../../src/domain/size-profiles.ts'
import { Random } from '../../src/simulator/random.ts'
import { startCuttingProxy } from '../pg/cutting-proxy.ts'
import { query } from '../pg/database.ts'
import { Engine } from './engine.ts'
import { eventually, flow, imbalance } from './flow-process.ts'
import { trade } from './prints.ts'
import { useStage } from './stage.ts'
import { countRows, type Row, tableRows } from './table.ts'

const { cleanups, vendorOf, settingsFor } = useStage()

/**
 * So many prints of sizes from 10 to 209, from `start` on, 1 ms apart. Each is the first of its
 * contract: all of them belong to the profile of the least liquid ones.
 */
function prints(count: number, start: number): Record<string, unknown>[] {
  const random = new Random(20_261_122)
  return Array.from({ length: count }, (_, i) =>
    trade({ sym: `O:SPY271217C00${100 + i}000`, t: start + i, s: random.int(10, 209) }),
  )
}

async function profilesIn(url: string): Promise<Row[]> {
  const text = "SELECT symbol, encode(profile, 'hex') AS profile FROM flow_size_profiles ORDER BY 1"
  return query<Row>(url, text)
}

const percentilesOf = (rows: readonly Row[]) =>
  rows.map((row) => [row.size_percentile, row.premium_percentile, row.percentile_sample])

describe('size profiles', () => {
  it('are there from the first print after a restart on', async () => {
    const vendor = await vendorOf()
    const settings = await settingsFor(vendor)
    const url = settings.DATABASE_URL!
    const first = new Engine(settings)
    await first.ready()
    await eventually('a state', () => first.said.includes('state saved'))
    const sent = WARM_UP_PRINTS + 50
    // past prints, so that those after the restart come later whatever the clock does
    vendor.peers[0]!.send(...prints(sent, Date.now() - 2000))
    await eventually('the rows', async () => (await countRows(url)) === sent)
    expect(imbalance(await first.drain())).toBe(0)
    const before = await tableRows(url)
    const warm = before.findIndex((row) => row.size_percentile !== null)
    expect(before[warm]!.percentile_sample).toBe(WARM_UP_PRINTS)
    expect(before.slice(warm).every((row) => row.size_percentile !== null)).toBe(true)
    expect(await profilesIn(url)).toMatchObject([{ symbol: 'SPY' }])

    const second = new Engine(settings)
    await second.ready()
    const t = Date.now()
    const [sym, other] = ['O:SPY271217C00999000', 'O:SPY271217C00998000']
    vendor.peers[1]!.send(trade({ sym, t, s: 1000 }), trade({ sym: other, t: t + 1, p: 0.01 }))
    await eventually('two more', async () => (await countRows(url)) === sent + 2)
    expect(await second.metric('flow_percentile_warming_total')).toBe(0)
    expect(imbalance(await second.drain())).toBe(0)
    const [large, small] = (await tableRows(url)).slice(sent) as [Row, Row]
    expect(large).toMatchObject({ size_percentile: 100, percentile_sample: sent })
    expect(small.percentile_sample).toBe(sent + 1)
    expect(Number(small.premium_percentile)).toBeLessThan(5)
  })

  it('learn no print twice, when the process was killed once they were put by', async () => {
    const vendor = await vendorOf()
    const settings = await settingsFor(vendor)
    const url = settings.DATABASE_URL!
    const first = new Engine(settings)
    await first.ready()
    await eventually('a state', () => first.said.includes('state saved'))
    const sent = WARM_UP_PRINTS + 50
    vendor.peers[0]!.send(...prints(sent, Date.now() - 2000))
    await eventually('the rows', async () => (await countRows(url)) === sent)
    await first.drain()

    // another machine: it has the database, and no state
    const own = { ...settings, FLOW_DATA_DIR: mkdtempSync(join(tmpdir(), 'flow-other-')) }
    cleanups.push(async () => rmSync(own.FLOW_DATA_DIR, { recursive: true, force: true }))
    // it dies once the database has taken what it learnt, and has saved no state behind it
    let [asked, hasTaken] = [false, false]
    const proxy = await startCuttingProxy(url, {
      onClientBytes: (chunk) => {
        asked ||= chunk.includes('INSERT INTO flow_size_profiles')
        return true
      },
      onServerBytes: (chunk) => {
        hasTaken ||= asked && chunk.includes('INSERT 0 1')
        if (hasTaken) second.child.kill('SIGKILL')
        return !hasTaken
      },
    })
    cleanups.push(() => proxy.close())
    const second = new Engine({ ...own, DATABASE_URL: proxy.url })
    await second.ready()
    await eventually('a state', () => second.said.includes('state saved'))
    const more = 10
    vendor.peers[1]!.send(...prints(more, Date.now() - 1000))
    await eventually('more rows', async () => (await countRows(url)) === sent + more)
    second.child.kill('SIGTERM')
    await second.exited
    expect(hasTaken).toBe(true)

    const third = new Engine(own)
    await third.ready()
    vendor.peers[2]!.send(trade({ sym: 'O:SPY271217C00999000', t: Date.now(), s: 1000 }))
    await eventually('one more', async () => (await countRows(url)) === sent + more + 1)
    await third.drain()
    const last = (await tableRows(url)).at(-1)!
    expect(last.percentile_sample).toBe(sent + more)
  })

  it('of a replay are its own: the same in any database, and never kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flow-profiles-'))
    cleanups.push(async () => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'sizes.frames.jsonl')
    const start = Date.UTC(2026, 10, 20, 15)
    const all = prints(WARM_UP_PRINTS + 50, start)
    const lines = all.map((print) =>
      JSON.stringify({ recv: print.t, frame: JSON.stringify([print]) }),
    )
    writeFileSync(file, `${lines.join('\n')}\n`)

    // one database is new, the other knows SPY from a live engine
    const vendor = await vendorOf()
    const fresh = await settingsFor(vendor)
    const used = await settingsFor(vendor)
    const engine = new Engine(used)
    await engine.ready()
    await eventually('a state', () => engine.said.includes('state saved'))
    vendor.peers[0]!.send(...prints(WARM_UP_PRINTS, Date.now() - 2000))
    await eventually('a live tape', async () => {
      return (await countRows(used.DATABASE_URL!)) === WARM_UP_PRINTS
    })
    await engine.drain()
    const kept = await profilesIn(used.DATABASE_URL!)
    expect(kept).toHaveLength(1)

    const tables: Row[][] = []
    for (const { DATABASE_URL: url } of [fresh, used]) {
      const run = await flow(['replay', file], { DATABASE_URL: url!, FLOW_SYMBOLS: 'SPY' })
      expect([run.code, run.stderr, run.account.stored]).toEqual([0, '', all.length])
      const rows = await tableRows(url!)
      tables.push(rows.filter((row) => Number(row.timestamp) < start + 60_000))
    }
    const [one, other] = tables as [Row[], Row[]]
    expect(percentilesOf(other)).toEqual(percentilesOf(one))
    expect(one.filter((row) => row.size_percentile !== null)).toHaveLength(50)
    expect(await profilesIn(fresh.DATABASE_URL!)).toEqual([])
    expect(await profilesIn(used.DATABASE_URL!)).toEqual(kept)
  })
})
