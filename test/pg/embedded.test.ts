import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { query, reachableDirectory } from './database.ts'
import { until } from './started-writer.ts'

/** Linux: where a process id tells whose it is. */
const HAS_PROC = existsSync('/proc/self/stat')

const ENGINE = fileURLToPath(new URL('./engine-with-postgres.ts', import.meta.url))

let root: string
let dataDir: string
const engines: ChildProcess[] = []

beforeEach(async () => {
  root = await reachableDirectory()
  dataDir = join(root, 'data of the engine')
})
afterEach(async () => {
  for (const engine of engines.splice(0)) engine.kill('SIGKILL')
  await until('PostgreSQL to stop', async () => (await postmasterPid()) === null)
  const home = await realpath(join(dataDir, 'postgres')).catch(() => null)
  if (home !== null) await rm(home, { recursive: true, force: true })
  await rm(root, { recursive: true, force: true })
})

function start(lines: string[] = []) {
  return startEmbeddedPostgres({ dataDir, onLog: (line) => lines.push(line) })
}

/** A process of its own that runs PostgreSQL on `dataDir` until it is killed. */
async function startEngine(): Promise<{ engine: ChildProcess; url: string }> {
  const engine = spawn(process.execPath, [ENGINE, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  engines.push(engine)
  const url = await new Promise<string>((resolve, reject) => {
    engine.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()))
    engine.once('exit', () => reject(new Error('the engine ended')))
  })
  return { engine, url }
}

/** Process id of the server that runs on `dataDir`, by its pid file. */
async function postmasterPid(): Promise<number | null> {
  const file = join(dataDir, 'postgres', 'data', 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => '')
  return text === '' ? null : Number(text.split('\n')[0])
}

describe('the embedded PostgreSQL', () => {
  it('is UTF8 with C locale, on loopback only, with a password that only its owner reads', async () => {
    const server = await start()
    const [row] = await query(
      server.url,
      `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS locale,
         current_setting('listen_addresses') AS listens, current_setting('fsync') AS fsync,
         current_setting('synchronous_commit') AS waits,
         current_setting('unix_socket_directories') AS sockets
       FROM pg_database WHERE datname = current_database()`,
    )
    expect(row).toEqual({
      encoding: 'UTF8',
      locale: 'C',
      listens: '127.0.0.1',
      fsync: 'on',
      waits: 'on',
      sockets: '',
    })
    const { mode } = await stat(join(dataDir, 'postgres', 'password'))
    expect(mode & 0o777).toBe(0o600)
    const wrong = server.url.replace(/:[^:@]+@/, ':wrong@')
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed')
    await server.stop()
    expect(await postmasterPid()).toBeNull()
  })

  it('has its data, port and password again at the next start', async () => {
    const first = await start()
    await query(first.url, "CREATE TABLE kept AS SELECT 'yes' AS answer")
    await first.stop()
    const second = await start()
    expect(second.url).toBe(first.url)
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([{ answer: 'yes' }])
    await second.stop()
  })

  it('takes another port when the one of last time is taken', async () => {
    const first = await start()
    await first.stop()
    const { createServer } = await import('node:net')
    const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1')
    const second = await start()
    expect(new URL(second.url).port).not.toBe(new URL(first.url).port)
    await query(second.url, 'SELECT 1')
    await second.stop()
    squatter.close()
  })

  it('starts over where a start was killed before it had made the database', async () => {
    await mkdir(join(dataDir, 'postgres', 'data'), { recursive: true })
    await mkdir(join(dataDir, 'postgres', 'data.new', 'base'), { recursive: true })
    await writeFile(join(dataDir, 'postgres', 'data', 'postgresql.conf'), 'half')
    const server = await start()
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await server.stop()
  })

  it('gets a new password when the file with the old one is gone', async () => {
    const first = await start()
    await query(first.url, 'CREATE TABLE kept ()')
    await first.stop()
    await rm(join(dataDir, 'postgres', 'password'))
    const second = await start()
    expect(second.url).not.toBe(first.url)
    await query(second.url, 'SELECT FROM kept')
    await second.stop()
  })

  it('is not started twice on the same data: the second start names the first', async () => {
    const server = await start()
    await expect(start()).rejects.toThrow(`in use by another engine (process ${process.pid})`)
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await server.stop()
  })

  it('can be found by another program while it runs', async () => {
    expect(await findEmbeddedPostgres(dataDir)).toBeNull()
    const server = await start()
    expect(await findEmbeddedPostgres(dataDir)).toBe(server.url)
    await server.stop()
    expect(await findEmbeddedPostgres(dataDir)).toBeNull()
  })
})

