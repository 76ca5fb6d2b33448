import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Random } from '../../src/simulator/random.ts'
import { Engine } from '../e2e/engine.ts'
import { imbalance, killLeftovers } from '../e2e/flow-process.ts'
import { countRows } from '../e2e/table.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { AIMS, type Lane, type Life, live } from './life.ts'
import { LoadVendor } from './load-vendor.ts'
import { differences, journalOf, keepSegments, replayJournal, storedTwice } from './reference.ts'
import { engineSettings, gapsOf, SEED } from './theatre.ts'

const KILLS = Number(process.env.FAULT_KILLS ?? 200)
/** Far above what a life of a fraction of a second takes here. */
const LIFE_MS_MAX = 8_000

let postgres: TestPostgres
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  postgres = await startTestPostgres()
  // one life that ends well: what it compiled is there for those that are killed
  const { settings, databaseUrl, vendor } = await openLane(1)
  const engine = new Engine({ ...settings, DATABASE_URL: databaseUrl })
  await engine.ready()
  await vendor.playFrames(60)
  await engine.drain()
})
// both lanes run at once: nothing is cleared away before the last one has ended
afterAll(async () => {
  await killLeftovers()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  await postgres.stop()
})

async function openLane(connections: 1 | 2): Promise<Lane & { readonly home: string }> {
  const home = mkdtempSync(join(tmpdir(), 'flow-faults-'))
  cleanups.push(async () => rmSync(home, { recursive: true, force: true }))
  const vendor = await LoadVendor.start(SEED + connections)
  cleanups.push(() => vendor.close())
  const dataDir = join(home, 'data')
  const settings = { ...engineSettings(vendor, connections), FLOW_DATA_DIR: dataDir }
  const random = new Random(SEED * 31 + connections)
  return { home, dataDir, databaseUrl: await postgres.freshDatabase(), vendor, settings, random }
}

function report(lives: readonly Life[]): string {
  const kills = lives.filter(({ wasKilled }) => wasKilled)
  const by = AIMS.map((aim) => {
    const aimed = kills.filter((life) => life.aim === aim)
    return `${aim} ${aimed.filter(({ isHit }) => isHit).length}/${aimed.length}`
  })
  const ready = kills.flatMap(({ readyMs }) => readyMs ?? []).sort((a, b) => a - b)
  const at = (share: number): number => Math.round(ready[Math.floor(share * (ready.length - 1))]!)
  return `${kills.length} kills, hit ${by.join(', ')}; ready after ${at(0.5)} ms (median), ${at(1)} ms (max)`
}

it.concurrent.for([1, 2] as const)(
  `the table is that of a run never killed, after ${KILLS / 2} kills over %i connections`,
  { timeout: 60_000 + KILLS * LIFE_MS_MAX },
  async (connections) => {
    const lane = await openLane(connections)
    const keep = join(lane.home, 'kept')
    const lives: Life[] = []
    while (lives.filter(({ wasKilled }) => wasKilled).length < KILLS / 2) {
      lives.push(await live(lane))
      // a life that was killed at once may have been the first
      if (lives.some(({ readyMs }) => readyMs !== null)) keepSegments(journalOf(lane.dataDir), keep)
    }
    const last = new Engine({ ...lane.settings, DATABASE_URL: lane.databaseUrl })
    await last.ready()
    await lane.vendor.playFrames(60)
    const account = await last.drain()
    expect(imbalance(account)).toBe(0)
    keepSegments(journalOf(lane.dataDir), keep)

    const reference = await postgres.freshDatabase()
    const own = { ...lane.settings, DATABASE_URL: reference, FLOW_DATA_DIR: join(lane.home, 'ref') }
    const frames = await replayJournal(keep, join(lane.home, 'recording'), own)
    const rows = await countRows(lane.databaseUrl)
    console.log(`${connections} connections: ${report(lives)}; ${frames} frames, ${rows} rows`)
    expect(await differences(lane.databaseUrl, reference)).toEqual([])
    expect(await storedTwice(lane.databaseUrl)).toEqual([])
    expect(rows).toBeGreaterThan(10 * KILLS)
    const gaps = await gapsOf(lane.databaseUrl)
    expect(gaps.map(({ reason }) => reason)).toContain('crashed')
  },
)
