import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { platform } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnvironment, program } from './binaries.ts'
import { isAlive } from './data-lock.ts'
import type { Place } from './place.ts'

type Log = (line: string) => void

export const ROLE = 'postgres'

/** Everything a commit promises holds after a power cut; the rest is sized for a small machine. */
const SETTINGS = [
  'fsync=on',
  'synchronous_commit=on',
  'full_page_writes=on',
  'shared_buffers=128MB',
  'max_wal_size=2GB',
  'min_wal_size=256MB',
  'checkpoint_timeout=10min',
  'max_connections=50',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'timezone=UTC',
  'logging_collector=off',
  'log_destination=stderr',
]

/** Time for a clean stop (SIGINT), then for a stop without a checkpoint (SIGQUIT). */
const STOP_MS_MAX = 30_000
const QUIT_MS_MAX = 10_000

/** Makes the cluster of `place` unless it exists, and returns its password. */
export async function prepareCluster(place: Place, log: Log): Promise<string> {
  const isNew = !existsSync(`${place.data}/PG_VERSION`)
  const known = await readPassword(place.passwordFile)
  const password = known ?? randomBytes(24).toString('base64url')
  if (known === null) await writePassword(place, password)
  if (isNew) await initialise(place, log)
  else if (known === null) {
    log('the password file of the database was gone: a new password was set')
    await runTool(place, 'postgres', ['--single', '-D', place.data, 'postgres'], {
      input: `ALTER ROLE ${ROLE} PASSWORD '${password}';\n`,
    })
  }
  return password
}

/** The stored password, or null when there is none. */
export async function readPassword(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new Error(`the database's password file ${file} cannot be read (${error.code})`)
  })
  return text.trim() === '' ? null : text.trim()
}

async function writePassword(place: Place, password: string): Promise<void> {
  await writeFile(place.passwordFile, `${password}\n`, { mode: 0o600 })
  if (place.runAs) await chown(place.passwordFile, place.runAs.uid, place.runAs.gid)
}

/** A half-made cluster has another name, so a kill in between leaves nothing that looks whole. */
async function initialise(place: Place, log: Log): Promise<void> {
  const draft = `${place.data}.new`
  await rm(draft, { recursive: true, force: true })
  if (existsSync(place.data)) {
    const aside = `${place.data}.incomplete-${Date.now()}`
    log(`${place.data} is no PostgreSQL cluster: it is kept as ${aside}`)
    await rename(place.data, aside)
  }
  const options = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--no-instructions']
  const names = [`--username=${ROLE}`, `--pwfile=${place.passwordFile}`]
  await runTool(place, 'initdb', [`--pgdata=${draft}`, ...options, ...names])
  await rename(draft, place.data)
}

async function runTool(
  place: Place,
  name: 'initdb' | 'postgres' | 'pg_ctl',
  args: readonly string[],
  { input = '' } = {},
): Promise<void> {
  const tool = program(place.native, name)
  const child = spawn(tool, args, { ...place.runAs, cwd: place.home, env: childEnvironment() })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000)
    })
  }
  child.stdin.on('error', () => {}) // it may have ended before it read all
  child.stdin.end(input)
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${name} failed (${signal ?? `exit code ${code}`}): ${said.trim()}`))
    })
  })
}

/**
 * Clears what a PostgreSQL that did not stop cleanly has left: its pid file, which PostgreSQL
 * takes for a running server when another process has got the number since, or a server that
 * outlived its keeper, which is stopped. The caller holds the lock of the home.
 */
export async function clearLeftovers(place: Place, log: Log): Promise<void> {
  const file = `${place.data}/postmaster.pid`
  const text = await readFile(file, 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  // without /proc we cannot tell whose process it is: PostgreSQL's own check has to do
  if (!(pid > 0) || platform() !== 'linux') return
  const directory = await readlink(`/proc/${pid}/cwd`).catch(() => null)
  if (directory !== place.data) {
    log('clearing the pid file of a PostgreSQL that did not stop cleanly')
    await rm(file, { force: true })
    return
  }
  log(`stopping a PostgreSQL (process ${pid}) that outlived its engine`)
  await stopServer(pid)
}

/** Starts the server. It is ready when it accepts a connection, which the caller finds out. */
export function startServer(place: Place, port: number, log: Log): ChildProcess {
  const settings = SETTINGS.flatMap((setting) => ['-c', setting])
  const args = ['-D', place.data, '-p', `${port}`, ...settings]
  const server = spawn(program(place.native, 'postgres'), args, {
    ...place.runAs,
    cwd: place.home,
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let rest = ''
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(-2_000)
    for (const line of lines) if (line !== '') log(line)
  })
  server.on('error', (error) => log(`PostgreSQL did not start: ${error.message}`))
  return server
}

/** Stops a server cleanly, or less so when it takes too long; returns once it is gone. */
export async function stopServer(pid: number, place?: Place): Promise<void> {
  if (!(pid > 0)) return // it never ran; 0 would signal our own group
  if (platform() === 'win32' && place !== undefined) {
    await runTool(place, 'pg_ctl', ['stop', '-D', place.data, '-m', 'fast'])
    return
  }
  const ladder = [
    ['SIGINT', STOP_MS_MAX],
    ['SIGQUIT', QUIT_MS_MAX],
    ['SIGKILL', QUIT_MS_MAX],
  ] as const
  for (const [signal, patienceMs] of ladder) {
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    const deadline = Date.now() + patienceMs
    while (Date.now() < deadline) {
      if (!isAlive(pid)) return
      await sleep(20)
    }
  }
}

/** `wanted` if it is free on loopback, else any free port. 0 is never free. */
export async function freePort(wanted: number): Promise<number> {
  const port = await portOf(wanted)
  return port === 0 ? portOf(0) : port
}

function portOf(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(0))
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
