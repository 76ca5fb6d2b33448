import { existsSync, type FSWatcher, mkdirSync, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/simulator/random.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually } from '../e2e/flow-process.ts'
import { type CuttingProxy, startCuttingProxy } from '../pg/cutting-proxy.ts'
import type { LoadVendor } from './load-vendor.ts'
import { journalOf } from './reference.ts'

/** What the engine is doing when it is killed, as far as that can be aimed at. */
export const AIMS = [
  'load',
  'start',
  'replay',
  'snapshot',
  'stall',
  'copy',
  'commit',
  'drain',
] as const
export type Aim = (typeof AIMS)[number]

/** Of 22 lives. */
const WEIGHTS: readonly (readonly [Aim, number])[] = [
  ['load', 6],
  ['start', 3],
  ['replay', 3],
  ['snapshot', 2],
  ['stall', 2],
  ['copy', 2],
  ['commit', 2],
  ['drain', 2],
]
const LOAD_MS_MAX = 450
const START_MS_MAX = 1200
const STALL_MS = 250
const COMMITS_MAX = 8
/** Of one life: a machine that is busy with others makes lives long. */
const FRAMES_MAX = 500

export type Lane = {
  readonly dataDir: string
  readonly databaseUrl: string
  readonly vendor: LoadVendor
  readonly settings: Record<string, string>
  readonly random: Random
}

export type Life = {
  readonly aim: Aim
  /** Whether it was hit where it was aimed at. */
  readonly isHit: boolean
  readonly wasKilled: boolean
  /** From the start of the process until it reads the feed, ms; null: it was killed before. */
  readonly readyMs: number | null
}

/** One life of the engine, which ends with SIGKILL. Throws when the engine ends in another way. */
export async function live(lane: Lane): Promise<Life> {
  const aim = lane.random.weighted(WEIGHTS)
  const proxy = aim === 'copy' || aim === 'commit' || aim === 'stall' ? new ArmedProxy() : null
  const url = proxy === null ? lane.databaseUrl : await proxy.start(lane.databaseUrl)
  const startedAt = performance.now()
  const engine = new Engine({ ...lane.settings, DATABASE_URL: url })
  const kill = (): void => void engine.child.kill('SIGKILL')
  let readyMs: number | null = null
  lane.vendor.play(FRAMES_MAX)
  try {
    if (aim === 'start') {
      await sleep(lane.random.int(0, START_MS_MAX))
    } else if (aim === 'replay' || aim === 'snapshot') {
      const delayMs = aim === 'replay' ? lane.random.int(0, 30) : lane.random.int(0, 3)
      const name = aim === 'replay' ? /^lock\.\d+$/ : /\.state\.tmp$/
      const seen = whenMade(lane.dataDir, name)
      await Promise.race([seen.made, engine.exited, sleep(20_000, undefined, { ref: false })])
      seen.stop()
      if (delayMs > 0) await sleep(delayMs)
    } else if (aim === 'stall') {
      // from its first COPY on the database says nothing: no state may be saved meanwhile
      proxy!.arm(aim, 1, () => {})
      await eventually('a COPY', () => proxy!.hasFired)
      await sleep(STALL_MS + lane.random.int(0, STALL_MS))
    } else {
      const ready = engine.ready().then(() => performance.now() - startedAt)
      readyMs = await ready
      if (aim === 'load') await sleep(lane.random.int(0, LOAD_MS_MAX))
      else if (aim === 'drain') await beginDrain(engine, lane)
      else {
        proxy!.arm(aim, lane.random.int(1, COMMITS_MAX), kill)
        await Promise.race([engine.exited, sleep(20_000, undefined, { ref: false })])
      }
    }
  } finally {
    kill()
    await engine.exited
    lane.vendor.pause()
    await proxy?.close()
  }
  const wasKilled = engine.child.signalCode === 'SIGKILL'
  if (!wasKilled && !(aim === 'drain' && engine.child.exitCode === 0)) {
    throw new Error(`the engine ended by itself (${engine.child.exitCode}):\n${engine.said}`)
  }
  const bad = engine.lines.filter(({ level }) => level === 'error')
  if (bad.length > 0) throw new Error(`the engine had an error:\n${engine.said}`)
  const said = (msg: string): boolean => engine.lines.some((line) => line.msg === msg)
  const hits: Record<Aim, () => boolean> = {
    load: () => readyMs !== null,
    start: () => !said('journal read again'),
    replay: () => !said('journal read again'),
    snapshot: () => unfinished(lane.dataDir),
    stall: () => proxy!.hasFired,
    copy: () => proxy!.hasFired,
    commit: () => proxy!.hasFired,
    drain: () => said('stopping') && !said('drained'),
  }
  return { aim, isHit: wasKilled && hits[aim](), wasKilled, readyMs }
}

