/**
 * Keeps one PostgreSQL alive for one engine: a process of its own, in a session of its own, so that
 * neither Ctrl-C nor a signal to the engine reaches PostgreSQL before the engine has drained. It
 * stops PostgreSQL when the engine says so, or when the channel to the engine closes because the
 * engine is gone, however it went. Started by embedded.ts; the argument is the data directory.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { clearLeftovers, freePort, prepareCluster, startServer, stopServer } from './cluster.ts'
import { lockDataDir } from './data-lock.ts'
import { DATABASE, type KeeperMessage, urlOf } from './keeper-message.ts'
import { findPlace, type Place } from './place.ts'

type Server = { readonly pid: number; readonly exited: Promise<unknown>; isGone: boolean }

const START_ATTEMPTS = 5
/** Recovery after a power cut replays up to max_wal_size: minutes on a slow disk. */
const READY_MS_MAX = 600_000
const RESTART_MS_MAX = 10_000
/** Lines of PostgreSQL that a failed start is explained with. */
const LAST_LINES = 5

const enginePid = process.ppid
let port = 0
let stopping = false
let server: Server | null = null
const lastLines: string[] = []

function tell(message: KeeperMessage): void {
  // the engine may be gone already: then nobody is left to tell
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

function log(line: string): void {
  tell({ kind: 'log', line })
}

async function main(dataDir: string): Promise<void> {
  const place = await findPlace(dataDir, log)
  await lockDataDir(place.home, () => ({ enginePid, stopping, port }))
  await clearLeftovers(place, log)
  const password = await prepareCluster(place, log)
  await startOnFreePort(place, password)
  if (!stopping) await createDatabase(password)
  if (!stopping) tell({ kind: 'ready', url: urlOf(password, port) })
  await keepRunning(place, password)
  if (server !== null) await stopServer(server.pid, place)
}

/** Another process may take the port between the check and the start: then another one it is. */
async function startOnFreePort(place: Place, password: string): Promise<void> {
  const before = Number(await readFile(place.portFile, 'utf8').catch(() => '0')) || 0
  for (let attempt = 1; !stopping; attempt++) {
    const chosen = await freePort(attempt === 1 ? before : 0)
    if (await startAndWait(place, chosen, password)) {
      port = chosen
      await writeFile(place.portFile, `${port}\n`)
      return
    }
    if (attempt === START_ATTEMPTS) {
      throw new Error(`PostgreSQL did not start in ${place.data}: ${lastLines.join(' | ')}`)
    }
    await sleep(500 * attempt)
    await clearLeftovers(place, log)
  }
}

/** Starts PostgreSQL again, on the same port, whenever it ends before it was told to. */
async function keepRunning(place: Place, password: string): Promise<void> {
  let delayMs = 500
  while (!stopping && server !== null) {
    await Promise.race([server.exited, stopRequested.promise])
    if (stopping) return
    log(`PostgreSQL ended unexpectedly: starting it again in ${delayMs} ms`)
    await Promise.race([sleep(delayMs), stopRequested.promise])
    if (stopping) return
    await clearLeftovers(place, log)
    const isUp = await startAndWait(place, port, password)
    delayMs = isUp ? 500 : Math.min(delayMs * 2, RESTART_MS_MAX)
    if (isUp) log('PostgreSQL runs again')
  }
}

/**
 * True once it accepts connections; false when it ended before, or the engine no longer wants
 * it.
 */
async function startAndWait(place: Place, on: number, password: string): Promise<boolean> {
  lastLines.length = 0
  const child = startServer(place, on, (line) => {
    lastLines.push(line)
    if (lastLines.length > LAST_LINES) lastLines.shift()
    log(line)
  })
  const exited = new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  const started: Server = { pid: child.pid ?? 0, exited, isGone: child.pid === undefined }
  void exited.then(() => {
    started.isGone = true
  })
  server = started
  const deadline = Date.now() + READY_MS_MAX
  while (!started.isGone && !stopping && Date.now() < deadline) {
    if (await accepts(on, password)) return true
    await sleep(50)
  }
  return false
}

async function accepts(on: number, password: string): Promise<boolean> {
  const client = new pg.Client(urlOf(password, on, 'postgres'))
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

async function createDatabase(password: string): Promise<void> {
  const client = new pg.Client(urlOf(password, port, 'postgres'))
  client.on('error', () => {})
  await client.connect()
  const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
  if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
  await client.end()
}

const stopRequested = Promise.withResolvers<void>()

function requestStop(): void {
  stopping = true
  stopRequested.resolve()
}

// the end of the channel is the only signal that counts: a supervisor may signal every process of
// the engine's group at once, and PostgreSQL is needed until the engine has drained
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.once('disconnect', requestStop)
process.once('message', requestStop)

async function run(dataDir: string): Promise<void> {
  try {
    await main(dataDir)
  } catch (error) {
    if (server !== null && !server.isGone) await stopServer(server.pid)
    tell({ kind: 'failed', message: (error as Error).message })
    process.exitCode = 1
  }
  // disconnecting sends what was told first
  if (!process.connected) return
  const gone = new Promise((resolve) => process.once('disconnect', resolve))
  process.disconnect()
  await gone
}

await run(process.argv[2] ?? '')
process.exit()
