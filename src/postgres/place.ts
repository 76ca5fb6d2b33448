import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { promisify } from 'node:util'
import { findBinaries, type RunAs, SHARED_DIR } from './binaries.ts'
import { askHolder } from './data-lock.ts'

const run = promisify(execFile)

/** Where an embedded PostgreSQL lives and who runs it. */
export type Place = {
  /** Real path of the directory that holds everything below; its lock name. */
  readonly home: string
  /** The cluster itself, PGDATA. */
  readonly data: string
  /** Mode 0600; the password of the one role. */
  readonly passwordFile: string
  /** The port of last time, so that it stays the same where it can. */
  readonly portFile: string
  readonly native: string
  readonly runAs: RunAs
}

/** Name of the database's directory in the engine's data directory. */
const HOME_NAME = 'postgres'

const SHARED_PREFIX = 'data-'
/** Names the link that leads to a home in SHARED_DIR. */
const MADE_FOR = 'made-for'
/** A home this young may be one that another engine is about to link. */
const FORSAKEN_MS = 60_000

/**
 * Makes or finds the home of the PostgreSQL of `dataDir`. PostgreSQL refuses to run as root, so as
 * root it runs as the user `postgres`; where that user cannot reach `dataDir` the home is made in
 * SHARED_DIR and linked.
 */
export async function findPlace(dataDir: string, log: (line: string) => void): Promise<Place> {
  await mkdir(dataDir, { recursive: true })
  const wanted = join(await realpath(dataDir), HOME_NAME)
  const isRoot = process.getuid?.() === 0
  const runAs = isRoot
    ? ((await ownerOf(join(wanted, 'data'))) ?? (await postgresUser(log)))
    : undefined
  const native = await findBinaries(runAs, log)
  const home = runAs === undefined ? await ownHome(wanted) : await reachableHome(wanted, runAs, log)
  return { ...filesOf(home), native, runAs }
}

/** Paths of the home of `dataDir` if there is one, without making or changing anything. */
export async function existingHome(dataDir: string): Promise<ReturnType<typeof filesOf> | null> {
  const wanted = join(dataDir, HOME_NAME)
  return existsSync(wanted) ? filesOf(await realpath(wanted)) : null
}

function filesOf(home: string) {
  return {
    home,
    data: join(home, 'data'),
    passwordFile: join(home, 'password'),
    portFile: join(home, 'port'),
  }
}

async function ownHome(wanted: string): Promise<string> {
  await mkdir(wanted, { recursive: true, mode: 0o700 })
  return realpath(wanted)
}

async function reachableHome(
  wanted: string,
  runAs: NonNullable<RunAs>,
  log: (line: string) => void,
): Promise<string> {
  const link = await lstat(wanted).catch(() => null)
  if (link?.isSymbolicLink() && !existsSync(wanted)) {
    log(`${wanted} points to nothing: starting with an empty database`)
    await rm(wanted)
  }
  await mkdir(wanted, { recursive: true, mode: 0o700 })
  const home = await realpath(wanted)
  await chown(home, runAs.uid, runAs.gid)
  await chmod(home, 0o700)
  if (await canEnter(home, runAs)) return home
  if (existsSync(join(home, 'data'))) {
    throw new Error(
      `the user with id ${runAs.uid}, as whom PostgreSQL must run, cannot reach its data in ` +
        `${home}: let that user pass through every directory above it, or set FLOW_DATA_DIR`,
    )
  }
  await rmdir(home)
  await mkdir(SHARED_DIR, { recursive: true, mode: 0o755 })
  await chmod(SHARED_DIR, 0o755)
  await removeForsaken()
  const shared = await mkdtemp(join(SHARED_DIR, SHARED_PREFIX))
  await writeFile(join(shared, MADE_FOR), `${wanted}\n`)
  await chown(shared, runAs.uid, runAs.gid)
  await symlink(shared, wanted)
  log(`the user postgres cannot reach ${wanted}: the database lives in ${shared}`)
  return shared
}

/**
 * A database in SHARED_DIR stays when its data directory is removed. One that was made for a
 * directory in the system's temporary directory was never meant to stay: it goes once that is gone.
 */
async function removeForsaken(): Promise<void> {
  const temporary = `${await realpath(tmpdir())}${sep}`
  for (const name of await readdir(SHARED_DIR)) {
    const shared = join(SHARED_DIR, name)
    if (!name.startsWith(SHARED_PREFIX)) continue
    const madeFor = (await readFile(join(shared, MADE_FOR), 'utf8').catch(() => '')).trim()
    if (!madeFor.startsWith(temporary) || existsSync(madeFor)) continue
    const { mtimeMs } = await stat(shared)
    if (Date.now() - mtimeMs < FORSAKEN_MS || (await askHolder(shared)) !== null) continue
    await rm(shared, { recursive: true, force: true })
  }
}

async function canEnter(directory: string, runAs: NonNullable<RunAs>): Promise<boolean> {
  try {
    const script = 'cd "$1" && test -w .'
    await run('/bin/sh', ['-c', script, 'sh', directory], { ...runAs, cwd: '/' })
    return true
  } catch {
    return false
  }
}

/** A cluster that a plain user made goes on running as that user. */
async function ownerOf(data: string): Promise<RunAs> {
  const found = await stat(data).catch(() => null)
  return found !== null && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined
}

async function postgresUser(log: (line: string) => void): Promise<NonNullable<RunAs>> {
  const known = await idsOf('postgres')
  if (known !== null) return known
  log('PostgreSQL does not run as root: making a system user "postgres" for it')
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'])
  } catch (error) {
    throw new Error(
      'PostgreSQL does not run as root, and the user "postgres" for it could not be made: make ' +
        'one, start the engine as a plain user, or set DATABASE_URL',
      { cause: error },
    )
  }
  const made = await idsOf('postgres')
  if (made === null) throw new Error('the user "postgres" was made but has no id')
  return made
}

async function idsOf(user: string): Promise<NonNullable<RunAs> | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return null
  }
}
