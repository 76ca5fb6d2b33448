import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A line of the json log. */
export type LogLine = { readonly level: string; readonly msg: string } & Record<string, unknown>

/** Where the prints went, as the "drained" line tells it. */
export type Account = Record<
  'received' | 'filtered' | 'duplicate' | 'cancelled' | 'dropped' | 'below_min_size' | 'stored',
  number
>

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const POLL_MS = 20
/** Long enough that only a missing event meets it, also on a machine that is busy with others. */
const PATIENCE_MS = 45_000

const running = new Set<FlowProcess>()

/** Kills what a failed test has left behind; call it after each test. */
export async function killLeftovers(): Promise<void> {
  await Promise.all([...running].map((flow) => flow.kill('SIGKILL')))
}

/** Polls until `check` gives something other than undefined, null or false. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + patienceMs
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== null && found !== false) {
      return found as NonNullable<Exclude<T, false>>
    }
    if (performance.now() > end) throw new Error(`did not happen in time: ${what}`)
    await sleep(POLL_MS)
  }
}

/** What was compiled for one process serves all: it halves the processor time of a start. */
const COMPILED = join(tmpdir(), 'flow-test-compiled')

/** Environment of a flow command: nothing of ours reaches it but the path. */
export function environment(settings: Record<string, string>): Record<string, string> {
  const ours = { PATH: process.env.PATH ?? '', HOME: tmpdir(), NODE_COMPILE_CACHE: COMPILED }
  return { ...ours, FLOW_LOG: 'json', ...settings }
}

/** One `flow` command as a process of its own. */
export class FlowProcess {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  stdout = ''
  stderr = ''
  readonly #cwd: string
  #exitCode: number | null | undefined

  /** `command`: what to run in place of `node src/cli.ts`. */
  constructor(
    args: readonly string[],
    settings: Record<string, string>,
    command: readonly string[] = [process.execPath, CLI],
  ) {
    // an empty folder, so that nobody's .env is read
    this.#cwd = mkdtempSync(join(tmpdir(), 'flow-e2e-'))
    const [file, ...before] = command
    this.child = spawn(file!, [...before, ...args], {
      cwd: this.#cwd,
      env: environment({ FLOW_DATA_DIR: join(this.#cwd, 'data'), ...settings }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    running.add(this)
    this.exited = once(this.child, 'close').then(([code]) => {
      running.delete(this)
      rmSync(this.#cwd, { recursive: true, force: true })
      this.#exitCode = code as number | null
      return this.#exitCode
    })
  }

  get lines(): LogLine[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  }

  /** Everything it has said. */
  get said(): string {
    return this.stdout + this.stderr
  }

  /** The `index`-th line with this `msg`. */
  line(msg: string, index = 0): Promise<LogLine> {
    return eventually(`"${msg}" in the log`, () => {
      const found = this.lines.filter((line) => line.msg === msg)[index]
      if (found === undefined && this.#exitCode !== undefined) {
        throw new Error(`ended with ${this.#exitCode} before "${msg}":\n${this.said}`)
      }
      return found
    })
  }

  /** Sends a signal and gives the exit code. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    return this.exited
  }

  /** The account of the "drained" line. */
  get account(): Account {
    const line = this.lines.find(({ msg }) => msg === 'drained')
    if (line === undefined) throw new Error(`not drained:\n${this.said}`)
    const { received, filtered, duplicate, cancelled, dropped, below_min_size, stored } =
      line as unknown as Account
    return { received, filtered, duplicate, cancelled, dropped, below_min_size, stored }
  }
}

/** Received less everything else; 0 once drained. */
export function imbalance(a: Account): number {
  return (
    a.received - a.filtered - a.duplicate - a.cancelled - a.dropped - a.below_min_size - a.stored
  )
}

/** Runs a command to its end. */
export async function flow(
  args: readonly string[],
  settings: Record<string, string>,
): Promise<FlowProcess & { readonly code: number | null }> {
  const process = new FlowProcess(args, settings)
  const code = await process.exited
  return Object.assign(process, { code })
}
