import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve as absolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from './binaries.ts'
import { readPassword } from './cluster.ts'
import { askHolder } from './data-lock.ts'
import { type KeeperMessage, urlOf } from './keeper-message.ts'
import { existingHome } from './place.ts'

export type EmbeddedPostgres = {
  /** Connection string of the engine's database. It holds the password: never log it. */
  readonly url: string
  /** Stops PostgreSQL cleanly; call it after the last commit. */
  stop(): Promise<void>
}

export type EmbeddedOptions = {
  /** The engine's data directory; the database goes into `postgres/` in it. */
  readonly dataDir: string
  /** What PostgreSQL and its keeper have to say, a line at a time. */
  readonly onLog: (line: string) => void
}

/** After this the keeper itself is killed; PostgreSQL then recovers at the next start. */
const STOP_MS_MAX = 60_000

/**
 * Starts the PostgreSQL that comes with the package, on loopback, with the data of last time if
 * there is any. Throws what the user can do something about: another engine on the same data, a
 * directory that cannot be used, a system without binaries.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const entry = fileURLToPath(new URL(`./keeper.${suffix}`, import.meta.url))
  const keeper = fork(entry, [absolute(options.dataDir)], {
    detached: true,
    execArgv: [],
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const url = await whenReady(keeper, options)
  // an engine that ends without a word must not be kept alive by its keeper
  keeper.unref()
  keeper.channel?.unref()
  const onExit = (): void =>
    options.onLog(
      'the process that keeps the embedded PostgreSQL ended; PostgreSQL may go on alone',
    )
  keeper.once('exit', onExit)
  return {
    url,
    stop: () => {
      keeper.off('exit', onExit)
      return stopKeeper(keeper)
    },
  }
}

/** Whether an embedded PostgreSQL was ever made in `dataDir`. */
export async function hasEmbeddedPostgres(dataDir: string): Promise<boolean> {
  const home = await existingHome(absolute(dataDir))
  return home !== null && existsSync(home.data)
}

/** Connection string of the PostgreSQL that an engine runs on `dataDir` right now, else null. */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | null> {
  const home = await existingHome(absolute(dataDir))
  if (home === null) return null
  const holder = await askHolder(home.home)
  if (holder === null || holder.stopping || holder.port === 0) return null
  const password = await readPassword(home.passwordFile)
  return password === null ? null : urlOf(password, holder.port)
}

function whenReady(keeper: ChildProcess, options: EmbeddedOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    let failure = 'the process that keeps the embedded PostgreSQL ended without a word'
    keeper.on('message', (message: KeeperMessage) => {
      if (message.kind === 'log') options.onLog(message.line)
      else if (message.kind === 'ready') resolve(message.url)
      else failure = message.message
    })
    keeper.once('error', reject)
    keeper.once('exit', () => reject(new Error(failure)))
  })
}

async function stopKeeper(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return
  keeper.ref()
  const exited = new Promise((resolve) => keeper.once('exit', resolve))
  if (keeper.connected) keeper.disconnect()
  const timer = setTimeout(() => keeper.kill('SIGKILL'), STOP_MS_MAX)
  await exited
  clearTimeout(timer)
}
