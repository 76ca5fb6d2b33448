import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { Engine } from '../e2e/engine.ts'
import { type Account, imbalance, killLeftovers } from '../e2e/flow-process.ts'
import { countRows } from '../e2e/table.ts'
import { query, startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { LoadVendor } from './load-vendor.ts'
import { differences, journalOf, replayJournal, storedTwice } from './reference.ts'

export const SEED = Number(process.env.FAULT_SEED ?? 20251104)
const MIB = 1024 * 1024

export type Gap = { readonly reason: string; readonly started: number; readonly ended: number }

export type Theatre = {
  readonly vendor: LoadVendor
  /** Settings of the engine; they may be changed between two starts. */
  readonly settings: Record<string, string>
  /** Starts an engine and waits until it reads the feed. */
  start(command?: readonly string[]): Promise<Engine>
  /**
   * What must hold whatever happened: the account of the last engine balances, the tables are those
   * of an engine that was never disturbed and got the same frames, and no row is there twice. Gives
   * the gaps on record, none of them open.
   */
  expectWhole(account: Account, rowsMin?: number): Promise<readonly Gap[]>
}

export type Stage = {
  /** Run after the test, the last one first. */
  readonly cleanups: (() => unknown)[]
  /** A PostgreSQL that nobody harms: the reference runs go there. */
  readonly postgres: () => TestPostgres
  folder(): string
  /** `databaseUrl`: of the engine; a new database of `postgres` unless given. */
  theatre(over?: Record<string, string>, databaseUrl?: string): Promise<Theatre>
}

export function useStage(): Stage {
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
  const folder = (): string => {
    const dir = mkdtempSync(join(tmpdir(), 'fault-'))
    cleanups.push(() => rmSync(dir, { recursive: true, force: true }))
    return dir
  }
  return {
    cleanups,
    postgres: () => postgres,
    folder,
    async theatre(over = {}, databaseUrl) {
      const home = folder()
      const vendor = await LoadVendor.start(SEED)
      cleanups.push(() => vendor.close())
      const settings: Record<string, string> = {
        ...engineSettings(vendor, 1),
        DATABASE_URL: databaseUrl ?? (await postgres.freshDatabase()),
        FLOW_DATA_DIR: join(home, 'data'),
        ...over,
      }
      const url = settings.DATABASE_URL!
      const dataDir = settings.FLOW_DATA_DIR!
      return {
        vendor,
        settings,
        async start(command) {
          const engine = new Engine(settings, command)
          await engine.ready()
          return engine
        },
        async expectWhole(account, rowsMin = 100) {
          expect(imbalance(account)).toBe(0)
          const own = {
            ...engineSettings(vendor, 1),
            DATABASE_URL: await postgres.freshDatabase(),
            FLOW_DATA_DIR: join(home, 'reference'),
          }
          await replayJournal(journalOf(dataDir), join(home, 'recording'), own)
          expect(await differences(url, own.DATABASE_URL)).toEqual([])
          expect(await storedTwice(url)).toEqual([])
          expect(await countRows(url)).toBeGreaterThan(rowsMin)
          return gapsOf(url)
        },
      }
    },
  }
}

/**
 * What both the engine and its reference run are set to. The compiled code is kept from one process
 * to the next, which halves the work of a start; the first clean end of one writes it.
 */
export function engineSettings(vendor: LoadVendor, connections: 1 | 2): Record<string, string> {
  return {
    ...vendor.settings(connections),
    FLOW_RETENTION_DAYS: '0',
    FLOW_LOOKUP_PREMIUM: '0',
    FLOW_QUOTES_PER_CONNECTION: '0',
    FLOW_SWEEP_WINDOW_MS: '1000',
    NODE_COMPILE_CACHE: join(tmpdir(), 'compiled'),
  }
}

/** The gaps on record; fails when one is open or ends before it begins. */
export async function gapsOf(url: string): Promise<readonly Gap[]> {
  const gaps = await query<{ reason: string; started: string; ended: string | null }>(
    url,
    `SELECT reason, started_at AS started, ended_at AS ended FROM flow_gaps ORDER BY started_at`,
  )
  return gaps.map(({ reason, started, ended }) => {
    expect(ended).not.toBeNull()
    expect(Number(ended)).toBeGreaterThanOrEqual(Number(started))
    return { reason, started: Number(started), ended: Number(ended) }
  })
}

/** Node options that preload one of the files beside this one into every thread of a process. */
export function preload(file: 'shifted-clock.ts' | 'killed-thread.ts'): Record<string, string> {
  return { NODE_OPTIONS: `--import=${fileURLToPath(new URL(file, import.meta.url))}` }
}

/** Whether small disks can be made here: Linux, as root, with the right to mount. */
export const canMount = probeMount()
if (!canMount) console.warn('no right to mount a tmpfs here: the tests of full disks are left out')

function probeMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'fault-mount-'))
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir])
  if (made.status === 0) spawnSync('umount', [dir])
  rmSync(dir, { recursive: true, force: true })
  return made.status === 0
}

/** A disk of so many MiB at `dir`, which is made; it goes after the test. */
export function mountDisk(stage: Stage, dir: string, mib: number): void {
  mkdirSync(dir, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib * MIB},mode=755`, 'tmpfs', dir])
  stage.cleanups.push(() => spawnSync('umount', ['-l', dir]))
}
