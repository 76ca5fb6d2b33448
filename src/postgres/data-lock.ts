import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Who keeps the PostgreSQL of a data directory. `port` is 0 until it accepts connections. */
export type Holder = {
  readonly enginePid: number
  readonly stopping: boolean
  readonly port: number
}

/** How long the keeper of an engine that has gone may take to stop its PostgreSQL. */
const STOPPING_MS_MAX = 60_000
const ANSWER_MS_MAX = 2_000

/**
 * Takes the lock of `home`, which must be a real path, or throws and names the engine that has it.
 * The lock is a listening local socket: the system lets go of it when its process dies, however it
 * dies, so there is no stale lock, and whoever finds it taken can ask by whom.
 */
export async function lockDataDir(home: string, holder: () => Holder): Promise<Server> {
  const deadline = Date.now() + STOPPING_MS_MAX
  for (;;) {
    const server = await listen(home, holder)
    if (server !== null) return server
    const other = await askHolder(home)
    if (other !== null && !other.stopping && isAlive(other.enginePid)) {
      throw new Error(
        `the data directory ${home} is in use by another engine (process ${other.enginePid}): ` +
          'stop that one first, or set FLOW_DATA_DIR to another directory',
      )
    }
    if (Date.now() > deadline) {
      throw new Error(
        `the PostgreSQL of ${home} has not stopped within ${STOPPING_MS_MAX / 1000} s after its ` +
          'engine ended: look for a postgres process with this data directory',
      )
    }
    await sleep(100)
  }
}

/** Asks who has the lock of `home`; null when nobody does, or nobody answers. */
export function askHolder(home: string): Promise<Holder | null> {
  return new Promise((resolve) => {
    const socket = connect(addressOf(home))
    let text = ''
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy())
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => resolve(null))
    socket.on('close', () => resolve(parseHolder(text)))
  })
}

function parseHolder(text: string): Holder | null {
  const match = /^(\d+) (running|stopping) (\d+)\n$/.exec(text)
  if (match === null) return null
  return {
    enginePid: Number(match[1]),
    stopping: match[2] === 'stopping',
    port: Number(match[3]),
  }
}

/** Whether a process with this id runs, of whatever user. One that nobody has reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return !isZombie(pid)
}

function isZombie(pid: number): boolean {
  if (platform() !== 'linux') return false
  try {
    // the state follows the name, which may hold anything in its parentheses
    return /\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function listen(home: string, holder: () => Holder): Promise<Server | null> {
  const address = addressOf(home)
  const isFile = !address.startsWith('\0') && platform() !== 'win32'
  // a socket that is a file outlives its process: without an answer behind it, it is a leftover
  if (isFile && (await askHolder(home)) === null) rmSync(address, { force: true })
  const server = createServer((socket) => {
    const { enginePid, stopping, port } = holder()
    socket.on('error', () => socket.destroy())
    socket.end(`${enginePid} ${stopping ? 'stopping' : 'running'} ${port}\n`)
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null)
      else reject(error)
    })
    server.listen(address, () => resolve(server))
  })
}

/** Linux has socket names without a file, Windows has pipes; elsewhere a socket file must do. */
function addressOf(home: string): string {
  const name = `options-flow-engine-${createHash('sha256').update(home).digest('hex').slice(0, 24)}`
  if (platform() === 'linux') return `\0${name}`
  if (platform() === 'win32') return `\\\\.\\pipe\\${name}`
  return join(tmpdir(), `${name}.sock`)
}
