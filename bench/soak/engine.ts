import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Account } from '../../src/metrics/metrics.ts'
import type { Buckets } from './statistics.ts'

type LogLine = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>

/** One "state saved" line: bytes of all, ms of the whole and of the slowest shard. */
export type Saved = { readonly bytes: number; readonly ms: number; readonly shard_ms: number }

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const READY_MS_MAX = 120_000
const SCRAPE_MS_MAX = 30_000
/** Warnings and errors that are kept; the rest is only counted. */
const TROUBLES_MAX = 20

/** `flow run` as a process of its own; its log is read and only what matters is kept. */
export class SoakEngine {
  readonly #child: ChildProcess
  readonly #said = new Map<string, LogLine>()
  readonly saved: Saved[] = []
  /** The first warnings and errors, as they were logged. */
  readonly troubles: string[] = []
  troubleCount = 0
  exitCode: number | null | undefined

  private constructor(child: ChildProcess) {
    this.#child = child
    createInterface({ input: child.stdout! }).on('line', (line) => this.#take(line))
    createInterface({ input: child.stderr! }).on('line', (line) => this.#trouble(line))
    child.on('close', (code) => {
      this.exitCode = code
    })
  }

  /** Resolves once it is subscribed to the feed. Nothing of our environment reaches it. */
  static async start(dir: string, settings: Record<string, string>): Promise<SoakEngine> {
    const cwd = join(dir, 'empty') // so that nobody's .env is read
    await mkdir(cwd, { recursive: true })
    const child = spawn(process.execPath, [CLI, 'run'], {
      cwd,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: tmpdir(),
        FLOW_LOG: 'json',
        FLOW_HTTP_PORT: '0',
        FLOW_DATA_DIR: join(dir, 'data'),
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const engine = new SoakEngine(child)
    const end = performance.now() + READY_MS_MAX
    while (!(await engine.#isReady())) {
      if (engine.exitCode !== undefined || performance.now() > end) {
        child.kill('SIGKILL')
        throw new Error(`the engine did not get ready:\n${engine.troubles.join('\n')}`)
      }
      await sleep(100)
    }
    return engine
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Every sample of /metrics, by name with labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const samples = new Map<string, number>()
    for (const line of (await this.#get('/metrics')).split('\n')) {
      const found = /^([a-z0-9_]+(?:\{.*\})?) (\S+)$/.exec(line)
      if (found !== null) samples.set(found[1]!, Number(found[2]))
    }
    return samples
  }

  async account(): Promise<Account> {
    return (JSON.parse(await this.#get('/api/stats')) as { account: Account }).account
  }

  /** SIGTERM and its end; the account of its "drained" line, null when it told none. */
  async drain(): Promise<{ readonly code: number | null; readonly account: Account | null }> {
    if (this.exitCode === undefined) {
      const closed = once(this.#child, 'close')
      this.#child.kill('SIGTERM')
      await closed
    }
    const line = this.#said.get('drained')
    return { code: this.exitCode ?? null, account: (line as unknown as Account) ?? null }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #isReady(): Promise<boolean> {
    if (!this.#said.has('listening')) return false
    const response = await fetch(`${this.#url()}/readyz`)
    await response.arrayBuffer()
    return response.ok
  }

  #url(): string {
    return String(this.#said.get('listening')!.url)
  }

  async #get(path: string): Promise<string> {
    const signal = AbortSignal.timeout(SCRAPE_MS_MAX)
    const response = await fetch(this.#url() + path, { signal })
    const text = await response.text()
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text.trim()}`)
    return text
  }

  #take(line: string): void {
    if (!line.startsWith('{')) return
    const said = JSON.parse(line) as LogLine
    if (said.level === 'warn' || said.level === 'error') this.#trouble(line)
    if (said.msg === 'listening' || said.msg === 'drained') this.#said.set(said.msg, said)
    if (said.msg === 'state saved') this.saved.push(said as unknown as Saved)
  }

  #trouble(line: string): void {
    this.troubleCount++
    if (this.troubles.length < TROUBLES_MAX) this.troubles.push(line)
  }
}

/** What Linux knows of a process; memory in bytes, CPU time in s. */
export type ProcessState = {
  readonly rss: number
  readonly fds: number
  readonly threads: number
  readonly cpuS: number
}

const PAGE_BYTES = 4096
/** Linux counts CPU time in ticks of 10 ms. */
const TICK_S = 0.01

export async function processState(pid: number): Promise<ProcessState> {
  const [fds, threads, statm, stat] = await Promise.all([
    readdir(`/proc/${pid}/fd`),
    readdir(`/proc/${pid}/task`),
    readFile(`/proc/${pid}/statm`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ])
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    rss: Number(statm.split(' ')[1]) * PAGE_BYTES,
    fds: fds.length,
    threads: threads.length,
    cpuS: (Number(fields[11]) + Number(fields[12])) * TICK_S,
  }
}

/** The cumulative buckets of a histogram among samples of /metrics; `labels` as they are written. */
export function bucketsOf(
  samples: ReadonlyMap<string, number>,
  name: string,
  labels = '',
): Buckets {
  const found: [number, number][] = []
  for (const [key, value] of samples) {
    if (!key.startsWith(`${name}_bucket{`) || !key.includes(labels)) continue
    const le = /le="([^"]+)"/.exec(key)![1]!
    found.push([le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), value])
  }
  return found.sort(([a], [b]) => a - b)
}