describe('an engine that ends badly', () => {
  it('takes its PostgreSQL along when it is killed, and the next start waits for that', async () => {
    const { engine, url } = await startEngine()
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS one')
    engine.kill('SIGKILL')
    const lines: string[] = []
    const server = await start(lines)
    expect(await query(server.url, 'SELECT * FROM kept')).toEqual([{ one: 1 }])
    // stopped cleanly: nothing had to be recovered
    expect(lines.join('\n')).not.toContain('not properly shut down')
    await server.stop()
  })

  it.runIf(HAS_PROC)(
    'keeps its PostgreSQL through a Ctrl-C that reaches the whole process group',
    async () => {
      const { engine, url } = await startEngine()
      engine.kill('SIGINT') // the test engine ignores it, as an engine that drains does
      const pid = await postmasterPid()
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
      expect(await postmasterPid()).toBe(pid)
      const session = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[5]
      const ours = (await readFile(`/proc/${engine.pid}/stat`, 'utf8')).split(' ')[5]
      expect(session).not.toBe(ours)
    },
  )

  it.runIf(HAS_PROC)(
    'is followed by a start that stops a server whose keeper was killed too',
    async () => {
      const { engine, url } = await startEngine()
      await query(url, 'CREATE TABLE kept AS SELECT 1 AS one')
      const before = await postmasterPid()
      const keeper = Number((await readFile(`/proc/${before}/stat`, 'utf8')).split(' ')[3])
      process.kill(keeper, 'SIGKILL')
      engine.kill('SIGKILL')
      const lines: string[] = []
      const server = await start(lines)
      expect(await query(server.url, 'SELECT * FROM kept')).toEqual([{ one: 1 }])
      expect(lines.join('\n')).toContain(`(process ${before}) that outlived its engine`)
      expect(await postmasterPid()).not.toBe(before)
      await server.stop()
    },
  )

  it.runIf(HAS_PROC)(
    'leaves a pid file that does not mislead when its number belongs to another process',
    async () => {
      const first = await start()
      await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one')
      await first.stop()
      const data = join(dataDir, 'postgres', 'data')
      // PostgreSQL only minds processes of its own user
      const { uid, gid } = await stat(data)
      const user = process.getuid?.() === 0 ? { uid, gid } : {}
      const other = spawn('sleep', ['600'], { ...user, stdio: 'ignore', cwd: '/' })
      engines.push(other)
      const text = `${other.pid}\n${data}\n1\n5432\n\n127.0.0.1\n\nready\n`
      await writeFile(join(data, 'postmaster.pid'), text)
      const second = await start()
      expect(await query(second.url, 'SELECT * FROM kept')).toEqual([{ one: 1 }])
      await second.stop()
    },
  )

  it('has its PostgreSQL started again when that one dies', async () => {
    const server = await start()
    await query(server.url, 'CREATE TABLE kept AS SELECT 1 AS one')
    const before = await postmasterPid()
    process.kill(before!, 'SIGKILL')
    await until('PostgreSQL to run again', async () => {
      const rows = await query(server.url, 'SELECT * FROM kept').catch(() => [])
      return rows.length === 1
    })
    expect(await postmasterPid()).not.toBe(before)
    await server.stop()
  })
})

describe.runIf(process.getuid?.() === 0)('as root', () => {
  it('runs under a directory that the user postgres cannot pass', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'flow-closed-'))
    await chmod(closed, 0o700)
    dataDir = join(closed, 'data of the engine')
    const lines: string[] = []
    const first = await start(lines)
    const home = await realpath(join(dataDir, 'postgres'))
    expect(home).toMatch(/^\/var\/lib\/options-flow-engine\/data-/)
    expect(lines.join('\n')).toContain(`the database lives in ${home}`)
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one')
    await first.stop()
    const second = await start()
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([{ one: 1 }])
    await second.stop()
    await rm(home, { recursive: true })
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false)
    // its home is gone, as after a wiped disk: an empty database, not an error
    const third = await start()
    await expect(query(third.url, 'SELECT * FROM kept')).rejects.toThrow('does not exist')
    await third.stop()
    await rm(await realpath(join(dataDir, 'postgres')), { recursive: true })
    await rm(closed, { recursive: true })
  })

  it('removes what it had put elsewhere for a temporary directory that is gone', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'flow-closed-'))
    dataDir = join(closed, 'data')
    await (await start()).stop()
    const forsaken = await realpath(join(dataDir, 'postgres'))
    await rm(closed, { recursive: true })
    const long = new Date(Date.now() - 3_600_000)
    await utimes(forsaken, long, long)
    const other = await mkdtemp(join(tmpdir(), 'flow-closed-'))
    dataDir = join(other, 'data')
    await (await start()).stop()
    expect(existsSync(forsaken)).toBe(false)
    expect(existsSync(join(dataDir, 'postgres', 'data', 'PG_VERSION'))).toBe(true)
    await rm(await realpath(join(dataDir, 'postgres')), { recursive: true })
    await rm(other, { recursive: true })
  })

  it('does not run PostgreSQL as root', async () => {
    const server = await start()
    const { uid } = await stat(`/proc/${await postmasterPid()}`)
    expect(uid).not.toBe(0)
    await server.stop()
  })
})