/**
 * A drain closes every window, which the journal notes and no recording can tell: the tape closes
 * them first, so that the run that is never killed has them closed too.
 */
async function beginDrain(engine: Engine, { vendor, random, settings }: Lane): Promise<void> {
  await sleep(random.int(0, LOAD_MS_MAX))
  vendor.pause()
  const windowMs = Number(settings.FLOW_SWEEP_WINDOW_MS)
  const frames = vendor.tape.closeWindows(windowMs)
  await eventually('the end of the windows to be sent', () => vendor.send(frames))
  engine.child.kill('SIGTERM')
  await sleep(random.int(0, 120))
}

/** Resolves once a file of this name is made in the journal; looks whether it is there already. */
function whenMade(dataDir: string, name: RegExp): { made: Promise<void>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  let watcher: FSWatcher | null = null
  const look = (): void => {
    const home = join(dataDir, 'journal')
    mkdirSync(home, { recursive: true })
    if (readdirSync(home).length === 0) {
      timer = setTimeout(look, 5)
      return
    }
    const dir = journalOf(dataDir)
    watcher = watch(dir, (_, file) => {
      if (file !== null && name.test(file)) resolve()
    })
  }
  let timer: NodeJS.Timeout | null = null
  look()
  const stop = (): void => {
    if (timer !== null) clearTimeout(timer)
    watcher?.close()
    resolve()
  }
  return { made: promise, stop }
}

/** Whether a snapshot was left half written. */
function unfinished(dataDir: string): boolean {
  if (!existsSync(join(dataDir, 'journal'))) return false
  return readdirSync(journalOf(dataDir)).some((name) => name.endsWith('.state.tmp'))
}

type ProxyAim = Extract<Aim, 'stall' | 'copy' | 'commit'>

/** A proxy in front of PostgreSQL that kills in the middle of a COPY or around a COMMIT. */
class ArmedProxy {
  hasFired = false
  #proxy: CuttingProxy | null = null
  #aim: ProxyAim | null = null
  #left = 0
  #kill: () => void = () => {}

  async start(url: string): Promise<string> {
    this.#proxy = await startCuttingProxy(url, {
      onClientBytes: (chunk) => {
        if (this.#aim !== 'commit' && this.#aim !== null && chunk.includes('COPY ')) {
          return !this.#fires()
        }
        // every third: the COMMIT never comes; the others: it does, and nobody hears of it
        if (this.#aim === 'commit' && this.#left % 3 === 0 && chunk.includes('COMMIT')) {
          return !this.#fires()
        }
        return !this.hasFired
      },
      onServerBytes: (chunk) => {
        if (this.#aim === 'commit' && this.#left % 3 !== 0 && chunk.includes('COMMIT\0')) {
          this.#fires()
        }
        return !this.hasFired
      },
    })
    return this.#proxy.url
  }

  /** Kills, or falls silent, at COPY or COMMIT number `count` from here. */
  arm(aim: ProxyAim, count: number, kill: () => void): void {
    this.#left = count
    this.#kill = kill
    this.#aim = aim
  }

  async close(): Promise<void> {
    await this.#proxy?.close()
  }

  #fires(): boolean {
    this.#left--
    if (this.#left > 0) return false
    this.hasFired = true
    this.#kill()
    return true
  }
}
