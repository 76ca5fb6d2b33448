import {
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Who may write a folder. Its files are `lock.1`, `lock.2` and so on; the one with the highest
 * number counts. It holds the process id and the start time of its owner, and is cut once the owner
 * let go. Whoever finds it free, or its owner dead, makes the next number (the system lets
 * only one do so) and removes the ones before; the highest is never removed, so that a late comer
 * who saw an older state fails to make it or sees that his is not the highest.
 */
const NAME = /^lock\.(\d{1,15})$/
const TRIES_MAX = 100
/** A file that is empty because its owner is just writing it gets this long, in all. */
const WRITING_MS_MAX = 200
const WRITING_CHECKS = 4
/** What is left of an owner's line; no line that is whole. */
const RELEASED = '1'

/** Another process, or another part of this one, has the folder. */
export class FolderInUseError extends Error {}

/** Folders that this process has: its own id in a file does not tell whether it still does. */
const held = new Set<string>()

/** Takes the lock of `dir`, which must exist; gives what lets go of it. Throws when it is taken. */
export async function lockFolder(dir: string): Promise<() => void> {
  const home = realpathSync(dir)
  if (held.has(home)) throw inUse(home, process.pid)
  held.add(home)
  try {
    const path = await take(home)
    return () => {
      if (!held.delete(home)) return
      truncateSync(path, RELEASED.length) // which needs no room on the disk
    }
  } catch (error) {
    held.delete(home)
    throw error
  }
}

/** Process id of who has the lock of `dir`, which must exist; null: nobody, or this process. */
export async function folderOwner(dir: string): Promise<number | null> {
  const home = realpathSync(dir)
  const highest = locks(home).at(-1)
  return highest === undefined ? null : livingOwner(pathOf(home, highest))
}

async function take(home: string): Promise<string> {
  for (let i = 0; i < TRIES_MAX; i++) {
    const highest = locks(home).at(-1) ?? 0
    if (highest > 0) {
      const owner = await livingOwner(pathOf(home, highest))
      if (owner !== null) throw inUse(home, owner)
    }
    const mine = highest + 1
    if (!make(pathOf(home, mine))) continue
    const all = locks(home)
    if (all.at(-1) !== mine) {
      rmSync(pathOf(home, mine))
      continue
    }
    for (const older of all.slice(0, -1)) rmSync(pathOf(home, older), { force: true })
    return pathOf(home, mine)
  }
  throw new Error(`the lock of ${home} could not be taken: other processes take it all the time`)
}

function inUse(home: string, owner: number): FolderInUseError {
  return new FolderInUseError(
    `the journal ${home} is written by another engine (process ${owner}): stop that one first, ` +
      'or set FLOW_DATA_DIR to another directory',
  )
}

const pathOf = (home: string, number: number): string => join(home, `lock.${number}`)

function locks(home: string): number[] {
  const numbers = readdirSync(home).map((name) => Number(NAME.exec(name)?.[1] ?? 0))
  return numbers.filter((number) => number > 0).sort((a, b) => a - b)
}

/** False: another process was faster. */
function make(path: string): boolean {
  try {
    const start = startOf(process.pid) ?? ''
    writeFileSync(path, `${process.pid} ${start}\n`, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Process id of the owner, if it lives. */
async function livingOwner(path: string): Promise<number | null> {
  let text = readLock(path)
  for (let i = 0; i < WRITING_CHECKS && text === ''; i++) {
    await sleep(WRITING_MS_MAX / WRITING_CHECKS)
    text = readLock(path)
  }
  const match = /^(\d+) (.*)\n$/.exec(text)
  if (match === null) return null
  const pid = Number(match[1])
  // our own id: a process before us had it (in a container, ids begin anew)
  if (pid === process.pid || !isAlive(pid)) return null
  const start = startOf(pid)
  const isSame = start === null || match[2] === '' || start === match[2]
  return isSame ? pid : null
}

function readLock(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return RELEASED
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return startOf(pid) !== ''
}

/**
 * When a process began, so that another one with the same id is told apart: the boot and the ticks
 * since then (Linux). Empty: it is dead and only not reaped yet. Null: not known on this system.
 */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the fields after the name, which may hold anything in its parentheses: state, ..., start time
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : `${boot}.${fields[19]}`
  } catch {
    return null
  }
}
